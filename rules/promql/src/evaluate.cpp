// SPDX-License-Identifier: Apache-2.0
#include "rules/promql/evaluate.h"

#include <algorithm>
#include <numeric>

#include "rules/promql/src/answer.h"
#include "rules/promql/src/edges.h"
#include "rules/promql/src/instant_function.h"
#include "rules/promql/src/large_stack.h"
#include "rules/promql/src/plan.h"

namespace tocsin::rules::promql {
namespace {

Result<Steps> steps_of(const EvaluationSettings& settings) {
  const EvaluationTime& time = settings.time;
  if (time.instant()) return Steps{time.start_ms, 1, 1};
  if (time.step_ms < 0) return Error{Fault::Input, "the step must be positive"};
  if (time.end_ms < time.start_ms) return Error{Fault::Input, "the end is before the start"};
  const std::uint64_t count = static_cast<std::uint64_t>((time.end_ms - time.start_ms) / time.step_ms) + 1;
  if (count > settings.limits.samples || count > 1'000'000'000) {
    return too_many_samples();
  }
  return Steps{time.start_ms, time.step_ms, static_cast<std::uint32_t>(count)};
}

// Names that were only marked go now; what becomes equal must not be there at the same step.
Result<void> drop_marked_names(Grid& grid, Run& run) {
  bool any = false;
  for (SeriesKey& key : grid.series) {
    if (!key.drop_name) continue;
    key = run.space.without_name(key);
    key.drop_name = false;
    any = true;
  }
  return any ? merge_equal(grid, run, false) : Result<void>();
}

Point point_of(const Grid& grid, std::size_t i, std::uint32_t step, std::int64_t time_ms) {
  return {time_ms, grid.row(i)[step], grid.has_histogram(i, step) ? grid.histogram(i, step) : nullptr};
}

Vector vector_of(const Grid& grid, const Steps& steps, AnswerTexts& texts) {
  Vector vector;
  vector.reserve(grid.size());
  for (std::size_t i = 0; i < grid.size(); ++i)
    if (!is_absent(grid.row(i)[0])) vector.push_back({texts.labels(grid.series[i]), point_of(grid, i, 0, steps.start_ms)});
  return vector;
}

Matrix matrix_of(const Grid& grid, const Steps& steps, AnswerTexts& texts) {
  std::vector<std::size_t> order(grid.size());
  std::iota(order.begin(), order.end(), 0);
  const LabelSpace& space = texts.space();
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return space.compare(grid.series[a], grid.series[b]) < 0; });
  Matrix matrix;
  for (const std::size_t i : order) {
    Series series;
    for (std::uint32_t step = 0; step < grid.steps; ++step)
      if (!is_absent(grid.row(i)[step])) series.points.push_back(point_of(grid, i, step, steps.at(step)));
    if (series.points.empty()) continue;
    series.labels = texts.labels(grid.series[i]);
    matrix.push_back(std::move(series));
  }
  return matrix;
}

Result<Value> evaluate_values(Operator& op, ValueType type, const Steps& steps, Run& run, AnswerTexts& texts) {
  MemoryUse memory(run);
  auto grid = collect(op, steps, run, memory);
  if (!grid) return grid.error();
  if (run.delayed_names())
    if (auto dropped = drop_marked_names(*grid, run); !dropped) return dropped.error();
  if (!run.settings.time.instant()) {
    std::uint64_t points = 0;
    for (std::size_t i = 0; i < grid->size(); ++i)
      for (std::uint32_t step = 0; step < grid->steps; ++step) points += is_absent(grid->row(i)[step]) ? 0 : 1;
    // A range of many steps over many series is larger than its grid, whose samples are counted already.
    MemoryUse answer(run);
    if (auto fits = answer.set(points * sizeof(Point)); !fits) return fits.error();
    return Value(matrix_of(*grid, steps, texts));
  }
  if (type == ValueType::Scalar) return Value(Scalar{steps.start_ms, grid->values.at(0)});
  return Value(vector_of(*grid, steps, texts));
}

// A range vector's samples, as they are.
Result<Value> evaluate_ranges(RangeSource& source, RangeEdge edge, const Steps& steps, Run& run, AnswerTexts& texts) {
  const std::int64_t to_ms = source.shift().from(steps.start_ms);
  if (auto opened = source.open(steps); !opened) return opened.error();
  Matrix matrix;
  Samples samples;
  MemoryUse answer(run);
  std::uint64_t points = 0;
  for (;;) {
    const auto more = source.next(samples);
    if (!more) return more.error();
    if (!*more) break;
    const Block& block = samples.block;
    // While a chunk is the last, who read it counts its samples.
    const std::uint64_t points_before = points;
    points += block.values.size();
    if (auto fits = answer.set(points * sizeof(Point), points_before); !fits) return fits.error();
    std::uint32_t from = 0;
    for (std::size_t i = 0; i < samples.series.size(); ++i) {
      Series series;
      for (std::uint32_t s = from; s < block.ends[i]; ++s)
        series.points.push_back({block.time_ms[s], block.values[s], block.histograms.empty() ? nullptr : block.histograms[s]});
      from = block.ends[i];
      if (edge != RangeEdge::Plain)
        if (auto cut = cut_at_edges(series, to_ms - source.range_ms(), to_ms, edge); !cut) return cut.error();
      if (series.points.empty()) continue;
      series.labels = texts.labels(samples.series[i]);
      matrix.push_back(std::move(series));
    }
  }
  if (auto fits = answer.set(points * sizeof(Point), points); !fits) return fits.error();
  std::sort(matrix.begin(), matrix.end(), [](const Series& a, const Series& b) { return compare(a.labels, b.labels) < 0; });
  return Value(std::move(matrix));
}

Result<Value> evaluate_type(const Expr& expr, const Steps& steps, Run& run, AnswerTexts& texts) {
  const bool instant = run.settings.time.instant();
  if (!instant && expr.type != ValueType::Scalar && expr.type != ValueType::Vector) {
    return Error{Fault::Input, "invalid expression type \"" + std::string(documented(expr.type)) +
                                   "\" for range query, must be Scalar or instant Vector"};
  }
  if (expr.type == ValueType::String) {
    return Value(StringValue{steps.start_ms, std::get<Text>(without_parens(expr).node).value});
  }
  auto planned = plan(expr, run);
  if (!planned) return planned.error();
  auto value = planned->ranges ? evaluate_ranges(*planned->ranges, planned->edge, steps, run, texts)
                               : evaluate_values(*planned->values, expr.type, steps, run, texts);
  complete_coverage(expr, run);
  return value;
}

}  // namespace

namespace {

Result<Evaluation> evaluate_here(const Expr& expr, const SeriesReader& reader, const EvaluationSettings& settings) {
  const auto steps = steps_of(settings);
  if (!steps) return steps.error();
  Run run(reader, settings);
  run.deadline = run.clock().monotonic() + settings.limits.timeout;
  AnswerTexts texts(run.space);
  auto value = evaluate_type(expr, *steps, run, texts);
  if (!value) return value.error();
  return Evaluation{std::move(*value), run.notes.take(), std::move(run.coverage), std::move(texts).hold()};
}

}  // namespace

Result<Evaluation> evaluate(const Expr& expr, const SeriesReader& reader, const EvaluationSettings& settings) {
  if (expr.height <= kMostDepth) return evaluate_here(expr, reader, settings);
  std::optional<Result<Evaluation>> answer;
  auto work = [&] { answer.emplace(evaluate_here(expr, reader, settings)); };
  if (auto ran = on_large_stack(work); !ran) return ran.error();
  return std::move(*answer);
}

}  // namespace tocsin::rules::promql
