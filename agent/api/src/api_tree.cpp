// SPDX-License-Identifier: Apache-2.0
// The syntax tree of an expression, in the shape of Prometheus' /api/v1/parse_query.
#include <cmath>

#include "agent/api/src/api_answer.h"
#include "rules/promql/print.h"

namespace tocsin::agent {
namespace {

using namespace rules::promql;

std::string_view card_text(Cardinality cardinality) {
  switch (cardinality) {
    case Cardinality::OneToOne: return "one-to-one";
    case Cardinality::ManyToOne: return "many-to-one";
    case Cardinality::OneToMany: return "one-to-many";
    case Cardinality::ManyToMany: return "many-to-many";
  }
  return "one-to-one";
}

std::string_view text_of(DurationOp op) {
  switch (op) {
    case DurationOp::Literal: break;
    case DurationOp::Step: return "step";
    case DurationOp::Range: return "range";
    case DurationOp::Plus:
    case DurationOp::Add: return "+";
    case DurationOp::Minus:
    case DurationOp::Sub: return "-";
    case DurationOp::Mul: return "*";
    case DurationOp::Div: return "/";
    case DurationOp::Mod: return "%";
    case DurationOp::Pow: return "^";
    case DurationOp::MinOf: return "min_of";
    case DurationOp::MaxOf: return "max_of";
  }
  return {};
}

class TreeWriter {
 public:
  explicit TreeWriter(wire::JsonWriter& json) : json_(json) {}

  void write(const Expr& expr) {
    json_.begin_object();
    std::visit([this](const auto& node) { fields(node); }, expr.node);
    json_.end();
  }

 private:
  void child(const char* key, const ExprPtr& expr) {
    json_.key(key);
    if (expr) {
      write(*expr);
    } else {
      json_.null();
    }
  }
  void number(const char* key, std::optional<double> value) {
    json_.key(key);
    if (value) {
      json_.value(*value);
    } else {
      json_.null();
    }
  }
  void texts(const char* key, const std::vector<std::string>& values) {
    json_.key(key);
    json_.begin_array();
    for (const std::string& value : values) json_.value(value);
    json_.end();
  }
  // What a duration is, and in what words it was written: null where that is a literal.
  void duration(const char* key, const char* expression_key, const Duration& duration) {
    json_.field(key, duration.ms);
    json_.key(expression_key);
    write(duration.expression.get());
  }
  void write(const DurationExpr* expr) {
    if (!expr) return json_.null();
    json_.begin_object();
    if (expr->op == DurationOp::Literal) {
      json_.field("type", "numberLiteral");
      std::string text;
      append_api_number(text, expr->seconds);
      json_.field("val", text);
      json_.field("duration", expr->duration);
    } else {
      json_.field("type", "durationExpr");
      json_.field("op", text_of(expr->op));
      json_.key("lhs");
      write(expr->left.get());
      json_.key("rhs");
      write(expr->right.get());
      json_.field("wrapped", expr->wrapped);
    }
    json_.end();
  }
  void shift(const TimeShift& shift) {
    duration("offset", "offsetExpr", shift.offset);
    json_.key("timestamp");
    if (shift.at == At::Time) {
      json_.value(shift.at_ms);
    } else {
      json_.null();
    }
    json_.key("startOrEnd");
    if (shift.at == At::Start || shift.at == At::End) {
      json_.value(shift.at == At::Start ? "start" : "end");
    } else {
      json_.null();
    }
  }
  void selector(const VectorSelector& selector) {
    json_.field("name", selector.name);
    json_.key("matchers");
    json_.begin_array();
    for (const Matcher& matcher : selector.matchers) {
      json_.begin_object();
      json_.field("name", matcher.label());
      json_.field("value", matcher.text());
      json_.field("type", operator_text(matcher.type()));
      json_.end();
    }
    json_.end();
    shift(selector.shift);
    json_.field("anchored", selector.edge == RangeEdge::Anchored);
    json_.field("smoothed", selector.edge == RangeEdge::Smoothed);
  }

  void fields(const Number& number) {
    json_.field("type", "numberLiteral");
    std::string text;
    append_api_number(text, number.value);
    json_.field("val", text);
  }
  void fields(const Text& text) {
    json_.field("type", "stringLiteral");
    json_.field("val", text.value);
  }
  void fields(const VectorSelector& node) {
    json_.field("type", "vectorSelector");
    selector(node);
  }
  void fields(const MatrixSelector& node) {
    json_.field("type", "matrixSelector");
    duration("range", "rangeExpr", node.range);
    selector(node.selector);
  }
  void fields(const Subquery& node) {
    json_.field("type", "subquery");
    child("expr", node.expr);
    duration("range", "rangeExpr", node.range);
    duration("step", "stepExpr", node.step);
    shift(node.shift);
  }
  void fields(const Unary& node) {
    json_.field("type", "unaryExpr");
    json_.field("op", node.negative ? "-" : "+");
    child("expr", node.expr);
  }
  void fields(const Binary& node) {
    json_.field("type", "binaryExpr");
    json_.field("op", text_of(node.op));
    child("lhs", node.left);
    child("rhs", node.right);
    json_.key("matching");
    matching(node.matching);
    json_.field("bool", node.return_bool);
  }
  void matching(const std::optional<VectorMatching>& matching) {
    if (!matching) return json_.null();
    json_.begin_object();
    json_.field("card", card_text(matching->cardinality));
    texts("labels", matching->labels);
    json_.field("on", matching->on);
    texts("include", matching->include);
    json_.key("fillValues");
    json_.begin_object();
    number("lhs", matching->fill_left);
    number("rhs", matching->fill_right);
    json_.end();
    json_.end();
  }
  void fields(const Aggregate& node) {
    json_.field("type", "aggregation");
    json_.field("op", text_of(node.op));
    child("expr", node.expr);
    child("param", node.parameter);
    texts("grouping", node.grouping);
    json_.field("without", node.without);
  }
  void fields(const Call& node) {
    json_.field("type", "call");
    json_.key("func");
    json_.begin_object();
    json_.field("name", node.function->name);
    json_.key("argTypes");
    json_.begin_array();
    for (int i = 0; i < node.function->arity(); ++i) json_.value(text_of(node.function->types[static_cast<std::size_t>(i)]));
    json_.end();
    json_.field("variadic", node.function->variadic);
    json_.field("returnType", text_of(node.function->result));
    json_.end();
    json_.key("args");
    json_.begin_array();
    for (const ExprPtr& argument : node.arguments) write(*argument);
    json_.end();
  }
  void fields(const Paren& node) {
    json_.field("type", "parenExpr");
    child("expr", node.expr);
  }

  wire::JsonWriter& json_;
};

}  // namespace

void write_tree(wire::JsonWriter& json, const Expr& expr) { TreeWriter(json).write(expr); }

}  // namespace tocsin::agent
