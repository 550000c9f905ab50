// SPDX-License-Identifier: Apache-2.0
// Tokens to nodes. The messages are those of Go's text/template/parse.
#include <algorithm>
#include <utility>

#include "rules/template/src/node.h"
#include "rules/template/src/number.h"
#include "rules/template/src/token.h"
#include "rules/template/src/unicode.h"

namespace tocsin::rules::templates {
namespace {

constexpr std::size_t kMostBytes = std::size_t{1} << 20;
constexpr int kDeepest = 400;  // of nested actions and parentheses: each level is a few frames of the stack

class Parser {
 public:
  Parser(Template::Program& program, const ParseOptions& options)
      : program_(program), name_(options.name), tokens_(cut(program.text)) {}

  void run() {
    auto root = make(NodeKind::List, peek().at);
    while (peek().kind != TokenKind::Eof) {
      if (peek().kind == TokenKind::LeftDelim) {
        const std::size_t here = next_;
        take();
        if (take_word().kind == TokenKind::Define) {
          definition();
          continue;
        }
        next_ = here;
      }
      NodePtr node = text_or_action();
      if (node->kind == NodeKind::End || node->kind == NodeKind::Else) fail("unexpected " + print(*node));
      root->children.push_back(std::move(node));
    }
    // A {{define}} of the template's own name wins over an empty text.
    if (const auto own = program_.defined.find(name_); own != program_.defined.end()) {
      if (!blank(*root)) fail("template: multiple definition of template " + quote(name_));
      root = std::move(own->second);
      program_.defined.erase(own);
    }
    program_.root = std::move(root);
  }

 private:
  [[noreturn]] void fail(const std::string& message) const {
    const std::size_t line = tokens_[furthest_].line;
    throw Failure{"template: " + name_ + ":" + std::to_string(line) + ": " + message, Fault::Input, {line, 0}};
  }
  [[noreturn]] void unexpected(const Token& token, std::string_view context) const {
    if (token.kind != TokenKind::Error) fail("unexpected " + describe(token) + " in " + std::string(context));
    std::string extra;
    if (action_line_ != 0 && action_line_ != token.line) {
      extra = (token.text.ends_with(" action") ? " started at " : " in action started at ") + name_ + ":" + std::to_string(action_line_);
    }
    fail(token.text + extra);
  }

  const Token& peek() noexcept {
    furthest_ = std::max(furthest_, next_);
    return tokens_[next_];
  }
  const Token& take() noexcept {
    const Token& token = peek();
    if (next_ + 1 < tokens_.size()) ++next_;
    return token;
  }
  void skip_spaces() noexcept {
    while (peek().kind == TokenKind::Space) take();
  }
  const Token& peek_word() noexcept { return skip_spaces(), peek(); }
  const Token& take_word() noexcept { return skip_spaces(), take(); }
  const Token& expect(TokenKind kind, std::string_view context) {
    const Token& token = take_word();
    if (token.kind != kind) unexpected(token, context);
    return token;
  }

  std::string template_name(const Token& token, std::string_view context) const {
    if (token.kind != TokenKind::Text1 && token.kind != TokenKind::RawText) unexpected(token, context);
    const auto name = unquote(token.text);
    if (!name) fail("invalid syntax");
    return *name;
  }

  struct Level {  // nesting, undone on the way out
    explicit Level(Parser& of, std::string_view message) : parser(of) {
      if (++parser.depth_ > kDeepest) parser.fail(std::string(message));
    }
    ~Level() { --parser.depth_; }
    Parser& parser;
  };

  // A body of its own: fresh variables, no range around it.
  NodePtr body(std::string_view context) {
    auto variables = std::exchange(variables_, {"$"});
    const int ranges = std::exchange(ranges_, 0);
    NodePtr end;
    NodePtr list = items(end);
    if (end->kind != NodeKind::End) fail("unexpected " + print(*end) + " in " + std::string(context));
    variables_ = std::move(variables), ranges_ = ranges;
    return list;
  }
  void define(const std::string& name, NodePtr list) {
    NodePtr& held = program_.defined[name];
    if (!held || blank(*held)) held = std::move(list);
    else if (!blank(*list)) fail("template: multiple definition of template " + quote(name));
  }
  void definition() {
    constexpr std::string_view kContext = "define clause";
    const std::string name = template_name(take_word(), kContext);
    expect(TokenKind::RightDelim, kContext);
    define(name, body(kContext));
  }

  NodePtr items(NodePtr& end) {
    const Level level(*this, "too many nested actions");
    auto list = make(NodeKind::List, peek_word().at);
    while (peek_word().kind != TokenKind::Eof) {
      NodePtr node = text_or_action();
      if (node->kind == NodeKind::End || node->kind == NodeKind::Else) {
        end = std::move(node);
        return list;
      }
      list->children.push_back(std::move(node));
    }
    fail("unexpected EOF");
  }

