// SPDX-License-Identifier: Apache-2.0
#include "agent/check/query_check.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "agent/check/src/selector_check.h"
#include "rules/promql/walk.h"

namespace tocsin::agent {

using namespace rules::promql;

namespace {

using Labels = ResultLabels;

// What is known of the result of a part of an expression.
struct Part {
  Labels labels = Labels(std::set<std::string>{});
  SeriesKind kind = SeriesKind::Unknown;
  Unit unit;
  Unit bound_unit;
  const Expr* counter = nullptr;  // whose raw values still stand in the result
  std::optional<double> number;   // a literal
};

template <std::size_t N>
bool one_of(std::string_view name, const std::array<std::string_view, N>& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

constexpr std::array<std::string_view, 3> kRates = {"rate", "irate", "increase"};
constexpr std::array<std::string_view, 4> kChangesOfGauges = {"delta", "idelta", "deriv", "predict_linear"};
// Whose result tells nothing of the values: how many, when, whether.
constexpr std::array<std::string_view, 8> kCounting = {"absent",  "absent_over_time",  "changes", "resets", "count_over_time",
                                                       "present_over_time", "histogram_count", "scalar"};

class QueryReader {
 public:
  QueryReader(const KnownMeters& known, QueryMeaning& into) : known_(known), into_(into) {}

  Part read(const Expr& expr) {
    return std::visit(
        Overloaded{
            [&](const Number& node) {
              Part part;
              part.unit = Unit::literal();
              part.number = node.value;
              return part;
            },
            [&](const Text&) { return Part{}; },
            [&](const VectorSelector& node) { return selector(expr, node); },
            [&](const MatrixSelector& node) { return selector(expr, node.selector); },
            [&](const Subquery& node) { return read(*node.expr); },
            [&](const Paren& node) { return read(*node.expr); },
            [&](const Unary& node) {
              Part part = read(*node.expr);
              if (part.number && node.negative) part.number = -*part.number;
              return part;
            },
            [&](const Binary& node) { return binary(expr, node); },
            [&](const Aggregate& node) { return aggregate(expr, node); },
            [&](const Call& node) { return call(expr, node); },
        },
        expr.node);
  }

  void finding(const Expr& at, std::string word, std::string message, bool doubtful = false) {
    into_.findings.push_back({at.range, std::move(word), std::move(message), doubtful});
  }

 private:
  Part selector(const Expr& expr, const VectorSelector& node) {
    Part part;
    const KnownSeries* series = check_selector(node, expr.range, known_, into_.findings);
    if (series == nullptr) {
      part.labels.forget();
      return part;
    }
    if (!series->meter.empty()) into_.meters.insert(series->meter);
    if (series->any_label) {
      part.labels.forget();
    } else {
      part.labels = Labels(series->labels);
      part.labels.names().insert(known_.everywhere().begin(), known_.everywhere().end());
    }
    part.kind = series->kind;
    part.unit = series->kind == SeriesKind::Buckets ? Unit{Unit::Base::Count, {}, false, 1} : series->unit;
    part.bound_unit = series->bound_unit;
    if (series->kind == SeriesKind::Counter || series->kind == SeriesKind::Buckets || series->kind == SeriesKind::Native)
      part.counter = &expr;
    return part;
  }

  static const std::string& name_of(const Expr& selector) { return selector_of(selector)->name; }

  void lacks(const Expr& at, const Labels& labels, const std::vector<std::string>& wanted, const std::string& where) {
    if (!labels) return;
    for (const std::string& label : wanted)
      if (!labels->contains(label) && !label.starts_with(kVariable)) finding(at, label, where + " has no label " + label + did_you_mean(label, *labels));
  }

  Part aggregate(const Expr& expr, const Aggregate& node) {
    if (node.parameter) (void)read(*node.parameter);
    Part part = read(*node.expr);
    lacks(expr, part.labels, node.grouping, std::string(text_of(node.op)) + (node.without ? " without" : " by") + ": what it aggregates");
    if (node.op == AggregateOp::Topk || node.op == AggregateOp::Bottomk || node.op == AggregateOp::Limitk || node.op == AggregateOp::LimitRatio)
      return part;
    const auto variable = [](const std::string& label) { return label.starts_with(kVariable); };
    if (std::any_of(node.grouping.begin(), node.grouping.end(), variable)) {
      part.labels.forget();
    } else if (!node.without) {
      part.labels = Labels({node.grouping.begin(), node.grouping.end()});
    } else if (part.labels) {
      for (const std::string& label : node.grouping) part.labels.names().erase(label);
      part.labels.names().erase("__name__");
    }
    if (node.op == AggregateOp::CountValues && node.parameter)
      if (const auto* label = std::get_if<Text>(&without_parens(*node.parameter).node); label != nullptr && part.labels)
        part.labels.names().insert(label->value);
    if (node.op == AggregateOp::Count || node.op == AggregateOp::Group || node.op == AggregateOp::CountValues) {
      part.counter = nullptr;
      part.unit = node.op == AggregateOp::Count ? Unit{Unit::Base::Count, {}, false, 1} : Unit{};
    } else if (node.op == AggregateOp::Stdvar) {
      part.unit = {};
    }
    part.number.reset();
    return part;
  }

  // A quantile needs the buckets' bounds: `le` must have come this far.
  Part quantile(const Expr& expr, const Call& node, Part part) {
    const std::string name(node.function->name);
    if (part.kind == SeriesKind::Buckets && part.labels && !part.labels->contains("le")) {
      finding(expr, "", name + " without le: an aggregation below it must keep the label le");
    } else if ((part.kind == SeriesKind::Counter || part.kind == SeriesKind::Gauge) && part.labels && !part.labels->contains("le")) {
      finding(expr, "", name + " of what is no histogram: it has neither le nor native buckets");
    }
    if (part.counter != nullptr) {
      finding(*part.counter, name_of(*part.counter), name + " of " + name_of(*part.counter) + " without rate covers all time since the start");
      part.counter = nullptr;
    }
    if (part.labels) part.labels.names().erase("le");
    part.unit = name == "histogram_fraction" ? Unit::one() : part.bound_unit;
    part.kind = SeriesKind::Gauge;
    return part;
  }

  Part rate(const Expr& expr, const Call& node, Part part) {
    const std::string name(node.function->name);
    const Expr& argument = without_parens(*node.arguments[0]);
    if (part.kind == SeriesKind::Gauge && selector_of(argument) != nullptr)
      finding(expr, name_of(argument), name + " of " + name_of(argument) + ", which is a gauge: take " +
                                          (name == "increase" ? "delta" : "deriv"));
    part.counter = nullptr;
    if (name != "increase") part.unit = part.unit.rate();
    return part;
  }

  Part relabelled(const Call& node, Part part) {
    const auto* to = node.arguments.size() > 1 ? std::get_if<Text>(&without_parens(*node.arguments[1]).node) : nullptr;
    if (part.labels && to != nullptr) part.labels.names().insert(to->value);
    return part;
  }

  Part call(const Expr& expr, const Call& node) {
    const std::string_view name = node.function->name;
    std::vector<Part> parts;
    for (const ExprPtr& argument : node.arguments) parts.push_back(read(*argument));
    std::size_t main = 0;
    while (main < parts.size() && node.arguments[main]->type != ValueType::Vector && node.arguments[main]->type != ValueType::Matrix) ++main;
    if (main == parts.size()) {
      Part part;
      if (name == "vector" && !parts.empty()) part = parts[0], part.labels = Labels(std::set<std::string>{});
      if (name == "time") part.unit = Unit::of("s");
      return part;
    }
    Part part = std::move(parts[main]);
    part.number.reset();
    if (one_of(name, kRates)) return rate(expr, node, std::move(part));
    if (name == "histogram_quantile" || name == "histogram_quantiles" || name == "histogram_fraction") return quantile(expr, node, std::move(part));
    if (name == "label_replace" || name == "label_join") return relabelled(node, std::move(part));
    if (name == "info") return part.labels.forget(), part;
    if (one_of(name, kChangesOfGauges)) {
      if (part.kind == SeriesKind::Counter && part.counter != nullptr && selector_of(without_parens(*node.arguments[main])) != nullptr)
        finding(expr, name_of(*part.counter), std::string(name) + " of " + name_of(*part.counter) + ", which is a counter: take increase or rate");
      part.counter = nullptr;
      if (name == "deriv") part.unit = part.unit.rate();
      return part;
    }
    if (one_of(name, kCounting)) {
      part.counter = nullptr;
      part.unit = name == "scalar" ? part.unit : Unit{Unit::Base::Count, {}, false, 1};
      return part;
    }
    return plain(name, std::move(part));
  }

  static Part plain(std::string_view name, Part part) {
    if (name == "timestamp" || name.starts_with("ts_of_")) {
      part.counter = nullptr;
      part.unit = Unit::of("s");
      part.kind = SeriesKind::Gauge;
    } else if (name == "histogram_sum" || name == "histogram_avg") {
      part.unit = name == "histogram_avg" ? part.bound_unit : part.unit;
    } else if (!name.ends_with("_over_time") && name != "abs" && !name.starts_with("clamp") && !name.starts_with("sort") &&
               name != "round" && name != "ceil" && name != "floor") {
      part.unit = {};  // ln, sqrt, day_of_week and so on
      part.counter = nullptr;
    } else if (name == "sum_over_time" || name == "stdvar_over_time") {
      part.unit = {};
    }
    return part;
  }

  static Unit unit_of(BinaryOp op, const Part& left, const Part& right) {
    switch (op) {
      case BinaryOp::Mul:
        if (right.number) return left.unit.times(*right.number);
        if (left.number) return right.unit.times(*left.number);
        if (left.unit.base == Unit::Base::One && left.unit.scale == 1) return right.unit;
        if (right.unit.base == Unit::Base::One && right.unit.scale == 1) return left.unit;
        return {};
      case BinaryOp::Div:
        if (right.number) return *right.number == 0 ? Unit{} : left.unit.times(1 / *right.number);
        return left.unit.divided_by(right.unit);
      case BinaryOp::Add:
      case BinaryOp::Sub:
      case BinaryOp::Or:
      case BinaryOp::Mod: return left.unit.known() ? left.unit : right.unit;
      default: return is_comparison(op) || is_set(op) ? left.unit : Unit{};
    }
  }

  // The classic fault: a ratio of one metric to itself whose sides match on every label, so that each series finds only
  // itself.
  void divides_by_itself(const Expr& expr, const Binary& node) {
    const Expr &left = without_parens(*node.left), &right = without_parens(*node.right);
    const auto selector_below = [](const Expr& of) -> const VectorSelector* {
      if (const auto* call = std::get_if<Call>(&of.node); call != nullptr && one_of(call->function->name, kRates))
        return selector_of(without_parens(*call->arguments[0]));
      return selector_of(of);
    };
    const VectorSelector *a = selector_below(left), *b = selector_below(right);
    if (a == nullptr || b == nullptr || a->name.empty() || a->name != b->name) return;
    if (node.matching->on || !node.matching->labels.empty()) return;
    for (const Matcher& matcher : a->matchers) {
      const auto same = [&](const Matcher& other) { return other.label() == matcher.label(); };
      if (matcher.label() != "__name__" && std::none_of(b->matchers.begin(), b->matchers.end(), same))
        return finding(expr, a->name, "both sides are " + a->name + " and match on every label, " + matcher.label() +
                                          " too: each series is divided by itself; sum both sides first");
    }
  }

  Part binary(const Expr& expr, const Binary& node) {
    Part left = read(*node.left), right = read(*node.right);
    Part part;
    part.kind = left.kind;
    part.unit = unit_of(node.op, left, right);
    part.bound_unit = left.bound_unit;
    part.counter = left.counter != nullptr || is_set(node.op) ? left.counter : right.counter;
    if (node.op == BinaryOp::Or && part.counter == nullptr) part.counter = right.counter;
    if (!node.matching) {  // with a number on one side
      const bool left_is_vector = node.left->type == ValueType::Vector;
      part.labels = left_is_vector ? left.labels : right.labels;
      if (!left_is_vector) part.kind = right.kind, part.bound_unit = right.bound_unit;
      if (left.number && right.number && node.op == BinaryOp::Div) part.number = *left.number / *right.number;
      if (left.number && right.number && node.op == BinaryOp::Mul) part.number = *left.number * *right.number;
      return part;
    }
    if (node.op == BinaryOp::Div) divides_by_itself(expr, node);
    part.labels = matched_labels(expr, node, left, right);
    return part;
  }

  Labels matched_labels(const Expr& expr, const Binary& node, Part& left, Part& right) {
    const VectorMatching& matching = *node.matching;
    if (matching.on) {
      lacks(expr, left.labels, matching.labels, "on: the left side");
      lacks(expr, right.labels, matching.labels, "on: the right side");
    }
    if (is_set(node.op)) {
      if (node.op != BinaryOp::Or) return left.labels;
      if (left.labels && right.labels) left.labels.names().insert(right.labels->begin(), right.labels->end());
      return right.labels ? left.labels : Labels{};
    }
    if (matching.cardinality == Cardinality::OneToOne) {
      if (matching.on) return Labels({matching.labels.begin(), matching.labels.end()});
      if (left.labels)
        for (const std::string& label : matching.labels) left.labels.names().erase(label);
      return left.labels;
    }
    const bool many_left = matching.cardinality == Cardinality::ManyToOne;
    lacks(expr, many_left ? right.labels : left.labels, matching.include, many_left ? "group_left: the right side" : "group_right: the left side");
    Labels result = many_left ? left.labels : right.labels;
    if (result) result.names().insert(matching.include.begin(), matching.include.end());
    return result;
  }

  const KnownMeters& known_;
  QueryMeaning& into_;
};

}  // namespace

QueryMeaning check_query(const Expr& expr, const KnownMeters& known, bool recorded) {
  QueryMeaning meaning;
  QueryReader reader(known, meaning);
  const Part part = reader.read(expr);
  meaning.raw_counter = part.counter != nullptr;
  if (part.counter != nullptr && part.kind != SeriesKind::Native && !recorded) {
    const std::string& name = selector_of(*part.counter)->name;
    reader.finding(*part.counter, name, name + " is a counter: without rate or increase it tells only what was since the start", true);
  }
  meaning.labels = part.labels;
  meaning.kind = part.kind;
  meaning.unit = part.unit;
  meaning.bound_unit = part.bound_unit;
  return meaning;
}

}  // namespace tocsin::agent
