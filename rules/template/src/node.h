// SPDX-License-Identifier: Apache-2.0
// Node: a parsed template as a tree, which prints back as Go prints it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rules/template/template.h"
#include "rules/template/value.h"

namespace tocsin::rules::templates {

enum class NodeKind : std::uint8_t {
  Text, List, Action, Pipe, Command, If, With, Range, Call, Break, Continue,  // statements
  Identifier, Variable, Dot, Nil, Field, Chain, Bool, Number, Quoted,         // operands
  End, Else,                                                                  // while parsing only
};

struct Node;
using NodePtr = std::unique_ptr<Node>;

struct Node {
  NodeKind kind;
  std::size_t at = 0;               // byte in the text
  std::string text = {};            // Text, Identifier, Quoted (unquoted), Call (the template's name), Number as written
  std::string quoted = {};          // Quoted as written
  std::vector<std::string> names = {};  // Field, Variable ("$x" first), Chain
  std::vector<NodePtr> children = {};   // List: statements; Pipe: commands; Command: operands; Chain: its head
  std::vector<NodePtr> declared = {};   // Pipe: variables
  bool assigns = false;             // Pipe: '=' rather than ':='
  bool is_int = false, is_unsigned = false, is_float = false;  // Number: what it can be taken for
  std::int64_t integer = 0;
  std::uint64_t unsigned_integer = 0;
  double number = 0;
  bool boolean = false;
  NodePtr pipe = {}, list = {}, other = {};  // Action, If, With, Range, Call; `other` is the else branch
};

NodePtr make(NodeKind kind, std::size_t at, std::string text = {});
bool blank(const Node& node);  // spaces only
std::vector<std::string> split_names(std::string_view text);  // "$x.a" to {"$x", "a"}; ".a.b" to {"a", "b"}
std::string print(const Node& node);
Value constant(const Node& number);  // a Number, as Go takes it when nothing else is asked for

struct Template::Program {
  std::string name, text;
  std::size_t prefix_bytes = 0;
  NodePtr root;
  std::map<std::string, NodePtr, std::less<>> defined;
};

// Thrown inside this folder only.
struct Failure {
  std::string message;
  Fault fault = Fault::Input;
  Place place = {};
};

Template::Program parse_program(std::string_view text, const ParseOptions& options);  // throws Failure
std::string run_program(const Template::Program& program, const Value& data, const Environment& environment,
                        const Limits& limits);  // throws Failure
bool is_function(std::string_view name) noexcept;

}  // namespace tocsin::rules::templates
