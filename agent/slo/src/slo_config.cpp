// SPDX-License-Identifier: Apache-2.0
#include "agent/slo/slo_config.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <utility>

#include "agent/check/query_check.h"
#include "meters/base/number.h"
#include "meters/base/quantity.h"
#include "rules/promql/parse.h"

namespace tocsin::agent {

using namespace std::chrono_literals;
using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

namespace {

std::string text_of(double value) {
  std::string out;
  append_double(out, value);
  return out;
}

// The unit that a histogram's name says, in nanoseconds.
std::optional<double> unit_of(std::string_view meter) {
  constexpr std::pair<std::string_view, double> kUnits[] = {{"_nanoseconds", 1}, {"_microseconds", 1e3}, {"_milliseconds", 1e6}, {"_seconds", 1e9}};
  for (const auto& [suffix, ns] : kUnits)
    if (meter.ends_with(suffix)) return ns;
  return std::nullopt;
}

void read_duration(TomlTable& table, std::string_view key, milliseconds& into, nanoseconds least, nanoseconds most) {
  nanoseconds time = into;
  if (table.read_duration(key, time, least, most)) into = duration_cast<milliseconds>(time);
}

void read_selector(TomlTable& table, std::string_view key, rules::MeterSelector& into) {
  std::string text;
  if (!table.read(key, text)) return;
  auto selector = rules::selected_meter(text);
  if (selector) into = *std::move(selector);
  else table.fault(key, selector.error().message);
}

void read_latency(TomlTable& table, rules::Slo& slo) {
  slo.latency = true;
  read_selector(table, "latency", slo.total);
  if (table.has("total") || table.has("bad")) table.fault("latency", "an objective is by latency, or by total and bad: not both");
  for (const std::string_view suffix : {"_bucket", "_count", "_sum"})
    if (std::string& meter = slo.total.meter; meter.ends_with(suffix)) {
      slo.total.text.erase(meter.size() - suffix.size(), suffix.size());
      meter.resize(meter.size() - suffix.size());
    }
  for (const auto& matcher : slo.total.matchers)
    if (matcher.label() == "le") table.fault("latency", "must not ask for le: that is what threshold is for");
  nanoseconds threshold{0};
  const bool in_time = table.read_duration("threshold", threshold, 1ns, 24h * 365);
  const bool as_bound = table.read("bound", slo.threshold);
  if (in_time && as_bound) return table.fault("bound", "threshold and bound say the same: leave one out");
  if (as_bound || slo.total.meter.empty()) return;
  if (!in_time) {
    if (!table.has("threshold")) table.fault("latency", "needs a threshold, like \"500ms\", or a bound, like 0.5: what takes longer is bad");
    return;
  }
  const auto unit = unit_of(slo.total.meter);
  if (!unit) return table.fault("threshold", slo.total.meter + " does not say its unit: give the bucket bound as a number, as le has it: bound = 0.5");
  slo.threshold = static_cast<double>(threshold.count()) / *unit;
}

void read_events(TomlTable& table, rules::Slo& slo) {
  for (const std::string_view key : {"threshold", "bound"})
    if (table.has(key)) table.fault(key, "belongs to an objective by latency");
  read_selector(table, "total", slo.total);
  read_selector(table, "bad", slo.bad);
  if (!table.has("total") && !table.has("bad"))
    return table.fault("total", "must be given, like total = \"server_request_total\" and bad = 'server_request_total{status=\"server_error\"}'; or latency and threshold");
  if (!table.has("total")) table.fault("bad", "needs total beside it: of which events these are the bad ones");
  if (!table.has("bad")) table.fault("total", "needs bad beside it: which of these events are bad");
  if (!slo.total.text.empty() && slo.total == slo.bad) table.fault("bad", "is the same as total: every event would be bad");
}

void read_burn(TomlTable& pair_table, std::vector<rules::BurnPair>& into) {
  rules::BurnPair pair;
  pair.rate = 0;
  pair_table.read("rate", pair.rate);
  read_duration(pair_table, "long", pair.long_window, 1s, 24h * 365);
  read_duration(pair_table, "short", pair.short_window, 1s, 24h * 365);
  pair_table.read("severity", pair.severity);
  for (const std::string_view key : {"rate", "long", "short"})
    if (!pair_table.has(key)) pair_table.fault(key, "must be given");
  into.push_back(std::move(pair));
}

SloConfig read_slo(TomlTable& table, const rules::SloLimits& limits) {
  SloConfig config;
  rules::Slo& slo = config.slo;
  config.place = table.place();
  config.total_place = table.place(table.has("latency") ? "latency" : "total"), config.bad_place = table.place("bad");
  config.by_place = table.place("by"), config.bound_place = table.place(table.has("bound") ? "bound" : "threshold");
  table.read("name", slo.name);
  table.read("description", slo.description);
  // All keys are asked for, so that those of the other kind are known.
  if (table.has("latency")) read_latency(table, slo);
  else read_events(table, slo);
  table.read("by", slo.by);
  const bool aimed = table.read("target", slo.target);
  if (!table.has("target")) table.fault("target", "must be given, like target = 0.999: the share of events that must be good");
  read_duration(table, "period", slo.period, 1s, 24h * 400);
  table.read("min_bad_events", slo.min_bad_events);
  std::vector<TomlTable> pairs = table.tables("burn");
  if (!pairs.empty()) slo.burn.clear();
  for (TomlTable& pair : pairs) read_burn(pair, slo.burn);
  for (const rules::SloFault& fault : rules::faults_of(slo, limits)) {
    if (fault.key == "target" && !aimed) continue;
    const bool unset = fault.pair > 0 && fault.pair <= pairs.size() && !pairs[fault.pair - 1].has(fault.key);
    if (unset) continue;
    if (fault.pair > 0 && !pairs.empty()) pairs[fault.pair - 1].fault(fault.key, fault.message);
    else if (fault.pair > 0) table.fault("target", "of the pairs that are the default, " + rules::promql::duration_text(slo.burn[fault.pair - 1].long_window.count()) + " and " +
                                                     rules::promql::duration_text(slo.burn[fault.pair - 1].short_window.count()) + ": " + fault.message + "; give pairs of your own as [[slo.burn]]");
    else table.fault(fault.key, fault.message);
  }
  return config;
}

void check_selector(const rules::MeterSelector& selector, const TomlPlace& place, const KnownMeters& known, bool histogram, TomlFaults& into) {
  std::string text = selector.text;
  if (histogram) text.insert(selector.meter.size(), "_bucket");
  const auto expr = rules::promql::parse(text);
  if (!expr) return;
  for (QueryFinding& finding : check_query(**expr, known, true).findings) into.push_back({place, std::move(finding.message)});
}

}  // namespace

std::vector<SloConfig> read_slos(TomlTable& root, const rules::SloLimits& limits) {
  std::vector<SloConfig> out;
  for (TomlTable& table : root.tables("slo")) {
    SloConfig config = read_slo(table, limits);
    const auto same = std::ranges::find_if(out, [&](const SloConfig& one) { return one.slo.name == config.slo.name; });
    if (same != out.end() && !config.slo.name.empty()) table.fault("name", "there is another objective \"" + config.slo.name + "\" in line " + std::to_string(same->place.line));
    out.push_back(std::move(config));
  }
  return out;
}

TomlFaults check_slo(const SloConfig& config, const KnownMeters& known) {
  TomlFaults out;
  const rules::Slo& slo = config.slo;
  check_selector(slo.total, config.total_place, known, slo.latency, out);
  if (!slo.latency) check_selector(slo.bad, config.bad_place, known, false, out);
  const KnownSeries* series = known.find(slo.latency ? slo.total.meter + "_bucket" : slo.total.meter);
  if (series == nullptr) return out;
  if (!slo.latency && series->kind != SeriesKind::Counter && series->kind != SeriesKind::Unknown) out.push_back({config.total_place, slo.total.meter + " is no counter: events cannot be counted by it"});
  if (slo.latency && !series->bounds.empty()) {
    const auto nearest = std::ranges::min_element(series->bounds, {}, [&](double bound) { return std::abs(bound - slo.threshold); });
    if (std::abs(*nearest - slo.threshold) > 1e-9 * std::abs(*nearest))
      out.push_back({config.bound_place, slo.total.meter + " has no bucket bound " + text_of(slo.threshold) + "; the nearest is " + text_of(*nearest)});
  }
  return out;
}

}  // namespace tocsin::agent
