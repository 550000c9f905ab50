// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>
#include <string>

#include "meters/base/number.h"
#include "rules/promql/histogram_math.h"

namespace tocsin::rules::promql {
namespace {

Error fault(std::string message) { return Error{Fault::Input, std::move(message)}; }

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
    std::string message = "bucket number " + std::to_string(i + 1) + " has observation count of ";
    append_go_double(message, counts[i]);
    return fault(message + ": histogram has a bucket whose observation count is negative");
  }
  return {};
}

Result<void> check_custom(const FloatHistogram& histogram) {
  double last = -std::numeric_limits<double>::infinity();
  for (const double bound : histogram.custom_bounds) {
    if (std::isnan(bound)) return fault("custom buckets: histogram custom bounds must not be NaN");
    if (&bound != &histogram.custom_bounds.front() && bound <= last)
      return fault("custom buckets: histogram custom bounds must be in strictly increasing order");
    last = bound;
  }
  if (last == std::numeric_limits<double>::infinity())
    return fault("custom buckets: histogram custom bounds must be finite");
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
  if (!custom && (histogram.schema < -4 || histogram.schema > 8))
    return fault("histogram has an invalid schema, which must be between -4 and 8 for exponential buckets, or -53 for "
                 "custom buckets, got schema " + std::to_string(histogram.schema));
  if (custom) {
    if (auto checked = check_custom(histogram); !checked) return checked;
  } else {
    if (!histogram.custom_bounds.empty()) return fault("histogram with exponential schema must not have custom bounds");
    if (histogram.zero_count < 0) return fault("zero bucket: histogram has a bucket whose observation count is negative");
    if (auto checked = check_side(histogram.negative_spans, histogram.negative, true); !checked)
      return fault("negative side: " + checked.error().message);
  }
  if (histogram.count < 0) return fault("histogram's observation count is negative");
  if (auto checked = check_side(histogram.positive_spans, histogram.positive, !custom); !checked)
    return fault((custom ? "custom buckets: " : "positive side: ") + checked.error().message);
  return {};
}

}  // namespace tocsin::rules::promql
