// SPDX-License-Identifier: Apache-2.0
// Parser: tokens as a tree, by recursive descent. It gives up at the first fault of syntax; what only means nothing
// (an unknown function, two offsets) is noted and reading goes on. Types are checked afterwards, by check.h.
//
// Threads: one thread. Costs: recursion of at most kMostDepth levels.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rules/promql/parse.h"
#include "rules/promql/src/lexer.h"

namespace tocsin::rules::promql {

// A node with its type and height. Requires: children are not null.
ExprPtr make_expr(Node node, SourceRange range);

class Parser {
 public:
  // Requires: text outlives the parser.
  Parser(std::string_view text, const ParseOptions& options)
      : text_(text), options_(options), tokens_(tokenize(text)) {}

  ExprPtr whole_expression();  // null only with faults
  ExprPtr whole_selector();    // of a VectorSelector; null only with faults
  std::vector<ParseFault> faults;

 private:
  using DurationPtr = std::shared_ptr<DurationExpr>;

  // Tokens.
  const Token& peek(std::size_t ahead = 0) const noexcept {
    return tokens_.tokens[std::min(at_ + ahead, tokens_.tokens.size() - 1)];
  }
  Kind kind(std::size_t ahead = 0) const noexcept { return peek(ahead).kind; }
  const Token& take() noexcept;
  bool take_if(Kind wanted) noexcept { return kind() == wanted && (take(), true); }
  std::string_view value(const Token& token) const noexcept {
    return text_.substr(token.range.begin, token.range.end - token.range.begin);
  }
  SourceRange since(std::uint32_t begin) const noexcept { return {begin, last_end_}; }

  // Faults.
  void fault(SourceRange range, std::string message);
  void unexpected(std::string_view context, std::string_view expected = {});
  std::nullptr_t syntax() { return unexpected(context_), nullptr; }
  bool too_high(const ExprPtr& expr);

  // Expressions.
  ExprPtr binary(int least);
  bool modifiers(Binary& node);
  bool fill(std::optional<double>& value);
  ExprPtr unary();
  ExprPtr postfix();
  ExprPtr primary();
  ExprPtr number();
  ExprPtr string();
  ExprPtr paren();
  ExprPtr word();
  ExprPtr call();
  ExprPtr aggregate();
  bool arguments(std::vector<ExprPtr>& out);
  ExprPtr finish_aggregate(Aggregate node, std::vector<ExprPtr> arguments, SourceRange range);
  bool grouping(std::vector<std::string>& labels);
  bool grouping_label(std::vector<std::string>& labels);
  double numeric(const Token& token);
  std::string text(const Token& token);

  // Selectors and what follows them.
  ExprPtr selector();
  bool matchers(VectorSelector& selector);
  bool matcher(VectorSelector& selector);
  ExprPtr brackets(ExprPtr inner);
  ExprPtr matrix(ExprPtr inner, Duration range, std::uint32_t bracket);
  ExprPtr offset(ExprPtr inner);
  ExprPtr at(ExprPtr inner);
  ExprPtr edge(ExprPtr inner);
  TimeShift* shift_of(Expr& expr) noexcept;

  // Durations.
  DurationPtr duration(int least);
  DurationPtr duration_operand();
  DurationPtr duration_word();
  DurationPtr duration_sum(DurationPtr left, DurationPtr right, const Token& op);
  DurationPtr duration_literal();
  DurationPtr offset_duration();
  DurationPtr signed_duration(const Token& sign, DurationPtr inner, bool wrapped);
  DurationPtr in_parens(DurationPtr inner, SourceRange range);
  std::optional<Duration> positive_duration();
  void experimental_duration(const DurationExpr& expr);

  std::string_view text_;
  ParseOptions options_;
  Tokens tokens_;
  std::size_t at_ = 0;
  std::uint32_t last_end_ = 0;  // of the last token taken
  int depth_ = 0;
  std::string_view context_;  // how Prometheus names where an unexpected token is
  friend struct Deeper;
};

// Counts a level of recursion.
struct Deeper {
  explicit Deeper(Parser& owner) : parser(owner) { ++parser.depth_; }
  ~Deeper() { --parser.depth_; }
  Deeper(const Deeper&) = delete;
  Deeper& operator=(const Deeper&) = delete;
  bool too_deep() const;
  Parser& parser;
};

Duration to_duration(const std::shared_ptr<DurationExpr>& expr);

}  // namespace tocsin::rules::promql
