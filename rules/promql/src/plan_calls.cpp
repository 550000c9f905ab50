// SPDX-License-Identifier: Apache-2.0
// Plans of calls.
#include <algorithm>

#include "rules/promql/print.h"
#include "rules/promql/src/absent.h"
#include "rules/promql/src/info.h"
#include "rules/promql/src/planner.h"
#include "rules/promql/walk.h"

namespace tocsin::rules::promql {

Result<Planner::Part> Planner::call(const Call& call, const Expr& at) {
  for (std::size_t i = 0; i < call.arguments.size(); ++i)
    if (call.arguments[i]->type == ValueType::Matrix) return range_call(call, i);
  return instant_call(call, at);
}

// Of range vectors.

namespace {

constexpr std::string_view kAnchoredSafe[] = {"changes", "delta", "increase", "rate", "resets"};
constexpr std::string_view kSmoothedSafe[] = {"delta", "increase", "rate"};

Result<void> check_edge(std::string_view function, RangeEdge edge) {
  if (edge == RangeEdge::Plain) return {};
  const std::span<const std::string_view> safe = edge == RangeEdge::Anchored ? std::span<const std::string_view>(kAnchoredSafe)
                                                                             : std::span<const std::string_view>(kSmoothedSafe);
  if (std::find(safe.begin(), safe.end(), function) != safe.end()) return {};
  std::string text = edge == RangeEdge::Anchored ? "anchored" : "smoothed";
  text += " modifier can only be used with: ";
  for (std::size_t i = 0; i < safe.size(); ++i) text.append(i ? ", " : "").append(safe[i]);
  return Error{Fault::Input, text.append(" - not with ").append(function)};
}

}  // namespace

Result<Planner::Part> Planner::range_call(const Call& call, std::size_t matrix) {
  RangeCall plan;
  plan.function = find_range_function(call.function->name);
  plan.first = without_parens(*call.arguments[0]).range;
  auto source = ranges(*call.arguments[matrix], plan.edge);
  if (!source) return source.error();
  if (auto safe = check_edge(call.function->name, plan.edge); !safe) return safe.error();
  if (call.function->name == "absent_over_time") {
    return Part{make_absent_over_time(run_, std::move(source->op), absent_labels(*call.arguments[matrix])), kEmptySymbol};
  }
  if (!plan.function) return Error{Fault::Unsupported, "no code for " + std::string(call.function->name)};
  for (std::size_t i = 0; i < call.arguments.size(); ++i) {
    if (i == matrix) continue;
    auto argument = values(*call.arguments[i]);
    if (!argument) return argument;
    plan.arguments.push_back(std::move(argument->op));
  }
  plan.source = std::move(source->op);
  const bool keeps_name = plan.function->keeps_name;
  Part made{make_range_call(run_, std::move(plan)), source->name};
  if (keeps_name) return made;
  return renamed(std::move(made), true);
}

SeriesKey Planner::absent_labels(const Expr& argument) {
  const VectorSelector* const selector = selector_of(without_parens(argument));
  if (!selector) return {};
  std::map<std::string_view, std::string_view> labels;
  std::vector<std::string_view> seen;
  for (const Matcher& matcher : selector->matchers) {
    if (matcher.label() == "__name__") continue;
    const bool again = std::find(seen.begin(), seen.end(), matcher.label()) != seen.end();
    if (matcher.type() == MatchType::Equal && !again) {
      labels[matcher.label()] = matcher.text();
      seen.push_back(matcher.label());
    } else {
      labels.erase(matcher.label());
    }
  }
  std::vector<LabelId> ids;
  for (const auto& [label, value] : labels) ids.push_back({run_.space.intern(label), run_.space.intern(value)});
  return run_.space.make(std::move(ids));
}

// Of instant vectors and scalars.

Result<Planner::Part> Planner::absent(const Call& call) {
  auto child = values(*call.arguments[0]);
  if (!child) return child;
  return Part{make_absent(run_, std::move(child->op), absent_labels(*call.arguments[0])), kEmptySymbol};
}

namespace {

// Whether any vector is selected; the times are those of its selectors, with what the subqueries around them add. A
// vector without a selector has no time of its own.
bool selected_times(const Expr& expr, std::vector<const Expr*>& parents, std::vector<std::vector<const TimeShift*>>& times,
                    bool& timeless) {
  if (expr.type != ValueType::Vector && expr.type != ValueType::Matrix) return false;
  if (const VectorSelector* const selector = selector_of(expr)) {
    std::vector<const TimeShift*> shifts = {&selector->shift};
    for (std::size_t i = parents.size(); i-- > 0;)
      if (const auto* subquery = std::get_if<Subquery>(&parents[i]->node)) shifts.push_back(&subquery->shift);
    times.push_back(std::move(shifts));
    return true;
  }
  parents.push_back(&expr);
  bool any = false;
  const auto* call = std::get_if<Call>(&expr.node);
  if (call && call->function->name == "info") {
    any = selected_times(*call->arguments[0], parents, times, timeless);
  } else {
    for_each_child(expr, [&](const Expr& child) { any |= selected_times(child, parents, times, timeless); });
    timeless |= !any;
  }
  parents.pop_back();
  return any;
}

}  // namespace

// The time at which info series are looked at: the selectors', where all of them agree.
Result<Shift> Planner::info_shift(const Expr& argument) {
  std::vector<const Expr*> parents;
  std::vector<std::vector<const TimeShift*>> times;
  bool timeless = false;
  selected_times(argument, parents, times, timeless);
  std::optional<Shift> common;
  for (const auto& shifts : times) {
    Shift total;
    for (const TimeShift* each : shifts) {
      if (total.at_ms) break;
      const auto one = shift(*each);
      if (!one) return one;
      total.offset_ms += one->offset_ms;
      total.at_ms = one->at_ms;
    }
    const auto same = [&](const Shift& other) {
      return total.at_ms.has_value() == other.at_ms.has_value() && total.from(0) == other.from(0);
    };
    if (common && !same(*common)) return Shift{};
    if (!common) common = total;
  }
  return common && !timeless ? *common : Shift{};
}

Result<Planner::Part> Planner::info(const Call& call) {
  auto child = values(*call.arguments[0]);
  if (!child) return child;
  InfoPlan plan;
  plan.child = std::move(child->op);
  plan.has_matchers = call.arguments.size() > 1;
  if (plan.has_matchers) plan.matchers = selector_of(without_parens(*call.arguments[1]))->matchers;
  const auto moved = info_shift(*call.arguments[0]);
  if (!moved) return moved.error();
  plan.shift = *moved;
  return Part{make_info(run_, std::move(plan)), child->name};
}

Result<Planner::Part> Planner::instant_call(const Call& call, const Expr& at) {
  const std::string_view name = call.function->name;
  if (name == "absent") return absent(call);
  if (name == "info") return info(call);
  if (name == "timestamp") {
    const Expr& argument = without_parens(*call.arguments[0]);
    if (const auto* selected = std::get_if<VectorSelector>(&argument.node)) {
      auto made = selector(*selected, argument, Take::Time);
      if (!made) return made;
      return renamed(std::move(*made), false);
    }
  }
  if (!has_instant_function(name)) return Error{Fault::Unsupported, std::string(name) + "() is not supported: stored series do not tell start times"};
  InstantCall plan{name, {}, at.range};
  std::optional<Symbol> input = kEmptySymbol;
  for (const ExprPtr& each : call.arguments) {
    const Expr& argument = without_parens(*each);
    if (const auto* text = std::get_if<Text>(&argument.node)) {
      plan.arguments.push_back({nullptr, text->value, argument.range});
      continue;
    }
    auto made = values(argument);
    if (!made) return made;
    if (argument.type == ValueType::Vector) input = made->name;
    plan.arguments.push_back({std::move(made->op), {}, argument.range});
  }
  if (plan.arguments.empty() && find_function(name)->result == ValueType::Vector) {  // date functions: of now
    auto now = make_instant_call(run_, {"time", {}, at.range});
    if (!now) return now.error();
    plan.arguments.push_back({std::move(*now), {}, at.range});
  }
  const bool to_name = name.starts_with("label_") && plan.arguments[1].text == "__name__";
  auto made = make_instant_call(run_, std::move(plan));
  if (!made) return made.error();
  Part part{std::move(*made), input};
  if (to_name || name == "histogram_quantiles") part.name.reset();  // the new label may make series equal
  if (name.starts_with("label_") || name.starts_with("sort") || at.type == ValueType::Scalar || name == "vector") return part;
  return renamed(std::move(part), false);
}

}  // namespace tocsin::rules::promql
