// SPDX-License-Identifier: Apache-2.0
#include "rules/promql/src/plan.h"

#include <algorithm>

#include "rules/promql/print.h"
#include "rules/promql/src/durations.h"
#include "rules/promql/src/edges.h"
#include "rules/promql/src/planner.h"
#include "rules/promql/walk.h"

namespace tocsin::rules::promql {
namespace {

// Functions whose result changes with the time of evaluation even where their arguments do not.
constexpr std::string_view kUnsafe[] = {"day_of_month", "day_of_week",    "day_of_year", "days_in_month", "end",
                                        "hour",         "minute",         "month",       "predict_linear", "range",
                                        "start",        "step",           "time",        "timestamp",      "year"};

constexpr std::size_t kMostPrinted = 65'536;

// Worth keeping for a second reader.
bool reads(const Expr& expr) {
  bool found = false;
  walk(expr, [&](const Expr& inner, auto) { found |= selector_of(inner) != nullptr; });
  return found;
}

bool is_comparison_of_vectors(const Expr& expr) {
  const auto* binary = std::get_if<Binary>(&expr.node);
  return binary && is_comparison(binary->op) && expr.type == ValueType::Vector;
}

// Prometheus does not read buckets where only count and sum are asked, and then tells resets itself.
bool asks_count_or_sum(std::span<const Expr* const> parents) {
  bool asks = false;
  for (std::size_t i = parents.size(); i-- > 0;) {
    if (std::holds_alternative<Subquery>(parents[i]->node)) return false;
    if (const auto* binary = std::get_if<Binary>(&parents[i]->node)) {
      if (binary->op == BinaryOp::TrimUpper || binary->op == BinaryOp::TrimLower) return false;
    }
    const auto* call = std::get_if<Call>(&parents[i]->node);
    if (!call) continue;
    const std::string_view name = call->function->name;
    if (name == "histogram_count" || name == "histogram_sum" || name == "histogram_avg") asks = true;
    else if (name.starts_with("histogram_")) return false;
  }
  return asks;
}

class Constant final : public WholeOperator {
 public:
  Constant(Run& run, double value) noexcept : WholeOperator(run), value_(value) {}

