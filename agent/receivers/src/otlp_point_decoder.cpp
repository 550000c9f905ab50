// SPDX-License-Identifier: Apache-2.0
#include "agent/receivers/src/otlp_point_decoder.h"

#include "wire/otlp_fields.h"

namespace tocsin::agent {

using wire::protobuf_tag;
using wire::ProtobufReader;
using wire::WireType;
namespace otlp = wire::otlp;

namespace {

template <class Column>
std::uint32_t size_of(const Column& column) noexcept {
  return static_cast<std::uint32_t>(column.size());
}

}  // namespace

std::uint32_t OtlpPointDecoder::size(Shape shape) const noexcept {
  switch (shape) {
    case Shape::None: return 0;
    case Shape::Number: return size_of(points_.numbers);
    case Shape::Histogram: return size_of(points_.histograms);
    case Shape::Exponential: return size_of(points_.exponentials);
    case Shape::Summary: return size_of(points_.summaries);
  }
  return 0;
}

void OtlpPointDecoder::extend(Region& region, const char* begin, const char* end) {
  if (region.end == begin) [[likely]] {
    region.end = end;
  } else if (region.begin == nullptr) {
    region.begin = begin;
    region.end = end;
  } else {
    if (region.joined == nullptr) region.joined = &points_.joined.emplace_back(region.begin, region.end);
    region.joined->append(begin, end);
  }
}

std::string_view OtlpPointDecoder::attributes(const Region& region) noexcept {
  if (region.joined != nullptr) return *region.joined;
  return {region.begin, static_cast<std::size_t>(region.end - region.begin)};
}

void OtlpPointDecoder::close(PointHead& head, const Region& region) noexcept {
  head.attributes = attributes(region);
  head.hash = hash_raw(head.attributes);
}

void OtlpPointDecoder::number(ProtobufReader& outer) {
  using Field = otlp::NumberDataPoint;
  ProtobufReader reader = outer.message();
  NumberPoint& point = points_.numbers.emplace_back();
  const std::uint32_t index = size_of(points_.numbers) - 1;
  count_item();
  Region region;
  for (const char* at = reader.position(); reader.next(); at = reader.position()) switch (reader.tag()) {
      case protobuf_tag(Field::kAttributes, WireType::Length):
        reader.bytes();
        extend(region, at, reader.position());
        break;
      case protobuf_tag(Field::kStartTimeUnixNano, WireType::Fixed64): point.start_ns = reader.fixed64(); break;
      case protobuf_tag(Field::kTimeUnixNano, WireType::Fixed64): point.time_ns = reader.fixed64(); break;
      case protobuf_tag(Field::kAsDouble, WireType::Fixed64):
        point.bits = reader.fixed64();
        point.form = NumberForm::Double;
        break;
      case protobuf_tag(Field::kAsInt, WireType::Fixed64):
        point.bits = reader.fixed64();
        point.form = NumberForm::Integer;
        break;
      case protobuf_tag(Field::kFlags, WireType::Varint):
        point.no_recorded_value = (reader.varint() & otlp::kFlagNoRecordedValue) != 0;
        break;
      case protobuf_tag(Field::kExemplars, WireType::Length): exemplar(reader, index); break;
      default: reader.skip();
    }
  close(point, region);
  outer.adopt(reader);
}

// What the points that have a count share; `own` reads the fields that only this kind has.
template <class Field, class Point, class Own>
void OtlpPointDecoder::counted(ProtobufReader& outer, std::vector<Point>& column, Own own) {
  ProtobufReader reader = outer.message();
  Point point;
  count_item();
  Region region;
  for (const char* at = reader.position(); room(reader) && reader.next(); at = reader.position()) switch (reader.tag()) {
      case protobuf_tag(Field::kAttributes, WireType::Length):
        reader.bytes();
        extend(region, at, reader.position());
        break;
      case protobuf_tag(Field::kStartTimeUnixNano, WireType::Fixed64): point.start_ns = reader.fixed64(); break;
      case protobuf_tag(Field::kTimeUnixNano, WireType::Fixed64): point.time_ns = reader.fixed64(); break;
      case protobuf_tag(Field::kCount, WireType::Fixed64): point.count = reader.fixed64(); break;
      case protobuf_tag(Field::kSum, WireType::Fixed64): point.sum = reader.fixed_double(); break;
      case protobuf_tag(Field::kFlags, WireType::Varint):
        point.no_recorded_value = (reader.varint() & otlp::kFlagNoRecordedValue) != 0;
        break;
      default: own(reader, point);
    }
  close(point, region);
  column.push_back(point);
  outer.adopt(reader);
}

void OtlpPointDecoder::histogram(ProtobufReader& outer) {
  using Field = otlp::HistogramDataPoint;
  counted<Field>(outer, points_.histograms, [this](ProtobufReader& reader, HistogramPoint& point) {
    switch (reader.tag()) {
      case protobuf_tag(Field::kMin, WireType::Fixed64): point.min = reader.fixed_double(); break;
      case protobuf_tag(Field::kMax, WireType::Fixed64): point.max = reader.fixed_double(); break;
      case protobuf_tag(Field::kBucketCounts, WireType::Length): packed_fixed(reader, point.counts); break;
      case protobuf_tag(Field::kBucketCounts, WireType::Fixed64): push(point.counts, reader.fixed64()); break;
      case protobuf_tag(Field::kExplicitBounds, WireType::Length): packed_fixed(reader, point.bounds); break;
      case protobuf_tag(Field::kExplicitBounds, WireType::Fixed64): push(point.bounds, reader.fixed64()); break;
      case protobuf_tag(Field::kExemplars, WireType::Length): exemplar(reader, size_of(points_.histograms)); break;
      default: reader.skip();
    }
  });
}

void OtlpPointDecoder::exponential(ProtobufReader& outer) {
  using Field = otlp::ExponentialHistogramDataPoint;
  counted<Field>(outer, points_.exponentials, [this](ProtobufReader& reader, ExponentialPoint& point) {
    switch (reader.tag()) {
      case protobuf_tag(Field::kMin, WireType::Fixed64): point.min = reader.fixed_double(); break;
      case protobuf_tag(Field::kMax, WireType::Fixed64): point.max = reader.fixed_double(); break;
      case protobuf_tag(Field::kScale, WireType::Varint):
        point.scale = static_cast<std::int32_t>(reader.signed_varint());
        break;
      case protobuf_tag(Field::kZeroCount, WireType::Fixed64): point.zero_count = reader.fixed64(); break;
      case protobuf_tag(Field::kZeroThreshold, WireType::Fixed64): point.zero_threshold = reader.fixed_double(); break;
      case protobuf_tag(Field::kPositive, WireType::Length):
        buckets(reader, point.positive_offset, point.positive);
        break;
      case protobuf_tag(Field::kNegative, WireType::Length):
        buckets(reader, point.negative_offset, point.negative);
        break;
      case protobuf_tag(Field::kExemplars, WireType::Length): exemplar(reader, size_of(points_.exponentials)); break;
      default: reader.skip();
    }
  });
}

void OtlpPointDecoder::summary(ProtobufReader& outer) {
  using Field = otlp::SummaryDataPoint;
  counted<Field>(outer, points_.summaries, [this](ProtobufReader& reader, SummaryPoint& point) {
    if (reader.tag() == protobuf_tag(Field::kQuantileValues, WireType::Length)) return quantile(reader, point.quantiles);
    reader.skip();
  });
}

void OtlpPointDecoder::quantile(ProtobufReader& outer, WordRange& words) {
  using Field = otlp::ValueAtQuantile;
  ProtobufReader reader = outer.message();
  std::uint64_t quantile = 0, value = 0;
  while (reader.next()) switch (reader.tag()) {
      case protobuf_tag(Field::kQuantile, WireType::Fixed64): quantile = reader.fixed64(); break;
      case protobuf_tag(Field::kValue, WireType::Fixed64): value = reader.fixed64(); break;
      default: reader.skip();
    }
  push(words, quantile);
  push(words, value);
  outer.adopt(reader);
}

void OtlpPointDecoder::exemplar(ProtobufReader& outer, std::uint32_t point) {
  using Field = otlp::Exemplar;
  ProtobufReader reader = outer.message();
  PointExemplar exemplar;
  exemplar.point = point;
  count_item();
  Region region;
  for (const char* at = reader.position(); room(reader) && reader.next(); at = reader.position()) switch (reader.tag()) {
      case protobuf_tag(Field::kFilteredAttributes, WireType::Length):
        reader.bytes();
        extend(region, at, reader.position());
        break;
      case protobuf_tag(Field::kTimeUnixNano, WireType::Fixed64): exemplar.time_ns = reader.fixed64(); break;
      case protobuf_tag(Field::kAsDouble, WireType::Fixed64):
        exemplar.bits = reader.fixed64();
        exemplar.form = NumberForm::Double;
        break;
      case protobuf_tag(Field::kAsInt, WireType::Fixed64):
        exemplar.bits = reader.fixed64();
        exemplar.form = NumberForm::Integer;
        break;
      case protobuf_tag(Field::kSpanId, WireType::Length): exemplar.span_id = reader.bytes(); break;
      case protobuf_tag(Field::kTraceId, WireType::Length): exemplar.trace_id = reader.bytes(); break;
      default: reader.skip();
    }
  exemplar.attributes = attributes(region);
  points_.exemplars.push_back(exemplar);
  outer.adopt(reader);
}

void OtlpPointDecoder::buckets(ProtobufReader& outer, std::int32_t& offset, WordRange& counts) {
  using Field = otlp::Buckets;
  ProtobufReader reader = outer.message();
  while (room(reader) && reader.next()) switch (reader.tag()) {
      case protobuf_tag(Field::kOffset, WireType::Varint):
        offset = static_cast<std::int32_t>(reader.signed_varint());
        break;
      case protobuf_tag(Field::kBucketCounts, WireType::Length): packed_varints(reader, counts); break;
      case protobuf_tag(Field::kBucketCounts, WireType::Varint): push(counts, reader.varint()); break;
      default: reader.skip();
    }
  outer.adopt(reader);
}

void OtlpPointDecoder::packed_fixed(ProtobufReader& outer, WordRange& words) {
  ProtobufReader reader = outer.message();
  while (!reader.at_end()) push(words, reader.fixed64());
  outer.adopt(reader);
}

void OtlpPointDecoder::packed_varints(ProtobufReader& outer, WordRange& words) {
  ProtobufReader reader = outer.message();
  while (room(reader) && !reader.at_end()) push(words, reader.varint());
  outer.adopt(reader);
}

void OtlpPointDecoder::push(WordRange& words, std::uint64_t word) {
  const std::uint32_t end = size_of(points_.words);
  // A list that came in pieces with another list between them is moved to the end, where it can grow.
  if (words.size != 0 && words.begin + words.size != end) {
    for (std::uint32_t i = 0; i < words.size; ++i) points_.words.push_back(points_.words[words.begin + i]);
    words.begin = end;
  }
  if (words.size == 0) words.begin = end;
  points_.words.push_back(word);
  ++words.size;
}

}  // namespace tocsin::agent
