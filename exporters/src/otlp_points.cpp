// SPDX-License-Identifier: Apache-2.0
#include "exporters/src/otlp_points.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "meters/base/number.h"
#include "wire/otlp_attributes.h"
#include "wire/otlp_fields.h"
#include "wire/otlp_json.h"

namespace tocsin::exporters {

namespace otlp = wire::otlp;
using meters::Histograms;
using meters::LabelType;
using meters::Row;
using meters::RowState;
using meters::Scalars;
using meters::Summaries;

OtlpShape shape_of(const meters::Family& family, OtlpHistograms wanted) noexcept {
  if (std::holds_alternative<Summaries>(family.points)) return OtlpShape::Summary;
  if (const auto* histograms = std::get_if<Histograms>(&family.points)) {
    const bool native = !histograms->native.empty();
    return native && (wanted == OtlpHistograms::Exponential || histograms->bounds->empty()) ? OtlpShape::Exponential
                                                                                           : OtlpShape::Histogram;
  }
  return family.descriptor->kind == meters::Kind::Gauge ? OtlpShape::Gauge : OtlpShape::Sum;
}

// Field numbers that the kinds of points have in common.
struct OtlpPointWriter::Fields {
  std::uint32_t attributes, start, time, flags, exemplars, min, max;
};

const OtlpPointWriter::Fields& OtlpPointWriter::fields_of(OtlpShape shape) {
  using N = otlp::NumberDataPoint;
  using H = otlp::HistogramDataPoint;
  using E = otlp::ExponentialHistogramDataPoint;
  using S = otlp::SummaryDataPoint;
  static constexpr Fields kNumber{N::kAttributes, N::kStartTimeUnixNano, N::kTimeUnixNano, N::kFlags, N::kExemplars, 0, 0};
  static constexpr Fields kHistogram{H::kAttributes, H::kStartTimeUnixNano, H::kTimeUnixNano, H::kFlags,
                                     H::kExemplars,  H::kMin,               H::kMax};
  static constexpr Fields kExponential{E::kAttributes, E::kStartTimeUnixNano, E::kTimeUnixNano, E::kFlags,
                                       E::kExemplars,  E::kMin,               E::kMax};
  static constexpr Fields kSummary{S::kAttributes, S::kStartTimeUnixNano, S::kTimeUnixNano, S::kFlags, 0, 0, 0};
  switch (shape) {
    case OtlpShape::Gauge:
    case OtlpShape::Sum: return kNumber;
    case OtlpShape::Histogram: return kHistogram;
    case OtlpShape::Exponential: return kExponential;
    case OtlpShape::Summary: break;
  }
  return kSummary;
}

void append_label(wire::ProtobufWriter& writer, std::uint32_t field, std::string_view name, std::string_view text,
                  LabelType type) {
  const auto value = [&](std::size_t size) {
    writer.length(field, 2 + wire::varint_size(name.size()) + name.size() + wire::varint_size(size) + size);
    writer.bytes(otlp::KeyValue::kKey, name);
    writer.length(otlp::KeyValue::kValue, size);
  };
  if (type == LabelType::Int) {
    if (const auto number = parse_integer<std::int64_t>(text)) {
      value(1 + wire::varint_size(static_cast<std::uint64_t>(*number)));
      return writer.varint(otlp::AnyValue::kInt, static_cast<std::uint64_t>(*number));
    }
  } else if (type == LabelType::Double) {
    if (const auto number = parse_double(text)) {
      value(1 + sizeof(double));
      return writer.fixed_double(otlp::AnyValue::kDouble, *number);
    }
  } else if (type == LabelType::Bool && (text == "true" || text == "false")) {
    value(2);
    return writer.varint(otlp::AnyValue::kBool, text == "true" ? 1 : 0);
  } else if (type == LabelType::Json) {
    if (auto json = wire::parse_json_value(text))
      return append_attribute(writer, field, {std::string(name), *std::move(json)});
  }
  value(1 + wire::varint_size(text.size()) + text.size());
  writer.bytes(otlp::AnyValue::kString, text);
}

wire::ProtobufWriter::Mark OtlpPointWriter::begin(const PlannedFamily& planned, const Fields& fields, Row row,
                                                  Frame frame) {
  const meters::Family& family = *planned.family;
  const auto mark = writer_.begin(otlp::Points::kDataPoints, 200);
  for (std::size_t column = 0; column < family.labels->columns(); ++column) {
    const auto id = family.labels->id(row, column);
    if (id == meters::kNoValue) continue;
    append_label(writer_, fields.attributes, family.labels->column(column).name, family.labels->text(column, id),
                 family.labels->type(column, id));
  }
  if (frame.start_ns != 0) writer_.fixed64(fields.start, static_cast<std::uint64_t>(frame.start_ns));
  writer_.fixed64(fields.time, static_cast<std::uint64_t>(frame.time_ns));
  if (!family.exemplars.empty() && fields.exemplars != 0) exemplars(family, fields, row, frame.exemplars_after_ns);
  return mark;
}

void OtlpPointWriter::exemplars(const meters::Family& family, const Fields& fields, Row row, std::int64_t after_ns) {
  const auto before = [](const meters::Exemplar& exemplar, Row wanted) { return exemplar.row < wanted; };
  const auto none = [](const auto& id) { return std::all_of(id.begin(), id.end(), [](auto byte) { return byte == 0; }); };
  const auto text = [](const auto& id) { return std::string_view(reinterpret_cast<const char*>(id.data()), id.size()); };
  for (auto it = std::lower_bound(family.exemplars.begin(), family.exemplars.end(), row, before);
       it != family.exemplars.end() && it->row == row; ++it) {
    if (to_unix_ns(it->time) <= after_ns) continue;
    const auto mark = writer_.begin(fields.exemplars);
    for (const auto& [name, value] : it->attributes)
      append_label(writer_, otlp::Exemplar::kFilteredAttributes, name, value, LabelType::String);
    writer_.fixed64(otlp::Exemplar::kTimeUnixNano, static_cast<std::uint64_t>(to_unix_ns(it->time)));
    writer_.fixed_double(otlp::Exemplar::kAsDouble, it->value);
    if (!none(it->span_id)) writer_.bytes(otlp::Exemplar::kSpanId, text(it->span_id));
    if (!none(it->trace_id)) writer_.bytes(otlp::Exemplar::kTraceId, text(it->trace_id));
    writer_.end(mark);
  }
}

void OtlpPointWriter::number(const Scalars& points, std::uint64_t bits) {
  if (points.type == meters::NumberType::Integer) {
    writer_.fixed64(otlp::NumberDataPoint::kAsInt, bits);
  } else {
    writer_.fixed64(otlp::NumberDataPoint::kAsDouble, bits);
  }
}

void OtlpPointWriter::explicit_buckets(const Histograms& points, const std::uint64_t* counts, double sum) {
  using H = otlp::HistogramDataPoint;
  const std::size_t buckets = points.buckets();
  writer_.fixed64(H::kCount, std::accumulate(counts, counts + buckets, std::uint64_t{0}));
  if (!std::isnan(sum)) writer_.fixed_double(H::kSum, sum);
  writer_.length(H::kBucketCounts, buckets * sizeof(std::uint64_t));
  writer_.raw(std::span(counts, buckets));
  if (points.bounds->empty()) return;
  writer_.length(H::kExplicitBounds, points.bounds->size() * sizeof(double));
  writer_.raw(std::span<const double>(*points.bounds));
}

void OtlpPointWriter::range(std::uint32_t field, std::int32_t offset, const std::vector<std::uint64_t>& counts) {
  std::size_t used = counts.size();
  while (used > 0 && counts[used - 1] == 0) --used;
  if (used == 0) return;
  const auto mark = writer_.begin(field, 200);
  writer_.signed_varint(otlp::Buckets::kOffset, offset);
  const auto packed = writer_.begin(otlp::Buckets::kBucketCounts, 200);
  for (std::size_t i = 0; i < used; ++i) writer_.raw_varint(counts[i]);
  writer_.end(packed);
  writer_.end(mark);
}

void OtlpPointWriter::native_buckets(const meters::NativeHistogram& native, double sum) {
  using E = otlp::ExponentialHistogramDataPoint;
  std::uint64_t count = native.zero_count;
  count = std::accumulate(native.positive.begin(), native.positive.end(), count);
  count = std::accumulate(native.negative.begin(), native.negative.end(), count);
  writer_.fixed64(E::kCount, count);
  if (!std::isnan(sum)) writer_.fixed_double(E::kSum, sum);
  writer_.signed_varint(E::kScale, native.scale);
  writer_.fixed64(E::kZeroCount, native.zero_count);
  range(E::kPositive, native.positive_offset, native.positive);
  range(E::kNegative, native.negative_offset, native.negative);
  if (native.zero_threshold != 0) writer_.fixed_double(E::kZeroThreshold, native.zero_threshold);
}

void OtlpPointWriter::extremes(const Histograms& points, Row row, const Fields& fields) {
  if (!points.min.empty() && !std::isnan(points.min[row])) writer_.fixed_double(fields.min, points.min[row]);
  if (!points.max.empty() && !std::isnan(points.max[row])) writer_.fixed_double(fields.max, points.max[row]);
}

void OtlpPointWriter::summary(const Summaries& points, Row row) {
  using S = otlp::SummaryDataPoint;
  writer_.fixed64(S::kCount, points.counts[row]);
  writer_.fixed_double(S::kSum, points.sums[row]);
  for (const auto& [quantile, value] : points.quantiles[row]) {
    const auto mark = writer_.begin(S::kQuantileValues);
    writer_.fixed_double(otlp::ValueAtQuantile::kQuantile, quantile);
    writer_.fixed_double(otlp::ValueAtQuantile::kValue, value);
    writer_.end(mark);
  }
}

void OtlpPointWriter::cumulative(const PlannedFamily& planned, OtlpShape shape, Row row) {
  const meters::Family& family = *planned.family;
  const Fields& fields = fields_of(shape);
  const bool ended = family.states[row] == RowState::Ended;
  // The end is later than the last point.
  const std::int64_t time = ended || family.time_ns.empty() ? planned.snapshot_ns : family.time_ns[row];
  const std::int64_t start = shape == OtlpShape::Gauge || family.start_ns.empty() ? 0 : family.start_ns[row];
  const auto mark = begin(planned, fields, row, {start, time, ended ? INT64_MAX : INT64_MIN});
  if (ended) {
    writer_.varint(fields.flags, otlp::kFlagNoRecordedValue);
  } else if (const auto* scalars = std::get_if<Scalars>(&family.points)) {
    number(*scalars, scalars->bits[row]);
  } else if (const auto* histograms = std::get_if<Histograms>(&family.points)) {
    if (shape == OtlpShape::Exponential) {
      native_buckets(histograms->native[row], histograms->sums[row]);
    } else {
      explicit_buckets(*histograms, &histograms->counts[row * histograms->buckets()], histograms->sums[row]);
    }
    extremes(*histograms, row, fields);
  } else if (const auto* summaries = std::get_if<Summaries>(&family.points)) {
    summary(*summaries, row);
  }
  writer_.end(mark);
}

namespace {

std::int64_t delta_time(const PlannedFamily& planned, Row row) {
  return planned.family->time_ns.empty() ? planned.snapshot_ns : planned.family->time_ns[row];
}

}  // namespace

void OtlpPointWriter::delta(const PlannedFamily& planned, Row row, const ScalarDelta& delta) {
  const auto mark = begin(planned, fields_of(OtlpShape::Sum), row,
                          {delta.start_ns, delta_time(planned, row), delta.start_ns});
  number(*std::get_if<Scalars>(&planned.family->points), delta.bits);
  writer_.end(mark);
}

void OtlpPointWriter::delta(const PlannedFamily& planned, OtlpShape shape, Row row, const HistogramDelta& delta) {
  const auto mark =
      begin(planned, fields_of(shape), row, {delta.start_ns, delta_time(planned, row), delta.start_ns});
  // Minimum and maximum are those of all time: a delta has none.
  if (shape == OtlpShape::Exponential) {
    native_buckets(delta.native, delta.sum);
  } else {
    explicit_buckets(*std::get_if<Histograms>(&planned.family->points), delta.counts.data(), delta.sum);
  }
  writer_.end(mark);
}

}  // namespace tocsin::exporters