 private:
  Result<void> make(const Steps& steps, Grid& into) override {
    const std::size_t row = into.add({});
    std::fill_n(into.row(row), steps.count, value_);
    return {};
  }
  double value_;
};

}  // namespace

Planner::Planner(const Expr& root, Run& run) : run_(run), one_step_(run.settings.time.instant()) {
  std::size_t printed = 0;
  walk(root, [&](const Expr& expr, std::span<const Expr* const> parents) {
    if (selector_of(expr)) {
      coverage_[&expr] = run_.coverage.selectors.size();
      if (asks_count_or_sum(parents)) told_.insert(&expr);
      run_.coverage.selectors.push_back({expr.range, 0});
    } else if (is_comparison_of_vectors(expr)) {
      coverage_[&expr] = run_.coverage.comparisons.size();
      run_.coverage.comparisons.push_back({expr.range, 0, 0});
    }
    // Parts in a subquery have other steps: what they share is not looked for.
    const auto in_subquery = [](const Expr* parent) { return std::holds_alternative<Subquery>(parent->node); };
    if (expr.type != ValueType::Vector || std::any_of(parents.begin(), parents.end(), in_subquery)) return;
    // Printing every part of a long, deep text would take longer than evaluating it.
    printed += expr.range.end - expr.range.begin;
    if (printed > kMostPrinted || std::holds_alternative<Paren>(expr.node) || !reads(expr)) return;
    repeats_ |= ++said_[to_string(expr)] > 1;
  });
}

bool Planner::invariant(const Expr& expr) {
  const auto known = invariant_.find(&expr);
  if (known != invariant_.end()) return known->second;
  return invariant_[&expr] = find_invariant(expr);
}

bool Planner::find_invariant(const Expr& expr) {
  return std::visit(
      Overloaded{
          [](const Number&) { return true; },
          [](const Text&) { return true; },
          [](const VectorSelector& node) { return node.shift.at != At::None; },
          [](const MatrixSelector& node) { return node.selector.shift.at != At::None; },
          [](const Subquery& node) { return node.shift.at != At::None; },
          [&](const Unary& node) { return invariant(*node.expr); },
          [&](const Paren& node) { return invariant(*node.expr); },
          [&](const Binary& node) { return invariant(*node.left) && invariant(*node.right); },
          // Its parameter counts at the first step then, as in Prometheus.
          [&](const Aggregate& node) { return invariant(*node.expr); },
          [&](const Call& node) {
            if (std::find(std::begin(kUnsafe), std::end(kUnsafe), node.function->name) != std::end(kUnsafe)) return false;
            if (node.function->name == "info") {  // info series are looked at when the step is, unless all agree on a time
              const auto looked = info_shift(*node.arguments[0]);
              return looked && looked->at_ms && invariant(*node.arguments[0]);
            }
            return std::all_of(node.arguments.begin(), node.arguments.end(), [&](const ExprPtr& a) { return invariant(*a); });
          },
      },
      expr.node);
}

Result<Planner::Part> Planner::values(const Expr& expr) {
  const Expr& inner = without_parens(expr);
  if (std::holds_alternative<Number>(inner.node)) return part(inner);
  if (!one_step_ && invariant(inner)) {
    // Everything below is evaluated at one step: no need to look there again.
    one_step_ = true;
    auto made = part(inner);
    one_step_ = false;
    if (made) made->op = make_step_invariant(run_, std::move(made->op));
    return made;
  }
  const bool shareable = repeats_ && context_.empty() && inner.type == ValueType::Vector;
  const std::string key = shareable ? to_string(inner) : std::string();
  if (const auto said = said_.find(key); !shareable || said == said_.end() || said->second < 2) return part(inner);
  auto found = shared_.find(key);
  if (found == shared_.end()) {
    auto made = part(inner);
    if (!made) return made;
    found = shared_.emplace(key, SharedEntry{make_shared_part(run_, std::move(made->op)), made->name}).first;
  }
  return Part{make_reader(run_, found->second.part), found->second.name};
}

Result<Planner::Part> Planner::part(const Expr& expr) {
  return std::visit(
      Overloaded{
          [&](const Number& node) { return number(node); },
          [&](const VectorSelector& node) { return selector(node, expr, Take::Sample); },
          [&](const Unary& node) { return negation(node); },
          [&](const Binary& node) { return binary(node, expr); },
          [&](const Aggregate& node) { return aggregate(node, expr); },
          [&](const Call& node) { return call(node, expr); },
          [&](const Paren& node) { return values(*node.expr); },
          [&](const auto&) { return Result<Part>(Error{Fault::Input, "not a value: " + to_string(expr)}); },
      },
      expr.node);
}

Result<Planner::Part> Planner::number(const Number& number) {
  return Part{std::make_unique<Constant>(run_, number.value), kEmptySymbol};
}

Result<Planner::Part> Planner::negation(const Unary& unary) {
  auto child = values(*unary.expr);
  if (!child || !unary.negative) return child;
  child->op = make_negation(run_, std::move(child->op));
  return renamed(std::move(*child), false);
}

Planner::Part Planner::renamed(Part part, bool strict) {
  if (run_.delayed_names()) return part;
  if (!part.name) part.op = make_merge(run_, std::move(part.op), strict);
  part.name = kEmptySymbol;
  return part;
}

std::vector<Symbol> Planner::symbols(const std::vector<std::string>& texts) {
  std::vector<Symbol> symbols;
  for (const std::string& text : texts) symbols.push_back(run_.space.intern(text));
  return symbols;
}

// Selectors.

Result<Shift> Planner::shift(const TimeShift& shift) {
  const auto offset = resolve(shift.offset, run_.settings.time, Sign::Any);
  if (!offset) return offset.error();
  switch (shift.at) {
    case At::None: return Shift{*offset, {}};
    case At::Time: return Shift{*offset, shift.at_ms};
    case At::Start: return Shift{*offset, run_.settings.time.start_ms};
    case At::End: return Shift{*offset, run_.settings.time.instant() ? run_.settings.time.start_ms : run_.settings.time.end_ms};
  }
  return Shift{};
}

Result<Selection> Planner::selection(const VectorSelector& selector, const Expr& at) {
  auto moved = shift(selector.shift);
  if (!moved) return moved.error();
  return Selection{selector.matchers, at.range, coverage_.at(&at), *moved, told_.contains(&at)};
}

namespace {

std::optional<Symbol> selected_name(const VectorSelector& selector, LabelSpace& space) {
  for (const Matcher& matcher : selector.matchers)
    if (matcher.label() == "__name__" && matcher.type() == MatchType::Equal) return space.intern(matcher.text());
  return {};
}

}  // namespace

Result<Planner::Part> Planner::selector(const VectorSelector& selector, const Expr& at, Take take) {
  auto selected = selection(selector, at);
  if (!selected) return selected.error();
  const auto name = selected_name(selector, run_.space);
  if (selector.edge == RangeEdge::Smoothed) return Part{make_smoothed_selector(run_, std::move(*selected)), name};
  return Part{make_selector(run_, std::move(*selected), take), name};
}

Result<Planner::Source> Planner::ranges(const Expr& outer, RangeEdge& edge) {
  const Expr& expr = without_parens(outer);
  const EvaluationTime& time = run_.settings.time;
  if (const auto* matrix = std::get_if<MatrixSelector>(&expr.node)) {
    auto selected = selection(matrix->selector, expr);
    if (!selected) return selected.error();
    const auto range = resolve(matrix->range, time, Sign::Positive);
    if (!range) return range.error();
    Margin margin;
    edge = matrix->selector.edge;
    if (edge != RangeEdge::Plain) margin.before_ms = run_.settings.lookback.count();
    if (edge == RangeEdge::Smoothed) margin.after_ms = run_.settings.lookback.count();
    return Source{make_selected_range(run_, std::move(*selected), *range, margin, expr.range),
                  selected_name(matrix->selector, run_.space)};
  }
  const auto* subquery = std::get_if<Subquery>(&expr.node);
  if (!subquery) return Error{Fault::Input, "not a range vector: " + to_string(expr)};
  const auto range = resolve(subquery->range, time, Sign::Positive);
  if (!range) return range.error();
  const auto step = resolve(subquery->step, time, Sign::Any);
  if (!step) return step.error();
  const auto moved = shift(subquery->shift);
  if (!moved) return moved.error();
  const bool outer_one_step = std::exchange(one_step_, false);
  context_ += '[';
  auto inner = values(*subquery->expr);
  context_.pop_back();
  one_step_ = outer_one_step;
  if (!inner) return inner.error();
  const std::int64_t step_ms = *step > 0 ? *step : run_.settings.subquery_step.count();
  return Source{make_subquery_range(run_, std::move(inner->op), *range, std::max<std::int64_t>(1, step_ms), *moved, expr.range),
                inner->name};
}

// The whole.

Result<Plan> plan(const Expr& expr, Run& run) {
  Planner planner(expr, run);
  if (expr.type == ValueType::Matrix) {
    Plan plan;
    auto source = planner.ranges(expr, plan.edge);
    if (!source) return source.error();
    plan.ranges = std::move(source->op);
    return plan;
  }
  auto part = planner.values(expr);
  if (!part) return part.error();
  return Plan{std::move(part->op), nullptr, RangeEdge::Plain};
}

void complete_coverage(const Expr& root, Run& run) {
  // Parts that were shared counted where they were read first; the same words count the same.
  std::unordered_map<std::string, Coverage::Selector> selectors;
  std::unordered_map<std::string, Coverage::Comparison> comparisons;
  for (const bool collecting : {true, false}) {
    std::size_t selector = 0, comparison = 0, printed = 0;
    walk(root, [&](const Expr& expr, auto) {
      if (selector_of(expr)) {
        Coverage::Selector& seen = run.coverage.selectors[selector++];
        Coverage::Selector& known = selectors[to_string(expr)];
        if (collecting) known.series = std::max(known.series, seen.series);
        else if (seen.series == 0) seen.series = known.series;
      } else if (is_comparison_of_vectors(expr)) {
        Coverage::Comparison& seen = run.coverage.comparisons[comparison++];
        printed += expr.range.end - expr.range.begin;
        if (printed > kMostPrinted) return;  // what is shared was printed by the planner before that
        Coverage::Comparison& known = comparisons[to_string(expr)];
        if (collecting && seen.compared > known.compared) known = seen;
        else if (!collecting && seen.compared == 0) seen.compared = known.compared, seen.removed = known.removed;
      }
    });
  }
}

}  // namespace tocsin::rules::promql
