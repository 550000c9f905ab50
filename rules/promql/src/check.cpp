// SPDX-License-Identifier: Apache-2.0
#include "rules/promql/src/check.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include "rules/promql/print.h"

namespace tocsin::rules::promql {
namespace {

class Checker {
 public:
  Checker(std::string_view text, std::vector<ParseFault>& faults) : text_(text), faults_(faults) {}

  // Operators in a row lie on the left of each other, many more than are nested.
  void check(Expr& expr) {
    std::vector<Expr*> row;
    Expr* at = &expr;
    while (auto* const binary = std::get_if<Binary>(&at->node)) {
      row.push_back(at);
      at = binary->left.get();
    }
    if (row.empty()) return std::visit([&](auto& node) { check_node(expr, node); }, expr.node);
    check(*at);
    for (; !row.empty(); row.pop_back()) check_operator(*row.back(), std::get<Binary>(row.back()->node));
  }

 private:
  void fault(SourceRange range, std::string message) { faults_.push_back({range, std::move(message), 1, 1}); }

  void expect(Expr& expr, ValueType wanted, const std::string& where) {
    check(expr);
    if (expr.type == wanted) return;
    fault(expr.range, "expected type " + std::string(documented(wanted)) + " in " + where + ", got " +
                          std::string(documented(expr.type)));
  }

  void check_node(Expr&, Number&) {}
  void check_node(Expr&, Text&) {}
  void check_node(Expr& expr, VectorSelector& selector) { check_selector(expr.range, selector); }
  void check_node(Expr&, MatrixSelector& matrix) { check_selector(matrix.selector_range, matrix.selector); }
  void check_node(Expr&, Paren& paren) { check(*paren.expr); }
  void check_node(Expr& expr, Subquery& subquery);
  void check_node(Expr& expr, Unary& unary);
  void check_node(Expr& expr, Binary&) { check(expr); }
  void check_operator(Expr& expr, Binary& binary);
  void check_node(Expr& expr, Aggregate& aggregate);
  void check_node(Expr& expr, Call& call);

  void check_selector(SourceRange range, const VectorSelector& selector);
  void check_matching(const Expr& expr, Binary& binary);
  void check_count(const Expr& expr, const Call& call);
  void check_info(const Expr& expr, const Call& call);
  SourceRange operator_range(const Binary& binary) const noexcept;

