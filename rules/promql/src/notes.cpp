// SPDX-License-Identifier: Apache-2.0
#include "rules/promql/src/notes.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <utility>

#include "meters/base/number.h"
#include "rules/promql/print.h"

namespace tocsin::rules::promql {
namespace {

constexpr std::string_view kInfo = "PromQL info: ";
constexpr std::string_view kWarning = "PromQL warning: ";

std::string number(double value) {
  std::string out;
  append_go_double(out, value);
  return out;
}

std::string with_metric(std::string text, std::string_view metric) {
  if (!metric.empty()) text.append(" for metric name ").append(quoted(metric));
  return text;
}

// RFC 3339 in UTC, with milliseconds only where there are any.
std::string time_text(std::int64_t time_ms) {
  namespace chrono = std::chrono;
  const chrono::sys_time<chrono::milliseconds> time{chrono::milliseconds(time_ms)};
  const auto day = chrono::floor<chrono::days>(time);
  const chrono::year_month_day date(day);
  const chrono::hh_mm_ss clock(time - day);
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  std::string out = text;
  if (const auto rest = clock.subseconds().count(); rest != 0) {
    std::snprintf(text, sizeof text, ".%03d", static_cast<int>(rest));
    out += text;
    while (out.back() == '0') out.pop_back();
  }
  return out + 'Z';
}

}  // namespace

void Notes::add(Annotation::Level level, std::string text, SourceRange range) {
  text.insert(0, level == Annotation::Level::Info ? kInfo : kWarning);
  const auto [place, fresh] = places_.try_emplace(text, annotations_.size());
  if (fresh) annotations_.push_back({level, std::move(text), range});
  else annotations_[place->second].range = range;
}

void Notes::invalid_quantile(double q, SourceRange range) {
  warn("quantile value should be between 0 and 1, got " + number(q), range);
}

void Notes::invalid_ratio(double ratio, double capped, SourceRange range) {
  warn("ratio value should be between -1 and 1, got " + number(ratio) + ", capping to " + number(capped), range);
}

void Notes::bad_bucket_label(std::string_view metric, std::string_view le, SourceRange range) {
  warn(with_metric("bucket label \"le\" is missing or has a malformed value of " + quoted(le), metric), range);
}

void Notes::mixed_floats_and_histograms(std::string_view metric, SourceRange range) {
  warn("encountered a mix of histograms and floats for metric name " + quoted(metric), range);
}

void Notes::mixed_floats_and_histograms_in_aggregation(SourceRange range) {
  warn("encountered a mix of histograms and floats for aggregation", range);
}

void Notes::mixed_classic_and_native(std::string_view metric, SourceRange range) {
  warn(with_metric("vector contains a mix of classic and native histograms", metric), range);
}

void Notes::native_histogram_not_counter(std::string_view metric, SourceRange range) {
  warn("this native histogram metric is not a counter: " + quoted(metric), range);
}

void Notes::native_histogram_not_gauge(std::string_view metric, SourceRange range) {
  warn("this native histogram metric is not a gauge: " + quoted(metric), range);
}

void Notes::mixed_exponential_and_custom(std::string_view metric, SourceRange range) {
  warn("vector contains a mix of histograms with exponential and custom buckets schemas for metric name " +
           quoted(metric),
       range);
}

void Notes::incompatible_bucket_layout(std::string_view op, SourceRange range) {
  warn("incompatible bucket layout encountered for binary operator " + std::string(op), range);
}

void Notes::counter_reset_collision(std::string_view operation, SourceRange range) {
  warn("conflicting counter resets during histogram " + std::string(operation), range);
}

void Notes::possible_non_counter(std::string_view metric, SourceRange range) {
  info("metric might not be a counter, name does not end in _total/_sum/_count/_bucket: " + quoted(metric), range);
}

void Notes::incompatible_types(std::string_view left, std::string_view op, std::string_view right, SourceRange range) {
  std::string text = "incompatible sample types encountered for binary operator " + quoted(op) + ": ";
  text.append(left).append(" ").append(op).append(" ").append(right);
  info(std::move(text), range);
}

void Notes::histogram_ignored_in_aggregation(std::string_view aggregation, SourceRange range) {
  info("ignored histogram in " + std::string(aggregation) + " aggregation", range);
}

void Notes::histogram_ignored_in_mixed_range(std::string_view metric, SourceRange range) {
  info("ignored histograms in a range containing both floats and histograms for metric name " + quoted(metric), range);
}

void Notes::mismatched_custom_buckets(std::string_view operation, SourceRange range) {
  info("mismatched custom buckets were reconciled during " + std::string(operation), range);
}

void Notes::quantile_nan_result(std::string_view metric, SourceRange range) {
  info(with_metric("input to histogram_quantile has NaN observations, result is NaN", metric), range);
}

void Notes::quantile_nan_skew(std::string_view metric, SourceRange range) {
  info(with_metric("input to histogram_quantile has NaN observations, result is skewed higher", metric), range);
}

void Notes::fraction_nans(std::string_view metric, SourceRange range) {
  info(with_metric("input to histogram_fraction has NaN observations, which are excluded from all fractions", metric),
       range);
}

void Notes::forced_monotonicity(std::string_view metric, SourceRange range, std::int64_t time_ms, double lowest_bucket,
                                double highest_bucket, double greatest_difference) {
  for (auto& [name, seen] : forced_) {
    if (name != metric) continue;
    seen.range = range;
    seen.first_ms = std::min(seen.first_ms, time_ms);
    seen.last_ms = std::max(seen.last_ms, time_ms);
    seen.lowest = std::min(seen.lowest, lowest_bucket);
    seen.highest = std::max(seen.highest, highest_bucket);
    seen.greatest = std::max(seen.greatest, greatest_difference);
    ++seen.count;
    return;
  }
  forced_.emplace_back(metric, Forced{range, time_ms, time_ms, lowest_bucket, highest_bucket, greatest_difference, 1});
}

std::vector<Annotation> Notes::take() {
  for (const auto& [metric, seen] : std::exchange(forced_, {})) {
    std::string text =
        with_metric("input to histogram_quantile needed to be fixed for monotonicity (see "
                    "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)",
                    metric);
    char difference[32];
    std::snprintf(difference, sizeof difference, "%.2g", seen.greatest);
    text += ", from buckets " + number(seen.lowest) + " to " + number(seen.highest) + ", with a max diff of " +
            difference + ", over " + std::to_string(seen.count) + " samples from " + time_text(seen.first_ms) + " to " +
            time_text(seen.last_ms);
    info(std::move(text), seen.range);
  }
  places_.clear();
  return std::exchange(annotations_, {});
}

}  // namespace tocsin::rules::promql
