// SPDX-License-Identifier: Apache-2.0
#include "rules/template/src/node.h"

#include <algorithm>
#include <utility>

namespace tocsin::rules::templates {
namespace {

void write(std::string& out, const Node& node);

void write_all(std::string& out, const std::vector<NodePtr>& nodes, std::string_view between) {
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (i > 0) out += between;
    write(out, *nodes[i]);
  }
}

void write_pipe(std::string& out, const Node& node) {
  write_all(out, node.declared, ", ");
  if (!node.declared.empty()) out += node.assigns ? " = " : " := ";
  write_all(out, node.children, " | ");
}

void write_operand(std::string& out, const Node& node) {
  if (node.kind == NodeKind::Pipe) out += '(', write(out, node), out += ')';
  else write(out, node);
}

void write_branch(std::string& out, const Node& node, std::string_view word) {
  out.append("{{").append(word).append(" ");
  write(out, *node.pipe);
  out += "}}";
  write(out, *node.list);
  if (node.other) out += "{{else}}", write(out, *node.other);
  out += "{{end}}";
}

void write_names(std::string& out, const Node& node, bool dot_first) {
  for (std::size_t i = 0; i < node.names.size(); ++i) {
    if (dot_first || i > 0) out += '.';
    out += node.names[i];
  }
}

void write(std::string& out, const Node& node) {
  switch (node.kind) {
    case NodeKind::Text: out += node.text; break;
    case NodeKind::List: write_all(out, node.children, ""); break;
    case NodeKind::Action: out += "{{", write(out, *node.pipe), out += "}}"; break;
    case NodeKind::Pipe: write_pipe(out, node); break;
    case NodeKind::Command:
      for (std::size_t i = 0; i < node.children.size(); ++i) {
        if (i > 0) out += ' ';
        write_operand(out, *node.children[i]);
      }
      break;
    case NodeKind::If: write_branch(out, node, "if"); break;
    case NodeKind::With: write_branch(out, node, "with"); break;
    case NodeKind::Range: write_branch(out, node, "range"); break;
    case NodeKind::Call:
      out.append("{{template ").append(node.quoted);
      if (node.pipe) out += ' ', write(out, *node.pipe);
      out += "}}";
      break;
    case NodeKind::Break: out += "{{break}}"; break;
    case NodeKind::Continue: out += "{{continue}}"; break;
    case NodeKind::Identifier: out += node.text; break;
    case NodeKind::Variable: write_names(out, node, false); break;
    case NodeKind::Dot: out += '.'; break;
    case NodeKind::Nil: out += "nil"; break;
    case NodeKind::Field: write_names(out, node, true); break;
    case NodeKind::Chain: write_operand(out, *node.children[0]), write_names(out, node, true); break;
    case NodeKind::Bool: out += node.boolean ? "true" : "false"; break;
    case NodeKind::Number: out += node.text; break;
    case NodeKind::Quoted: out += node.quoted; break;
    case NodeKind::End: out += "{{end}}"; break;
    case NodeKind::Else: out += "{{else}}"; break;
  }
}

}  // namespace

std::string print(const Node& node) {
  std::string out;
  write(out, node);
  return out;
}

bool blank(const Node& node) {
  if (node.kind == NodeKind::Text) return node.text.find_first_not_of(" \t\r\n\v\f") == std::string::npos;
  return node.kind == NodeKind::List &&
         std::all_of(node.children.begin(), node.children.end(), [](const NodePtr& child) { return blank(*child); });
}

NodePtr make(NodeKind kind, std::size_t at, std::string text) {
  return std::make_unique<Node>(Node{.kind = kind, .at = at, .text = std::move(text)});
}

std::vector<std::string> split_names(std::string_view text) {
  std::vector<std::string> out;
  if (text.starts_with('.')) text.remove_prefix(1);
  for (std::size_t dot; (dot = text.find('.')) != std::string_view::npos; text.remove_prefix(dot + 1)) out.emplace_back(text.substr(0, dot));
  out.emplace_back(text);
  return out;
}

Value constant(const Node& number) {
  const std::string& text = number.text;
  const bool rune = text.starts_with('\'');
  const bool hexadecimal = text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X') &&
                           text.find_first_of("pP") == std::string::npos;
  if (number.is_float && !rune && !hexadecimal && text.find_first_of(".eEpP") != std::string::npos) {
    return Value(number.number);
  }
  return number.is_int ? Value(number.integer) : Value();
}

}  // namespace tocsin::rules::templates
