// SPDX-License-Identifier: Apache-2.0
// OtlpPointDecoder: one OTLP data point message to one element of MetricPoints. Private to the metrics decoder.
//
// Each function reads the message that is the reader's current field; a fault inside ends the reader.
// Threads: one.
#pragma once

#include <string_view>

#include "agent/metric_points.h"
#include "agent/receivers/otlp_metrics.h"
#include "wire/protobuf.h"

namespace tocsin::agent {

class OtlpPointDecoder {
 public:
  OtlpPointDecoder(MetricPoints& points, const OtlpDecodeLimits& limits) noexcept : points_(points), limits_(limits) {}

  void number(wire::ProtobufReader& outer);
  void histogram(wire::ProtobufReader& outer);
  void exponential(wire::ProtobufReader& outer);
  void summary(wire::ProtobufReader& outer);

  // False, and the reader ended, when the limits are exceeded.
  bool room(wire::ProtobufReader& reader) noexcept {
    if (items_ < limits_.items && points_.words.size() < limits_.words) [[likely]] return true;
    over_limit_ = true;
    reader.refuse();
    return false;
  }
  void count_item() noexcept { ++items_; }
  bool over_limit() const noexcept { return over_limit_; }
  const OtlpDecodeLimits& limits() const noexcept { return limits_; }
  std::uint32_t size(Shape shape) const noexcept;

 private:
  // Where the attribute fields of a point lie, found while its fields are read.
  struct Region {
    const char* begin = nullptr;
    const char* end = nullptr;
    std::string* joined = nullptr;  // used when they do not lie together
  };

  void extend(Region& region, const char* begin, const char* end);
  static std::string_view attributes(const Region& region) noexcept;
  static void close(PointHead& head, const Region& region) noexcept;
  template <class Field, class Point, class Own>
  void counted(wire::ProtobufReader& outer, std::vector<Point>& column, Own own);
  void exemplar(wire::ProtobufReader& outer, std::uint32_t point);
  void quantile(wire::ProtobufReader& outer, WordRange& words);
  void packed_fixed(wire::ProtobufReader& reader, WordRange& words);
  void packed_varints(wire::ProtobufReader& reader, WordRange& words);
  void buckets(wire::ProtobufReader& outer, std::int32_t& offset, WordRange& counts);
  void push(WordRange& words, std::uint64_t word);

  MetricPoints& points_;
  const OtlpDecodeLimits limits_;
  std::size_t items_ = 0;
  bool over_limit_ = false;
};

}  // namespace tocsin::agent