  std::string_view text_;
  std::vector<ParseFault>& faults_;
  const Expr* only_labels_ = nullptr;  // info()'s second argument: a selector that may take every series
};

bool is_operand(ValueType type) noexcept { return type == ValueType::Scalar || type == ValueType::Vector; }

void Checker::check_selector(SourceRange range, const VectorSelector& selector) {
  if (!selector.name.empty()) {
    for (std::size_t i = 0; i + 1 < selector.matchers.size(); ++i) {
      if (selector.matchers[i].label() != "__name__") continue;
      fault(range, "metric name must not be set twice: " + quoted(selector.name) + " or " + quoted(selector.matchers[i].text()));
    }
    return;
  }
  const bool narrows = std::ranges::any_of(selector.matchers, [](const Matcher& matcher) { return !matcher.matches(""); });
  if (!narrows) fault(range, "vector selector must contain at least one non-empty matcher");
}

void Checker::check_node(Expr& expr, Subquery& subquery) {
  check(*subquery.expr);
  if (subquery.expr->type == ValueType::Vector) return;
  fault(expr.range, "subquery is only allowed on instant vector, got " + std::string(text_of(subquery.expr->type)) + " instead");
}

void Checker::check_node(Expr& expr, Unary& unary) {
  check(*unary.expr);
  if (is_operand(unary.expr->type)) return;
  fault(expr.range, "unary expression only allowed on expressions of type scalar or instant vector, got " +
                        quoted(documented(unary.expr->type)));
}

SourceRange Checker::operator_range(const Binary& binary) const noexcept {
  const auto space = [&](std::uint32_t at) { return text_[at] == ' ' || text_[at] == '\t' || text_[at] == '\n' || text_[at] == '\r'; };
  std::uint32_t begin = binary.left->range.end, end = binary.right->range.begin;
  while (begin < end && space(begin)) ++begin;
  while (end > begin && space(end - 1)) --end;
  return {begin, end};
}

// Requires: its left side is checked.
void Checker::check_operator(Expr& expr, Binary& binary) {
  check(*binary.right);
  const ValueType left = binary.left->type, right = binary.right->type;
  const bool comparison = is_comparison(binary.op);
  if (binary.return_bool && !comparison) {
    fault(operator_range(binary), "bool modifier can only be used on comparison operators");
  }
  if (comparison && !binary.return_bool && left == ValueType::Scalar && right == ValueType::Scalar) {
    fault(operator_range(binary), "comparisons between scalars must use BOOL modifier");
  }
  const VectorMatching& matching = *binary.matching;
  for (const std::string& label : matching.labels) {
    if (!matching.on || std::ranges::find(matching.include, label) == matching.include.end()) continue;
    fault(operator_range(binary), "label " + quoted(label) + " must not occur in ON and GROUP clause at once");
  }
  for (const Expr* side : {binary.left.get(), binary.right.get()}) {
    if (!is_operand(side->type)) fault(side->range, "binary expression must contain only scalar and instant vector types");
  }
  check_matching(expr, binary);
  if ((left == ValueType::Scalar || right == ValueType::Scalar) && is_set(binary.op)) {
    fault(expr.range, "set operator " + quoted(text_of(binary.op)) + " not allowed in binary scalar expression");
  }
}

void Checker::check_matching(const Expr& expr, Binary& binary) {
  VectorMatching& matching = *binary.matching;
  const bool fills = matching.fill_left || matching.fill_right;
  if (binary.left->type != ValueType::Vector || binary.right->type != ValueType::Vector) {
    if (!matching.labels.empty()) fault(expr.range, "vector matching only allowed between instant vectors");
    if (fills) fault(expr.range, "filling in missing series only allowed between instant vectors");
    binary.matching.reset();
    return;
  }
  if (!is_set(binary.op)) return;
  if (matching.cardinality != Cardinality::OneToOne) {
    fault(expr.range, "no grouping allowed for " + quoted(text_of(binary.op)) + " operation");
  }
  if (fills) fault(expr.range, "filling in missing series not allowed for set operators");
  matching.cardinality = Cardinality::ManyToMany;
}

void Checker::check_node(Expr&, Aggregate& aggregate) {
  expect(*aggregate.expr, ValueType::Vector, "aggregation expression");
  if (!aggregate.parameter) return;
  const bool text = aggregate.op == AggregateOp::CountValues;
  expect(*aggregate.parameter, text ? ValueType::String : ValueType::Scalar, "aggregation parameter");
}

void Checker::check_count(const Expr& expr, const Call& call) {
  const auto arity = static_cast<std::size_t>(call.function->arity());
  const std::size_t given = call.arguments.size();
  const auto tell = [&](std::string_view bound, std::size_t count) {
    fault(expr.range, "expected " + std::string(bound) + std::to_string(count) + " argument(s) in call to " +
                          quoted(call.function->name) + ", got " + std::to_string(given));
  };
  const int variadic = call.function->variadic;
  if (variadic == 0) {
    if (given != arity) tell("", arity);
  } else if (given < arity - 1) {
    tell("at least ", arity - 1);
  } else if (variadic > 0 && given > arity - 1 + static_cast<std::size_t>(variadic)) {
    tell("at most ", arity - 1 + static_cast<std::size_t>(variadic));
  }
}

void Checker::check_info(const Expr& expr, const Call& call) {
  if (call.function->name != "info" || call.arguments.size() < 2) return;
  const Expr& labels = *call.arguments[1];
  if (labels.type != ValueType::Vector) {
    fault(expr.range, "expected type instant vector in call to function \"info\", got " + std::string(documented(labels.type)));
  }
  const auto* selector = std::get_if<VectorSelector>(&labels.node);
  if (!selector) fault(labels.range, "expected label selectors only");
  else if (!selector->name.empty()) fault(labels.range, "expected label selectors only, got vector selector instead");
  else only_labels_ = &labels;
}

void Checker::check_node(Expr& expr, Call& call) {
  check_count(expr, call);
  check_info(expr, call);
  const auto arity = static_cast<std::size_t>(call.function->arity());
  for (std::size_t i = 0; i < call.arguments.size(); ++i) {
    if (i >= arity && call.function->variadic == 0) break;
    Expr& argument = *call.arguments[i];
    if (&argument == only_labels_) continue;
    const ValueType wanted = call.function->type_of(i);
    check(argument);
    if (argument.type == wanted) continue;
    fault(argument.range, "expected type " + std::string(documented(wanted)) + " in call to function " +
                              quoted(call.function->name) + ", got " + std::string(documented(argument.type)));
  }
}

}  // namespace

void check(Expr& expr, std::string_view text, std::vector<ParseFault>& faults) { Checker(text, faults).check(expr); }

}  // namespace tocsin::rules::promql
