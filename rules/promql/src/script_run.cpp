// SPDX-License-Identifier: Apache-2.0
// Running a test script: loads into memory, evals asked in every way that must give the same answer.
#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "rules/promql/evaluate.h"
#include "rules/promql/histogram_math.h"
#include "rules/promql/memory_series.h"
#include "rules/promql/parse.h"
#include "rules/promql/print.h"
#include "rules/promql/script.h"
#include "rules/promql/src/script_compare.h"
#include "rules/promql/src/script_nhcb.h"

namespace tocsin::rules::promql {
namespace {

using Finding = std::optional<std::string>;

constexpr std::int64_t kMinute = 60'000;

Result<Evaluation> ask(const std::string& expression, const SeriesReader& reader, const EvaluationTime& time, bool old) {
  const auto expr = parse(expression, {.experimental = true});
  if (!expr) return expr.error();
  EvaluationSettings settings;
  settings.time = time;
  settings.delayed_name_removal = true;  // as promqltest's engine has it
  settings.strict_histograms = old;      // eval_warn was written for the rules of its time
  return evaluate(**expr, reader, settings);
}

struct Variant {
  std::string expression;
  std::int64_t at_ms;
};

// Functions whose answer depends on the time of evaluation though their arguments do not.
bool depends_on_time(std::string_view function) {
  static constexpr std::array<std::string_view, 15> kFunctions = {
      "days_in_month", "day_of_month", "day_of_week", "day_of_year", "end", "hour", "minute", "month", "year",
      "predict_linear", "range", "start", "step", "time", "timestamp"};
  return std::find(kFunctions.begin(), kFunctions.end(), function) != kFunctions.end();
}

void fix_time(TimeShift& shift, std::int64_t at_ms) {
  if (shift.at == At::None) shift.at = At::Time, shift.at_ms = at_ms;
}

// Fixes every selector and subquery at a time, except inside a subquery that has one; false where time matters anyway.
bool fix_times(Expr& expr, std::int64_t at_ms) {
  bool all = true;
  const auto inner = [&](const ExprPtr& child) {
    if (child) all = fix_times(*child, at_ms) && all;
  };
  std::visit(Overloaded{
                 [](Number&) {}, [](Text&) {},
                 [&](VectorSelector& node) { fix_time(node.shift, at_ms); },
                 [&](MatrixSelector& node) { fix_time(node.selector.shift, at_ms); },
                 // What is inside keeps to the subquery's steps, which are fixed now.
                 [&](Subquery& node) { fix_time(node.shift, at_ms); },
                 [&](Unary& node) { inner(node.expr); },
                 [&](Paren& node) { inner(node.expr); },
                 [&](Binary& node) { inner(node.left), inner(node.right); },
                 [&](Aggregate& node) { inner(node.parameter), inner(node.expr); },
                 [&](Call& node) {
                   all = all && !depends_on_time(node.function->name);
                   for (const ExprPtr& argument : node.arguments) inner(argument);
                 },
             },
             expr.node);
  return all;
}

// The eval as it is, and with its selectors fixed by @ and asked at other times: all must give the same.
std::vector<Variant> variants(const ScriptEval& eval) {
  std::vector<Variant> made = {{eval.expression, eval.at_ms}};
  auto expr = parse(eval.expression, {.experimental = true});
  if (!expr || !fix_times(**expr, eval.at_ms)) return made;
  const std::string fixed = to_string(**expr);
  std::vector<std::int64_t> times = {-10 * eval.at_ms, 0, eval.at_ms / 5, eval.at_ms, 10 * eval.at_ms};
  if (eval.at_ms == 0) times = {-1000, 0, 1000};
  for (const std::int64_t time : times) made.push_back({fixed, time});
  return made;
}

class Runner {
 public:
  ScriptReport run(const ScriptCommands& script) {
    for (const ScriptCommand& command : script.commands)
      std::visit(Overloaded{[&](const ScriptLoad& load) { take(load); },
                            [&](const ScriptClear&) { series_ = std::make_unique<MemorySeries>(); },
                            [&](const ScriptEval& eval) { take(eval); }},
                 command);
    return std::move(report_);
  }

 private:
  void take(const ScriptLoad& load) {
    // Of a series that is written twice the last counts.
    std::map<LabelTexts, const SeriesDescription*> last;
    for (const SeriesDescription& series : load.series) {
      LabelTexts labels = series.labels;
      std::sort(labels.begin(), labels.end());
      last[labels] = &series;
    }
    Result<void> stored;
    for (const auto& [labels, series] : last)
      if (stored) stored = store(*series, load.step_ms);
    if (stored && load.with_nhcb)
      for (const NhcbSeries& series : nhcb_of(load))
        if (stored) stored = store(series);
    if (!stored) report_.faults.push_back({load.line, "", "load: " + stored.error().message});
  }

