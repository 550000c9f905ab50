// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstdio>

#include "rules/promql/print.h"
#include "rules/src/explain_tree.h"

namespace tocsin::rules {
namespace {

using promql::Binary;
using promql::BinaryOp;

constexpr std::size_t kLongest = 90;  // of a part's text in a sentence

std::string number_text(double value) {
  std::array<char, 32> buffer{};
  const int length = std::snprintf(buffer.data(), buffer.size(), "%.6g", value);
  return {buffer.data(), static_cast<std::size_t>(length)};
}

std::string shown(const PartNode& node) {
  std::string text = node.part.text;
  if (text.size() > kLongest) text = text.substr(0, kLongest - 3) + "...";
  return '`' + text + '`';
}

std::string series_text(std::uint64_t count) { return std::to_string(count) + " series"; }

std::string labels_text(const AlertLabels& labels) {
  std::string out;
  for (const auto& [name, value] : labels) {
    if (name == "__name__") continue;
    out += out.empty() ? "" : ", ";
    out += name + "=" + promql::quoted(value);
  }
  return '{' + out + '}';
}

std::string joined_by(const Binary& binary) {
  if (!binary.matching) return {};
  std::string labels;
  for (const std::string& label : binary.matching->labels) labels += (labels.empty() ? "" : ", ") + label;
  if (binary.matching->on) return "on (" + labels + ")";
  return labels.empty() ? "all their labels" : "ignoring (" + labels + ")";
}

class Why {
 public:
  explicit Why(const PartTree& tree) : tree_(tree) {}

  std::string of(std::size_t place) const {
    const PartNode& node = tree_[place];
    if (!node.part.error.empty()) return shown(node) + " cannot be evaluated: " + node.part.error;
    switch (node.part.kind) {
      case ExplainedPart::Kind::Selector: return shown(node) + " matches nothing: " + node.part.note;
      case ExplainedPart::Kind::Set: return set(node, std::get<Binary>(node.expr->node));
      case ExplainedPart::Kind::Comparison: return comparison(node, std::get<Binary>(node.expr->node));
      case ExplainedPart::Kind::Arithmetic: return arithmetic(node, std::get<Binary>(node.expr->node));
      case ExplainedPart::Kind::Other: return other(node);
    }
    return {};
  }

 private:
  bool empty(std::size_t place) const { return tree_[place].part.series == 0; }

  // The first operand that gives nothing; empty where all give something.
  std::string operand(const PartNode& node) const {
    for (const std::size_t child : node.children) {
      if (empty(child)) return of(child);
    }
    return {};
  }

  std::string no_partner(const PartNode& node, const Binary& binary) const {
    return "both sides of `" + std::string(promql::text_of(binary.op)) + "` give series (" +
           std::to_string(tree_[node.children[0]].part.series) + " and " + std::to_string(tree_[node.children[1]].part.series) +
           "), but none has a partner with the same labels (" + joined_by(binary) + ')';
  }

  std::string comparison(const PartNode& node, const Binary& binary) const {
    if (std::string inner = operand(node); !inner.empty()) return inner;
    if (binary.matching && node.compared == 0 && node.children.size() == 2) return no_partner(node, binary);
    const bool mirrored = binary.left->type == promql::ValueType::Scalar;
    const promql::Expr& limit = mirrored ? *binary.left : *binary.right;
    // A constant is no part: then the one child is the vector.
    const PartNode& vector = tree_[node.children.size() == 2 && mirrored ? node.children[1] : node.children[0]];
    std::string out = "none of " + series_text(node.part.removed) + " of " + shown(vector) + " passes `";
    out += mirrored ? promql::to_string(limit) + ' ' + std::string(promql::text_of(binary.op))
                    : std::string(promql::text_of(binary.op)) + ' ' + promql::to_string(limit);
    out += '`';
    if (!vector.part.samples.empty()) {
      const ExplainedSample& nearest = vector.part.samples.front();
      out += ": the nearest is " + number_text(nearest.value) + " of " + labels_text(nearest.labels);
    }
    return out;
  }

  std::string set(const PartNode& node, const Binary& binary) const {
    if (node.children.size() < 2) return operand(node);
    const std::size_t left = node.children[0], right = node.children[1];
    if (binary.op == BinaryOp::Or) return of(left) + "; and " + of(right);
    if (empty(left)) return of(left);
    if (binary.op == BinaryOp::Unless) {
      return series_text(tree_[left].part.series) + " of " + shown(tree_[left]) + " are all taken away by `unless` " +
             shown(tree_[right]) + ", which gives " + std::to_string(tree_[right].part.series);
    }
    if (empty(right)) return shown(tree_[left]) + " holds for " + series_text(tree_[left].part.series) + ", but `and` needs both: " + of(right);
    return no_partner(node, binary);
  }

  std::string arithmetic(const PartNode& node, const Binary& binary) const {
    if (std::string inner = operand(node); !inner.empty()) return inner;
    if (node.children.size() == 2) return no_partner(node, binary);
    return shown(node) + " gives nothing";
  }

  std::string other(const PartNode& node) const {
    const auto* call = std::get_if<promql::Call>(&node.expr->node);
    const bool absent = call != nullptr && std::string_view(call->function->name).starts_with("absent");
    if (absent && !node.children.empty() && !empty(node.children[0])) {
      return shown(node) + " gives nothing because its data is there: " + series_text(tree_[node.children[0]].part.series);
    }
    if (std::string inner = operand(node); !inner.empty()) return inner;
    const bool range = !node.children.empty() && std::holds_alternative<promql::MatrixSelector>(tree_[node.children[0]].expr->node);
    if (range) return shown(node) + " gives nothing of what it reads: rate, increase and their like need two samples in the range";
    return shown(node) + " gives nothing of what it is given";
  }

  const PartTree& tree_;
};

}  // namespace

std::string why_nothing(const PartTree& tree, std::size_t node) { return Why(tree).of(node); }

}  // namespace tocsin::rules
