// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/notify/notifier.h"
#include "meters/base/clock.h"
#include "meters/base/result.h"
#include "meters/snapshot.h"
#include "rules/alert.h"
#include "rules/alert_state.h"
#include "rules/batch.h"
#include "rules/byte_sink.h"
#include "rules/explain.h"
#include "rules/file_fault.h"
#include "rules/group.h"
#include "rules/look_back.h"
#include "rules/memory_store.h"
#include "rules/outbox.h"
#include "rules/rule_file.h"
#include "rules/rule_storage.h"
#include "rules/rule_tests.h"
#include "rules/silence.h"
#include "rules/slo.h"
#include "rules/slo_counts.h"
#include "rules/slo_rules.h"
#include "rules/state_store.h"
#include "rules/template/alert_template.h"
#include "rules/template/links.h"
#include "rules/template/template.h"
#include "rules/template/value.h"
#include "rules/window.h"
#include "rules/window_checkpoint.h"
#include "tests/examples/reader.h"

namespace tocsin::examples {

using namespace rules;
using namespace std::chrono_literals;
using agent::Notifier;

Result<std::vector<RuleTestFile>> files_that_match(const std::string& pattern);
void forget(const AlertState& state);
void keep(const AlertState& state);
void outbox(const AlertState& told, const std::string& end_reason);
void schedule(const std::vector<RuleGroup>& groups);

void alert_example(const AlertState& state, const AlertState& seen, const AlertTiming& timing, Time now) {
  Advanced next = advance(&state, {Sight::Present, &seen}, timing, now);
  if (next.state) keep(*next.state); else forget(state);
  if (next.tell) outbox(*next.tell, next.end_reason);
}

void alert_state_example(const std::string& key, const AlertLabels& labels, Time now) {
  AlertState state{.rule = key, .labels = labels, .phase = AlertPhase::Pending, .active_at = now};
  fingerprint(state.labels);
}

void batch_example(Window& window, std::int64_t now_ms) {
  BatchBuilder builder;
  auto place = builder.place("up", {{"job", "shop"}});
  builder.add(place, now_ms, 1);
  window.append(builder.batch());
  builder.clear();
}

Result<void> byte_sink_example(ByteSink& sink, std::string_view bytes) {
  if (auto written = sink.write(bytes); !written) return written.error();
  return {};
}

void explain_example(const Rule& rule, Window& window, const RuleStatus& status) {
  Explanation said = explain(*rule.expr, *window.view(), {.at = status.last_evaluation, .lookback = 5min});
  for (const ExplainedPart& part : said.parts) show(part.depth, part.text, part.series, part.samples);
  if (!said.why_nothing.empty()) say(said.why_nothing);
}

void file_fault_example(const FileFault& fault) {
  fault.to_string("rules/api.yml");
}

void group_example(const RuleGroup& definition, const GroupOptions& options, const std::vector<AlertState>& states,
                   std::chrono::nanoseconds down, Time last_evaluation, Time now, RuleStorage& storage,
                   StateStore& store, Notifier& notifier) {
  auto group = Group::make(definition, options);
  (*group)->restore(states, down, last_evaluation);
  CycleOutcome cycle = (*group)->evaluate(now, storage);
  store.commit(cycle.change);
  notifier.take(cycle.change.outbox);
}

void look_back_example(const Rule& rule) {
  const auto uses = selectors_of(*rule.expr, 5min);
  const auto oldest = look_back(*rule.expr, 5min);
}

void memory_store_example(const std::vector<AlertState>& changed) {
  MemoryStore store;
  store.commit({.alerts = changed});
}

void outbox_example(const AlertState& state, const std::string& generator_url, Time now,
                    std::chrono::nanoseconds valid_for, StateStore& store, Notifier& notifier) {
  OutboxRow row = outbox_row(state, generator_url, now, valid_for);
  store.commit({.outbox = {row}});
  notifier.take({row});
}

void rule_file_example(std::string_view text) {
  RuleFileReading read = read_rule_file(text, "rules/api.yml");
  for (const FileFault& fault : read.faults) say(fault.to_string(read.file.path));
  if (read.faults.empty()) schedule(read.file.groups);
}

void rule_storage_example(Window& window, const Batch& batch) {
  WindowStorage storage(window);
  auto reader = storage.view();
  storage.append(batch);
}

void rule_tests_example(std::string_view text, std::string_view file) {
  RuleTestReport report = run_rule_tests(text, [&](const std::string& pattern) { return files_that_match(pattern); });
  for (const FileFault& fault : report.faults) say(fault.to_string(file));
}

void silence_example(const std::vector<promql::Matcher>& matchers, const std::string& id, Time now,
                     const AlertLabels& labels) {
  auto silence = Silence::make(matchers, {.id = id, .starts_at = now, .ends_at = now + 2h, .author = "ann"});
  silence->covers(labels, now);
}

void slo_example(const SloLimits& limits) {
  Slo slo;
  slo.name = "requests";
  slo.total = *selected_meter("server_request_total");
  slo.bad = selected_meter(R"(server_request_total{status="server_error"})").value();
  slo.target = 0.999;
  for (const SloFault& fault : faults_of(slo, limits)) say(fault.key, fault.message);
}

void slo_counts_example(const std::vector<Slo>& slos, std::span<const KeptCounts> kept, Time now,
                        const std::shared_ptr<const meters::Snapshot>& snapshot) {
  SloCounts counts({.own_job = "tocsin"});
  counts.configure(slos);
  counts.restore(kept, now);
  counts.count(*snapshot);
  CountChange change = counts.take(now);
}

void slo_rules_example(const Slo& slo) {
  write("requests.yml", slo_rules_text(slo, 15s));
  write("requests_test.yml", slo_tests_text(slo, "requests.yml"));
}

void state_store_example(StateStore& store, const std::vector<AlertState>& changed, const std::vector<OutboxRow>& rows,
                         const std::vector<AlertKey>& keys) {
  auto states = store.alerts();
  Result<void> kept = store.commit({.alerts = changed, .over = keys, .outbox = rows});
}

void window_example(const std::shared_ptr<const meters::Snapshot>& snapshot, const Batch& batch,
                    std::span<const promql::Matcher> matchers, promql::TimeRange range) {
  Window window({.retention = 2h});
  window.append(*snapshot);
  window.append(batch);
  std::shared_ptr<const WindowView> view = window.view();
  auto rows = view->select(matchers, range);
}

void window_checkpoint_example(Window& window, Window& next_window, ByteSink& sink, std::string_view bytes,
                               const Clock& clock) {
  window.checkpoint()->save(sink);
  auto restored = next_window.restore(bytes, clock.now());
}

}  // namespace tocsin::examples

namespace tocsin::examples::of_templates {

using namespace rules::templates;
using rules::AlertLabels;

void alert_template_example(const AlertLabels& labels, const AlertLabels& external_labels,
                            const Environment& environment) {
  auto words = AlertTemplate::parse("{{ $value | humanize }} on {{ $labels.instance }}", "HighErrorRate");
  std::string summary = words->expand({labels, external_labels, 0.12}, environment);
}

struct LinkOptions {
  std::string external_url;
};

void links_example(const LinkOptions& options) {
  options.external_url + table_link("up == 0");
}

Result<void> template_example(const Value& data, const Environment& environment) {
  auto parsed = Template::parse("{{ $labels.job }} is down", {.name = "test", .prefix = "{{$labels := .Labels}}"});
  if (!parsed) return parsed.error();
  Result<std::string> text = parsed->execute(data, environment);
  return {};
}

void value_example() {
  Value labels = Value::texts({{"job", "shop"}});
  Value data = Value::structure("alert", {{"Labels", labels}, {"Value", Value(0.5)}});
  Value rows = Value::list("[]alert", {data});
}

}  // namespace tocsin::examples::of_templates
