// SPDX-License-Identifier: Apache-2.0
// A line of series notation of anyone's making, and arithmetic of the histograms in it: no crash, bounded work, and what is
// printed reads back as the same.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "rules/promql/histogram_math.h"
#include "rules/promql/histogram_quantile.h"
#include "rules/promql/histogram_text.h"
#include "rules/promql/series_notation.h"

using namespace tocsin::rules::promql;

namespace {

constexpr std::size_t kMostHistograms = 8;

void read_off(const FloatHistogram& histogram) {
  for (const double q : {-1.0, 0.0, 0.3, 0.5, 1.0, 2.0}) static_cast<void>(quantile(q, histogram));
  static_cast<void>(fraction(-1, 0.7, histogram));
  static_cast<void>(variance(histogram));
  for (const bool below : {true, false}) {
    FloatHistogram trimmed = histogram;
    trim(trimmed, 1.5, below);
  }
  if (to_string(histogram).size() < 10) std::abort();
}

void print_and_read(FloatHistogram histogram) {
  compact(histogram);
  // Gaps are printed as zeros up to a length, and an index that wraps around not at all.
  const auto far = [](const std::vector<BucketSpan>& spans) {
    return spans.size() > 1 || (spans.size() == 1 && std::abs(std::int64_t{spans[0].offset}) > 1'000'000'000);
  };
  if (!validate(histogram) || far(histogram.positive_spans) || far(histogram.negative_spans)) return;
  const auto again = parse_series("m " + notation(histogram));
  if (!again || again->values.size() != 1 || !again->values[0].histogram) std::abort();
  FloatHistogram read = *again->values[0].histogram;
  compact(read);
  if (!nearly_same(read, histogram, 1e-12)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto series = parse_series({reinterpret_cast<const char*>(data), size});
  if (!series) return 0;
  HistogramSum sum(size % 2 == 0);
  const FloatHistogram* last = nullptr;
  std::size_t seen = 0;
  for (const SequenceValue& value : series->values) {
    if (!value.histogram || seen++ == kMostHistograms) continue;
    const FloatHistogram& histogram = *value.histogram;
    read_off(histogram);
    print_and_read(histogram);
    static_cast<void>(sum.add(histogram));
    if (last != nullptr) {
      static_cast<void>(detect_reset(histogram, *last));
      static_cast<void>(continues(histogram, *last));
      FloatHistogram difference = histogram;
      if (subtract(difference, *last)) read_off(difference);
    }
    if (!histogram.custom() && histogram.schema > -4 && histogram.schema <= 8) {
      FloatHistogram coarse = histogram;
      reduce_resolution(coarse, histogram.schema - 1);
    }
    last = &histogram;
  }
  if (!sum.empty()) read_off(sum.total());
  return 0;
}