  Result<void> store(const SeriesDescription& series, std::int64_t step_ms) {
    const SeriesRow row = series_->add(series.labels);
    std::int64_t time = 0;
    for (const SequenceValue& value : series.values) {
      Result<void> stored;
      if (value.histogram) {
        stored = validate(*value.histogram);
        if (stored) stored = series_->append(row, time, *value.histogram);
      } else if (!value.omitted) {
        stored = series_->append(row, time, value.value);
      }
      if (!stored) return stored;
      time += step_ms;
    }
    return {};
  }

  Result<void> store(const NhcbSeries& series) {
    if (!series.fault.empty()) return Error{Fault::Input, series.fault};
    const SeriesRow row = series_->add(series.labels);
    for (const auto& [time, histogram] : series.points)
      if (auto stored = series_->append(row, time, histogram); !stored) return stored;
    return {};
  }

  void take(const ScriptEval& eval) {
    const Finding wrong = eval.range ? run_range(eval) : run_instant(eval);
    if (wrong) report_.faults.push_back({eval.line, eval.expression, *wrong});
    else ++report_.passed;
  }

  // What holds for an instant and a range: failure or not, remarks, value.
  Finding judge(const ScriptEval& eval, const std::string& query, const Result<Evaluation>& answer) {
    const bool should_fail = eval.expects(ExpectKind::Fail);
    if (!answer) return compare_failure(eval, answer.error().message);
    if (should_fail) return "expected a failure, got a result";
    if (auto wrong = compare_annotations(eval, query, answer->annotations)) return wrong;
    return compare_value(eval, answer->value);
  }

  Finding run_range(const ScriptEval& eval) {
    return judge(eval, eval.expression, ask(eval.expression, *series_, {eval.start_ms, eval.end_ms, eval.step_ms}, eval.old_form));
  }

  Finding run_instant(const ScriptEval& eval) {
    bool as_written = true;
    for (const Variant& variant : variants(eval)) {
      Finding wrong = run_variant(eval, variant);
      if (wrong && !as_written)
        *wrong += " (asked as " + variant.expression + " at " + std::to_string(variant.at_ms) + " ms)";
      if (wrong) return wrong;
      as_written = false;
    }
    return std::nullopt;
  }

  Finding run_variant(const ScriptEval& eval, const Variant& variant) {
    const auto answer = ask(variant.expression, *series_, instant(variant.at_ms), eval.old_form);
    if (auto wrong = judge(eval, variant.expression, answer)) return wrong;
    if (!answer || eval.only_instant || eval.expects(ExpectKind::Ordered)) return std::nullopt;
    for (const char* of_query : {"start()", "end()", "range()", "step()"})
      if (variant.expression.find(of_query) != std::string::npos) return std::nullopt;
    if (!std::holds_alternative<Vector>(answer->value) && !std::holds_alternative<Scalar>(answer->value))
      return std::nullopt;
    Finding wrong = as_range_step(eval, variant, std::holds_alternative<Scalar>(answer->value));
    if (wrong) *wrong += " (as the middle step of a range)";
    return wrong;
  }

  Finding as_range_step(const ScriptEval& eval, const Variant& variant, bool scalar) {
    const auto answer =
        ask(variant.expression, *series_, {variant.at_ms - kMinute, variant.at_ms + kMinute, kMinute}, eval.old_form);
    if (!answer) return compare_failure(eval, answer.error().message);
    const auto* matrix = std::get_if<Matrix>(&answer->value);
    if (!matrix) return "expected a matrix";
    Vector vector;
    const Series* before = nullptr;
    for (const Series& series : *matrix) {
      if (before && compare(before->labels, series.labels) > 0) return "expected series sorted by labels";
      before = &series;
      for (const Point& point : series.points)
        if (point.time_ms == variant.at_ms) vector.push_back({series.labels, point});
    }
    if (!scalar) return compare_value(eval, vector);
    if (vector.empty()) return "expected a scalar, got no point";
    return compare_value(eval, Scalar{variant.at_ms, vector.front().point.value});
  }

  std::unique_ptr<MemorySeries> series_ = std::make_unique<MemorySeries>();
  ScriptReport report_;
};

}  // namespace

ScriptReport Script::run() const { return Runner().run(*commands_); }

}  // namespace tocsin::rules::promql
