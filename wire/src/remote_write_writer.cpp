// SPDX-License-Identifier: Apache-2.0
#include "wire/remote_write_writer.h"

#include <algorithm>
#include <bit>

#include "meters/native_spans.h"
#include "wire/remote_write_codec.h"

namespace tocsin::wire {

namespace {

// prometheus/prompb: fields by message.
// clang-format off
enum Field : std::uint32_t {
  kRequestSeries = 1, kRequestMetadata = 3,
  kSeriesLabel = 1, kSeriesSample = 2, kSeriesExemplar = 3, kSeriesHistogram = 4,
  kLabelName = 1, kLabelValue = 2,
  kSampleValue = 1, kSampleTime = 2,
  kExemplarLabel = 1, kExemplarValue = 2, kExemplarTime = 3,
  kSpanOffset = 1, kSpanLength = 2,
  kMetadataType = 1, kMetadataFamily = 2, kMetadataHelp = 4, kMetadataUnit = 5,
};
// clang-format on

constexpr const SparseHistogramFields& kHistogram = kRemoteWriteHistogram;

std::size_t label_size(const WriteRequestWriter::Label& label) noexcept {
  return 2 + varint_size(label.first.size()) + label.first.size() + varint_size(label.second.size()) + label.second.size();
}

void write_buckets(ProtobufWriter& writer, std::uint32_t span_field, std::uint32_t delta_field, const meters::NativeSpans& buckets) {
  for (const auto& [offset, length] : buckets.spans) {
    writer.length(span_field, 2 + varint_size(zigzag_encode(offset)) + varint_size(length));
    writer.signed_varint(kSpanOffset, offset);
    writer.varint(kSpanLength, length);
  }
  if (buckets.deltas.empty()) return;
  const auto mark = writer.begin(delta_field, 2 * buckets.deltas.size());
  for (const std::int64_t delta : buckets.deltas) writer.raw_varint(zigzag_encode(delta));
  writer.end(mark);
}

}  // namespace

void WriteRequestWriter::label(std::uint32_t field, const Label& label) {
  writer_.length(field, label_size(label));
  writer_.bytes(kLabelName, label.first);
  writer_.bytes(kLabelValue, label.second);
}

void WriteRequestWriter::begin_series(std::span<const Label> labels) {
  std::size_t size = 24;
  for (const Label& one : labels) size += 3 + label_size(one);
  series_ = writer_.begin(kRequestSeries, size);
  for (const Label& one : labels) label(kSeriesLabel, one);
}

void WriteRequestWriter::sample(double value, std::int64_t time_ms) {
  writer_.length(kSeriesSample, 10 + varint_size(static_cast<std::uint64_t>(time_ms)));
  writer_.fixed_double(kSampleValue, value);
  writer_.varint(kSampleTime, static_cast<std::uint64_t>(time_ms));
}

void WriteRequestWriter::histogram(const meters::NativeHistogram& histogram, double sum, std::int64_t time_ms, bool stale) {
  const auto mark = writer_.begin(kSeriesHistogram, 200);
  if (stale) {
    writer_.fixed_double(kHistogram.sum, std::bit_cast<double>(kStaleNanBits));
  } else {
    const std::int32_t shift = std::max(0, histogram.scale - meters::kMostSchema);
    const meters::NativeSpans positive = meters::native_spans(histogram.positive, histogram.positive_offset, shift);
    const meters::NativeSpans negative = meters::native_spans(histogram.negative, histogram.negative_offset, shift);
    writer_.varint(kHistogram.count, histogram.zero_count + positive.count + negative.count);
    writer_.fixed_double(kHistogram.sum, sum);
    writer_.signed_varint(kHistogram.schema, std::min(histogram.scale, meters::kMostSchema));
    writer_.fixed_double(kHistogram.zero_threshold, histogram.zero_threshold > 0 ? histogram.zero_threshold : meters::kLeastZeroThreshold);
    writer_.varint(kHistogram.zero_count, histogram.zero_count);
    write_buckets(writer_, kHistogram.negative_span, kHistogram.negative_delta, negative);
    write_buckets(writer_, kHistogram.positive_span, kHistogram.positive_delta, positive);
  }
  writer_.varint(kHistogram.timestamp, static_cast<std::uint64_t>(time_ms));
  writer_.end(mark);
}

void WriteRequestWriter::exemplar(std::span<const Label> labels, double value, std::int64_t time_ms) {
  const auto mark = writer_.begin(kSeriesExemplar, 120);
  for (const Label& one : labels) label(kExemplarLabel, one);
  writer_.fixed_double(kExemplarValue, value);
  writer_.varint(kExemplarTime, static_cast<std::uint64_t>(time_ms));
  writer_.end(mark);
}

void WriteRequestWriter::metadata(std::string_view family, ExpositionType type, std::string_view help, std::string_view unit) {
  const auto mark = writer_.begin(kRequestMetadata, family.size() + help.size() + unit.size() + 12);
  writer_.varint(kMetadataType, static_cast<std::uint64_t>(type));  // numbered alike
  writer_.bytes(kMetadataFamily, family);
  if (!help.empty()) writer_.bytes(kMetadataHelp, help);
  if (!unit.empty()) writer_.bytes(kMetadataUnit, unit);
  writer_.end(mark);
}

}  // namespace tocsin::wire
