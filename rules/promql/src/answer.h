// SPDX-License-Identifier: Apache-2.0
// AnswerTexts: the labels of an answer, copied so that they outlive the evaluation and the reader; each text once.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "rules/promql/src/label_space.h"
#include "rules/promql/value.h"

namespace tocsin::rules::promql {

class AnswerTexts {
 public:
  explicit AnswerTexts(const LabelSpace& space) : space_(space), held_(std::make_shared<Held>()) {}

  const LabelSpace& space() const noexcept { return space_; }
  Labels labels(SeriesKey key);
  std::shared_ptr<const void> hold() && { return std::move(held_); }

 private:
  struct Held {
    std::vector<std::unique_ptr<char[]>> texts;
    std::vector<std::unique_ptr<Label[]>> labels;
  };
  std::string_view text(Symbol symbol);

  const LabelSpace& space_;
  std::shared_ptr<Held> held_;
  std::unordered_map<Symbol, std::string_view> known_;
  char* next_text_ = nullptr;
  Label* next_label_ = nullptr;
  std::size_t text_left_ = 0, labels_left_ = 0;
};

}  // namespace tocsin::rules::promql
