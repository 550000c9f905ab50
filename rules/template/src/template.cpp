// SPDX-License-Identifier: Apache-2.0
#include "rules/template/template.h"

#include <algorithm>
#include <utility>

#include "rules/template/src/node.h"

namespace tocsin::rules::templates {
namespace {

void collect_labels(const Node& node, std::vector<std::string>& out) {
  const auto& names = node.names;
  const bool variable = node.kind == NodeKind::Variable && names.size() > 1 && names[0] == "$labels";
  const bool whole = node.kind == NodeKind::Variable && names.size() > 2 && names[0] == "$" && names[1] == "Labels";
  if (variable) out.push_back(names[1]);
  if (whole) out.push_back(names[2]);
  if (node.kind == NodeKind::Field && names.size() > 1 && names[0] == "Labels") out.push_back(names[1]);
  for (const NodePtr& child : node.children) collect_labels(*child, out);
  for (const NodePtr* child : {&node.pipe, &node.list, &node.other}) {
    if (*child) collect_labels(**child, out);
  }
}

}  // namespace

Result<Template> Template::parse(std::string_view text, const ParseOptions& options, Place* place) {
  try {
    return Template(std::make_shared<const Program>(parse_program(text, options)));
  } catch (const Failure& failure) {
    if (place != nullptr) *place = failure.place;
    return Error{failure.fault, failure.message};
  }
}

Result<std::string> Template::execute(const Value& data, const Environment& environment, const Limits& limits) const {
  try {
    return run_program(*program_, data, environment, limits);
  } catch (const Failure& failure) {
    return Error{failure.fault, failure.message};
  }
}

std::vector<std::string> Template::labels_used() const {
  std::vector<std::string> out;
  collect_labels(*program_->root, out);
  for (const auto& [name, node] : program_->defined) collect_labels(*node, out);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace tocsin::rules::templates
