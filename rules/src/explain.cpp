// SPDX-License-Identifier: Apache-2.0
#include "rules/explain.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "rules/promql/print.h"
#include "rules/promql/walk.h"
#include "rules/src/explain_selector.h"
#include "rules/src/explain_tree.h"

namespace tocsin::rules {
namespace {

using promql::Binary;
using promql::BinaryOp;
using promql::Expr;
using Kind = ExplainedPart::Kind;

// Which samples of an operand come first: those nearest to what they are compared with.
enum class Order : std::uint8_t { AsTheyCome, Highest, Lowest };

Order order_beside(const Binary& binary, bool left) {
  const bool greater = binary.op == BinaryOp::Greater || binary.op == BinaryOp::GreaterEqual;
  const bool less = binary.op == BinaryOp::Less || binary.op == BinaryOp::LessEqual;
  if (!greater && !less) return Order::AsTheyCome;
  return greater == left ? Order::Highest : Order::Lowest;
}

Kind kind_of(const Expr& expr) {
  if (promql::selector_of(expr) != nullptr) return Kind::Selector;
  const auto* binary = std::get_if<Binary>(&expr.node);
  if (binary == nullptr) return Kind::Other;
  if (promql::is_set(binary->op)) return Kind::Set;
  return promql::is_comparison(binary->op) && !binary->return_bool ? Kind::Comparison : Kind::Arithmetic;
}

class Explainer {
 public:
  Explainer(const Expr& whole, const promql::SeriesReader& reader, const ExplainSettings& settings)
      : reader_(reader), settings_(settings), uses_(selectors_of(whole, settings.lookback)) {}

  // Where the part stands in the tree.
  std::size_t add(const Expr& expr, std::size_t depth, Order order);
  PartTree take() { return std::move(tree_); }

 private:
  void add_children(const Expr& expr, std::size_t place, std::size_t depth, Order order);
  void fill(const Expr& expr, PartNode& node, Order order);
  void fill_samples(const promql::Vector& vector, PartNode& node, Order order);
  bool is_about(promql::Labels labels) const;

