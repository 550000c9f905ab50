// SPDX-License-Identifier: Apache-2.0
// Walks a template's nodes. The order of evaluation, and which node an error names, are those of Go's text/template.
#include <algorithm>
#include <cmath>
#include <utility>

#include "rules/template/src/format.h"
#include "rules/template/src/functions.h"
#include "rules/template/src/node.h"
#include "rules/template/src/unicode.h"

namespace tocsin::rules::templates {
namespace {

using Kind = Value::Kind;
enum class Flow : std::uint8_t { Next, Break, Continue };

class Run {
 public:
  Run(const Template::Program& program, const Environment& environment, const Limits& limits)
      : program_(program), limits_(limits), context_{environment, limits} {}

  std::string execute(const Value& data) {
    name_ = program_.name;
    variables_ = {{"$", data}};
    walk(data, *program_.root);
    return std::move(out_);
  }

 private:
  using Nodes = std::vector<NodePtr>;
  struct Scope {  // variables made inside are gone after it
    explicit Scope(Run& of) : run(of), size(of.variables_.size()) {}
    ~Scope() { run.variables_.resize(size); }
    Run& run;
    const std::size_t size;
  };

  [[noreturn]] void fail(const std::string& message, Fault fault = Fault::Input) const {
    const std::string_view before = std::string_view(program_.text).substr(0, node_->at);
    const auto line = static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n')) + 1;
    const auto newline = before.rfind('\n');
    const std::size_t column = newline == std::string_view::npos ? node_->at : node_->at - newline - 1;
    throw Failure{"template: " + program_.name + ":" + std::to_string(line) + ":" + std::to_string(column) + ": executing " +
                      quote(name_) + " at <" + print(*node_) + ">: " + message, fault, {line, column}};
  }
  void at(const Node& node) noexcept { node_ = &node; }
  void step() {
    if (++steps_ > limits_.steps) fail("more than " + std::to_string(limits_.steps) + " steps", Fault::Exhausted);
  }
  // Texts are copied on their way: what is copied is bounded as well.
  const Value& charge(const Value& value) {
    if (value.kind() == Kind::Text && (work_ += value.text().size()) > limits_.bytes * 64) fail("too much text on the way", Fault::Exhausted);
    return value;
  }
  void put(std::string_view text) {
    if (out_.size() + text.size() > limits_.bytes) fail("more than " + std::to_string(limits_.bytes) + " bytes", Fault::Exhausted);
    out_ += text;
  }

  Flow walk(const Value& dot, const Node& node) {
    at(node);
    step();
    switch (node.kind) {
      case NodeKind::Action: {
        const Value value = pipeline(dot, node.pipe.get());
        if (!node.pipe->declared.empty()) return Flow::Next;
        at(node);
        put(value.valid() ? printed(value) : "<no value>");
        return Flow::Next;
      }
      case NodeKind::Break: return Flow::Break;
      case NodeKind::Continue: return Flow::Continue;
      case NodeKind::If: case NodeKind::With: return branch(dot, node);
      case NodeKind::List:
        for (const NodePtr& child : node.children) {
          if (const Flow flow = walk(dot, *child); flow != Flow::Next) return flow;
        }
        return Flow::Next;
      case NodeKind::Range: return range(dot, node);
      case NodeKind::Call: call_template(dot, node); return Flow::Next;
      case NodeKind::Text: put(node.text); return Flow::Next;
      default: fail("unknown node");
    }
  }

  // A pointer is printed as what it points to.
  static std::string printed(const Value& value) {
    std::string text = to_text(value);
    return text.starts_with("&{") ? text.substr(1) : text;
  }

  Flow branch(const Value& dot, const Node& node) {
    const Scope scope(*this);
    const Value value = pipeline(dot, node.pipe.get());
    if (value.truth()) return walk(node.kind == NodeKind::With ? value : dot, *node.list);
    return node.other ? walk(dot, *node.other) : Flow::Next;
  }

  // One round of a range; false ends it.
  bool round(const Node& node, const Value& index, const Value& element) {
    const Scope scope(*this);
    const Nodes& declared = node.pipe->declared;
    if (node.pipe->assigns) {
      if (declared.size() > 1) assign(declared[0]->names[0], index), assign(declared[1]->names[0], element);
      else if (declared.size() == 1) assign(declared[0]->names[0], element);
    } else if (declared.size() > 1) {
      // The pipeline pushed both, the element's below the index'.
      variables_[variables_.size() - 2].second = index, variables_.back().second = element;
    } else if (declared.size() == 1) {
      variables_.back().second = element;
    }
    return walk(element, *node.list) != Flow::Break;
  }

