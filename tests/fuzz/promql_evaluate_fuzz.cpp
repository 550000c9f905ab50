// SPDX-License-Identifier: Apache-2.0
// PromQL of anyone's making, evaluated over series of every kind: no crash, no unbounded memory or time, and an answer
// whose labels are sorted and whose remarks have a place in the text.
#include <algorithm>
#include <bit>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>

#include "rules/promql/evaluate.h"
#include "rules/promql/memory_series.h"
#include "rules/promql/parse.h"

using namespace tocsin;
using namespace tocsin::rules::promql;

namespace {

void add(MemorySeries& series, const LabelTexts& labels, double growth) {
  const SeriesRow row = series.add(labels);
  for (int i = 0; i <= 40; ++i) (void)!series.append(row, i * 15'000, i == 25 ? std::bit_cast<double>(kStaleBits) : growth * (i % 17));
}

void add_histogram(MemorySeries& series, const LabelTexts& labels, FloatHistogram histogram) {
  const SeriesRow row = series.add(labels);
  for (int i = 0; i <= 40; ++i) {
    histogram.count += 1;
    if (!histogram.positive.empty()) histogram.positive[0] += 1;
    (void)!series.append(row, i * 15'000, histogram);
  }
}

const MemorySeries& history() {
  static const MemorySeries& made = *[] {
    auto* series = new MemorySeries;
    const double infinity = std::numeric_limits<double>::infinity();
    for (const char* name : {"a", "b_total", "le_bucket"})
      for (const char* x : {"1", "2", "10"})
        for (const char* le : {"1", "+Inf"}) add(*series, {{"__name__", name}, {"x", x}, {"le", le}}, name[0] == 'a' ? -1 : 1);
    add(*series, {{"__name__", "a"}, {"x", "nan"}}, std::numeric_limits<double>::quiet_NaN());
    add(*series, {{"__name__", "a"}, {"x", "inf"}}, infinity);
    add(*series, {{"__name__", "target_info"}, {"job", "j"}, {"instance", "i"}, {"version", "1"}}, 1);
    add(*series, {{"__name__", "a"}, {"job", "j"}, {"instance", "i"}}, 2);
    FloatHistogram exponential;
    exponential.schema = 1;
    exponential.sum = 3;
    exponential.positive_spans = {{0, 2}};
    exponential.positive = {0, 0};
    add_histogram(*series, {{"__name__", "h"}, {"x", "1"}}, exponential);
    FloatHistogram custom = exponential;
    custom.schema = kCustomBounds;
    custom.custom_bounds = {1, 5};
    add_histogram(*series, {{"__name__", "h"}, {"x", "2"}}, custom);
    return series;
  }();
  return made;
}

void check(Labels labels) {
  const auto before = [](const Label& a, const Label& b) { return a.name < b.name; };
  if (!std::is_sorted(labels.begin(), labels.end(), before)) std::abort();
}

void check(const Evaluation& answer, std::string_view text) {
  if (const auto* vector = std::get_if<Vector>(&answer.value))
    for (const Sample& sample : *vector) check(sample.labels);
  if (const auto* matrix = std::get_if<Matrix>(&answer.value)) {
    for (const Series& series : *matrix) {
      check(series.labels);
      if (series.points.empty()) std::abort();
    }
  }
  for (const Annotation& annotation : answer.annotations)
    if (annotation.range.end > text.size() || to_string(annotation, text).empty()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto expr = parse(text, {.experimental = true});
  if (!expr) return 0;
  EvaluationSettings settings;
  settings.limits = {.samples = 200'000, .series = 1'000, .memory_bytes = 32 << 20, .timeout = std::chrono::seconds(2)};
  for (const EvaluationTime time : {instant(600'000), EvaluationTime{300'000, 600'000, 60'000}}) {
    settings.time = time;
    for (const bool delayed : {false, true}) {
      settings.delayed_name_removal = delayed;
      if (const auto answer = evaluate(**expr, history(), settings)) check(*answer, text);
    }
  }
  return 0;
}
