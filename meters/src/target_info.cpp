// SPDX-License-Identifier: Apache-2.0
#include "meters/target_info.h"

#include <algorithm>
#include <set>
#include <unordered_set>
#include <utility>

#include "meters/base/text.h"
#include "meters/descriptor.h"

namespace tocsin::meters {

namespace {

bool is_identifying(std::string_view key) {
  return key == "service.name" || key == "service.namespace" || key == "service.instance.id";
}

std::shared_ptr<const Descriptor> target_info_descriptor() {
  static const auto descriptor = std::make_shared<const Descriptor>(Descriptor{
      std::string(kTargetInfoName), std::string(kTargetInfoName), "", "Target metadata", Kind::Gauge});
  return descriptor;
}

}  // namespace

std::shared_ptr<const Family> target_info_family(const Resource& resource) {
  const bool named = !resource.job.empty() || !resource.instance.empty();
  LabelSetTable table;
  std::vector<ValueId> ids;
  for (const auto& [key, value] : resource.attributes) {
    const std::string text = to_utf8(to_text(value));
    if (text.empty() || key.empty() || (named && is_identifying(key))) continue;
    const std::size_t column = table.add_column({key, prometheus_label_name(key, resource.names)});
    ids.push_back(table.intern(column, text, LabelType::String));
  }
  if (ids.empty()) return nullptr;
  table.find_or_append(ids);

  auto described = std::make_shared<Resource>();
  described->job = resource.job;
  described->instance = resource.instance;
  auto origin = std::make_shared<Origin>();
  origin->resource = std::move(described);
  auto family = std::make_shared<Family>();
  family->descriptor = target_info_descriptor();
  family->origin = std::move(origin);
  family->labels = table.view();
  family->points = Scalars{NumberType::Integer, {1}};
  family->states = {RowState::Live};
  return family;
}

std::vector<std::shared_ptr<const Family>> target_info_families(const Snapshot& snapshot) {
  std::vector<std::shared_ptr<const Family>> families;
  std::unordered_set<const Resource*> seen;
  std::set<std::pair<std::string_view, std::string_view>> targets;
  for (const auto& family : snapshot.families) {
    const Resource& resource = *family->origin->resource;
    if (seen.contains(&resource)) continue;
    if (std::find(family->states.begin(), family->states.end(), RowState::Live) == family->states.end())
      continue;
    seen.insert(&resource);
    if (targets.contains({resource.job, resource.instance})) continue;
    auto info = target_info_family(resource);
    if (!info) continue;
    targets.emplace(resource.job, resource.instance);
    families.push_back(std::move(info));
  }
  return families;
}

}  // namespace tocsin::meters
