// SPDX-License-Identifier: Apache-2.0
// Notes: the annotations of one evaluation, in Prometheus' words. The same text is kept once, where it was said last.
//
// Threads: one evaluation's. Costs: a text is built each time something is remarked.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "rules/promql/value.h"

namespace tocsin::rules::promql {

class Notes {
 public:
  void info(std::string text, SourceRange range) { add(Annotation::Level::Info, std::move(text), range); }
  void warn(std::string text, SourceRange range) { add(Annotation::Level::Warning, std::move(text), range); }

  // Warnings.
  void invalid_quantile(double q, SourceRange range);
  void invalid_ratio(double ratio, double capped, SourceRange range);
  void bad_bucket_label(std::string_view metric, std::string_view le, SourceRange range);
  void mixed_floats_and_histograms(std::string_view metric, SourceRange range);
  void mixed_floats_and_histograms_in_aggregation(SourceRange range);
  void mixed_classic_and_native(std::string_view metric, SourceRange range);
  void native_histogram_not_counter(std::string_view metric, SourceRange range);
  void native_histogram_not_gauge(std::string_view metric, SourceRange range);
  void mixed_exponential_and_custom(std::string_view metric, SourceRange range);
  void incompatible_bucket_layout(std::string_view op, SourceRange range);
  void counter_reset_collision(std::string_view operation, SourceRange range);  // addition, subtraction, aggregation

  // Infos.
  void possible_non_counter(std::string_view metric, SourceRange range);
  void incompatible_types(std::string_view left, std::string_view op, std::string_view right, SourceRange range);
  void histogram_ignored_in_aggregation(std::string_view aggregation, SourceRange range);
  void histogram_ignored_in_mixed_range(std::string_view metric, SourceRange range);
  void mismatched_custom_buckets(std::string_view operation, SourceRange range);
  void quantile_nan_result(std::string_view metric, SourceRange range);
  void quantile_nan_skew(std::string_view metric, SourceRange range);
  void fraction_nans(std::string_view metric, SourceRange range);
  // Repetitions are told as one, with the range of buckets and times.
  void forced_monotonicity(std::string_view metric, SourceRange range, std::int64_t time_ms, double lowest_bucket,
                           double highest_bucket, double greatest_difference);

  std::vector<Annotation> take();

 private:
  struct Forced {
    SourceRange range;
    std::int64_t first_ms, last_ms;
    double lowest, highest, greatest;
    std::uint64_t count;
  };
  void add(Annotation::Level level, std::string text, SourceRange range);

  std::vector<Annotation> annotations_;
  std::unordered_map<std::string, std::size_t> places_;  // by text
  std::vector<std::pair<std::string, Forced>> forced_;
};

}  // namespace tocsin::rules::promql
