// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/api/explain_api.h"
#include "agent/api/history_api.h"
#include "agent/api/notify_api.h"
#include "agent/api/page.h"
#include "agent/api/prometheus_api.h"
#include "agent/api/prometheus_status.h"
#include "agent/api/router.h"
#include "agent/api/rules_api.h"
#include "agent/api/slo_api.h"
#include "agent/api/status.h"
#include "agent/api/targets.h"
#include "agent/check/known_meters.h"
#include "agent/config.h"
#include "agent/intake.h"
#include "agent/notify/notifier.h"
#include "agent/notify/receiver_config.h"
#include "agent/notify/silences.h"
#include "agent/rules/alerting.h"
#include "agent/rules/rule_engine.h"
#include "agent/rules/rule_files.h"
#include "agent/rules/rules_config.h"
#include "agent/rules/thresholds.h"
#include "agent/slo/slo_config.h"
#include "agent/slo/slo_engine.h"
#include "agent/slo/slo_series.h"
#include "agent/text_file.h"
#include "rules/promql/matcher.h"
#include "tests/examples/reader.h"

namespace tocsin::examples {

using namespace agent;
using namespace std::chrono_literals;
using rules::StateStore;
using rules::Window;
using rules::promql::Matcher;
using rules::promql::MatchType;
using wire::HttpRequest;
using wire::HttpResponder;

bool ready();
void schedule(const std::map<std::string, LoadedRules>& files);

void explain_api_example(Router& router, const Alerting& alerting, Window& window, const Clock& clock) {
  add_explain_routes(router, [&] { return ExplainFacts{alerting.state(), alerting.records(), window.view(), clock.now()}; });
}

void history_api_example(Router& router, Window& window) {
  add_history_routes(router, [&] { return window.view(); });
}

void notify_api_example(Silences& silences, const HttpRequest& request, Time now, HttpResponder& responder) {
  take_silence(silences, request, now, responder);
}

void text_file_example(const std::string& folder) {
  for (const std::string& path : files_at("rules/*.yml", folder)) auto text = read_text_file(path, 16U << 20U);
}

void own_boards_example() {
  const auto show = [](const std::string&) {};
  OwnBoards boards;
  boards.set({"boards/*.json"}, "/etc/tocsin");
  for (const OwnBoard& board : boards.look().boards) show(board.title);
  boards.text("shop");
}

void page_example(Router& router) {
  OwnBoards boards;
  add_page(router, {[] { return 15.0; }}, boards);
  page_is_built();
}

void prometheus_api_example(Window& window, const Clock& clock, Router& router) {
  PrometheusApi api([&] { return window.view(); }, clock, {});
  api.add_routes(router);
}

void prometheus_status_example(HttpResponder& responder, const Config& config) {
  send_json(responder, 200, prometheus_flags(config));
}

void router_example(const Router::Handler& reload, const HttpRequest& request, HttpResponder& responder) {
  Router router;
  router.get("/-/healthy", [](const auto&, auto& answer) { answer.send_text(200, "healthy\n"); });
  router.change("/-/reload", reload);
  router.handle(request, responder);
}

void rules_api_example(Router& router, const Alerting& alerting) {
  add_rules_routes(router, [&] { return alerting.state(); });
}

void slo_api_example(HttpResponder& responder, const Alerting& alerting) {
  send_json(responder, 200, slo_answer(alerting.state().slos));
}

void status_example(HttpResponder& responder, const ReceiversStatus& receivers) {
  send_json(responder, 200, status_receivers(receivers));
}

void targets_example(HttpResponder& responder, const ScrapeReceiver& scrapes, const HttpRequest& request) {
  send_json(responder, 200, targets_json(scrapes.targets(), request.query));
}

void notifier_example(StateStore& store, Log& log, const Clock& clock, const Config& config,
                      const std::vector<rules::OutboxRow>& rows) {
  Notifier notifier(store, log, clock);
  notifier.apply(config.notify, config.external_url);
  notifier.start();
  store.commit({.outbox = rows});
  notifier.take(rows);
  notifier.stop(5s);
}

void receiver_config_example(TomlTable& root, Config& config) {
  read_notify(root, config.notify);
}

void silences_example(StateStore& store, const Clock& clock, Notifier& notifier, Time now) {
  Silences silences(store, clock, [&](auto active) { notifier.set_silences(std::move(active)); });
  auto id = silences.put({*Matcher::make("job", MatchType::Equal, "shop")},
                         {.starts_at = now, .ends_at = now + 2h, .author = "ann", .comment = "moving house"});
  silences.expire(*id);
}

void alerting_example(Window& window, Intake& intake, Log& log, const Clock& clock, const Config& config,
                      const meters::Snapshot& snapshot) {
  Alerting alerting(window, intake, log, clock, [&] { return ready(); });
  alerting.start(config);
  alerting.tick(snapshot);
  alerting.apply(config);
  alerting.stop(5s);
}

void rule_engine_example(Window& window, rules::RuleStorage& storage, StateStore& store, Log& log, const Clock& clock,
                         const std::function<void(std::vector<rules::OutboxRow>)>& tell,
                         const std::function<void(const std::vector<std::string>&, const std::string&)>& end_others,
                         const RuleEngineOptions& options, Time now) {
  RuleEngine engine({window, storage, store, log, clock, tell, end_others});
  engine.start(options);
  engine.tick(now);
  engine.apply(options);
  engine.stop();
}

void rule_files_example(const std::vector<std::string>& patterns, const std::string& folder,
                        const rules::RuleFileOptions& options) {
  RuleFiles files;
  if (files.refresh(patterns, folder, options)) schedule(files.all());
}

void rules_config_example(TomlTable& root) {
  RulesConfig config;
  read_rules(root.table("rules"), config);
}

void thresholds_example(TomlTable& root) {
  std::vector<Threshold> thresholds = read_thresholds(root);
}

void slo_config_example(TomlTable& root, const KnownMeters& known) {
  std::vector<SloConfig> slos = read_slos(root, {.tick = 15s, .kept = 35 * 24h});
  for (const TomlFault& finding : check_slo(slos[0], known)) say(finding.text());
}

void slo_engine_example(Window& window, rules::RuleStorage& storage, StateStore& store, Log& log, const Clock& clock,
                        const std::vector<SloConfig>& config, const meters::Snapshot& snapshot, Time now) {
  SloEngine slos({window, storage, store, log, clock}, {.own_job = "tocsin"});
  slos.apply(config);
  slos.count(snapshot);
  slos.publish(now);
  SloStates states = slos.states();
}

void slo_series_example(std::int64_t now_ms, std::int64_t since_ms, rules::RuleStorage& storage) {
  SloSeries series(true);
  series.begin();
  series.set("slo_events_total", {{"slo", "requests"}}, now_ms, 7, since_ms);
  storage.append(series.end(now_ms));
}

}  // namespace tocsin::examples
