// SPDX-License-Identifier: Apache-2.0
#include "rules/promql/value.h"

#include <algorithm>

#include "rules/promql/print.h"

namespace tocsin::rules::promql {

std::string_view type_text(const Value& value) noexcept {
  static constexpr std::string_view kTypes[] = {"scalar", "string", "vector", "matrix"};
  return kTypes[value.index()];
}

std::string_view label_value(Labels labels, std::string_view name) noexcept {
  for (const Label& label : labels)
    if (label.name == name) return label.value;
  return {};
}

std::string to_string(Labels labels) {
  std::string out(label_value(labels, "__name__"));
  std::string inner;
  for (const Label& label : labels) {
    if (label.name == "__name__") continue;
    if (!inner.empty()) inner += ", ";
    inner.append(label.name).append("=").append(quoted(label.value));
  }
  if (out.empty() || !inner.empty()) out.append("{").append(inner).append("}");
  return out;
}

int compare(Labels a, Labels b) noexcept {
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (const int order = a[i].name.compare(b[i].name)) return order;
    if (const int order = a[i].value.compare(b[i].value)) return order;
  }
  return a.size() < b.size() ? -1 : a.size() > b.size();
}

std::string to_string(const Annotation& annotation, std::string_view query) {
  const std::string_view before = query.substr(0, annotation.range.begin);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const std::size_t start = before.rfind('\n') + 1;  // npos + 1 is 0
  return annotation.text + " (" + std::to_string(line) + ':' + std::to_string(before.size() - start + 1) + ')';
}

}  // namespace tocsin::rules::promql