  NodePtr text_or_action() {
    const Token& token = take_word();
    if (token.kind == TokenKind::Text) return make(NodeKind::Text, token.at, token.text);
    if (token.kind != TokenKind::LeftDelim) unexpected(token, "input");
    action_line_ = token.line;
    NodePtr node = action();
    action_line_ = 0;
    return node;
  }

  NodePtr action() {
    const Token& token = peek_word();
    switch (token.kind) {
      case TokenKind::Block: return take(), block();
      case TokenKind::Break: return take(), leave(NodeKind::Break, "{{break}}", token.at);
      case TokenKind::Continue: return take(), leave(NodeKind::Continue, "{{continue}}", token.at);
      case TokenKind::Else: return take(), else_action();
      case TokenKind::End: return take(), make(NodeKind::End, expect(TokenKind::RightDelim, "end").at);
      case TokenKind::If: return take(), control(NodeKind::If, "if");
      case TokenKind::Range: return take(), control(NodeKind::Range, "range");
      case TokenKind::With: return take(), control(NodeKind::With, "with");
      case TokenKind::Template: return take(), call();
      default: break;
    }
    auto node = make(NodeKind::Action, token.at);
    node->pipe = pipeline("command", TokenKind::RightDelim);
    return node;
  }

  NodePtr leave(NodeKind kind, const std::string& words, std::size_t at) {
    if (const Token& token = take_word(); token.kind != TokenKind::RightDelim) unexpected(token, words);
    if (ranges_ == 0) fail(words + " outside {{range}}");
    return make(kind, at);
  }

  NodePtr else_action() {
    const Token& token = peek_word();
    if (token.kind == TokenKind::If || token.kind == TokenKind::With) return make(NodeKind::Else, token.at);
    return make(NodeKind::Else, expect(TokenKind::RightDelim, "else").at);
  }

  NodePtr control(NodeKind kind, std::string_view context) {
    const std::size_t variables = variables_.size();
    auto node = make(kind, 0);
    node->pipe = pipeline(context, TokenKind::RightDelim);
    node->at = node->pipe->at;
    ranges_ += kind == NodeKind::Range ? 1 : 0;
    NodePtr end;
    node->list = items(end);
    ranges_ -= kind == NodeKind::Range ? 1 : 0;
    if (end->kind == NodeKind::Else) {
      const TokenKind word = peek().kind;
      if ((kind == NodeKind::If && word == TokenKind::If) || (kind == NodeKind::With && word == TokenKind::With)) {
        take();
        node->other = make(NodeKind::List, end->at);
        const Level level(*this, "too many nested actions");
        node->other->children.push_back(control(kind, context));
      } else {
        node->other = items(end);
        if (end->kind != NodeKind::End) fail("expected end; found " + print(*end));
      }
    }
    variables_.resize(variables);
    return node;
  }

  NodePtr call() {
    constexpr std::string_view kContext = "template clause";
    const Token& token = take_word();
    auto node = make(NodeKind::Call, token.at, template_name(token, kContext));
    node->quoted = quote(node->text);
    if (peek_word().kind == TokenKind::RightDelim) take();
    else node->pipe = pipeline(kContext, TokenKind::RightDelim);
    return node;
  }

  NodePtr block() {
    constexpr std::string_view kContext = "block clause";
    const Token& token = take_word();
    auto node = make(NodeKind::Call, token.at, template_name(token, kContext));
    node->quoted = quote(node->text);
    node->pipe = pipeline(kContext, TokenKind::RightDelim);
    define(node->text, body(kContext));
    return node;
  }

  NodePtr variable(const Token& token) const {
    auto node = make(NodeKind::Variable, token.at);
    node->names = split_names(token.text);
    return node;
  }

  // "$x :=", "$x =", "$i, $x :=" at the start of a pipeline.
  void declarations(Node& pipe, std::string_view context) {
    while (peek_word().kind == TokenKind::Variable) {
      const std::size_t here = next_;
      const Token& name = take();
      const Token& mark = peek_word();
      const bool comma = mark.kind == TokenKind::Char && mark.text == ",";
      if (!comma && mark.kind != TokenKind::Assign && mark.kind != TokenKind::Declare) {
        next_ = here;
        return;
      }
      take();
      if (!comma) pipe.assigns = mark.kind == TokenKind::Assign;
      pipe.declared.push_back(variable(name));
      variables_.push_back(name.text);
      if (!comma) return;
      if (context != "range" || pipe.declared.size() >= 2) fail("too many declarations in " + std::string(context));
      const TokenKind after = peek_word().kind;
      if (after != TokenKind::Variable && after != TokenKind::RightDelim && after != TokenKind::RightParen) {
        fail("range can only initialize variables");
      }
    }
  }