  Flow range(const Value& dot, const Node& node) {
    const Scope scope(*this);
    const Value value = pipeline(dot, node.pipe.get());
    switch (value.kind()) {
      case Kind::Int: case Kind::UInt: {
        if (node.pipe->declared.size() > 1) fail("can't use " + to_text(value) + " to iterate over more than one variable");
        const bool is_signed = value.kind() == Kind::Int;
        const std::uint64_t end = is_signed ? static_cast<std::uint64_t>(std::max<std::int64_t>(value.integer(), 0)) : value.unsigned_integer();
        for (std::uint64_t i = 0; i < end; ++i) {
          if (!round(node, {}, is_signed ? Value(static_cast<std::int64_t>(i)) : Value(i))) break;
        }
        if (end > 0) return Flow::Next;
        break;
      }
      case Kind::List: {
        const auto& items = value.as_list().items;
        for (std::size_t i = 0; i < items.size(); ++i) {
          if (!round(node, Value(static_cast<std::int64_t>(i)), items[i])) break;
        }
        if (!items.empty()) return Flow::Next;
        break;
      }
      case Kind::Map: {
        const auto& entries = value.as_map().entries;
        for (const auto& [key, entry] : entries) {
          if (!round(node, Value(key), entry)) break;
        }
        if (!entries.empty()) return Flow::Next;
        break;
      }
      case Kind::Invalid: break;
      default: fail("range can't iterate over " + to_text(value));
    }
    return node.other ? walk(dot, *node.other) : Flow::Next;
  }

  void call_template(const Value& dot, const Node& node) {
    const auto found = program_.defined.find(node.text);
    const bool own = node.text == program_.name;
    if (found == program_.defined.end() && !own) fail("template " + quote(node.text) + " not defined");
    if (depth_ >= limits_.depth) fail("exceeded maximum template depth (" + std::to_string(limits_.depth) + ")", Fault::Exhausted);
    const Value data = pipeline(dot, node.pipe.get());
    auto variables = std::exchange(variables_, {{"$", data}});
    const std::string name = std::exchange(name_, node.text);
    ++depth_;
    walk(data, own ? *program_.root : *found->second);
    --depth_;
    name_ = name;
    variables_ = std::move(variables);
  }

  void assign(const std::string& name, const Value& value) {
    for (auto variable = variables_.rbegin(); variable != variables_.rend(); ++variable) {
      if (variable->first == name) return void(variable->second = value);
    }
    fail("undefined variable: " + name);
  }
  const Value& variable(const std::string& name) const {
    for (auto one = variables_.rbegin(); one != variables_.rend(); ++one) {
      if (one->first == name) return one->second;
    }
    fail("undefined variable: " + name);
  }

  Value pipeline(const Value& dot, const Node* pipe) {
    if (pipe == nullptr) return {};
    at(*pipe);
    Value value;
    for (std::size_t i = 0; i < pipe->children.size(); ++i) value = command(dot, *pipe->children[i], i == 0 ? nullptr : &value);
    for (const NodePtr& one : pipe->declared) {
      if (pipe->assigns) assign(one->names[0], value);
      else variables_.emplace_back(one->names[0], value);
    }
    return value;
  }

  void not_a_function(const Nodes& arguments, const Value* last) const {
    if (arguments.size() > 1 || last != nullptr) fail("can't give argument to non-function " + print(*arguments[0]));
  }

  // `last` is what the command before gave: the last argument.
  Value command(const Value& dot, const Node& node, const Value* last) {
    step();
    const Node& word = *node.children[0];
    switch (word.kind) {
      case NodeKind::Field: return field_node(dot, word, &node.children, last);
      case NodeKind::Chain: return chain(dot, word, &node.children, last);
      case NodeKind::Identifier: return function(dot, word, node, &node.children, last);
      case NodeKind::Variable: return variable_node(dot, word, &node.children, last);
      case NodeKind::Pipe: not_a_function(node.children, last); return pipeline(dot, &word);
      default: break;
    }
    at(word);
    not_a_function(node.children, last);
    switch (word.kind) {
      case NodeKind::Bool: return Value(word.boolean);
      case NodeKind::Dot: return dot;
      case NodeKind::Nil: fail("nil is not a command");
      case NodeKind::Number: return number(word);
      case NodeKind::Quoted: return Value(word.text);
      default: fail("can't evaluate command " + quote(print(word)));
    }
  }

