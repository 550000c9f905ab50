// SPDX-License-Identifier: Apache-2.0
// LabelReader: a point's raw attributes as label names and texts. Only a series that is not known yet comes here.
//
//   if (auto problem = reader.read(point.attributes, limits)) reject(*problem);
//   for (const LabelReader::Label& label : reader.labels()) ...
//
// Threads: one. Texts are views into the attributes or into the reader, until the next read().
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "meters/descriptor.h"
#include "meters/labels.h"

namespace tocsin::agent {

struct IntakeLimits;
enum class Rejection : std::uint8_t;

class LabelReader {
 public:
  struct Label {
    std::string_view name, text;
    meters::LabelType type = meters::LabelType::String;
  };

  // Sorted by name; of one name the last counts; empty texts are left out.
  std::optional<Rejection> read(std::string_view attributes, const IntakeLimits& limits);
  std::span<const Label> labels() const noexcept { return labels_; }
  // The label that was the trouble of the last read(); may be empty.
  std::string_view culprit() const noexcept { return culprit_; }

 private:
  std::optional<Rejection> read_pair(std::string_view pair, const IntakeLimits& limits);
  std::optional<Rejection> read_value(std::string_view value, Label& label);

  std::vector<Label> labels_;
  std::deque<std::string> texts_;
  std::string_view culprit_;
};

// The column for a label of a family of this kind: names that the exposition needs itself get "exported_" before them.
meters::LabelColumn label_column(std::string_view name, meters::Kind kind, meters::NameStrategy names);

}  // namespace tocsin::agent
