// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/src/demo_ledger.h"

#include <algorithm>
#include <cstdio>

#include "wire/json_writer.h"

namespace tocsin::agent {

using namespace std::chrono_literals;

namespace {

// Of each kind of work: its name in JSON, and the names of its key's parts.
struct KindNames {
  const char* list;
  std::vector<std::string_view> parts;
};
const std::array<KindNames, 3> kKinds{{{"requests", {"service", "func", "status", "ret"}},
                                       {"calls", {"service", "func", "status", "ret", "peer"}},
                                       {"nodes", {"service", "workflow", "nodeType", "status"}}}};

double unix_seconds(Time time) { return static_cast<double>(to_unix_ns(time)) / 1e9; }

std::vector<std::string> key_of(const FleetService& of, std::string_view service, const DemoWork& work) {
  const std::string status(meters::to_text(work.status)), ret(work.ret), name(service);
  switch (work.kind) {
    case DemoWorkKind::Call: {
      const FleetCall& call = of.calls[work.index];
      return {name, std::string(call.name), status, ret, std::string(call.peer)};
    }
    case DemoWorkKind::Node: {
      const FleetNode& node = of.nodes[work.index];
      return {name, std::string(node.workflow), std::string(node.type), status};
    }
    case DemoWorkKind::Request: break;
  }
  return {name, std::string(of.funcs[work.index].name), status, ret};
}

}  // namespace

void DemoLedger::finished(const FleetService& of, std::string_view service, const DemoWork& work, std::chrono::nanoseconds took) {
  const double us = static_cast<double>(took.count()) * 1e-3;
  const auto& bounds = meters::kRequestTimeBounds;
  const auto bucket = static_cast<std::size_t>(std::lower_bound(bounds.begin(), bounds.end(), us) - bounds.begin());
  const std::lock_guard lock(mutex_);
  Totals& totals = totals_[Key(work.kind, key_of(of, service, work))];
  ++totals.count;
  totals.took += took;
  totals.slower_than_5s += took > 5s ? 1 : 0;
  if (bucket < kBounds) ++totals.in_bucket[bucket];
}

void DemoLedger::used(const FleetService& of, std::string_view service, const DemoTokens& tokens) {
  const std::lock_guard lock(mutex_);
  Tokens& all = tokens_[{std::string(service), std::string(of.models[tokens.model].name)}];
  all.prompt += tokens.prompt;
  all.completion += tokens.completion;
}

void DemoLedger::restarted(std::string_view service, Time at) {
  const std::lock_guard lock(mutex_);
  restarts_.emplace_back(service, at);
}

std::string DemoLedger::json(Time now) const {
  std::string out;
  wire::JsonWriter json(out);
  const auto list = [&](const char* name, const auto& items, const auto& write) {
    json.key(name);
    json.begin_array();
    for (const auto& item : items) write(item);
    json.end();
  };
  const std::lock_guard lock(mutex_);
  json.begin_object();
  json.field("start", unix_seconds(start_));
  json.field("time", unix_seconds(now));
  json.field("phaseSeconds", std::chrono::duration<double>(phase_length_).count());
  json.key("phases");
  json.begin_array();
  for (std::size_t i = 0; i < kDemoPhases; ++i) {
    const auto phase = static_cast<DemoPhase>(i);
    json.begin_object(), json.field("word", to_text(phase)), json.field("what", what_happens(phase)), json.end();
  }
  json.end();
  list("bounds", meters::kRequestTimeBounds, [&](double bound) { json.value(bound); });
  for (std::size_t kind = 0; kind < kKinds.size(); ++kind) {
    list(kKinds[kind].list, totals_, [&](const auto& row) {
      const auto& [key, totals] = row;
      if (static_cast<std::size_t>(key.first) != kind) return;
      json.begin_object();
      for (std::size_t i = 0; i < key.second.size(); ++i) json.field(kKinds[kind].parts[i], key.second[i]);
      json.field("count", totals.count);
      json.field("seconds", std::chrono::duration<double>(totals.took).count());
      json.field("slowerThan5s", totals.slower_than_5s);
      std::uint64_t at_most = 0;
      list("atMost", totals.in_bucket, [&](std::uint64_t count) { json.value(at_most += count); });
      json.end();
    });
  }
  list("tokens", tokens_, [&](const auto& row) {
    json.begin_object();
    json.field("service", row.first.first), json.field("model", row.first.second);
    json.field("prompt", row.second.prompt), json.field("completion", row.second.completion);
    json.end();
  });
  list("restarts", restarts_, [&](const auto& row) {
    json.begin_object(), json.field("service", row.first), json.field("time", unix_seconds(row.second)), json.end();
  });
  json.end();
  return out += '\n';
}

std::string DemoLedger::table() const {
  static constexpr std::array<const char*, 3> kHeadings{
      "service      request                                    status          ret       count   mean ms\n",
      "\nservice      call                                       status          ret       count   mean ms\n",
      "\nservice      workflow node                              status                    count   mean ms\n"};
  std::string out;
  char line[200];
  std::size_t headings = 0;
  const std::lock_guard lock(mutex_);
  for (const auto& [key, totals] : totals_) {
    const auto& [kind, parts] = key;
    while (headings <= static_cast<std::size_t>(kind)) out += kHeadings[headings++];
    const bool node = kind == DemoWorkKind::Node;
    const std::string what = node ? parts[1] + ' ' + parts[2] : kind == DemoWorkKind::Call ? parts[1] + " of " + parts[4] : parts[1];
    std::snprintf(line, sizeof line, "%-12s %-42s %-15s %-5s %9llu %9.1f\n", parts[0].c_str(), what.c_str(),
                  parts[node ? 3 : 2].c_str(), node ? "" : parts[3].c_str(), static_cast<unsigned long long>(totals.count),
                  std::chrono::duration<double, std::milli>(totals.took).count() / static_cast<double>(std::max<std::uint64_t>(totals.count, 1)));
    out += line;
  }
  if (!tokens_.empty()) out += "\nservice      model                                            prompt      completion tokens\n";
  for (const auto& [key, tokens] : tokens_) {
    std::snprintf(line, sizeof line, "%-12s %-42s %12llu %15llu\n", key.first.c_str(), key.second.c_str(),
                  static_cast<unsigned long long>(tokens.prompt), static_cast<unsigned long long>(tokens.completion));
    out += line;
  }
  return out;
}

}  // namespace tocsin::agent