  NodePtr pipeline(std::string_view context, TokenKind end) {
    auto pipe = make(NodeKind::Pipe, peek_word().at);
    declarations(*pipe, context);
    for (;;) {
      const Token& token = peek_word();
      if (token.kind == end) break;
      switch (token.kind) {
        case TokenKind::Bool: case TokenKind::Character: case TokenKind::Complex: case TokenKind::Dot:
        case TokenKind::Field: case TokenKind::Identifier: case TokenKind::Number: case TokenKind::Nil:
        case TokenKind::RawText: case TokenKind::Text1: case TokenKind::Variable: case TokenKind::LeftParen:
          pipe->children.push_back(command());
          break;
        default: unexpected(take(), context);
      }
    }
    take();
    if (pipe->children.empty()) fail("missing value for " + std::string(context));
    for (std::size_t i = 1; i < pipe->children.size(); ++i) {
      switch (pipe->children[i]->children[0]->kind) {
        case NodeKind::Bool: case NodeKind::Dot: case NodeKind::Nil: case NodeKind::Number: case NodeKind::Quoted:
          fail("non executable command in pipeline stage " + std::to_string(i + 1));
        default: break;
      }
    }
    return pipe;
  }

  NodePtr command() {
    auto node = make(NodeKind::Command, peek_word().at);
    for (;;) {
      skip_spaces();
      if (NodePtr one = operand()) node->children.push_back(std::move(one));
      const Token& token = peek();
      if (token.kind == TokenKind::RightDelim || token.kind == TokenKind::RightParen) break;
      take();
      if (token.kind == TokenKind::Space) continue;
      if (token.kind == TokenKind::Pipe) break;
      unexpected(token, "operand");
    }
    if (node->children.empty()) fail("empty command");
    return node;
  }

  NodePtr operand() {
    NodePtr node = term();
    if (!node || peek().kind != TokenKind::Field) return node;
    const std::size_t at = peek().at;
    std::vector<std::string> names;
    while (peek().kind == TokenKind::Field) names.push_back(take().text.substr(1));
    switch (node->kind) {
      case NodeKind::Field: case NodeKind::Variable:
        node->at = at;
        node->names.insert(node->names.end(), names.begin(), names.end());
        return node;
      case NodeKind::Bool: case NodeKind::Quoted: case NodeKind::Number: case NodeKind::Nil: case NodeKind::Dot:
        fail("unexpected . after term " + quote(print(*node)));
      default: break;
    }
    auto chain = make(NodeKind::Chain, at);
    chain->names = std::move(names);
    chain->children.push_back(std::move(node));
    return chain;
  }

  NodePtr term() {
    const Token& token = peek_word();
    switch (token.kind) {
      case TokenKind::Identifier:
        take();
        if (!is_function(token.text)) fail("function " + quote(token.text) + " not defined");
        return make(NodeKind::Identifier, token.at, token.text);
      case TokenKind::Dot: return take(), make(NodeKind::Dot, token.at);
      case TokenKind::Nil: return take(), make(NodeKind::Nil, token.at);
      case TokenKind::Variable: return take(), use(token);
      case TokenKind::Field: {
        auto node = make(NodeKind::Field, take().at);
        node->names = split_names(token.text);
        return node;
      }
      case TokenKind::Bool: {
        auto node = make(NodeKind::Bool, take().at);
        node->boolean = token.text == "true";
        return node;
      }
      case TokenKind::Character: case TokenKind::Complex: case TokenKind::Number:
        take();
        try {
          return parse_constant(token);
        } catch (const Failure& failure) {
          fail(failure.message);
        }
      case TokenKind::LeftParen: {
        take();
        const Level level(*this, "max expression depth exceeded");
        return pipeline("parenthesized pipeline", TokenKind::RightParen);
      }
      case TokenKind::Text1: case TokenKind::RawText: {
        take();
        const auto text = unquote(token.text);
        if (!text) fail("invalid syntax");
        auto node = make(NodeKind::Quoted, token.at, *text);
        node->quoted = token.text;
        return node;
      }
      default: return nullptr;
    }
  }

  NodePtr use(const Token& token) {
    NodePtr node = variable(token);
    if (std::find(variables_.begin(), variables_.end(), node->names[0]) == variables_.end()) {
      fail("undefined variable " + quote(node->names[0]));
    }
    return node;
  }

  Template::Program& program_;
  const std::string name_;
  const std::vector<Token> tokens_;
  std::size_t next_ = 0, furthest_ = 0, action_line_ = 0;
  std::vector<std::string> variables_{"$"};
  int ranges_ = 0, depth_ = 0;
};

}  // namespace

Template::Program parse_program(std::string_view text, const ParseOptions& options) {
  if (text.size() > kMostBytes) throw Failure{"template: " + options.name + ": larger than 1 MiB", Fault::TooLarge};
  Template::Program program;
  program.name = options.name;
  program.text = options.prefix;
  program.text += text;
  program.prefix_bytes = options.prefix.size();
  Parser(program, options).run();
  return program;
}

}  // namespace tocsin::rules::templates
