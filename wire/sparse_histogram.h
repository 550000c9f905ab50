// SPDX-License-Identifier: Apache-2.0
// Native histograms as Prometheus' formats carry them: spans of buckets that are there, and their counts. The exposition
// and remote write share this; both write integer histograms as differences, which are absolute counts here.
//
//   SparseHistograms kept;
//   if (auto read = read_sparse_histogram(reader, kRemoteWriteHistogram, kept); !read) return read.error();
//   const SparseHistogram& last = kept.all.back();
//   kept.numbers_of(last.positive);              // a count a bucket of spans_of(last.positive_spans)
//
// What the numbers say together is for the reader to judge: spans may have more buckets than there are counts.
// Threads: a value of one thread. Costs 120 bytes a histogram, 8 a bucket and 8 a span, in flat arrays.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "meters/base/result.h"
#include "wire/protobuf.h"

namespace tocsin::wire {

inline constexpr std::int32_t kCustomBoundsSchema = -53;

// `length` neighbouring buckets that begin `offset` after the end of the span before (the first: after index 0).
struct SparseSpan {
  std::int32_t offset = 0;
  std::uint32_t length = 0;
};

enum class SparseResetHint : std::uint8_t { Unknown, Reset, NotReset, Gauge };

struct SparseHistogram {
  // A range of SparseHistograms::spans or ::numbers.
  struct Range {
    std::uint32_t begin = 0, size = 0;
  };
  SparseResetHint hint = SparseResetHint::Unknown;
  bool of_floats = false;
  std::int32_t schema = 0;  // base 2^(2^-schema), -4 to 8, or kCustomBoundsSchema
  double zero_threshold = 0, zero_count = 0;
  double count = 0, sum = 0;
  std::int64_t time_ms = 0;     // remote write
  std::int64_t created_ms = 0;  // exposition; 0 = not known
  Range positive_spans, negative_spans;
  Range positive, negative;  // absolute counts
  Range custom_bounds;
};

struct SparseHistograms {
  std::vector<SparseHistogram> all;
  std::vector<SparseSpan> spans;
  std::vector<double> numbers;

  std::span<const SparseSpan> spans_of(SparseHistogram::Range range) const noexcept {
    return std::span(spans).subspan(range.begin, range.size);
  }
  std::span<const double> numbers_of(SparseHistogram::Range range) const noexcept {
    return std::span(numbers).subspan(range.begin, range.size);
  }
  void clear() noexcept { all.clear(), spans.clear(), numbers.clear(); }
};

// Field numbers of the two messages that carry one; 0 = the message has no such field.
struct SparseHistogramFields {
  std::uint32_t count, count_float, sum, schema, zero_threshold, zero_count, zero_count_float;
  std::uint32_t negative_span, negative_delta, negative_count, positive_span, positive_delta, positive_count;
  std::uint32_t reset_hint, timestamp, custom_values;
};
inline constexpr SparseHistogramFields kClientHistogram{1, 4, 2, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0, 0, 0};
inline constexpr SparseHistogramFields kRemoteWriteHistogram{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

// Reads the fields of one histogram message and appends it, if it is a native one. False: it has no native part (only
// with kClientHistogram; nothing was appended). Errors: Input, where it is cut off or has two kinds of counts.
Result<bool> read_sparse_histogram(ProtobufReader message, const SparseHistogramFields& fields, SparseHistograms& into);

}  // namespace tocsin::wire
