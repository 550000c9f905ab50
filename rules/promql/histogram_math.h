// SPDX-License-Identifier: Apache-2.0
// Arithmetic of native histograms, as Prometheus 3.15 does it: different resolutions, zero buckets and custom bounds are
// brought to what both sides can express.
//
//   FloatHistogram total = *a;
//   auto remarks = add(total, *b);                  // Errors: Input, where only one of them has custom bounds
//   if (remarks && remarks->bounds_reconciled) warn();
//   HistogramSum sum;                               // for many: keeps what rounding loses
//
// Threads: pure; a HistogramSum is used by one. Costs about 2 ns a bucket where both have the same buckets, 10 ns else.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "meters/base/result.h"
#include "rules/promql/float_histogram.h"

namespace tocsin::rules::promql {

// What the caller may want to warn of.
struct HistogramRemarks {
  bool reset_collision = false;    // one side says the counter was reset, the other that it was not
  bool bounds_reconciled = false;  // custom bounds differ: only those that both have remain
  void operator|=(const HistogramRemarks& other) noexcept {
    reset_collision |= other.reset_collision;
    bounds_reconciled |= other.bounds_reconciled;
  }
};

// Prometheus' words where an exponential histogram meets one with custom bounds.
inline constexpr const char* kMixedSchemas =
    "cannot apply this operation on histograms with a mix of exponential and custom bucket schemas";

// Errors: Input (kMixedSchemas). The result may hold empty buckets: compact() takes them out.
Result<HistogramRemarks> add(FloatHistogram& into, const FloatHistogram& other);
// As add; the result is no gauge by itself: the operator `-` marks it so.
Result<HistogramRemarks> subtract(FloatHistogram& from, const FloatHistogram& other);
void multiply(FloatHistogram& histogram, double factor) noexcept;  // a gauge where the factor is negative
void divide(FloatHistogram& histogram, double divisor) noexcept;   // by 0: no buckets, the rest infinite

// Takes empty buckets out and joins neighbouring spans.
void compact(FloatHistogram& histogram);
// Requires: not custom, target <= schema.
void reduce_resolution(FloatHistogram& histogram, std::int32_t target_schema);

// Whether the counter was reset between the two, by hint, counts and layout.
bool detect_reset(const FloatHistogram& current, const FloatHistogram& previous);
// Whether a storage would keep `current` in one run with `previous`: same layout rules, nothing decreased.
bool continues(const FloatHistogram& current, const FloatHistogram& previous);

// Bit by bit, except that spans may be cut differently; the hint does not count.
bool same_data(const FloatHistogram& a, const FloatHistogram& b) noexcept;
// Relative tolerance, as test scripts compare; compact both before. The hint does not count.
bool nearly_same(const FloatHistogram& a, const FloatHistogram& b, double tolerance) noexcept;
bool nearly_same(double a, double b, double tolerance) noexcept;
bool has_infinity(const FloatHistogram& histogram) noexcept;

// Errors: Input, in Prometheus' words: spans against buckets, negative counts, bounds, schema.
Result<void> validate(const FloatHistogram& histogram);
// What a receiver takes, as Prometheus does: schemas 9 to 52 become 8. `whole`: its counts are integers, so that they must add up.
// Errors: validate()'s, and a count that is not the sum of the buckets.
Result<void> admit(FloatHistogram& histogram, bool whole);

// A running sum or mean by Kahan's method. A mean does not overflow where the sum would.
class HistogramSum {
 public:
  // Strict: custom bounds that differ are refused, not reconciled.
  explicit HistogramSum(bool mean = false, bool strict = false) noexcept;
  ~HistogramSum();
  HistogramSum(HistogramSum&&) noexcept;
  HistogramSum& operator=(HistogramSum&&) noexcept;

  // Errors: Input (kMixedSchemas); the sum is then as before.
  Result<void> add(const FloatHistogram& histogram);
  bool empty() const noexcept { return !work_; }
  FloatHistogram total() const;  // the sum or the mean, compacted. Requires: !empty().
  // Of all that was added: a collision is one histogram that says reset and another that says the contrary.
  HistogramRemarks remarks() const noexcept;

 private:
  std::unique_ptr<class HistogramWork> work_;  // a histogram taken apart
  HistogramRemarks remarks_;
  bool mean_, strict_, incremental_ = false, reset_seen_ = false, no_reset_seen_ = false;
  double count_ = 0;
};

// What the range functions rate, increase and delta have to say of a range of histograms.
struct HistogramRangeRemarks {
  bool not_counter = false, not_gauge = false;
  bool mixed_schemas = false;  // there is no result then
  bool bounds_reconciled_adding = false, bounds_reconciled_subtracting = false;
};

// The last less the first, plus what was there before each reset where `counter`; a compacted gauge, not extrapolated.
// Nothing where exponential and custom ones are mixed; what a reset follows at once does not count among them unless
// `strict`, which refuses custom bounds that differ too. Requires: at least two points, none null.
std::optional<FloatHistogram> histogram_increase(std::span<const HistogramPtr> points, bool counter,
                                                 HistogramRangeRemarks& remarks, bool strict = false);

}  // namespace tocsin::rules::promql
