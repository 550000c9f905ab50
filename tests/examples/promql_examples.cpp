// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "rules/promql/ast.h"
#include "rules/promql/classic_histogram.h"
#include "rules/promql/evaluate.h"
#include "rules/promql/float_histogram.h"
#include "rules/promql/functions.h"
#include "rules/promql/histogram_buckets.h"
#include "rules/promql/histogram_math.h"
#include "rules/promql/histogram_quantile.h"
#include "rules/promql/histogram_text.h"
#include "rules/promql/matcher.h"
#include "rules/promql/memory_series.h"
#include "rules/promql/parse.h"
#include "rules/promql/print.h"
#include "rules/promql/regex.h"
#include "rules/promql/script.h"
#include "rules/promql/series_notation.h"
#include "rules/promql/series_reader.h"
#include "rules/promql/value.h"
#include "rules/promql/walk.h"
#include "tests/examples/reader.h"

namespace tocsin::examples {

using namespace rules::promql;

void remark();
void warn();

void ast_example(const Expr& expr) {
  std::visit(Overloaded{[&](const Number& n) { use(n); }, [&](const Binary& b) { use(b); }, [&](const auto& other) { use(other); }}, expr.node);
  walk(expr, [&](const Expr& inner, std::span<const Expr* const> parents) { use(inner, parents); });
}

void classic_histogram_example() {
  std::vector<ClassicBucket> buckets = {{1, 10}, {2, 15}, {HUGE_VAL, 16}};
  const ClassicQuantile p50 = quantile(0.5, buckets);
}

void evaluate_example(const SeriesReader& reader, std::int64_t now_ms, std::int64_t from_ms, std::int64_t to_ms) {
  auto expr = parse("sum by (job) (rate(http_requests_total[5m]))");
  auto answer = evaluate(**expr, reader, {.time = instant(now_ms)});
  auto graph = evaluate(**expr, reader, {.time = {from_ms, to_ms, 15'000}});
}

void float_histogram_example() {
  FloatHistogram h{.schema = 0, .count = 3, .sum = 6, .positive_spans = {{0, 2}}, .positive = {1, 2}};
}

void functions_example() {
  const Signature* rate = find_function("rate");
  for (const Signature& function : functions()) use(function.name);
}

void histogram_buckets_example(const FloatHistogram& histogram) {
  for (const HistogramBucket& bucket : all_buckets(histogram)) use(bucket.lower, bucket.upper, bucket.count);
}

void histogram_math_example(const HistogramPtr& a, const HistogramPtr& b) {
  FloatHistogram total = *a;
  auto remarks = add(total, *b);
  if (remarks && remarks->bounds_reconciled) warn();
  HistogramSum sum;
}

void histogram_quantile_example(const FloatHistogram& histogram) {
  const HistogramEstimate p99 = quantile(0.99, histogram);
  if (p99.note == EstimateNote::SkewedByNan) remark();
}

void histogram_text_example(const FloatHistogram& h) {
  to_string(h);
  notation(h);
}

void matcher_example() {
  auto matcher = Matcher::make("job", MatchType::Regex, "shop|web");
  matcher->matches("shop");
}

void memory_series_example(std::span<const Matcher> matchers) {
  MemorySeries series;
  const SeriesRow row = series.add({{"__name__", "up"}, {"job", "api"}});
  auto stored = series.append(row, 0, 1.0);
  auto rows = series.select(matchers, {0, 60'000});
}

void parse_example(const SeriesReader& reader, std::int64_t now_ms) {
  auto expr = parse("sum by (job) (rate(http_requests_total[5m])) > 10");
  if (!expr) return report(expr.error().message);
  evaluate(**expr, reader, {.time = instant(now_ms)});
}

void print_example() {
  to_string(**parse("sum(a)by(b)"));
}

void regex_example() {
  auto regex = Regex::make("(a)b");
  regex->replace_all("ab ab", "x$1");
  regex->expand("ab", "<$1>");
}

void script_example(std::string_view text, std::string_view file) {
  auto script = Script::parse(text);
  if (!script) return report(script.error());
  const ScriptReport report = script->run();
  for (const ScriptFault& fault : report.faults) print(file, fault.line, fault.message);
}

void series_notation_example() {
  auto series = parse_series(R"(http_requests{job="api"} 0+10x100 _x3 stale {{count:3 sum:4 buckets:[1 2]}}x2)");
}

void series_reader_example(const SeriesReader& reader, std::span<const Matcher> matchers, TimeRange range) {
  auto rows = reader.select(matchers, range);
  Block block;
  auto read = reader.read(*rows, range, block);
}

void value_example(const Evaluation& evaluation, std::string_view query_text) {
  if (const auto* vector = std::get_if<Vector>(&evaluation.value))
    for (const Sample& sample : *vector) use(sample.labels, sample.point.value);
  for (const Annotation& note : evaluation.annotations) show(to_string(note, query_text));
}

void walk_example(const Expr& expr) {
  walk(expr, [&](const Expr& inner, std::span<const Expr* const> parents) {
    if (const auto* selector = std::get_if<VectorSelector>(&inner.node)) use(*selector, parents);
  });
}

}  // namespace tocsin::examples
