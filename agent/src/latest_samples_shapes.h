// SPDX-License-Identifier: Apache-2.0
// How parts of points are written into MetricPoints.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/metric_points.h"
#include "rules/promql/float_histogram.h"
#include "wire/otlp_fields.h"
#include "wire/protobuf.h"

namespace tocsin::agent::detail {

inline constexpr std::int64_t kNsPerMs = 1'000'000;
inline constexpr std::int64_t kMostBuckets = 4'096;  // a native histogram that is wider is not shown

inline std::size_t size_of(const MetricPoints& points, Shape shape) noexcept {
  switch (shape) {
    case Shape::Number: return points.numbers.size();
    case Shape::Histogram: return points.histograms.size();
    case Shape::Exponential: return points.exponentials.size();
    case Shape::Summary: return points.summaries.size();
    case Shape::None: break;
  }
  return 0;
}

inline WordRange append_words(MetricPoints& points, const std::vector<std::uint64_t>& words) {
  const WordRange range{static_cast<std::uint32_t>(points.words.size()), static_cast<std::uint32_t>(words.size())};
  points.words.insert(points.words.end(), words.begin(), words.end());
  return range;
}

inline std::uint64_t ns_of(std::int64_t ms) noexcept {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max() / kNsPerMs;
  return static_cast<std::uint64_t>(std::clamp<std::int64_t>(ms, 0, kMost) * kNsPerMs);
}

inline std::uint64_t count_of(double value) noexcept { return value > 0 && value < 1.8e19 ? static_cast<std::uint64_t>(value) : 0; }

// Buckets of spans as one run without gaps, as OTLP has them. Nothing where it would be too long.
inline std::optional<std::pair<std::int32_t, std::vector<std::uint64_t>>> dense(const std::vector<rules::promql::BucketSpan>& spans,
                                                                         const std::vector<double>& counts) {
  std::vector<std::uint64_t> out;
  if (spans.empty()) return std::pair{0, out};
  const std::int32_t offset = spans.front().offset - 1;  // our index i is (base^i, base^(i+1)]
  std::size_t next = 0;
  for (std::size_t i = 0; i < spans.size(); ++i) {
    const std::int64_t gap = i == 0 ? 0 : spans[i].offset;
    if (static_cast<std::int64_t>(out.size()) + gap + spans[i].length > kMostBuckets) return std::nullopt;
    out.resize(out.size() + static_cast<std::size_t>(gap));
    for (std::uint32_t bucket = 0; bucket < spans[i].length; ++bucket) out.push_back(count_of(counts[next++]));
  }
  return std::pair{offset, std::move(out)};
}

inline std::size_t field_size(std::size_t size) { return 1 + wire::varint_size(size) + size; }

// A KeyValue field of a point or exemplar.
inline void append_label(wire::ProtobufWriter& writer, std::string_view name, std::string_view text) {
  const std::size_t value = field_size(text.size());
  writer.length(wire::otlp::NumberDataPoint::kAttributes, field_size(name.size()) + field_size(value));
  writer.bytes(wire::otlp::KeyValue::kKey, name);
  writer.length(wire::otlp::KeyValue::kValue, value);
  writer.bytes(wire::otlp::AnyValue::kString, text);
}

}  // namespace tocsin::agent::detail
