// SPDX-License-Identifier: Apache-2.0
#include "agent/check/known_meters.h"

#include <algorithm>

#include "meters/base/text.h"
#include "meters/generated/host.h"
#include "meters/generated/process.h"
#include "meters/generated/request.h"
#include "meters/generated/slo.h"
#include "meters/generated/tocsin.h"

namespace tocsin::agent {

using meters::DeclaredLabel;
using meters::DeclaredMeter;
using meters::Kind;

namespace {

// All but two characters in one place are the same. Names of other programs' meters are often alike, but hardly so much.
bool is_misspelt(std::string_view name, std::string_view known) {
  const std::size_t most = std::min(name.size(), known.size()), longest = std::max(name.size(), known.size());
  std::size_t before = 0, behind = 0;
  while (before < most && name[before] == known[before]) ++before;
  while (before + behind < most && name[name.size() - 1 - behind] == known[known.size() - 1 - behind]) ++behind;
  return longest >= 6 && longest - before - behind <= 2;
}

}  // namespace

KnownMeters::KnownMeters() {
  everywhere_ = {"__name__",         "job",           "instance",           "exported_job",          "exported_instance",
                 "otel_scope_name",  "otel_scope_version", "otel_scope_schema_url", "otel_metric_overflow"};
  for (const char* name : {"ALERTS", "ALERTS_FOR_STATE", "target_info"}) {
    KnownSeries series;
    series.name = name;
    series.kind = SeriesKind::Gauge;
    series.any_label = true;
    if (series.name == "ALERTS") series.closed["alertstate"] = {"pending", "firing"};
    add(std::move(series));
  }
  for (const auto& [name, unit] : {std::pair{"up", ""}, {"scrape_duration_seconds", "s"}, {"scrape_samples_scraped", "{sample}"},
                                   {"scrape_samples_post_metric_relabeling", "{sample}"}, {"scrape_series_added", "{series}"}}) {
    KnownSeries series;
    series.name = name;
    series.kind = SeriesKind::Gauge;
    series.unit = Unit::of(unit);
    add(std::move(series));
  }
}

void KnownMeters::add_shipped() {
  for (const DeclaredMeter& meter : meters::kRequestCatalogue) add(meter);
  for (const DeclaredMeter& meter : meters::kProcessCatalogue) add_standard(meter);
  for (const DeclaredMeter& meter : meters::kHostCatalogue) add_standard(meter);
  for (const DeclaredMeter& meter : meters::kTocsinCatalogue) add(meter);
  for (const DeclaredMeter& meter : meters::kSloCatalogue) add(meter);
}

void KnownMeters::add(const DeclaredMeter& meter) {
  const std::string name = meters::prometheus_name(meter.name, meter.unit, meter.kind);
  if (const auto end = name.find('_'); end != std::string::npos) namespaces_.insert(name.substr(0, end + 1));
  add_standard(meter);
}

// Of a namespace that it shares with other programs: node_, process_.
void KnownMeters::add_standard(const DeclaredMeter& meter) {
  KnownSeries series;
  series.name = meters::prometheus_name(meter.name, meter.unit, meter.kind);
  series.meter = meter.name;
  if (!meter.unit.empty()) series.unit = Unit::of(meter.unit);  // one that is left out says nothing
  for (const DeclaredLabel& label : meter.labels) {
    const std::string name = meters::prometheus_label_name(label.name);
    series.labels.insert(name);
    if (label.closed()) series.closed[name].assign(label.values.begin(), label.values.end());
  }
  series.kind = meter.kind == Kind::Counter ? SeriesKind::Counter : SeriesKind::Gauge;
  add(meter, series);
  if (meter.formerly.empty()) return;
  series.now = std::move(series.name);
  series.name = meters::prometheus_name(meter.formerly, meter.unit, meter.kind);
  series.until = meter.formerly_until;
  add(meter, std::move(series));
}

// All that a meter is seen as.
void KnownMeters::add(const DeclaredMeter& meter, KnownSeries series) {
  if (meter.kind != Kind::Histogram) return add(std::move(series));
  const std::string stem = series.name, now = series.now;
  const auto name = [&](std::string_view suffix) {
    series.name = stem + std::string(suffix);
    if (!now.empty()) series.now = now + std::string(suffix);
  };
  series.bound_unit = series.unit;
  series.kind = SeriesKind::Native;
  if (meter.native) add(series);
  series.kind = SeriesKind::Counter;
  name("_sum");
  add(series);
  name("_count");
  series.unit = {Unit::Base::Count, {}, false, 1};
  add(series);
  if (meter.bounds.empty()) return;
  name("_bucket");
  series.kind = SeriesKind::Buckets;
  series.labels.insert("le");
  series.bounds.assign(meter.bounds.begin(), meter.bounds.end());
  add(std::move(series));
}

void KnownMeters::add(KnownSeries series) {
  std::string name = series.name;
  series_.insert_or_assign(std::move(name), std::move(series));
}

void KnownMeters::restrict_to(const std::vector<KnownSeries>& seen) {
  for (auto& [name, series] : series_) series.absent = !series.meter.empty();
  const auto present = [&](std::string_view name) {
    if (const auto at = series_.find(name); at != series_.end()) at->second.absent = false;
  };
  for (const KnownSeries& each : seen) {
    const auto at = series_.find(each.name);
    if (at == series_.end()) {
      add(each);
    } else {
      at->second.absent = false;
      at->second.labels.insert(each.labels.begin(), each.labels.end());
    }
    // Text shows no native histogram: whoever has the count has it.
    if (each.name.ends_with("_count")) present(std::string_view(each.name).substr(0, each.name.size() - 6));
  }
}

const KnownSeries* KnownMeters::find(std::string_view name) const {
  const auto at = series_.find(name);
  return at == series_.end() ? nullptr : &at->second;
}

std::string KnownMeters::nearest_name(std::string_view name) const {
  std::vector<std::string_view> names;
  for (const auto& [each, series] : series_) names.push_back(each);
  return nearest(name, names);
}

bool KnownMeters::may_be_anothers(std::string_view name) const {
  if (!others_ || namespaces_.contains(name.substr(0, name.find('_') + 1))) return false;
  return std::none_of(series_.begin(), series_.end(), [&](const auto& known) { return is_misspelt(name, known.first); });
}

std::vector<std::string> KnownMeters::meters() const {
  std::set<std::string> names;
  for (const auto& [name, series] : series_)
    if (!series.meter.empty()) names.insert(series.meter);
  return {names.begin(), names.end()};
}

}  // namespace tocsin::agent
