// SPDX-License-Identifier: Apache-2.0
#include "meters/series_identity.h"

#include <algorithm>
#include <numeric>

#include "meters/base/text.h"
#include "meters/descriptor.h"

namespace tocsin::meters {

namespace {

void add_constant(SeriesIdentity& identity, std::string name, std::string_view text, bool yields = false) {
  if (!text.empty()) identity.constants.push_back({std::move(name), to_utf8(text), yields});
}

std::string escaped(std::string name, const IdentityOptions& options) {
  return options.escape_label_name ? options.escape_label_name(name) : name;
}

void add_scope(SeriesIdentity& identity, const Scope& scope, NameStrategy names, const IdentityOptions& options) {
  if (scope.name.empty()) return;
  add_constant(identity, "otel_scope_name", scope.name);
  add_constant(identity, "otel_scope_version", scope.version);
  add_constant(identity, "otel_scope_schema_url", scope.schema_url);
  for (const auto& [key, value] : scope.attributes)
    add_constant(identity, escaped("otel_scope_" + prometheus_label_name(key, names), options), to_text(value));
}

// Two attributes of a scope can come to one label name; the texts are joined as those of columns are.
void join_equal_constants(std::vector<ConstantLabel>& constants) {
  for (std::size_t i = 0; i < constants.size(); ++i)
    for (std::size_t j = i + 1; j < constants.size();) {
      if (constants[j].name != constants[i].name) {
        ++j;
        continue;
      }
      if (!constants[j].yields) constants[i].text += ';' + constants[j].text;
      constants.erase(constants.begin() + static_cast<std::ptrdiff_t>(j));
    }
}

bool is_firm(const std::vector<ConstantLabel>& constants, std::string_view name) {
  return std::any_of(constants.begin(), constants.end(),
                     [&](const ConstantLabel& label) { return !label.yields && label.name == name; });
}

bool has_equal_names(const SeriesIdentity& identity) {
  std::vector<std::string_view> names(identity.columns.begin(), identity.columns.end());
  for (const ConstantLabel& label : identity.constants) names.push_back(label.name);
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) != names.end();
}

}  // namespace

SeriesIdentity identity_of(const Family& family, const IdentityOptions& options, std::string_view reserved) {
  SeriesIdentity identity;
  const Resource& resource = *family.origin->resource;
  add_constant(identity, "job", resource.job);
  add_constant(identity, "instance", resource.instance);
  if (options.scope_labels) add_scope(identity, family.origin->scope, resource.names, options);
  for (const auto& [name, text] : resource.promoted)
    add_constant(identity, escaped(name, options), text, true);
  join_equal_constants(identity.constants);

  for (std::size_t i = 0; i < family.labels->columns(); ++i) {
    std::string name = escaped(family.labels->column(i).prometheus_name, options);
    if (name.empty() || name == "__name__" || (!reserved.empty() && name == reserved) ||
        is_firm(identity.constants, name))
      name.insert(0, "exported_");
    identity.columns.push_back(std::move(name));
  }
  identity.collides = has_equal_names(identity);
  return identity;
}

void merge_labels(const SeriesIdentity& identity, const LabelSets& labels, Row row, LabelPairs& into) {
  into.clear();
  const auto find = [&](std::string_view name) {
    return std::find_if(into.begin(), into.end(), [&](const auto& pair) { return pair.first == name; });
  };
  for (const ConstantLabel& label : identity.constants)
    if (!label.yields) into.emplace_back(label.name, label.text);

  std::vector<std::size_t> order(identity.columns.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return labels.column(a).name < labels.column(b).name; });
  for (const std::size_t i : order) {
    const std::string_view text = labels.text(i, labels.id(row, i));
    if (text.empty()) continue;
    if (const auto same = find(identity.columns[i]); same != into.end()) {
      same->second.append(";").append(text);
    } else {
      into.emplace_back(identity.columns[i], text);
    }
  }
  for (const ConstantLabel& label : identity.constants)
    if (label.yields && find(label.name) == into.end()) into.emplace_back(label.name, label.text);
}

}  // namespace tocsin::meters