  Value number(const Node& node) {
    at(node);
    const Value value = constant(node);
    if (!value.valid() && node.is_unsigned) fail(node.text + " overflows int");
    return value;
  }

  Value field_node(const Value& dot, const Node& node, const Nodes* arguments, const Value* last) {
    at(node);
    return fields(dot, dot, node, 0, arguments, last);
  }
  Value chain(const Value& dot, const Node& node, const Nodes* arguments, const Value* last) {
    at(node);
    if (node.children[0]->kind == NodeKind::Nil) fail("indirection through explicit nil in " + print(node));
    const Value head = argument(dot, Parameter::Raw, *node.children[0]);
    return fields(dot, head, node, 0, arguments, last);
  }
  Value variable_node(const Value& dot, const Node& node, const Nodes* arguments, const Value* last) {
    at(node);
    const Value value = variable(node.names[0]);
    if (node.names.size() > 1) return fields(dot, value, node, 1, arguments, last);
    if (arguments != nullptr) not_a_function(*arguments, last);
    return charge(value);
  }
  Value fields(const Value& dot, Value receiver, const Node& node, std::size_t from, const Nodes* arguments, const Value* last) {
    for (std::size_t i = from; i < node.names.size(); ++i) {
      const bool end = i + 1 == node.names.size();
      receiver = field(dot, node.names[i], node, end ? arguments : nullptr, end ? last : nullptr, receiver);
    }
    return charge(receiver);
  }

  Value field(const Value& dot, const std::string& name, const Node& node, const Nodes* arguments, const Value* last, const Value& receiver) {
    if (!receiver.valid()) return {};
    if (const Function* method = find_method(receiver.kind(), name)) return call(dot, *method, node, arguments, last, &receiver);
    const bool has_arguments = (arguments != nullptr && arguments->size() > 1) || last != nullptr;
    const Value::Fields* methods = receiver.kind() == Kind::Map    ? &receiver.as_map().methods
                                   : receiver.kind() == Kind::List ? &receiver.as_list().methods
                                   : receiver.kind() == Kind::Struct ? &receiver.as_struct().methods : nullptr;
    if (methods != nullptr && !has_arguments) {
      if (const Value* found = find_field(*methods, name)) return *found;
    }
    if (receiver.kind() == Kind::Struct) {
      if (const Value* found = find_field(receiver.as_struct().fields, name)) {
        if (has_arguments) fail(name + " has arguments but cannot be invoked as function");
        return *found;
      }
    } else if (receiver.kind() == Kind::Map) {
      if (has_arguments) fail(name + " is not a method but has arguments");
      const auto& map = receiver.as_map();
      const auto found = map.entries.find(name);
      return found != map.entries.end() ? found->second : map.of_texts ? Value(std::string()) : Value();
    }
    fail("can't evaluate field " + name + " in type " + receiver.type());
  }

  Value function(const Value& dot, const Node& node, const Node& whole, const Nodes* arguments, const Value* last) {
    at(node);
    const Function* found = find_function(node.text);
    if (found == nullptr) fail(quote(node.text) + " is not a defined function");
    return call(dot, *found, whole, arguments, last, nullptr);
  }