  const promql::SeriesReader& reader_;
  const ExplainSettings& settings_;
  const std::vector<SelectorUse> uses_;
  PartTree tree_;
};

bool Explainer::is_about(promql::Labels labels) const {
  return std::ranges::all_of(labels, [&](const promql::Label& label) {
    if (label.name == "__name__") return true;
    const std::string_view wanted = label_value(settings_.about, label.name);
    return wanted.empty() || wanted == label.value;
  });
}

void Explainer::fill_samples(const promql::Vector& vector, PartNode& node, Order order) {
  std::vector<const promql::Sample*> samples;
  for (const promql::Sample& sample : vector) {
    if (is_about(sample.labels)) samples.push_back(&sample);
  }
  node.part.series = samples.size();
  const std::size_t most = std::min(samples.size(), settings_.most_samples);
  if (order != Order::AsTheyCome) {
    // A NaN passes no comparison.
    const auto rank = [order](const promql::Sample* sample) {
      const double value = order == Order::Highest ? sample->point.value : -sample->point.value;
      return std::isnan(value) ? -std::numeric_limits<double>::infinity() : value;
    };
    std::ranges::partial_sort(samples, samples.begin() + static_cast<std::ptrdiff_t>(most), std::greater<>{}, rank);
  }
  for (std::size_t i = 0; i < most; ++i) {
    ExplainedSample out;
    for (const promql::Label& label : samples[i]->labels) out.labels.emplace_back(label.name, label.value);
    out.value = samples[i]->point.histogram ? samples[i]->point.histogram->count : samples[i]->point.value;
    node.part.samples.push_back(std::move(out));
  }
}

void Explainer::fill(const Expr& expr, PartNode& node, Order order) {
  promql::EvaluationSettings evaluation;
  evaluation.time = promql::instant(to_unix_ns(settings_.at) / 1'000'000);
  evaluation.lookback = settings_.lookback;
  evaluation.subquery_step = settings_.subquery_step;
  evaluation.limits = settings_.limits;
  const auto answer = promql::evaluate(expr, reader_, evaluation);
  if (!answer) {
    node.part.error = answer.error().message;
    return;
  }
  if (const auto* scalar = std::get_if<promql::Scalar>(&answer->value)) {
    node.part.series = 1, node.part.scalar = true;
    node.part.samples.push_back({{}, scalar->value});
  } else if (const auto* vector = std::get_if<promql::Vector>(&answer->value)) {
    fill_samples(*vector, node, order);
  } else if (const auto* matrix = std::get_if<promql::Matrix>(&answer->value)) {
    promql::Vector newest;
    for (const promql::Series& series : *matrix) {
      if (!series.points.empty()) newest.push_back({series.labels, series.points.back()});
    }
    fill_samples(newest, node, order);
  }
  for (const auto& comparison : answer->coverage.comparisons) {
    if (node.part.kind != Kind::Comparison || !(comparison.range == expr.range)) continue;
    node.compared = comparison.compared;
    node.part.removed = comparison.removed;
  }
}

std::size_t Explainer::add(const Expr& wrapped, std::size_t depth, Order order) {
  const Expr& expr = promql::without_parens(wrapped);
  const std::size_t place = tree_.size();
  tree_.push_back({});
  {
    PartNode& node = tree_.back();
    node.expr = &expr;
    node.part.kind = kind_of(expr);
    node.part.depth = depth;
    node.part.place = expr.range;
    node.part.text = promql::to_string(expr);
    // A range is many samples a series: only counted. An instant that gives nothing is looked into.
    const auto use = std::ranges::find(uses_, expr.range, &SelectorUse::place);
    const bool range = std::holds_alternative<promql::MatrixSelector>(expr.node);
    if (!range) fill(expr, node, order);
    const bool empty = node.part.series == 0 && node.part.error.empty();
    if (use != uses_.end() && node.part.kind == Kind::Selector && (range || empty)) explain_selector(*use, reader_, settings_, node.part);
  }
  add_children(expr, place, depth + 1, order);
  PartNode& node = tree_[place];
  // Of one alert: what a comparison removed of others says nothing.
  if (!settings_.about.empty() && node.part.kind == Kind::Comparison && !node.children.empty()) {
    const std::uint64_t given = tree_[node.children[0]].part.scalar && node.children.size() > 1 ? tree_[node.children[1]].part.series
                                                                                                 : tree_[node.children[0]].part.series;
    node.part.removed = given > node.part.series ? given - node.part.series : 0;
  }
  if (node.part.series == 0 && node.part.note.empty() && node.part.error.empty()) node.part.note = why_nothing(tree_, place);
  return place;
}

// Both sides of an operator; of anything else the nearest operators and selectors inside.
void Explainer::add_children(const Expr& expr, std::size_t place, std::size_t depth, Order order) {
  const auto* binary = std::get_if<Binary>(&expr.node);
  promql::for_each_child(expr, [&](const Expr& wrapped) {
    const Expr& child = promql::without_parens(wrapped);
    const bool plain = std::holds_alternative<promql::Number>(child.node) || std::holds_alternative<promql::Text>(child.node);
    if (plain) return;
    if (binary == nullptr && kind_of(child) == Kind::Other) return add_children(child, place, depth, order);
    const bool compared = binary != nullptr && promql::is_comparison(binary->op);
    const Order inner = compared ? order_beside(*binary, &wrapped == binary->left.get()) : Order::AsTheyCome;
    const std::size_t added = add(child, depth, inner);
    tree_[place].children.push_back(added);
  });
}

}  // namespace

Explanation explain(const Expr& expr, const promql::SeriesReader& reader, const ExplainSettings& settings) {
  if (expr.height > promql::kMostDepth) {  // each operator would be evaluated with all before it
    Explanation refused;
    ExplainedPart& part = refused.parts.emplace_back();
    part.place = expr.range;
    part.text = promql::to_string(expr);
    part.error = "it has too many operators in a row to be looked into";
    return refused;
  }
  Explainer explainer(expr, reader, settings);
  explainer.add(expr, 0, Order::AsTheyCome);
  PartTree tree = explainer.take();
  Explanation out;
  const ExplainedPart& whole = tree.front().part;
  if (whole.series == 0) out.why_nothing = why_nothing(tree, 0);
  for (PartNode& node : tree) out.parts.push_back(std::move(node.part));
  return out;
}

}  // namespace tocsin::rules
