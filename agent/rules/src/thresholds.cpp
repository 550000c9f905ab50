// SPDX-License-Identifier: Apache-2.0
#include "agent/rules/thresholds.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "meters/base/number.h"
#include "meters/base/text.h"

namespace tocsin::agent {

namespace {

constexpr std::string_view kService = "server_name", kHost = "host";
constexpr double kMost = 1e15;

// Bounds of server_request_time_microseconds, in seconds, that request.yml reads.
constexpr std::array<double, 7> kLatencies{0.5, 1, 2.5, 5, 10, 30, 60};

constexpr auto kAdjustable = std::to_array<AdjustableAlert>({
    {"HighErrorRate", kService, 0.05, 0, 1, "the share of requests that fail", {}},
    {"HighLatency", kService, 5, 0.5, 60, "the seconds that 95% of successful requests must keep to", kLatencies},
    {"LowThroughput", kService, 10, 0, kMost, "requests a minute", {}},
    {"SlowErrors", kService, 0.01, 0, 1, "the share of requests that fail after more than 5 s", {}},
    {"InFlightClimbing", kService, 50, 0, kMost, "requests in flight from which on it is judged", {}},
    {"TrafficDropped", kService, 0.3, 0, 1, "the share of the requests of an hour ago", {}},
    {"TrafficStopped", kService, 10, 0, kMost, "requests a minute an hour ago from which on it is judged", {}},
    {"ProcessRestarting", kService, 3, 1, kMost, "restarts in 30 minutes", {}},
    {"DependencyFailing", kService, 0.05, 0, 1, "the share of calls that fail", {}},
    {"WorkflowNodeFailing", kService, 0.1, 0, 1, "the share of executions that fail", {}},
    {"LlmTokensHigh", kService, 100'000, 0, kMost, "tokens in 30 minutes from which on it is judged", {}},
    {"HostDiskFilling", kHost, 0.3, 0, 1, "the share of a file system that is left, from which on it is judged", {}},
    {"HostMemoryLow", kHost, 0.05, 0, 1, "the share of memory that is available", {}},
    {"HostLoadHigh", kHost, 2, 0, kMost, "the load for each processor", {}},
});

const AdjustableAlert* find(std::string_view alert) {
  const auto at = std::find_if(kAdjustable.begin(), kAdjustable.end(), [&](const auto& each) { return each.alert == alert; });
  return at == kAdjustable.end() ? nullptr : &*at;
}

std::string words(double value) {
  std::string text;
  append_double(text, value);
  return text;
}

void check_value(TomlTable& table, const Threshold& one, const AdjustableAlert& alert) {
  const std::string what = std::string(alert.alert) + ": the limit is " + std::string(alert.meaning) + ", ";
  if (!alert.only.empty()) {
    if (std::find(alert.only.begin(), alert.only.end(), one.value) != alert.only.end()) return;
    std::string all;
    for (const double each : alert.only) all += (all.empty() ? "" : ", ") + words(each);
    return table.fault("value", what + "which must be a bound of the histogram: " + all);
  }
  if (one.value < alert.least || one.value > alert.most)
    table.fault("value", what + "from " + words(alert.least) + (alert.most < kMost ? " to " + words(alert.most) : " on"));
}

void check(TomlTable& table, const Threshold& one) {
  if (!std::isfinite(one.value)) return table.fault("value", "must be a finite number");
  const AdjustableAlert* alert = find(one.alert);
  if (alert == nullptr) {
    std::vector<std::string_view> names;
    for (const AdjustableAlert& each : kAdjustable) names.push_back(each.alert);
    if (const std::string near = nearest(one.alert, names); !near.empty())
      table.fault("alert", "no shipped alert is called \"" + one.alert + "\"; did you mean \"" + near + "\"?");
    return;
  }
  const std::string_view other = alert->whose == kHost ? kService : kHost;
  if (!(other == kHost ? one.host : one.server_name).empty())
    table.fault(other, std::string(alert->alert) + " has a limit for each " + std::string(alert->whose) + ", not for a " + std::string(other));
  check_value(table, one, *alert);
}

}  // namespace

std::span<const AdjustableAlert> adjustable_alerts() noexcept { return kAdjustable; }

std::vector<Threshold> read_thresholds(TomlTable& root) {
  std::vector<Threshold> all;
  for (TomlTable& table : root.tables("threshold")) {
    Threshold one;
    table.read("alert", one.alert);
    table.read("server_name", one.server_name);
    table.read("host", one.host);
    const bool has_value = table.read("value", one.value);
    if (one.alert.empty()) table.fault("alert", "must be given: the name of an alert, like \"HighErrorRate\"");
    if (!has_value && !table.has("value")) table.fault("value", "must be given: the limit");
    if (!one.alert.empty() && has_value) check(table, one);
    const auto same = [&](const Threshold& before) {
      return before.alert == one.alert && before.server_name == one.server_name && before.host == one.host;
    };
    if (std::any_of(all.begin(), all.end(), same)) table.fault("alert", "another [[threshold]] says the same");
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace tocsin::agent
