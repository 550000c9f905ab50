// SPDX-License-Identifier: Apache-2.0
#include "exporters/src/protobuf_metric.h"

#include <algorithm>
#include <cmath>

#include "exporters/src/exemplar_text.h"
#include "meters/native_spans.h"
#include "wire/protobuf.h"

namespace tocsin::exporters {

namespace {

using meters::Row;
using wire::ProtobufWriter;
using wire::varint_size;

// metrics.proto: fields by message.
// clang-format off
enum Field : std::uint32_t {
  kFamilyMetric = 4,
  kMetricLabel = 1, kMetricGauge = 2, kMetricCounter = 3, kMetricSummary = 4, kMetricHistogram = 7,
  kLabelName = 1, kLabelValue = 2,
  kScalarValue = 1, kCounterExemplar = 2, kCounterStart = 3,
  kSummaryCount = 1, kSummarySum = 2, kSummaryQuantile = 3, kSummaryStart = 4,
  kQuantileQuantile = 1, kQuantileValue = 2,
  kHistogramCount = 1, kHistogramSum = 2, kHistogramBucket = 3, kHistogramSchema = 5, kHistogramZeroThreshold = 6,
  kHistogramZeroCount = 7, kHistogramNegativeSpan = 9, kHistogramNegativeDelta = 10, kHistogramPositiveSpan = 12,
  kHistogramPositiveDelta = 13, kHistogramStart = 15, kHistogramExemplars = 16,
  kBucketCount = 1, kBucketBound = 2, kBucketExemplar = 3,
  kSpanOffset = 1, kSpanLength = 2,
  kExemplarLabel = 1, kExemplarValue = 2, kExemplarTime = 3,
  kTimestampSeconds = 1, kTimestampNanos = 2,
};
// clang-format on

void append_label(std::string& out, std::uint32_t field, std::string_view name, std::string_view text) {
  ProtobufWriter writer(out);
  writer.length(field, 2 + varint_size(name.size()) + name.size() + varint_size(text.size()) + text.size());
  writer.bytes(kLabelName, name);
  writer.bytes(kLabelValue, text);
}

void append_time(std::string& out, std::uint32_t field, std::int64_t ns) {
  const auto seconds = static_cast<std::uint64_t>(ns / 1'000'000'000);
  const auto nanos = static_cast<std::uint64_t>(ns % 1'000'000'000);
  ProtobufWriter writer(out);
  writer.length(field, 2 + varint_size(seconds) + varint_size(nanos));
  writer.varint(kTimestampSeconds, seconds);
  writer.varint(kTimestampNanos, nanos);
}

void append_buckets(std::string& out, std::uint32_t span_field, std::uint32_t delta_field,
                    const meters::NativeSpans& buckets) {
  ProtobufWriter writer(out);
  for (const auto& [offset, length] : buckets.spans) {
    writer.length(span_field, 2 + varint_size(wire::zigzag_encode(offset)) + varint_size(length));
    writer.signed_varint(kSpanOffset, offset);
    writer.varint(kSpanLength, length);
  }
  // Not packed: the fields are proto2.
  for (const std::int64_t delta : buckets.deltas) writer.signed_varint(delta_field, delta);
}

bool is_fraction(double value) noexcept { return value >= 0 && value <= 1; }

bool has_native(const meters::Histograms& points, Row row) {
  return !points.native.empty() && points.native[row].scale >= meters::kLeastSchema;
}

}  // namespace

ProtobufMetrics::ProtobufMetrics(SampleType type, const ExposedMember& member)
    : type_(type), member_(member), family_(*member.family) {
  for (const meters::ConstantLabel& label : member.identity.constants)
    append_label(constants_, kMetricLabel, label.name, label.text);
  for (const std::string& name : member.identity.columns)
    ProtobufWriter(columns_.emplace_back()).bytes(kLabelName, name);
}

void ProtobufMetrics::append(std::string& out, Row row) {
  metric_.clear();
  value_.clear();
  append_labels(metric_, row);
  std::uint32_t field = kMetricGauge;
  std::visit(
      [&](const auto& points) {
        using Points = std::decay_t<decltype(points)>;
        if constexpr (std::is_same_v<Points, meters::Scalars>) {
          if (type_ == SampleType::Counter) field = kMetricCounter;
          append_scalar(value_, points, row);
        } else if constexpr (std::is_same_v<Points, meters::Histograms>) {
          field = kMetricHistogram;
          append_histogram(value_, points, row);
        } else {
          field = kMetricSummary;
          append_summary(value_, points, row);
        }
      },
      family_.points);
  ProtobufWriter writer(out);
  writer.length(kFamilyMetric, metric_.size() + 1 + varint_size(value_.size()) + value_.size());
  out += metric_;
  writer.bytes(field, value_);
}

void ProtobufMetrics::append_labels(std::string& out, Row row) {
  if (member_.identity.collides) {
    meters::merge_labels(member_.identity, *family_.labels, row, pairs_);
    for (const auto& [name, text] : pairs_) append_label(out, kMetricLabel, name, text);
    return;
  }
  out += constants_;
  ProtobufWriter writer(out);
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const meters::ValueId id = family_.labels->id(row, i);
    if (id == meters::kNoValue) continue;
    const std::string_view text = family_.labels->text(i, id);
    writer.length(kMetricLabel, columns_[i].size() + 1 + varint_size(text.size()) + text.size());
    out += columns_[i];
    writer.bytes(kLabelValue, text);
  }
}

void ProtobufMetrics::append_scalar(std::string& out, const meters::Scalars& points, Row row) {
  ProtobufWriter(out).fixed_double(kScalarValue, points.as_double(row));
  if (type_ != SampleType::Counter) return;
  if (const meters::Exemplar* found = exemplar(row, 0)) append_exemplar(out, kCounterExemplar, *found);
  append_start(out, kCounterStart, row);
}

void ProtobufMetrics::append_histogram(std::string& out, const meters::Histograms& points, Row row) {
  ProtobufWriter writer(out);
  std::uint64_t count = points.count(row);
  const bool native = has_native(points, row);
  meters::NativeSpans positive;
  meters::NativeSpans negative;
  if (native) {
    const meters::NativeHistogram& from = points.native[row];
    const std::int32_t shift = std::max(0, from.scale - meters::kMostSchema);
    positive = meters::native_spans(from.positive, from.positive_offset, shift);
    negative = meters::native_spans(from.negative, from.negative_offset, shift);
    // A reader refuses a count that is not the sum of the buckets; a writer may have been between the two.
    count = from.zero_count + positive.count + negative.count;
  }
  writer.varint(kHistogramCount, count);
  writer.fixed_double(kHistogramSum, points.sums[row]);
  append_classic_buckets(out, points, row, count);
  if (native) {
    const meters::NativeHistogram& from = points.native[row];
    writer.signed_varint(kHistogramSchema, std::min(from.scale, meters::kMostSchema));
    writer.fixed_double(kHistogramZeroThreshold, from.zero_threshold > 0 ? from.zero_threshold : meters::kLeastZeroThreshold);
    writer.varint(kHistogramZeroCount, from.zero_count);
    append_buckets(out, kHistogramNegativeSpan, kHistogramNegativeDelta, negative);
    append_buckets(out, kHistogramPositiveSpan, kHistogramPositiveDelta, positive);
  }
  append_start(out, kHistogramStart, row);
  if (points.bounds->empty()) append_native_exemplars(out, row, count);
}

// A field of their own; and the latest on a bucket too, since Prometheus before 2.50 looks only there.
void ProtobufMetrics::append_native_exemplars(std::string& out, Row row, std::uint64_t count) {
  const meters::Exemplar* latest = nullptr;
  for (const meters::Exemplar* found = exemplar(row, 0); found != nullptr; found = exemplar(row, 0)) {
    append_exemplar(out, kHistogramExemplars, *found);
    if (latest == nullptr || found->time >= latest->time) latest = found;
    ++next_exemplar_;
  }
  if (latest == nullptr) return;
  part_.clear();
  ProtobufWriter(part_).varint(kBucketCount, count);
  ProtobufWriter(part_).fixed_double(kBucketBound, HUGE_VAL);
  append_exemplar(part_, kBucketExemplar, *latest);
  ProtobufWriter(out).bytes(kHistogramBucket, part_);
}

// The +Inf bucket is the count, so that a writer between classic and native buckets shows no contradiction.
void ProtobufMetrics::append_classic_buckets(std::string& out, const meters::Histograms& points, Row row,
                                             std::uint64_t count) {
  const std::vector<double>& bounds = *points.bounds;
  if (bounds.empty()) return;
  ProtobufWriter writer(out);
  std::uint64_t cumulative = 0;
  for (std::uint32_t bucket = 0; bucket < points.buckets(); ++bucket) {
    cumulative += points.counts[std::size_t{row} * points.buckets() + bucket];
    const bool last = bucket == bounds.size();
    part_.clear();
    ProtobufWriter part(part_);
    part.varint(kBucketCount, last ? count : std::min(cumulative, count));
    part.fixed_double(kBucketBound, last ? HUGE_VAL : bounds[bucket]);
    const meters::Exemplar* found = exemplar(row, bucket);
    const bool inside = found != nullptr && (bucket == 0 || found->value > bounds[bucket - 1]) &&
                        (last || found->value <= bounds[bucket]);
    if (inside) append_exemplar(part_, kBucketExemplar, *found);
    writer.bytes(kHistogramBucket, part_);
  }
}

void ProtobufMetrics::append_summary(std::string& out, const meters::Summaries& points, Row row) {
  ProtobufWriter writer(out);
  writer.varint(kSummaryCount, points.counts[row]);
  writer.fixed_double(kSummarySum, points.sums[row]);
  for (const meters::Quantile& quantile : points.quantiles[row]) {
    if (!is_fraction(quantile.quantile)) continue;
    writer.length(kSummaryQuantile, 18);
    writer.fixed_double(kQuantileQuantile, quantile.quantile);
    writer.fixed_double(kQuantileValue, quantile.value);
  }
  append_start(out, kSummaryStart, row);
}

void ProtobufMetrics::append_start(std::string& out, std::uint32_t field, Row row) const {
  if (!family_.start_ns.empty() && family_.start_ns[row] > 0) append_time(out, field, family_.start_ns[row]);
}

void ProtobufMetrics::append_exemplar(std::string& out, std::uint32_t field, const meters::Exemplar& exemplar) {
  labels_.clear();
  for (const auto& [name, text] : exemplar_labels(exemplar)) append_label(labels_, kExemplarLabel, name, text);
  ProtobufWriter(labels_).fixed_double(kExemplarValue, exemplar.value);
  const std::int64_t ns = to_unix_ns(exemplar.time);
  if (ns > 0) append_time(labels_, kExemplarTime, ns);
  ProtobufWriter(out).bytes(field, labels_);
}

const meters::Exemplar* ProtobufMetrics::exemplar(Row row, std::uint32_t bucket) noexcept {
  const auto& all = family_.exemplars;
  while (next_exemplar_ < all.size() &&
         (all[next_exemplar_].row < row || (all[next_exemplar_].row == row && all[next_exemplar_].bucket < bucket)))
    ++next_exemplar_;
  if (next_exemplar_ == all.size()) return nullptr;
  const meters::Exemplar& next = all[next_exemplar_];
  return next.row == row && next.bucket == bucket ? &next : nullptr;
}

}  // namespace tocsin::exporters
