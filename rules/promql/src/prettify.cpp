// SPDX-License-Identifier: Apache-2.0
// Prometheus' Prettify: what is longer than a line is split at its operator or parenthesis, its parts one level deeper.
#include <string_view>

#include "rules/promql/print.h"
#include "rules/promql/src/print_parts.h"

namespace tocsin::rules::promql {
namespace {

constexpr std::size_t kMostColumns = 100;

std::string indent(int level) { return std::string(static_cast<std::size_t>(level) * 2, ' '); }

class Prettifier {
 public:
  void add(const Expr& expr, int level) {
    std::visit([&](const auto& node) { add_node(expr, node, level); }, expr.node);
  }

  std::string text;

 private:
  template <class Leaf>
  void add_node(const Expr& expr, const Leaf&, int level) {
    text.append(indent(level)).append(to_string(expr));
  }

  bool fits(const Expr& expr, int level) {
    if (is_longer(expr, kMostColumns)) return false;
    text.append(indent(level)).append(to_string(expr));
    return true;
  }

  void add_node(const Expr& expr, const Subquery& subquery, int level) {
    // Prometheus leaves a short one without its indent.
    if (!is_longer(expr, kMostColumns)) {
      text += to_string(expr);
      return;
    }
    add(*subquery.expr, level);
    text += subquery_text(subquery);
  }
  void add_node(const Expr&, const Unary& unary, int level) {
    text.append(indent(level)).append(unary.negative ? "-" : "+");
    Prettifier inner;
    inner.add(*unary.expr, level);
    text.append(std::string_view(inner.text).substr(inner.text.find_first_not_of(' ')));
  }
  void add_node(const Expr& expr, const Binary& binary, int level) {
    if (fits(expr, level)) return;
    add(*binary.left, level + 1);
    text.append("\n").append(indent(level)).append(operator_text(binary)).append("\n");
    add(*binary.right, level + 1);
  }
  void add_node(const Expr& expr, const Aggregate& aggregate, int level) {
    if (fits(expr, level)) return;
    text.append(indent(level)).append(aggregate_text(aggregate)).append("(\n");
    if (aggregate.parameter) add(*aggregate.parameter, level + 1), text += ",\n";
    add(*aggregate.expr, level + 1);
    text.append("\n").append(indent(level)).append(")");
  }
  void add_node(const Expr& expr, const Call& call, int level) {
    if (fits(expr, level)) return;
    text.append(indent(level)).append(call.function->name).append("(\n");
    for (std::size_t i = 0; i < call.arguments.size(); ++i) {
      if (i != 0) text += ",\n";
      add(*call.arguments[i], level + 1);
    }
    text.append("\n").append(indent(level)).append(")");
  }
  void add_node(const Expr& expr, const Paren& paren, int level) {
    if (fits(expr, level)) return;
    text.append(indent(level)).append("(\n");
    add(*paren.expr, level + 1);
    text.append("\n").append(indent(level)).append(")");
  }
};

}  // namespace

std::string prettify(const Expr& expr) {
  Prettifier prettifier;
  prettifier.add(expr, 0);
  return std::move(prettifier.text);
}

}  // namespace tocsin::rules::promql
