// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdio>
#include <limits>
#include <numeric>
#include <string>

#include "meters/base/number.h"
#include "rules/promql/histogram_math.h"

namespace tocsin::rules::promql {
namespace {

constexpr std::int32_t kMostSchema = 8;
constexpr std::int32_t kFinestSchema = 52;  // of those that are reduced rather than refused

Error fault(std::string message) { return Error{Fault::Input, std::move(message)}; }

std::string go_text(double value) {
  std::string out;
  append_go_double(out, value);
  return out;
}

Result<void> check_side(const std::vector<BucketSpan>& spans, const std::vector<double>& counts, bool first_may_be_negative) {
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < spans.size(); ++i) {
    if (spans[i].offset < 0 && !(i == 0 && first_may_be_negative))
      return fault("span number " + std::to_string(i + 1) + " with offset " + std::to_string(spans[i].offset) +
                   ": histogram has a span whose offset is negative");
    length += spans[i].length;
  }
  if (length != counts.size())
    return fault("spans need " + std::to_string(length) + " buckets, have " + std::to_string(counts.size()) +
                 " buckets: histogram spans specify different number of buckets than provided");
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (!(counts[i] < 0)) continue;
    return fault("bucket number " + std::to_string(i + 1) + " has observation count of " + go_text(counts[i]) +
                 ": histogram has a bucket whose observation count is negative");
  }
  return {};
}

std::string unsorted(double last, double bound) {
  char text[700];  // %f writes up to 310 digits
  std::snprintf(text, sizeof text, "previous bound is %f and current is %f", last, bound);
  return "custom buckets: " + std::string(text) + ": histogram custom bounds must be in strictly increasing order";
}

Result<void> check_custom(const FloatHistogram& histogram) {
  double last = -std::numeric_limits<double>::infinity();
  for (const double bound : histogram.custom_bounds) {
    if (std::isnan(bound)) return fault("custom buckets: histogram custom bounds must not be NaN");
    if (&bound != &histogram.custom_bounds.front() && bound <= last) return fault(unsorted(last, bound));
    last = bound;
  }
  if (last == std::numeric_limits<double>::infinity())
    return fault("custom buckets: last +Inf bound must not be explicitly defined: histogram custom bounds must be finite");
  std::int64_t total = 0;
  for (const BucketSpan& span : histogram.positive_spans) total += std::int64_t{span.offset} + span.length;
  if (static_cast<std::int64_t>(histogram.custom_bounds.size()) + 1 < total)
    return fault("custom buckets: only " + std::to_string(histogram.custom_bounds.size()) +
                 " custom bounds defined which is insufficient to cover total span length of " +
                 std::to_string(total) + ": histogram custom bounds are too few");
  if (histogram.zero_count != 0) return fault("custom buckets: must have zero count of 0");
  if (histogram.zero_threshold != 0) return fault("custom buckets: must have zero threshold of 0");
  if (!histogram.negative_spans.empty()) return fault("custom buckets: must not have negative spans");
  if (!histogram.negative.empty()) return fault("custom buckets: must not have negative buckets");
  return {};
}

}  // namespace

Result<void> validate(const FloatHistogram& histogram) {
  const bool custom = histogram.custom();
  if (!custom && (histogram.schema < -4 || histogram.schema > kMostSchema))
    return fault("histogram has an invalid schema, which must be between -4 and 8 for exponential buckets, or -53 for "
                 "custom buckets, got schema " + std::to_string(histogram.schema));
  if (custom) {
    if (auto checked = check_custom(histogram); !checked) return checked;
  } else {
    if (!histogram.custom_bounds.empty()) return fault("histogram with exponential schema must not have custom bounds");
    if (histogram.zero_count < 0)
      return fault("zero bucket has observation count of " + go_text(histogram.zero_count) +
                   ": histogram has a bucket whose observation count is negative");
    if (auto checked = check_side(histogram.negative_spans, histogram.negative, true); !checked)
      return fault("negative side: " + checked.error().message);
  }
  if (histogram.count < 0)
    return fault("observation count is  " + go_text(histogram.count) + ": histogram's observation count is negative");
  if (auto checked = check_side(histogram.positive_spans, histogram.positive, !custom); !checked)
    return fault((custom ? "custom buckets: " : "positive side: ") + checked.error().message);
  return {};
}

Result<void> admit(FloatHistogram& histogram, bool whole) {
  if (histogram.schema > kMostSchema && histogram.schema <= kFinestSchema) {
    // Whatever the resolution, there must be as many counts as buckets before they are joined.
    FloatHistogram same = histogram;
    same.schema = kMostSchema;
    if (auto checked = validate(same); !checked) return checked;
    reduce_resolution(histogram, kMostSchema);
  }
  if (auto checked = validate(histogram); !checked) return checked;
  if (!whole) return {};  // sums of fractions are not exact
  const auto sum_of = [](const std::vector<double>& counts) { return std::accumulate(counts.begin(), counts.end(), 0.0); };
  const double found = sum_of(histogram.negative) + sum_of(histogram.positive) + histogram.zero_count;
  // What was observed as NaN is in no bucket, and makes the sum NaN.
  const bool nan = std::isnan(histogram.sum);
  if (nan ? found <= histogram.count : found == histogram.count) return {};
  const char* const rule = nan ? "histogram's observation count should be at least the number of observations found in the buckets"
                               : "histogram's observation count should equal the number of observations found in the buckets (in absence of NaN)";
  return fault(go_text(found) + " observations found in buckets, but the Count field is " + go_text(histogram.count) + ": " + rule);
}

}  // namespace tocsin::rules::promql
