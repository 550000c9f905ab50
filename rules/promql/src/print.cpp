// SPDX-License-Identifier: Apache-2.0
#include "rules/promql/print.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <utility>
#include <vector>

#include "meters/base/number.h"
#include "rules/promql/parse.h"
#include "rules/promql/src/literals.h"
#include "rules/promql/src/print_parts.h"

namespace tocsin::rules::promql {
namespace {

bool is_plain_label(std::string_view name) noexcept {
  const auto letter = [](char c) { return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (name.empty() || !letter(name[0])) return false;
  return std::ranges::all_of(name, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

std::string label_text(std::string_view name) { return is_plain_label(name) ? std::string(name) : quoted(name); }

std::string joined(const std::vector<std::string>& labels) {
  std::string out;
  for (const std::string& label : labels) out.append(out.empty() ? "" : ", ").append(label_text(label));
  return out;
}

std::string text_of_duration(const Duration& duration) {
  return duration.expression ? to_string(*duration.expression) : duration_text(duration.ms);
}

std::string at_text(const TimeShift& shift) {
  switch (shift.at) {
    case At::None: return {};
    case At::Start: return " @ start()";
    case At::End: return " @ end()";
    case At::Time: break;
  }
  std::array<char, 64> buffer{};
  const int length = std::snprintf(buffer.data(), buffer.size(), " @ %.3f", static_cast<double>(shift.at_ms) / 1000);
  return {buffer.data(), static_cast<std::size_t>(length)};
}

std::string offset_text(const TimeShift& shift) {
  if (shift.offset.ms == 0 && !shift.offset.expression) return {};
  return " offset " + text_of_duration(shift.offset);
}

std::string edge_text(RangeEdge edge) {
  return edge == RangeEdge::Plain ? "" : edge == RangeEdge::Anchored ? " anchored" : " smoothed";
}

std::string seconds_text(double seconds, bool duration) {
  if (!duration) return go_float(seconds);
  return duration_text(static_cast<std::int64_t>(seconds * 1e9) / 1'000'000);
}

std::string fill_text(std::string_view word, double value) {
  std::string out = " " + std::string(word) + " (";
  append_double(out, value);
  return out + ")";
}

// Appends; stops when the text is over `most`, which is for asking whether it is.
class Printer {
 public:
  explicit Printer(std::size_t most) : most_(most) {}

  // Operators in a row lie on the left of each other, many more than are nested.
  void add(const Expr& expr) {
    std::vector<const Binary*> row;
    const Expr* at = &expr;
    while (const auto* const binary = std::get_if<Binary>(&at->node)) {
      row.push_back(binary);
      at = binary->left.get();
    }
    if (!full()) std::visit([this](const auto& node) { add_node(node); }, at->node);
    for (; !row.empty() && !full(); row.pop_back()) add_operator(*row.back());
  }
  bool full() const noexcept { return text.size() > most_; }

  std::string text;

 private:
  void add_node(const Number& number) { text += seconds_text(number.value, number.duration); }
  void add_node(const Text& string) { text += quoted(string.value); }
  void add_node(const VectorSelector& selector) {
    text.append(selector_text(selector)).append(at_text(selector.shift));
    text.append(edge_text(selector.edge)).append(offset_text(selector.shift));
  }
  void add_node(const MatrixSelector& matrix) {
    const VectorSelector& selector = matrix.selector;
    text.append(selector_text(selector)).append("[").append(text_of_duration(matrix.range)).append("]");
    text.append(edge_text(selector.edge)).append(at_text(selector.shift)).append(offset_text(selector.shift));
  }
  void add_node(const Subquery& subquery) {
    add(*subquery.expr);
    text += subquery_text(subquery);
  }
  void add_node(const Unary& unary) {
    text += unary.negative ? '-' : '+';
    add(*unary.expr);
  }
  void add_node(const Binary&) {}  // add() has gone through it
  void add_operator(const Binary& binary) {
    text.append(" ").append(operator_text(binary)).append(" ");
    add(*binary.right);
  }
  void add_node(const Aggregate& aggregate) {
    text.append(aggregate_text(aggregate)).append("(");
    if (aggregate.parameter) add(*aggregate.parameter), text += ", ";
    add(*aggregate.expr);
    text += ')';
  }
  void add_node(const Call& call) {
    text.append(call.function->name).append("(");
    for (std::size_t i = 0; i < call.arguments.size(); ++i) {
      if (i != 0) text += ", ";
      add(*call.arguments[i]);
    }
    text += ')';
  }
  void add_node(const Paren& paren) {
    text += '(';
    add(*paren.expr);
    text += ')';
  }

  std::size_t most_;
};

}  // namespace

std::string selector_text(const VectorSelector& selector) {
  std::vector<std::string> conditions;
  for (const Matcher& matcher : selector.matchers) {
    const bool is_name = matcher.label() == "__name__" && matcher.type() == MatchType::Equal &&
                         matcher.text() == selector.name && !selector.name.empty();
    if (is_name) continue;
    conditions.push_back(label_text(matcher.label()).append(operator_text(matcher.type())) + quoted(matcher.text()));
  }
  if (conditions.empty()) return selector.name.empty() ? "{}" : selector.name;
  std::ranges::sort(conditions);
  std::string inside;
  for (const std::string& condition : conditions) inside.append(inside.empty() ? "" : ",").append(condition);
  return selector.name + "{" + inside + "}";
}

std::string subquery_text(const Subquery& subquery) {
  const bool has_step = subquery.step.ms != 0 || subquery.step.expression;
  return "[" + text_of_duration(subquery.range) + ":" + (has_step ? text_of_duration(subquery.step) : "") + "]" +
         at_text(subquery.shift) + offset_text(subquery.shift);
}

std::string operator_text(const Binary& binary) {
  std::string out(text_of(binary.op));
  if (binary.return_bool) out += " bool";
  if (!binary.matching) return out;
  const VectorMatching& matching = *binary.matching;
  const bool grouped = matching.cardinality == Cardinality::ManyToOne || matching.cardinality == Cardinality::OneToMany;
  if (!matching.labels.empty() || matching.on || grouped) {
    out.append(matching.on ? " on (" : " ignoring (").append(joined(matching.labels)).append(")");
  }
  if (grouped) {
    const bool left = matching.cardinality == Cardinality::ManyToOne;
    out.append(left ? " group_left (" : " group_right (").append(joined(matching.include)).append(")");
  }
  if (matching.fill_left && matching.fill_left == matching.fill_right) return out + fill_text("fill", *matching.fill_left);
  if (matching.fill_left) out += fill_text("fill_left", *matching.fill_left);
  if (matching.fill_right) out += fill_text("fill_right", *matching.fill_right);
  return out;
}

std::string aggregate_text(const Aggregate& aggregate) {
  std::string out(text_of(aggregate.op));
  if (aggregate.without) out.append(" without (").append(joined(aggregate.grouping)).append(") ");
  else if (!aggregate.grouping.empty()) out.append(" by (").append(joined(aggregate.grouping)).append(") ");
  return out;
}

std::string to_string(const Expr& expr) {
  Printer printer(std::string::npos);
  printer.add(expr);
  return std::move(printer.text);
}

bool is_longer(const Expr& expr, std::size_t most) {
  Printer printer(most);
  printer.add(expr);
  return printer.full();
}

std::string to_string(const DurationExpr& expr) {
  std::string out;
  const auto both = [&](std::string_view between) { return to_string(*expr.left).append(between) + to_string(*expr.right); };
  switch (expr.op) {
    case DurationOp::Literal: out = seconds_text(expr.seconds, expr.duration); break;
    case DurationOp::Step: out = "step()"; break;
    case DurationOp::Range: out = "range()"; break;
    case DurationOp::Plus: out = to_string(*expr.right); break;
    case DurationOp::Minus: out = "-" + to_string(*expr.right); break;
    case DurationOp::Add: out = both(" + "); break;
    case DurationOp::Sub: out = both(" - "); break;
    case DurationOp::Mul: out = both(" * "); break;
    case DurationOp::Div: out = both(" / "); break;
    case DurationOp::Mod: out = both(" % "); break;
    case DurationOp::Pow: out = both(" ^ "); break;
    case DurationOp::MinOf: out = "min_of(" + both(", ") + ")"; break;
    case DurationOp::MaxOf: out = "max_of(" + both(", ") + ")"; break;
  }
  return expr.wrapped ? "(" + out + ")" : out;
}

}  // namespace tocsin::rules::promql
