// SPDX-License-Identifier: Apache-2.0
#include "agent/api/targets.h"

#include <map>

#include "agent/api/src/api_answer.h"
#include "meters/base/quantity.h"
#include "wire/json_writer.h"
#include "wire/timestamp.h"

namespace tocsin::agent {
namespace {

using wire::JsonWriter;

void write_active(JsonWriter& json, const ScrapeTargetState& target) {
  json.begin_object();
  write_labels(json, "discoveredLabels", target.discovered);
  write_labels(json, "labels", target.labels);
  json.field("scrapePool", target.job);
  json.field("scrapeUrl", target.url);
  json.field("globalUrl", target.url);
  json.field("lastError", target.last_error);
  // Go's zero time stands for never.
  json.field("lastScrape", target.asked ? wire::format_rfc3339(target.last_scrape) : std::string("0001-01-01T00:00:00Z"));
  json.field("lastScrapeDuration", std::chrono::duration<double>(target.last_duration).count());
  json.field("health", !target.asked ? "unknown" : target.up ? "up" : "down");
  json.field("scrapeInterval", to_text(target.interval));
  json.field("scrapeTimeout", to_text(target.timeout));
  json.end();
}

}  // namespace

std::string targets_json(const std::vector<ScrapeTargetState>& targets, const wire::QueryParameters& query) {
  const std::string_view state = query.value("state"), pool = query.value("scrapePool");
  const bool any = state.empty() || state == "any", active = any || state == "active", dropped = any || state == "dropped";
  const auto wanted = [&](const ScrapeTargetState& target) { return pool.empty() || target.job == pool; };
  std::map<std::string, std::uint64_t> counts;
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.field("status", "success");
  json.key("data");
  json.begin_object();
  json.key("activeTargets");
  json.begin_array();
  for (const ScrapeTargetState& target : targets)
    if (active && !target.dropped && wanted(target)) write_active(json, target);
  json.end();
  json.key("droppedTargets");
  json.begin_array();
  for (const ScrapeTargetState& target : targets) {
    if (wanted(target)) counts[target.job] += target.dropped ? 1 : 0;
    if (!dropped || !target.dropped || !wanted(target)) continue;
    json.begin_object();
    write_labels(json, "discoveredLabels", target.discovered);
    json.field("scrapePool", target.job);
    json.end();
  }
  json.end();
  json.key("droppedTargetCounts");
  if (dropped) {
    json.begin_object();
    for (const auto& [job, count] : counts) json.field(job, count);
    json.end();
  } else {
    json.null();
  }
  json.end();
  json.end();
  return out += '\n';
}

}  // namespace tocsin::agent
