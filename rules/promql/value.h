// SPDX-License-Identifier: Apache-2.0
// Evaluation: what an expression came to: the value, what Prometheus would remark on it, and what it was made from.
//
//   if (const auto* vector = std::get_if<Vector>(&evaluation.value))
//     for (const Sample& sample : *vector) use(sample.labels, sample.point.value);
//   for (const Annotation& note : evaluation.annotations) show(to_string(note, query_text));
//
// Labels are sorted by name and point into texts that the Evaluation holds: they live as long as it or a copy of it.
// Threads: a value. Costs: 48 bytes a sample besides labels, 32 a point of a range.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "rules/promql/ast.h"
#include "rules/promql/float_histogram.h"

namespace tocsin::rules::promql {

struct Label {
  std::string_view name, value;
  bool operator==(const Label&) const = default;
};
using Labels = std::span<const Label>;  // sorted by name; none is empty

struct Point {
  std::int64_t time_ms = 0;
  double value = 0;
  HistogramPtr histogram;  // null for a float
};

struct Sample {
  Labels labels;
  Point point;
};

struct Series {
  Labels labels;
  std::vector<Point> points;  // ascending in time
};

struct Scalar {
  std::int64_t time_ms = 0;
  double value = 0;
};

struct StringValue {
  std::int64_t time_ms = 0;
  std::string text;
};

using Vector = std::vector<Sample>;  // in the order the query asked for (sort, topk), else the reader's
using Matrix = std::vector<Series>;  // sorted by labels
using Value = std::variant<Scalar, StringValue, Vector, Matrix>;

// "scalar", "string", "vector", "matrix": resultType of Prometheus' API.
std::string_view type_text(const Value& value) noexcept;
// The value of a label, empty where it is absent.
std::string_view label_value(Labels labels, std::string_view name) noexcept;
// As Prometheus prints a series: name{a="b"}.
std::string to_string(Labels labels);
// By name and value, one label after the other: negative, zero or positive.
int compare(Labels a, Labels b) noexcept;

// A remark. Its text begins with "PromQL info: " or "PromQL warning: "; the same text is there once.
struct Annotation {
  enum class Level : std::uint8_t { Info, Warning };
  Level level = Level::Info;
  std::string text;
  SourceRange range;  // of what it is about
};

// The text with its place behind it, as Prometheus' API says it: "... (1:6)".
std::string to_string(const Annotation& annotation, std::string_view query);

// What the answer was made from: a rule that matches nothing, or whose comparison took everything away, shows here.
struct Coverage {
  struct Selector {
    SourceRange range;
    std::uint64_t series = 0;  // matched and with a sample in the time that was read
  };
  struct Comparison {
    SourceRange range;
    std::uint64_t compared = 0, removed = 0;  // samples, over all steps
  };
  std::vector<Selector> selectors;  // in the order they stand in the text
  std::vector<Comparison> comparisons;
  std::uint64_t samples_read = 0;  // of the store and of subqueries, in all
  std::uint64_t samples_peak = 0;  // the most that were held at once
};

struct Evaluation {
  Value value;
  std::vector<Annotation> annotations;
  Coverage coverage;
  std::shared_ptr<const void> texts;  // what the labels point into
};

}  // namespace tocsin::rules::promql
