// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "agent/check/src/file_checks.h"

namespace tocsin::agent {

namespace {

using rules::promql::Aggregate;
using rules::promql::Binary;
using rules::promql::BinaryOp;
using rules::promql::Call;
using rules::promql::Expr;
using rules::promql::MatrixSelector;
using rules::promql::Paren;
using rules::promql::Subquery;
using rules::promql::Unary;
using rules::promql::VectorSelector;

bool reads_anything(const Expr& expr) {
  if (std::holds_alternative<VectorSelector>(expr.node) || std::holds_alternative<MatrixSelector>(expr.node)) return true;
  if (const auto* paren = std::get_if<Paren>(&expr.node)) return reads_anything(*paren->expr);
  if (const auto* unary = std::get_if<Unary>(&expr.node)) return reads_anything(*unary->expr);
  if (const auto* subquery = std::get_if<Subquery>(&expr.node)) return reads_anything(*subquery->expr);
  if (const auto* aggregate = std::get_if<Aggregate>(&expr.node)) return reads_anything(*aggregate->expr);
  if (const auto* binary = std::get_if<Binary>(&expr.node)) return reads_anything(*binary->left) || reads_anything(*binary->right);
  if (const auto* call = std::get_if<Call>(&expr.node))
    return std::any_of(call->arguments.begin(), call->arguments.end(), [](const auto& argument) { return reads_anything(*argument); });
  return false;
}

// Whether there are times at which it gives nothing, though its series are there.
bool filters(const Expr& expr) {
  if (const auto* paren = std::get_if<Paren>(&expr.node)) return filters(*paren->expr);
  if (const auto* unary = std::get_if<Unary>(&expr.node)) return filters(*unary->expr);
  if (const auto* aggregate = std::get_if<Aggregate>(&expr.node)) return filters(*aggregate->expr);
  if (const auto* subquery = std::get_if<Subquery>(&expr.node)) return filters(*subquery->expr);
  if (const auto* selector = std::get_if<VectorSelector>(&expr.node)) return selector->name == "ALERTS";  // there while an alert is
  if (const auto* call = std::get_if<Call>(&expr.node)) {
    if (call->function->name.starts_with("absent")) return true;
    return std::any_of(call->arguments.begin(), call->arguments.end(), [](const auto& argument) { return filters(*argument); });
  }
  const auto* binary = std::get_if<Binary>(&expr.node);
  if (binary == nullptr) return false;
  if (is_comparison(binary->op)) return !binary->return_bool;
  if (binary->op == BinaryOp::Unless) return true;
  if (binary->op == BinaryOp::Or) return filters(*binary->left) && filters(*binary->right);
  return filters(*binary->left) || filters(*binary->right);
}

// "a > 1 or b > 1 and c > 10": the guard holds for b alone.
bool is_guarded(const Expr& expr) {
  const auto* binary = std::get_if<Binary>(&expr.node);
  return binary != nullptr && (binary->op == BinaryOp::And || binary->op == BinaryOp::Unless);
}
bool is_bare_comparison(const Expr& expr) {
  const auto* binary = std::get_if<Binary>(&expr.node);
  if (binary == nullptr) return false;
  return is_comparison(binary->op) || (binary->op == BinaryOp::Or && is_bare_comparison(*binary->left) && is_bare_comparison(*binary->right));
}

void check_guards(const Expr& expr, std::vector<QueryFinding>& findings) {
  if (const auto* paren = std::get_if<Paren>(&expr.node)) return check_guards(*paren->expr, findings);
  const auto* binary = std::get_if<Binary>(&expr.node);
  if (binary == nullptr) return;
  const Expr &left = *binary->left, &right = *binary->right;
  if (binary->op == BinaryOp::Or && ((is_bare_comparison(left) && is_guarded(right)) || (is_guarded(left) && is_bare_comparison(right)))) {
    const bool behind = is_guarded(right);
    const auto& guard = std::get<Binary>((behind ? right : left).node);
    const std::string word = guard.op == BinaryOp::And ? "and" : "unless";
    findings.push_back({behind ? right.range : left.range, word,
                        "\"" + word + "\" binds more tightly than \"or\": the guard holds for what is " + (behind ? "right" : "left") +
                            " of \"or\" only; put the sides of \"or\" in parentheses"});
  }
  check_guards(left, findings);
  check_guards(right, findings);
}

}  // namespace

std::vector<QueryFinding> check_form(const Expr& expr) {
  std::vector<QueryFinding> findings;
  if (reads_anything(expr) && !filters(expr))
    findings.push_back({expr.range, {}, "no comparison: it fires for every series that there is, whatever its value"});
  check_guards(expr, findings);
  return findings;
}

}  // namespace tocsin::agent
