// SPDX-License-Identifier: Apache-2.0
#include "rules/src/window_histogram_runs.h"

#include <cmath>

namespace tocsin::rules {

using promql::FloatHistogram;
using promql::HistogramPtr;

namespace {

enum class Sample : std::uint8_t { Float, NewBuckets, SameBuckets };

// As many as a real histogram can have; a damaged length must not ask for memory.
constexpr std::uint64_t kMostBuckets = 1U << 16;

// Whole differences are short; anything else is its bits.
void write_change(double from, double to, ByteWriter& writer) {
  const double change = to - from;
  const bool whole = std::abs(change) < 1e15 && change == std::trunc(change) &&
                     std::bit_cast<std::uint64_t>(from + change) == std::bit_cast<std::uint64_t>(to);
  if (whole) return writer.varint(zigzag(static_cast<std::int64_t>(change)) << 1);
  writer.varint(1);
  writer.fixed64(std::bit_cast<std::uint64_t>(to));
}

double read_change(double from, ByteReader& reader) {
  const std::uint64_t code = reader.varint();
  if ((code & 1) == 0) return from + static_cast<double>(unzigzag(code >> 1));
  return std::bit_cast<double>(reader.fixed64());
}

bool same_buckets(const FloatHistogram& a, const FloatHistogram& b) {
  return a.hint == b.hint && a.schema == b.schema && a.zero_threshold == b.zero_threshold &&
         a.positive_spans == b.positive_spans && a.negative_spans == b.negative_spans && a.custom_bounds == b.custom_bounds &&
         a.positive.size() == b.positive.size() && a.negative.size() == b.negative.size();
}

void write_buckets(const FloatHistogram& histogram, ByteWriter& writer) {
  writer.byte(static_cast<std::uint8_t>(histogram.hint));
  writer.signed_varint(histogram.schema);
  writer.fixed64(std::bit_cast<std::uint64_t>(histogram.zero_threshold));
  for (const auto* spans : {&histogram.positive_spans, &histogram.negative_spans}) {
    writer.varint(spans->size());
    for (const promql::BucketSpan& span : *spans) {
      writer.signed_varint(span.offset);
      writer.varint(span.length);
    }
  }
  for (const auto* numbers : {&histogram.positive, &histogram.negative}) writer.varint(numbers->size());
  writer.varint(histogram.custom_bounds.size());
  for (const double bound : histogram.custom_bounds) writer.fixed64(std::bit_cast<std::uint64_t>(bound));
}

bool read_spans(ByteReader& reader, std::vector<promql::BucketSpan>& into, std::uint64_t& buckets) {
  const std::uint64_t count = reader.varint();
  if (count > reader.left()) return false;
  buckets = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto offset = static_cast<std::int32_t>(reader.signed_varint());
    const auto length = static_cast<std::uint32_t>(reader.varint());
    buckets += length;
    if (buckets > kMostBuckets) return false;
    into.push_back({offset, length});
  }
  return reader.ok();
}

// All but the numbers, which are zero.
bool read_buckets(ByteReader& reader, FloatHistogram& into) {
  const std::uint8_t hint = reader.byte();
  if (hint > static_cast<std::uint8_t>(promql::CounterResetHint::Gauge)) return false;
  into.hint = static_cast<promql::CounterResetHint>(hint);
  into.schema = static_cast<std::int32_t>(reader.signed_varint());
  if (into.schema != promql::kCustomBounds && (into.schema < -4 || into.schema > 8)) return false;
  into.zero_threshold = std::bit_cast<double>(reader.fixed64());
  std::uint64_t positive = 0, negative = 0;
  if (!read_spans(reader, into.positive_spans, positive) || !read_spans(reader, into.negative_spans, negative)) return false;
  if (reader.varint() != positive || reader.varint() != negative) return false;
  into.positive.resize(positive);
  into.negative.resize(negative);
  const std::uint64_t bounds = reader.varint();
  if (bounds * 8 > reader.left() || bounds > kMostBuckets) return false;
  for (std::uint64_t i = 0; i < bounds; ++i) into.custom_bounds.push_back(std::bit_cast<double>(reader.fixed64()));
  return reader.ok();
}

// The numbers in one order, for writing and reading alike.
template <class Histogram, class Each>
void each_number(Histogram& histogram, const Each& each) {
  each(histogram.count);
  each(histogram.zero_count);
  each(histogram.sum);
  for (auto& number : histogram.positive) each(number);
  for (auto& number : histogram.negative) each(number);
}

}  // namespace

void write_histogram_run(std::span<const HistogramPtr> histograms, std::span<const double> values, ByteWriter& writer) {
  const FloatHistogram* before = nullptr;
  for (std::size_t i = 0; i < histograms.size(); ++i) {
    if (!histograms[i]) {
      writer.byte(static_cast<std::uint8_t>(Sample::Float));
      writer.fixed64(std::bit_cast<std::uint64_t>(values[i]));
      continue;
    }
    const FloatHistogram& now = *histograms[i];
    std::vector<double> numbers;
    if (before != nullptr && same_buckets(*before, now)) {
      writer.byte(static_cast<std::uint8_t>(Sample::SameBuckets));
      each_number(*before, [&](double number) { numbers.push_back(number); });
    } else {
      writer.byte(static_cast<std::uint8_t>(Sample::NewBuckets));
      write_buckets(now, writer);
      numbers.resize(3 + now.positive.size() + now.negative.size());
    }
    auto from = numbers.begin();
    each_number(now, [&](double number) { write_change(*from++, number, writer); });
    before = &now;
  }
}

bool read_histogram_run(ByteReader& reader, std::size_t count, std::vector<HistogramPtr>& histograms,
                        std::vector<double>& values) {
  const FloatHistogram* before = nullptr;
  for (std::size_t i = 0; i < count; ++i) {
    const auto kind = static_cast<Sample>(reader.byte());
    if (kind == Sample::Float) {
      histograms.emplace_back();
      values.push_back(std::bit_cast<double>(reader.fixed64()));
    } else {
      auto now = std::make_shared<FloatHistogram>();
      if (kind == Sample::SameBuckets && before != nullptr) {
        *now = *before;
      } else if (kind != Sample::NewBuckets || !read_buckets(reader, *now)) {
        return false;
      }
      if (now->positive.size() + now->negative.size() > reader.left()) return false;
      each_number(*now, [&](double& number) { number = read_change(number, reader); });
      before = now.get();
      histograms.push_back(std::move(now));
      values.push_back(0);
    }
    if (!reader.ok()) return false;
  }
  return true;
}

}  // namespace tocsin::rules
