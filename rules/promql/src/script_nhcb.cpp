// SPDX-License-Identifier: Apache-2.0
#include "rules/promql/src/script_nhcb.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "meters/base/number.h"
#include "rules/promql/histogram_math.h"

namespace tocsin::rules::promql {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// A classic histogram at one time, as its series give it.
struct Classic {
  std::map<double, double> buckets;  // cumulative, by upper bound
  std::optional<double> count;
  double sum = 0;
};

enum class Part { Bucket, Count, Sum };

std::optional<Part> take_suffix(std::string& name) {
  constexpr std::pair<std::string_view, Part> kSuffixes[] = {
      {"_bucket", Part::Bucket}, {"_count", Part::Count}, {"_sum", Part::Sum}};
  for (const auto& [suffix, part] : kSuffixes) {
    if (!name.ends_with(suffix)) continue;
    name.resize(name.size() - suffix.size());
    return part;
  }
  return std::nullopt;
}

std::string convert(Classic classic, FloatHistogram& into) {
  if (!classic.count) classic.count = classic.buckets.empty() ? 0 : classic.buckets.rbegin()->second;
  if (classic.buckets.empty() || classic.buckets.rbegin()->first != kInfinity)
    classic.buckets[kInfinity] = *classic.count;
  into.schema = kCustomBounds;
  into.count = *classic.count;
  into.sum = classic.sum;
  double before = 0;
  for (const auto& [bound, count] : classic.buckets) {
    if (count < before) return "counts are not cumulative";
    into.positive.push_back(count - before);
    if (bound != kInfinity) into.custom_bounds.push_back(bound);
    before = count;
  }
  if (before != *classic.count) return "count mismatch between the count and the highest bucket";
  into.positive_spans = {{0, static_cast<std::uint32_t>(into.positive.size())}};
  compact(into);
  const auto valid = validate(into);
  return valid ? "" : valid.error().message;
}

using Histograms = std::map<LabelTexts, std::map<std::int64_t, Classic>>;

void collect(const SeriesDescription& series, std::int64_t step_ms, Histograms& into) {
  LabelTexts labels = series.labels;
  std::optional<Part> part;
  double bound = std::numeric_limits<double>::quiet_NaN();
  for (auto& [name, value] : labels) {
    if (name == "__name__") part = take_suffix(value);
    if (name != "le") continue;
    if (const auto read = parse_double(value)) bound = *read;
  }
  if (!part || (*part == Part::Bucket && std::isnan(bound))) return;
  std::erase_if(labels, [](const auto& label) { return label.first == "le"; });
  std::sort(labels.begin(), labels.end());
  auto& points = into[labels];
  std::int64_t time = 0;
  for (const SequenceValue& value : series.values) {
    if (!value.omitted && !value.histogram) {
      Classic& classic = points[time];
      if (*part == Part::Bucket) classic.buckets.emplace(bound, value.value);
      else if (*part == Part::Count) classic.count = value.value;
      else classic.sum = value.value;
    }
    time += step_ms;
  }
}

}  // namespace

std::vector<NhcbSeries> nhcb_of(const ScriptLoad& load) {
  Histograms histograms;
  for (const SeriesDescription& series : load.series) collect(series, load.step_ms, histograms);
  std::vector<NhcbSeries> all;
  for (const auto& [labels, points] : histograms) {
    NhcbSeries& series = all.emplace_back();
    series.labels = labels;
    for (const auto& [time, classic] : points) {
      series.fault = convert(classic, series.points[time]);
      if (!series.fault.empty()) break;
    }
  }
  return all;
}

}  // namespace tocsin::rules::promql
