// SPDX-License-Identifier: Apache-2.0
#include "exporters/src/exposition_plan.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "exporters/src/row_filter.h"
#include "meters/target_info.h"
#include "meters/base/text.h"

namespace tocsin::exporters {

namespace {

using meters::Family;
using meters::Kind;
using meters::Row;
using meters::RowState;

SampleType type_of(const Family& family, std::string_view name) {
  if (std::holds_alternative<meters::Histograms>(family.points)) return SampleType::Histogram;
  if (std::holds_alternative<meters::Summaries>(family.points)) return SampleType::Summary;
  if (family.descriptor->kind == Kind::Counter) return SampleType::Counter;
  return name == meters::kTargetInfoName ? SampleType::Info : SampleType::Gauge;
}

std::uint64_t live_rows(const Family& family) {
  return static_cast<std::uint64_t>(std::count(family.states.begin(), family.states.end(), RowState::Live));
}

// OpenMetrics: the unit must be the name's suffix, and info has none.
std::string unit_of(const ExposedFamily& exposed, const meters::Descriptor& descriptor) {
  if (exposed.type == SampleType::Info) return {};
  const std::string unit = meters::prometheus_unit(descriptor.unit);
  std::string_view name = exposed.name;
  if (exposed.type == SampleType::Counter && name.ends_with("_total")) name.remove_suffix(6);
  return !unit.empty() && name.size() > unit.size() && name.ends_with('_' + unit) ? unit : std::string{};
}

void add_member(ExposedFamily& exposed, const Family& family, const ExpositionOptions& options) {
  if (exposed.help.empty()) exposed.help = to_utf8(family.descriptor->help);
  if (exposed.unit.empty()) exposed.unit = unit_of(exposed, *family.descriptor);
  meters::IdentityOptions identity{options.scope_labels, {}};
  if (options.escaping != wire::Escaping::AllowUtf8)
    identity.escape_label_name = [&options](std::string_view label) {
      return wire::escape_label_name(label, options.escaping);
    };
  exposed.members.push_back({&family, meters::identity_of(family, identity, reserved_label(exposed.type)), false});
}

void hash_in(std::uint64_t& hash, std::string_view text) {
  hash = (hash ^ std::hash<std::string_view>{}(text)) * 0x9E3779B97F4A7C15ULL;
  hash ^= hash >> 29;
}

std::uint64_t constants_hash(const meters::SeriesIdentity& identity) {
  std::uint64_t hash = 0;
  for (const meters::ConstantLabel& label : identity.constants) {
    hash_in(hash, label.name);
    hash_in(hash, label.text);
  }
  return hash;
}

// Equal for two series exactly when they are one series (but for a chance of 2^-64). Sorts the labels.
std::uint64_t identity_hash(meters::LabelPairs& pairs) {
  std::sort(pairs.begin(), pairs.end());
  std::uint64_t hash = 0;
  for (const auto& [name, text] : pairs) {
    hash_in(hash, name);
    hash_in(hash, text);
  }
  return hash;
}

// Members of equal constant labels may send one series twice; so may any member once labels are merged.
void mark_repeats(ExposedFamily& exposed) {
  bool merged = false;
  std::unordered_map<std::uint64_t, int> constants;
  for (const ExposedMember& member : exposed.members) {
    merged = merged || member.identity.collides;
    ++constants[constants_hash(member.identity)];
  }
  for (ExposedMember& member : exposed.members)
    member.may_repeat = merged || constants[constants_hash(member.identity)] > 1;
}

}  // namespace

std::string_view to_text(SampleType type) noexcept {
  switch (type) {
    case SampleType::Counter:
      return "counter";
    case SampleType::Gauge:
      return "gauge";
    case SampleType::Histogram:
      return "histogram";
    case SampleType::Summary:
      return "summary";
    case SampleType::Info:
      return "info";
    case SampleType::Unknown:
      return "unknown";
  }
  return "unknown";
}

std::vector<std::string_view> sample_suffixes(SampleType type) {
  if (type == SampleType::Histogram) return {"", "_bucket", "_sum", "_count"};
  if (type == SampleType::Summary) return {"", "_sum", "_count"};
  return {""};
}

std::string_view reserved_label(SampleType type) noexcept {
  return type == SampleType::Histogram ? "le" : type == SampleType::Summary ? "quantile" : std::string_view{};
}

void note_fault(ExpositionReport& report, std::string_view family, std::string_view what) {
  if (report.first_fault.empty()) report.first_fault.append(family).append(": ").append(what);
}

ExpositionPlan plan_exposition(const meters::Snapshot& snapshot, const ExpositionOptions& options,
                               ExpositionReport& report) {
  ExpositionPlan plan;
  if (options.target_info) plan.generated = meters::target_info_families(snapshot);
  std::map<std::string, ExposedFamily> by_name;
  const auto add = [&](const Family& family) {
    const std::uint64_t rows = live_rows(family);
    if (rows == 0) return;
    std::string name = wire::escape_name(family.descriptor->prometheus_name, options.escaping);
    if (name.empty()) {
      report.rows_with_name_clash += rows;
      return note_fault(report, family.descriptor->name, "nothing of its name is left as a Prometheus name");
    }
    const SampleType type = type_of(family, name);
    if (options.filter != nullptr && !takes_name(*options.filter, name, sample_suffixes(type))) return;
    ExposedFamily& exposed = by_name[name];
    if (exposed.members.empty()) {
      exposed.name = std::move(name);
      exposed.type = type;
    } else if (exposed.type != type) {
      report.rows_of_other_type += rows;
      return note_fault(report, exposed.name, "an earlier source sends it as another type");
    }
    add_member(exposed, family, options);
  };
  for (const auto& family : snapshot.families) add(*family);
  for (const auto& family : plan.generated) add(*family);
  for (auto& [name, exposed] : by_name) {
    mark_repeats(exposed);
    plan.families.push_back(std::move(exposed));
  }
  return plan;
}

const std::vector<bool>& RowGuard::hidden_rows(const ExposedMember& member) {
  const Family& family = *member.family;
  hidden_.clear();
  if (live_rows(family) != family.rows())
    for (Row row = 0; row < family.rows(); ++row)
      if (family.states[row] != RowState::Live) hide(row, member);
  if (options_.filter != nullptr) hide_not_asked_for(member);
  if (member.may_repeat) hide_repeated(member);
  return hidden_;
}

void RowGuard::hide(Row row, const ExposedMember& member) {
  hidden_.resize(member.family->rows());
  hidden_[row] = true;
}

void RowGuard::hide_not_asked_for(const ExposedMember& member) {
  RowFilter filter(*options_.filter, exposed_.name, sample_suffixes(exposed_.type), *member.family->labels,
                   member.identity);
  if (filter.takes_all()) return;
  for (Row row = 0; row < member.family->rows(); ++row)
    if (!filter.takes(row)) hide(row, member);
}

void RowGuard::note_all() {
  std::size_t rows = 0;
  for (const ExposedMember& member : exposed_.members)
    if (member.may_repeat) rows += member.family->rows();
  seen_.emplace(rows);
  meters::LabelPairs pairs;
  for (const ExposedMember& member : exposed_.members) {
    if (!member.may_repeat) continue;
    for (Row row = 0; row < member.family->rows(); ++row) {
      meters::merge_labels(member.identity, *member.family->labels, row, pairs);
      seen_->note(identity_hash(pairs));
    }
  }
}

void RowGuard::hide_repeated(const ExposedMember& member) {
  if (!seen_) note_all();
  meters::LabelPairs pairs;
  for (Row row = 0; row < member.family->rows(); ++row) {
    if (!hidden_.empty() && hidden_[row]) continue;
    meters::merge_labels(member.identity, *member.family->labels, row, pairs);
    if (!seen_->again(identity_hash(pairs))) continue;
    hide(row, member);
    ++report_.rows_sent_twice;
    note_fault(report_, exposed_.name, "two sources send the same series");
  }
}

}  // namespace tocsin::exporters
