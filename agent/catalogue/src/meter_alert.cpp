// SPDX-License-Identifier: Apache-2.0
#include "agent/catalogue/meter_alert.h"

#include <algorithm>
#include <array>

#include "meters/base/number.h"
#include "meters/base/text.h"

namespace tocsin::agent {

using meters::DeclaredLabel;
using meters::DeclaredMeter;
using meters::Kind;

namespace {

using namespace std::chrono_literals;

constexpr std::array<std::string_view, 3> kSeverities{"critical", "warning", "info"}, kPer{"second", "minute", "hour"};

std::string quoted(std::string_view text) { return '"' + std::string(text) + '"'; }

struct AlertReader {
  TomlTable& table;
  const DeclaredMeter& meter;
  TomlFaults& faults;
  MeterAlert into{};

  const DeclaredLabel* label(std::string_view handle) const {
    const auto at = std::find_if(meter.labels.begin(), meter.labels.end(), [&](const auto& each) { return each.handle == handle; });
    return at == meter.labels.end() ? nullptr : &*at;
  }

  void read_name() {
    table.read("name", into.name);
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; };
    if (into.name.empty()) {
      faults.push_back({table.place(), "an alert needs a \"name\", like \"QueueLong\""});
    } else if (!std::all_of(into.name.begin(), into.name.end(), letter)) {
      table.fault("name", "must be letters, digits and underscores");
    }
  }

  void read_limit() {
    const bool above = table.read("above", into.limit);
    into.below = table.read("below", into.limit);
    if (above == into.below && !(table.has("above") != table.has("below")))
      faults.push_back({table.place(), "needs one of \"above\" and \"below\": the limit"});
    if (into.below && meter.kind == Kind::Histogram) table.fault("below", "of a histogram it is \"above\", which is a bound of it");
  }

  void read_by() {
    std::vector<std::string> handles;
    table.read("by", handles);
    std::vector<std::string_view> known;
    for (const DeclaredLabel& each : meter.labels) known.push_back(each.handle);
    for (const std::string& handle : handles) {
      if (const DeclaredLabel* found = label(handle)) {
        into.by.push_back(meters::prometheus_label_name(found->name));
        continue;
      }
      const std::string near = nearest(handle, known);
      table.fault("by", "the meter has no label " + quoted(handle) + (near.empty() ? "" : "; did you mean " + quoted(near) + '?'));
    }
  }

  // share = { result = ["failed"] }
  void read_share() {
    if (!table.has("share")) return;
    if (meter.kind == Kind::Histogram) {
      table.read("share", into.share);
      if (into.share <= 0 || into.share >= 1) table.fault("share", "must be between 0 and 1: how many may take longer");
      return;
    }
    if (meter.kind != Kind::Counter) return table.fault("share", "only a counter or a histogram has it");
    TomlTable share = table.table("share");
    for (const DeclaredLabel& each : meter.labels) {
      std::vector<std::string> values;
      if (!share.read(each.handle, values)) continue;
      if (!into.share_label.empty()) share.fault(each.handle, "a share is of the values of one label");
      into.share_label = meters::prometheus_label_name(each.name);
      into.share_values = values;
      for (const std::string& value : values) {
        if (!each.closed() || std::find(each.values.begin(), each.values.end(), value) != each.values.end()) continue;
        const std::string near = nearest(value, each.values);
        share.fault(each.handle, quoted(value) + " is none of its values" + (near.empty() ? "" : "; did you mean " + quoted(near) + '?'));
      }
      if (values.empty()) share.fault(each.handle, "must not be empty: which values are counted");
    }
    if (into.share_label.empty()) return table.fault("share", "must name a label of the meter and its values, like { result = [\"failed\"] }");
    if (std::find(into.by.begin(), into.by.end(), into.share_label) != into.by.end())
      table.fault("by", quoted(into.share_label) + " is what the share is of: it cannot be kept");
    if (into.limit < 0 || into.limit >= 1) table.fault(into.below ? "below" : "above", "of a share it is from 0 to 1");
  }

  void read_floor() {
    const bool judged = into.is_share() || meter.kind == Kind::Histogram;
    into.events = judged ? 20 : 0;
    if (table.read("events", into.events) && (!judged || into.events < 1))
      table.fault("events", judged ? "must be at least 1" : "only of a share or a histogram: judged from so many on");
    std::size_t per = 1;
    const bool said = table.read_choice("per", per, {kPer.begin(), kPer.end()});
    const bool rate = meter.kind == Kind::Counter && !into.is_share();
    if (said && !rate) table.fault("per", "only of a counter's growth");
    if (rate) into.per = kPer[per];
    if (rate && into.below && into.limit <= 0) table.fault("below", "a counter never grows by less than 0");
  }

  void read_bound() {
    if (meter.kind != Kind::Histogram || into.below) return;
    if (std::find(meter.bounds.begin(), meter.bounds.end(), into.limit) != meter.bounds.end()) return;
    std::string all;
    for (const double bound : meter.bounds) {
      all += all.empty() ? "" : ", ";
      append_double(all, bound);
    }
    table.fault("above", all.empty() ? "needs classic buckets: the histogram has native ones only"
                                     : "must be a bound of the histogram, so that it is exact: " + all);
  }

  MeterAlert read() {
    read_name();
    read_limit();
    read_by();
    read_share();
    read_floor();
    read_bound();
    std::chrono::nanoseconds window = into.window, pending = into.for_;
    table.read_duration("window", window, 1min, 24h);
    table.read_duration("for", pending, 0s, 24h * 7);
    into.window = std::chrono::duration_cast<std::chrono::seconds>(window);
    into.for_ = std::chrono::duration_cast<std::chrono::seconds>(pending);
    std::size_t severity = 1;
    table.read_choice("severity", severity, {kSeverities.begin(), kSeverities.end()});
    into.severity = kSeverities[severity];
    table.read("summary", into.summary);
    table.read("runbook", into.runbook);
    if (meter.kind != Kind::Counter && meter.kind != Kind::Histogram && table.has("window"))
      table.fault("window", "only of a counter or a histogram");
    return into;
  }
};

}  // namespace

std::vector<MeterAlert> read_meter_alerts(TomlTable& meter_table, const DeclaredMeter& meter, TomlFaults& faults) {
  std::vector<MeterAlert> alerts;
  for (TomlTable& table : meter_table.tables("alert")) alerts.push_back(AlertReader{table, meter, faults}.read());
  return alerts;
}

}  // namespace tocsin::agent
