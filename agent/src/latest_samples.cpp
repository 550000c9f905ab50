// SPDX-License-Identifier: Apache-2.0
#include "agent/latest_samples.h"

#include <algorithm>
#include <cmath>

#include "agent/src/latest_samples_shapes.h"
#include "meters/base/number.h"
#include "wire/otlp_attributes.h"
#include "wire/otlp_fields.h"
#include "wire/protobuf.h"
#include "wire/remote_write_codec.h"

namespace tocsin::agent {

namespace otlp = wire::otlp;
using meters::Kind;

namespace {

bool changed(const std::shared_ptr<const meters::Descriptor>& a, const std::shared_ptr<const meters::Descriptor>& b) {
  if (a == b) return false;
  const bool has_parts = a && (a->kind == Kind::Histogram || a->kind == Kind::Summary);
  return !a || !b || a->kind != b->kind || a->unit != b->unit || (has_parts && a->name != b->name);
}

}  // namespace

std::uint32_t LatestSamples::sender(std::string_view job, std::string_view instance) {
  std::string key(job);
  key.push_back('\0');
  key += instance;
  const auto [at, added] = sender_of_.try_emplace(std::move(key), static_cast<std::uint32_t>(senders_.size()));
  if (added) {
    std::string& message = senders_.emplace_back();
    wire::ProtobufWriter writer(message);
    if (!job.empty())
      wire::append_attribute(writer, otlp::Resource::kAttributes, meters::Attribute{"service.name", job});
    if (!instance.empty())
      wire::append_attribute(writer, otlp::Resource::kAttributes, meters::Attribute{"service.instance.id", instance});
  }
  return at->second;
}

std::uint32_t LatestSamples::meter(std::string_view name) {
  return meter_of_.try_emplace(std::string(name), static_cast<std::uint32_t>(meter_of_.size())).first->second;
}

// Which part of what the row is.
void LatestSamples::settle(const rules::Batch& batch, std::uint32_t family, meters::Row at, Row& row) {
  const rules::SampleFamily& of = batch.families[family];
  const meters::LabelSets& labels = *of.labels;
  row.role = Role::Number;
  // The time a meter was created is its start; OpenMetrics could not show it as a series of its own beside it.
  if (of.descriptor && of.descriptor->kind != Kind::Gauge && of.name == of.descriptor->name + "_created") {
    row.role = Role::Created;
    return;
  }
  std::string_view apart;
  if (of.descriptor && (of.descriptor->kind == Kind::Histogram || of.descriptor->kind == Kind::Summary) &&
      std::string_view(of.name).starts_with(of.descriptor->name)) {
    const std::string_view suffix = std::string_view(of.name).substr(of.descriptor->name.size());
    const bool histogram = of.descriptor->kind == Kind::Histogram;
    if (suffix == "_count") row.role = Role::Count;
    else if (suffix == "_sum") row.role = Role::Sum;
    else if (histogram && suffix == "_bucket") row.role = Role::Bucket, apart = "le";
    else if (histogram && suffix.empty()) row.role = Role::Native;
    else if (!histogram && suffix.empty()) row.role = Role::Quantile, apart = "quantile";
  }
  std::string_view job, instance, bound;
  wire::ProtobufWriter writer(row.attributes);
  row.attributes.clear();
  // In one order whatever the table's, so that the parts of a histogram find each other.
  std::map<std::string_view, std::string_view> rest;
  for (std::size_t column = 0; column < labels.columns(); ++column) {
    const std::string_view name = labels.column(column).prometheus_name;
    const std::string_view text = labels.text(column, labels.id(at, column));
    if (text.empty()) continue;
    if (name == "job") job = text;
    else if (name == "instance") instance = text;
    else if (!apart.empty() && name == apart) bound = text;
    else rest.emplace(name, text);
  }
  if (!apart.empty()) {
    const auto value = parse_double(bound);
    if (value && !std::isnan(*value)) row.bound = *value;
    else row.role = Role::Number, rest.emplace(apart, bound);
  }
  for (const auto& [name, text] : rest) detail::append_label(writer, name, text);
  row.hash = hash_raw(row.attributes);
  row.sender = sender(job, instance);
  if (row.role == Role::Number || row.role == Role::Native) return;
  std::string key = of.descriptor->name + '\0' + std::to_string(row.sender) + '\0' + row.attributes;
  const auto [group, added] = group_of_.try_emplace(std::move(key), static_cast<std::uint32_t>(groups_.size()));
  row.group = group->second;
  if (added) groups_.emplace_back();
  groups_[row.group].sender = row.sender;
  groups_[row.group].descriptor = of.descriptor;
  groups_[row.group].attributes = row.attributes;
  groups_[row.group].hash = row.hash;
}

// What was said of a family before it was described otherwise ends, so that its meter may have another kind.
void LatestSamples::forget_changed(const rules::Batch& batch) {
  if (families_.size() < batch.families.size()) families_.resize(batch.families.size());
  for (std::uint32_t at = 0; at < batch.families.size(); ++at) {
    FamilyRows& mine = families_[at];
    const rules::SampleFamily& family = batch.families[at];
    if (changed(mine.descriptor, family.descriptor)) {
      for (const Row& row : mine.rows) {
        if (row.role != Role::Number) continue;
        open_sender(row.sender);
        open_metric(family.name, mine.descriptor.get(), Shape::Number);
        NumberPoint point;
        point.attributes = points_.joined.emplace_back(row.attributes);
        point.hash = row.hash;
        point.no_recorded_value = true;
        points_.numbers.push_back(point);
      }
      close_sender();
      mine.rows.clear();
    }
    mine.descriptor = family.descriptor;
    if (mine.table_id != family.labels->table_id()) mine.rows.clear();
    mine.table_id = family.labels->table_id();
    mine.rows.resize(std::max<std::size_t>(mine.rows.size(), family.labels->rows()));
  }
}

void LatestSamples::take_part(const rules::Batch& batch, std::uint32_t sample, const Row& row) {
  Group& group = groups_[row.group];
  if (!group.touched) touched_.push_back(row.group);
  group.touched = true;
  const double value = batch.values[sample];
  group.time_ms = std::max(group.time_ms, batch.time_ms[sample]);
  group.start_ms = batch.start_ms.empty() ? 0 : batch.start_ms[sample];
  if (wire::is_stale(value)) {
    if (row.role == Role::Bucket || row.role == Role::Quantile) group.parts.erase(row.bound);
    group.ended = group.parts.empty() || row.role == Role::Count;
    if (group.ended) group.sum = meters::kNoValueSent;
    return;
  }
  group.ended = false;
  if (row.role == Role::Count) group.count = value;
  else if (row.role == Role::Sum) group.sum = value;
  else group.parts[row.bound] = value;
}

void LatestSamples::take(const rules::Batch& batch, std::uint32_t sample) {
  Row& row = row_of(batch, sample);
  if (row.role == Role::Unknown) settle(batch, batch.family[sample], batch.row[sample], row);
  if (row.role == Role::Created) return;
  const bool native = !batch.histograms.empty() && batch.histograms[sample];
  if (row.role == Role::Number || row.role == Role::Native) {
    // A native histogram of a family that nobody described is one all the same.
    if (native) row.role = Role::Native;
    told_.push_back({row.sender, meter(batch.families[batch.family[sample]].name), sample, native ? Role::Native : Role::Number});
  } else {
    take_part(batch, sample, row);
  }
}

const MetricPoints& LatestSamples::points(const rules::Batch& batch) {
  const meters::Via via = points_.via;
  points_.clear();
  points_.via = via;
  metric_ = {};
  told_.clear();
  touched_.clear();
  forget_changed(batch);
  for (std::uint32_t sample = 0; sample < batch.size(); ++sample) take(batch, sample);
  for (const std::uint32_t at : touched_) {
    groups_[at].touched = false;
    told_.push_back({groups_[at].sender, meter(groups_[at].descriptor->name), at, Role::Count});
  }
  std::stable_sort(told_.begin(), told_.end());
  find_exemplars(batch);
  tell(batch);
  return points_;
}

}  // namespace tocsin::agent
