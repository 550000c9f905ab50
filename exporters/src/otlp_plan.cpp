// SPDX-License-Identifier: Apache-2.0
#include "exporters/src/otlp_plan.h"

#include <algorithm>
#include <functional>
#include <map>
#include <unordered_map>

#include "wire/otlp_attributes.h"
#include "wire/otlp_fields.h"

namespace tocsin::exporters {

namespace {

using meters::Family;
using meters::Row;
using meters::RowState;

// One family of a Snapshot: its label table and name. Two families may share a table.
struct FamilyKey {
  std::uint64_t table;
  std::size_t kind;
  std::string_view name;
  bool operator==(const FamilyKey&) const = default;
};
struct FamilyKeyHash {
  std::size_t operator()(const FamilyKey& key) const noexcept {
    return std::hash<std::string_view>{}(key.name) ^ (key.table * 0x9E3779B97F4A7C15ULL) ^ key.kind;
  }
};
FamilyKey key_of(const Family& family) {
  return {family.labels->table_id(), family.points.index(), family.descriptor->name};
}

using FamilyIndex = std::unordered_map<FamilyKey, const Family*, FamilyKeyHash>;

FamilyIndex index_of(const meters::Snapshot* snapshot) {
  FamilyIndex index;
  if (snapshot == nullptr) return index;
  index.reserve(snapshot->families.size());
  for (const auto& family : snapshot->families) index.emplace(key_of(*family), family.get());
  return index;
}

const Family* find(const FamilyIndex& index, const Family& family) {
  const auto found = index.find(key_of(family));
  return found == index.end() ? nullptr : found->second;
}

template <class Visit>
void visit_families(const ExportLoad& load, const Visit& visit) {
  const FamilyIndex previous = index_of(load.previous.get());
  for (const EndedFamily& ended : load.ended)
    visit(PlannedFamily{ended.family.get(), find(previous, *ended.family), to_unix_ns(ended.time), true});
  for (const auto& family : load.snapshot->families)
    visit(PlannedFamily{family.get(), find(previous, *family), to_unix_ns(load.snapshot->time), false});
}

std::string encode_resource(const meters::Resource& resource, const meters::Attributes& added) {
  std::string out;
  wire::ProtobufWriter writer(out);
  for (const auto& attribute : resource.attributes)
    append_attribute(writer, wire::otlp::Resource::kAttributes, attribute);
  for (const auto& attribute : added)
    if (meters::find(resource.attributes, attribute.key) == nullptr)
      append_attribute(writer, wire::otlp::Resource::kAttributes, attribute);
  return out;
}

// Numbers resources by content, remembering pointers so that each is encoded once.
class Resources {
 public:
  Resources(OtlpPlan& plan, const meters::Attributes& added) : plan_(plan), added_(added) {}

  std::uint32_t number(const meters::Resource& resource) {
    const auto seen = by_pointer_.find(&resource);
    if (seen != by_pointer_.end()) return seen->second;
    std::string encoded = encode_resource(resource, added_);
    const auto next = static_cast<std::uint32_t>(plan_.resources.size());
    const auto [entry, is_new] = by_content_.try_emplace({encoded, resource.schema_url}, next);
    if (is_new) {
      plan_.resources.push_back(std::move(encoded));
      plan_.resource_schemas.push_back(resource.schema_url);
    }
    return by_pointer_[&resource] = entry->second;
  }

 private:
  OtlpPlan& plan_;
  const meters::Attributes& added_;
  std::unordered_map<const meters::Resource*, std::uint32_t> by_pointer_;
  std::map<std::pair<std::string, std::string>, std::uint32_t> by_content_;
};

}  // namespace

bool PlannedFamily::is_news(Row row) const noexcept {
  const bool known = previous != nullptr && row < previous->rows();
  if (family->states[row] == RowState::Ended) return !known || previous->states[row] != RowState::Ended;
  if (only_ended) return false;
  if (!known || family->time_ns.empty() || previous->time_ns.empty()) return true;
  return previous->states[row] == RowState::Ended || previous->time_ns[row] != family->time_ns[row];
}

std::vector<PlannedFamily> families_of(const ExportLoad& load) {
  std::vector<PlannedFamily> families;
  visit_families(load, [&](const PlannedFamily& planned) { families.push_back(planned); });
  return families;
}

OtlpPlan make_plan(const ExportLoad& load, const meters::Attributes& added) {
  OtlpPlan plan;
  Resources resources(plan, added);
  // Scopes are few a resource, and most families of a resource share one Origin.
  std::vector<std::vector<const meters::Scope*>> scopes;
  std::unordered_map<const meters::Origin*, std::pair<std::uint32_t, std::uint32_t>> origins;
  visit_families(load, [&](PlannedFamily planned) {
    const meters::Origin& origin = *planned.family->origin;
    const auto [entry, is_new] = origins.try_emplace(&origin);
    if (is_new) {
      const std::uint32_t resource = resources.number(*origin.resource);
      if (resource >= scopes.size()) scopes.resize(resource + 1);
      auto& known = scopes[resource];
      const auto same = std::find_if(known.begin(), known.end(), [&](const auto* s) { return *s == origin.scope; });
      entry->second = {resource, static_cast<std::uint32_t>(same - known.begin())};
      if (same == known.end()) known.push_back(&origin.scope);
    }
    std::tie(planned.resource, planned.scope) = entry->second;
    plan.families.push_back(planned);
  });
  std::stable_sort(plan.families.begin(), plan.families.end(), [](const PlannedFamily& a, const PlannedFamily& b) {
    return std::tie(a.resource, a.scope) < std::tie(b.resource, b.scope);
  });
  return plan;
}

std::uint64_t news_in(const ExportLoad& load) {
  std::uint64_t points = 0;
  visit_families(load, [&](const PlannedFamily& planned) {
    for (Row row = 0; row < planned.family->rows(); ++row) points += planned.is_news(row) ? 1 : 0;
  });
  return points;
}

void append_ended(const meters::Snapshot& snapshot, std::vector<EndedFamily>& out) {
  for (const auto& family : snapshot.families)
    if (std::find(family->states.begin(), family->states.end(), RowState::Ended) != family->states.end())
      out.push_back({family, snapshot.time});
}

std::size_t bytes_of(const meters::Snapshot& snapshot) noexcept {
  struct PerFamily {
    std::size_t operator()(const meters::Scalars& points) const { return points.bits.size() * sizeof(std::uint64_t); }
    std::size_t operator()(const meters::Histograms& points) const {
      std::size_t total = points.counts.size() * sizeof(std::uint64_t) +
                          (points.sums.size() + points.min.size() + points.max.size()) * sizeof(double) +
                          points.native.size() * sizeof(meters::NativeHistogram);
      for (const auto& native : points.native)
        total += (native.positive.size() + native.negative.size()) * sizeof(std::uint64_t);
      return total;
    }
    std::size_t operator()(const meters::Summaries& points) const {
      std::size_t total = points.counts.size() * (2 * sizeof(double) + sizeof(points.quantiles[0]));
      for (const auto& quantiles : points.quantiles) total += quantiles.size() * sizeof(quantiles[0]);
      return total;
    }
  };
  std::size_t total = sizeof snapshot;
  for (const auto& family : snapshot.families)
    total += sizeof(Family) + std::visit(PerFamily{}, family->points) + family->states.size() +
             (family->start_ns.size() + family->time_ns.size()) * sizeof(std::int64_t) +
             family->exemplars.size() * sizeof(meters::Exemplar);
  return total;
}

}  // namespace tocsin::exporters