  Value call(const Value& dot, const Function& function, const Node& node, const Nodes* arguments, const Value* last, const Value* receiver) {
    step();
    const std::size_t own = receiver != nullptr ? 1 : 0, fixed = function.fixed - own;
    const std::size_t given = arguments == nullptr || arguments->empty() ? 0 : arguments->size() - 1;
    const std::size_t count = given + (last != nullptr ? 1 : 0);
    if (function.variadic ? count < fixed : count != fixed) {
      fail("wrong number of args for " + std::string(function.name) + ": want " + (function.variadic ? "at least " : "") +
           std::to_string(fixed) + " got " + std::to_string(function.variadic ? given : count));
    }
    const auto parameter = [&](std::size_t i) { return function.parameters[std::min(i + own, function.fixed - (function.variadic ? 0 : 1))]; };
    if (function.name == "and" || function.name == "or") {
      Value value;
      for (std::size_t i = 0; i < given; ++i) {
        value = argument(dot, Parameter::Raw, *(*arguments)[i + 1]);
        if (value.truth() == (function.name == "or")) return value;
      }
      return last != nullptr ? *last : value;
    }
    std::vector<Value> values;
    values.reserve(count + own);
    if (receiver != nullptr) values.push_back(*receiver);
    for (std::size_t i = 0; i < given; ++i) values.push_back(argument(dot, parameter(i), *(*arguments)[i + 1]));
    if (last != nullptr) values.push_back(fit(*last, parameter(given)));
    try {
      Value result = function.call(context_, values);
      if (result.kind() == Kind::Text && result.text().size() > limits_.bytes) throw Failure{"a text of more than " + std::to_string(limits_.bytes) + " bytes", Fault::Exhausted};
      return charge(result);
    } catch (const Failure& failure) {
      at(node);
      fail("error calling " + std::string(function.name) + ": " + failure.message, failure.fault);
    }
  }

  // The value, if a parameter takes it.
  Value fit(const Value& value, Parameter parameter) const {
    if (parameter == Parameter::Raw || parameter == Parameter::Any) return value;
    const bool takes_nil = parameter == Parameter::Rows || parameter == Parameter::Sample;
    if (!value.valid()) {
      if (takes_nil) return value;
      fail("invalid value; expected " + std::string(type_name(parameter)));
    }
    const bool good = parameter == Parameter::Text       ? value.kind() == Kind::Text
                      : parameter == Parameter::Number   ? value.kind() == Kind::Float
                      : parameter == Parameter::Duration ? value.kind() == Kind::Duration
                                                         : value.type() == type_name(parameter);
    if (!good) fail("wrong type for value; expected " + std::string(type_name(parameter)) + "; got " + value.type());
    return value;
  }

  Value argument(const Value& dot, Parameter parameter, const Node& node) {
    at(node);
    switch (node.kind) {
      case NodeKind::Dot: return fit(dot, parameter);
      case NodeKind::Nil:
        if (parameter == Parameter::Text || parameter == Parameter::Number || parameter == Parameter::Duration) {
          fail("cannot assign nil to " + std::string(type_name(parameter)));
        }
        return {};
      case NodeKind::Field: return fit(field_node(dot, node, nullptr, nullptr), parameter);
      case NodeKind::Variable: return fit(variable_node(dot, node, nullptr, nullptr), parameter);
      case NodeKind::Pipe: return fit(pipeline(dot, &node), parameter);
      case NodeKind::Identifier: return fit(function(dot, node, node, nullptr, nullptr), parameter);
      case NodeKind::Chain: return fit(chain(dot, node, nullptr, nullptr), parameter);
      default: break;
    }
    switch (parameter) {
      case Parameter::Raw: case Parameter::Any:
        if (node.kind == NodeKind::Bool) return Value(node.boolean);
        if (node.kind == NodeKind::Quoted) return Value(node.text);
        return number(node);
      case Parameter::Text:
        if (node.kind == NodeKind::Quoted) return Value(node.text);
        fail("expected string; found " + print(node));
      case Parameter::Number:
        if (node.kind == NodeKind::Number && node.is_float) return Value(node.number);
        fail("expected float; found " + print(node));
      case Parameter::Duration:
        if (node.kind == NodeKind::Number && node.is_int) return Value(std::chrono::nanoseconds(node.integer));
        fail("expected integer; found " + print(node));
      case Parameter::Rows: case Parameter::Sample: break;
    }
    fail("can't handle " + print(node) + " for arg of type " + std::string(type_name(parameter)));
  }

  const Template::Program& program_;
  const Limits& limits_;
  const CallContext context_;
  std::string name_, out_;
  const Node* node_ = nullptr;
  std::vector<std::pair<std::string, Value>> variables_;
  std::size_t steps_ = 0, depth_ = 0, work_ = 0;
};

}  // namespace

std::string run_program(const Template::Program& program, const Value& data, const Environment& environment, const Limits& limits) {
  return Run(program, environment, limits).execute(data);
}

}  // namespace tocsin::rules::templates
