// SPDX-License-Identifier: Apache-2.0
#include "rules/promql/src/answer.h"

#include <algorithm>
#include <utility>

namespace tocsin::rules::promql {
namespace {

constexpr std::size_t kTextChunk = 16'384, kLabelChunk = 1'024;

}  // namespace

Labels AnswerTexts::labels(SeriesKey key) {
  if (key.size == 0) return {};
  if (key.size > labels_left_) {
    labels_left_ = std::max<std::size_t>(kLabelChunk, key.size);
    held_->labels.push_back(std::make_unique<Label[]>(labels_left_));
    next_label_ = held_->labels.back().get();
  }
  Label* const start = next_label_;
  for (const LabelId& label : key.labels()) *next_label_++ = {text(label.name), text(label.value)};
  labels_left_ -= key.size;
  return {start, key.size};
}

std::string_view AnswerTexts::text(Symbol symbol) {
  const auto [place, fresh] = known_.try_emplace(symbol);
  if (!fresh) return place->second;
  const std::string_view text = space_.text(symbol);
  if (text.size() > text_left_) {
    text_left_ = std::max(kTextChunk, text.size());
    held_->texts.push_back(std::make_unique<char[]>(text_left_));
    next_text_ = held_->texts.back().get();
  }
  std::copy(text.begin(), text.end(), next_text_);
  place->second = {std::exchange(next_text_, next_text_ + text.size()), text.size()};
  text_left_ -= text.size();
  return place->second;
}

}  // namespace tocsin::rules::promql
