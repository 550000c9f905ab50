// SPDX-License-Identifier: Apache-2.0
// Expressions; selectors are in parser_selector.cpp, durations in parser_duration.cpp.
#include "rules/promql/src/parser.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>

#include "rules/promql/print.h"
#include "rules/promql/src/literals.h"
#include "rules/promql/walk.h"

namespace tocsin::rules::promql {
namespace {

constexpr std::string_view kTooDeep = "expression is nested too deeply", kTooHigh = "expression has too many operators in a row";
constexpr std::size_t kMostFaults = 20;

// Binding of binary operators; higher binds tighter. 0: none.
int binding(Kind kind) noexcept {
  if (!is_binary_operator(kind)) return 0;
  switch (kind) {
    case Kind::Or: return 1;
    case Kind::And:
    case Kind::Unless: return 2;
    case Kind::Add:
    case Kind::Sub: return 4;
    case Kind::Mul:
    case Kind::Div:
    case Kind::Mod:
    case Kind::Atan2: return 5;
    case Kind::Pow: return 6;
    default: return 3;
  }
}
constexpr int kPower = 6;  // a sign binds as a product: -1^2 is -(1^2)

ValueType type_of(const Node& node) noexcept {
  return std::visit(Overloaded{
                        [](const Number&) { return ValueType::Scalar; },
                        [](const Text&) { return ValueType::String; },
                        [](const VectorSelector&) { return ValueType::Vector; },
                        [](const MatrixSelector&) { return ValueType::Matrix; },
                        [](const Subquery&) { return ValueType::Matrix; },
                        [](const Unary& unary) { return unary.expr->type; },
                        [](const Binary& binary) {
                          const bool scalar = binary.left->type == ValueType::Scalar && binary.right->type == ValueType::Scalar;
                          return scalar ? ValueType::Scalar : ValueType::Vector;
                        },
                        [](const Aggregate&) { return ValueType::Vector; },
                        [](const Call& call) { return call.function ? call.function->result : ValueType::None; },
                        [](const Paren& paren) { return paren.expr->type; },
                    },
                    node);
}

// Words that the lexer takes for keywords and that name a metric all the same.
bool names_a_metric(Kind kind) noexcept {
  switch (kind) {
    case Kind::Identifier:
    case Kind::MetricIdentifier:
    case Kind::And:
    case Kind::Or:
    case Kind::Unless:
    case Kind::Offset:
    case Kind::Smoothed:
    case Kind::Anchored:
    case Kind::By:
    case Kind::Without:
    case Kind::Fill:
    case Kind::FillLeft:
    case Kind::FillRight: return true;
    default: return is_aggregator(kind) || is_place_word(kind);
  }
}

bool names_a_label(Kind kind) noexcept {
  if (kind == Kind::Without) return false;
  if (is_keyword(kind) || kind == Kind::Atan2) return true;
  return names_a_metric(kind);
}

}  // namespace

ExprPtr make_expr(Node node, SourceRange range) {
  auto expr = std::make_unique<Expr>();
  expr->node = std::move(node);
  expr->range = range;
  expr->type = type_of(expr->node);
  int height = 0;
  for_each_child(*expr, [&](const Expr& child) { height = std::max<int>(height, child.height); });
  expr->height = static_cast<std::uint16_t>(height + 1);
  return expr;
}

bool Deeper::too_deep() const {
  if (parser.depth_ <= kMostDepth) return false;
  parser.fault(parser.peek().range, std::string(kTooDeep));
  return true;
}

bool Parser::too_high(const ExprPtr& expr) {
  if (expr->height <= kMostHeight) return false;
  fault(expr->range, std::string(kTooHigh));
  return true;
}

const Token& Parser::take() noexcept {
  const Token& token = peek();
  if (token.kind != Kind::End && token.kind != Kind::Error) {
    last_end_ = token.range.end;
    ++at_;
  }
  return token;
}

void Parser::fault(SourceRange range, std::string message) {
  if (faults.size() < kMostFaults) faults.push_back({range, std::move(message), 1, 1});
}

void Parser::unexpected(std::string_view context, std::string_view expected) {
  if (kind() == Kind::Error) return fault(peek().range, tokens_.error);
  std::string message = "unexpected " + describe(peek(), text_);
  if (!context.empty()) message.append(" in ").append(context);
  if (!expected.empty()) message.append(", expected ").append(expected);
  fault(peek().range, std::move(message));
}

ExprPtr Parser::whole_expression() {
  if (kind() == Kind::End) {
    fault({}, "no expression found in input");
    return nullptr;
  }
  ExprPtr expr = binary(1);
  if (expr && kind() != Kind::End) {
    unexpected({});
    return nullptr;
  }
  return expr;
}

ExprPtr Parser::whole_selector() {
  ExprPtr expr = names_a_metric(kind()) || kind() == Kind::LeftBrace ? selector() : syntax();
  if (expr && kind() != Kind::End) {
    unexpected({});
    return nullptr;
  }
  return expr;
}

ExprPtr Parser::binary(int least) {
  const Deeper level(*this);
  if (level.too_deep()) return nullptr;
  ExprPtr left = unary();
  while (left) {
    const int bound = binding(kind());
    if (bound < least || bound == 0) break;
    Binary node;
    node.op = static_cast<BinaryOp>(static_cast<int>(take().kind) - static_cast<int>(Kind::Add));
    if (!modifiers(node)) return nullptr;
    node.left = std::move(left);
    node.right = binary(bound == kPower ? bound : bound + 1);
    if (!node.right) return nullptr;
    const SourceRange range{node.left->range.begin, node.right->range.end};
    if (!options_.experimental && (node.matching->fill_left || node.matching->fill_right)) {
      fault(range, "binop fill modifiers are experimental and not enabled");
    }
    left = make_expr(std::move(node), range);
    if (too_high(left)) return nullptr;
  }
  return left;
}

bool Parser::modifiers(Binary& node) {
  VectorMatching& matching = node.matching.emplace();
  node.return_bool = take_if(Kind::Bool);
  if (kind() == Kind::On || kind() == Kind::Ignoring) {
    matching.on = take().kind == Kind::On;
    if (!grouping(matching.labels)) return false;
    if (kind() == Kind::GroupLeft || kind() == Kind::GroupRight) {
      matching.cardinality = take().kind == Kind::GroupLeft ? Cardinality::ManyToOne : Cardinality::OneToMany;
      if (kind() == Kind::LeftParen && !grouping(matching.include)) return false;
    }
  }
  if (take_if(Kind::Fill)) {
    if (!fill(matching.fill_left)) return false;
    matching.fill_right = matching.fill_left;
    return true;
  }
  for (int sides = 0; sides < 2 && (kind() == Kind::FillLeft || kind() == Kind::FillRight); ++sides) {
    auto& side = kind() == Kind::FillLeft ? matching.fill_left : matching.fill_right;
    if (side) break;
    take();
    if (!fill(side)) return false;
  }
  return true;
}

bool Parser::fill(std::optional<double>& filled) {
  if (!take_if(Kind::LeftParen)) return syntax(), false;
  const bool negative = kind() == Kind::Sub;
  if (kind() == Kind::Sub || kind() == Kind::Add) take();
  if (kind() != Kind::Number && kind() != Kind::Duration) return syntax(), false;
  const double number = numeric(take());
  filled = negative ? -number : number;
  return take_if(Kind::RightParen) || (syntax(), false);
}

ExprPtr Parser::unary() {
  if (kind() != Kind::Add && kind() != Kind::Sub) return postfix();
  const Token& sign = take();
  ExprPtr inner = binary(kPower);
  if (!inner) return nullptr;
  const SourceRange range{sign.range.begin, inner->range.end};
  if (auto* literal = std::get_if<Number>(&inner->node)) {
    if (sign.kind == Kind::Sub) literal->value = -literal->value;
    inner->range = range;
    return inner;
  }
  ExprPtr expr = make_expr(Unary{sign.kind == Kind::Sub, std::move(inner)}, range);
  return too_high(expr) ? nullptr : std::move(expr);
}

ExprPtr Parser::postfix() {
  ExprPtr expr = primary();
  while (expr) {
    switch (kind()) {
      case Kind::LeftBracket: expr = brackets(std::move(expr)); break;
      case Kind::Offset: expr = offset(std::move(expr)); break;
      case Kind::At: expr = at(std::move(expr)); break;
      case Kind::Anchored:
      case Kind::Smoothed: expr = edge(std::move(expr)); break;
      default: return expr;
    }
    if (expr && too_high(expr)) return nullptr;
  }
  return expr;
}

ExprPtr Parser::primary() {
  switch (kind()) {
    case Kind::Number:
    case Kind::Duration: return number();
    case Kind::String: return string();
    case Kind::LeftParen: return paren();
    case Kind::LeftBrace: return selector();
    default: return names_a_metric(kind()) ? word() : syntax();
  }
}

ExprPtr Parser::number() {
  const Token& token = take();
  return make_expr(Number{numeric(token), token.kind == Kind::Duration}, token.range);
}

double Parser::numeric(const Token& token) {
  if (token.kind == Kind::Duration) {
    const auto ms = parse_duration(value(token));
    if (!ms) fault(token.range, ms.error().message);
    return ms ? static_cast<double>(*ms) / 1000 : 0;
  }
  const auto parsed = parse_number(value(token));
  if (!parsed) fault(token.range, parsed.error().message);
  return parsed ? *parsed : 0;
}

std::string Parser::text(const Token& token) {
  auto read = unquote(value(token));
  if (!read) fault(token.range, "error unquoting string " + quoted(value(token)) + ": " + read.error().message);
  return std::move(read).value_or({});
}

ExprPtr Parser::string() {
  const Token& token = take();
  return make_expr(Text{text(token)}, token.range);
}

ExprPtr Parser::paren() {
  const std::uint32_t begin = take().range.begin;
  ExprPtr inner = binary(1);
  if (!inner) return nullptr;
  if (!take_if(Kind::RightParen)) return syntax();
  ExprPtr expr = make_expr(Paren{std::move(inner)}, since(begin));
  return too_high(expr) ? nullptr : std::move(expr);
}

ExprPtr Parser::word() {
  if (is_aggregator(kind()) && (kind(1) == Kind::LeftParen || kind(1) == Kind::By || kind(1) == Kind::Without)) {
    return aggregate();
  }
  if (kind(1) == Kind::LeftParen && (kind() == Kind::Identifier || is_place_word(kind()))) return call();
  return selector();
}

bool Parser::arguments(std::vector<ExprPtr>& out) {
  if (!take_if(Kind::LeftParen)) return syntax(), false;
  if (take_if(Kind::RightParen)) return true;
  while (true) {
    ExprPtr argument = binary(1);
    if (!argument) return false;
    out.push_back(std::move(argument));
    while (kind() == Kind::Comma && (kind(1) == Kind::RightParen || kind(1) == Kind::Comma)) {
      fault(take().range, "trailing commas not allowed in function call args");
    }
    if (take_if(Kind::RightParen)) return true;
    if (!take_if(Kind::Comma)) return syntax(), false;
  }
}

ExprPtr Parser::call() {
  const Token& name = take();
  const Signature* function = find_function(value(name));
  Call node{function, {}};
  if (!arguments(node.arguments)) return nullptr;
  if (!function) {
    fault(name.range, "unknown function with name " + quoted(value(name)));
  } else if (function->experimental && !options_.experimental) {
    fault(name.range, "function " + quoted(value(name)) + " is not enabled");
  }
  ExprPtr expr = make_expr(std::move(node), since(name.range.begin));
  return too_high(expr) ? nullptr : std::move(expr);
}

ExprPtr Parser::aggregate() {
  const Token& op = take();
  const std::string_view outer = std::exchange(context_, "aggregation");
  Aggregate node;
  node.op = static_cast<AggregateOp>(static_cast<int>(op.kind) - static_cast<int>(Kind::Sum));
  const auto modifier = [&] {
    if (kind() != Kind::By && kind() != Kind::Without) return true;
    node.without = take().kind == Kind::Without;
    return grouping(node.grouping);
  };
  const bool first = kind() != Kind::LeftParen;
  std::vector<ExprPtr> given;
  if ((first && !modifier()) || !arguments(given) || (!first && !modifier())) return nullptr;
  context_ = outer;
  return finish_aggregate(std::move(node), std::move(given), since(op.range.begin));
}

ExprPtr Parser::finish_aggregate(Aggregate node, std::vector<ExprPtr> given, SourceRange range) {
  const std::size_t wanted = has_parameter(node.op) ? 2 : 1;
  if (given.empty()) {
    fault(range, "no arguments for aggregate expression provided");
  } else if (is_experimental(node.op) && !options_.experimental) {
    fault(range, std::string(text_of(node.op)) + "() is experimental and not enabled");
  } else if (given.size() != wanted) {
    fault(range, "wrong number of arguments for aggregate expression provided, expected " + std::to_string(wanted) +
                     ", got " + std::to_string(given.size()));
  }
  // With a fault the tree is thrown away, but it must be whole until then.
  given.resize(wanted);
  for (ExprPtr& argument : given) {
    if (!argument) argument = make_expr(Number{}, range);
  }
  if (wanted == 2) node.parameter = std::move(given[0]);
  node.expr = std::move(given[wanted - 1]);
  ExprPtr expr = make_expr(std::move(node), range);
  return too_high(expr) ? nullptr : std::move(expr);
}

bool Parser::grouping(std::vector<std::string>& labels) {
  if (!take_if(Kind::LeftParen)) return unexpected("grouping opts", "\"(\""), false;
  while (kind() != Kind::RightParen) {
    if (!grouping_label(labels)) return false;
    if (kind() != Kind::RightParen && !take_if(Kind::Comma)) {
      return unexpected("grouping opts", "\",\" or \")\""), false;
    }
  }
  take();
  return true;
}

bool Parser::grouping_label(std::vector<std::string>& labels) {
  if (kind() != Kind::String && !names_a_label(kind())) return unexpected("grouping opts", "label"), false;
  const Token& token = take();
  std::string label = token.kind == Kind::String ? text(token) : std::string(value(token));
  if (label.empty() || !is_utf8(label)) fault(token.range, "invalid label name for grouping: " + quoted(label));
  labels.push_back(std::move(label));
  return true;
}

}  // namespace tocsin::rules::promql
