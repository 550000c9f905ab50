// SPDX-License-Identifier: Apache-2.0
#include "agent/app.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>

#include "agent/alerting_report.h"
#include "agent/api/history_api.h"
#include "agent/api/page.h"
#include "agent/api/prometheus_api.h"
#include "agent/api/prometheus_status.h"
#include "agent/api/router.h"
#include "agent/api/explain_api.h"
#include "agent/api/rules_api.h"
#include "agent/api/status.h"
#include "agent/api/targets.h"
#include "agent/destinations.h"
#include "agent/history.h"
#include "agent/host/host_meters.h"
#include "agent/intake.h"
#include "agent/pipeline.h"
#include "agent/receivers/otlp.h"
#include "agent/receivers/remote_write.h"
#include "agent/receivers/scrape.h"
#include "agent/receivers/spans.h"
#include "agent/receivers/statsd.h"
#include "agent/rules/alerting.h"
#include "agent/self_report.h"
#include "agent/src/app_pages.h"
#include "agent/src/listeners.h"
#include "agent/src/part_options.h"
#include "agent/store/data_lock.h"
#include "exporters/scrape_handler.h"
#include "meters/process.h"
#include "meters/registry.h"
#include "traces/span_meters.h"

namespace tocsin::agent {

using namespace std::chrono_literals;

namespace {

// A destination that has failed for so long makes the agent not ready.
constexpr auto kStuckAfter = 1min;
// A tick that lasts for two intervals does, too, within these bounds.
constexpr std::chrono::nanoseconds kShortestHang = 10s, kLongestHang = 1min;

// Of what needs a restart, what is in force stays until then; each reload says so.
std::shared_ptr<const Config> until_restart(const Config& next, const Config& in_force, Log& log) {
  auto config = std::make_shared<Config>(next);
  const auto keep = [&](const char* key, auto& value, const auto& before) {
    if (value == before) return;
    log.warning("needs a restart", {{"key", key}});
    value = before;
  };
  keep("data_dir", config->data_dir, in_force.data_dir);
  keep("log.format", config->log_format, in_force.log_format);
  keep("history", config->history, in_force.history);
  // A sender's series must not change their names while they live.
  keep("otlp.translation_strategy", config->otlp.translation_strategy, in_force.otlp.translation_strategy);
  return config;
}

class Agent final : public App {
 public:
  Agent(std::shared_ptr<const Config> config, Log& log, ReloadRequest reload, const Clock& clock)
      : log_(log), clock_(clock), reload_(std::move(reload)), start_(clock.now()), config_(std::move(config)),
        registry_(registry_options(), clock),
        intake_(intake_options(*config_), clock), 
        span_meters_(clock, span_options(*config_),
                     [this](const meters::Resource& sender, std::string_view meter) { return intake_.sends(sender, meter); }),
        spans_(span_meters_, span_receiver_options(config_->otlp)),
        otlp_(intake_, otlp_options(config_->otlp)),
        history_(*config_, log, clock),
        alerting_(*history_.window(), intake_, log, clock, [this] { return progresses(hang_limit()) && alerting_.progresses(); }),
        remote_write_(*history_.window(), intake_, config_->remote_write, clock),
        scrapes_(*history_.window(), intake_, log, clock, [this] { return pipeline_.next_tick(); }),
        pipeline_(clock),
        destinations_(pipeline_, log, clock),
        scrape_([this] { return pipeline_.snapshot(1s); }, scrape_options(config_->exposition)),
        last_reload_ns_(to_unix_ns(start_)),
        listeners_(log, handlers()) {}
  ~Agent() override { Agent::stop(); }

  Result<void> start();
  Result<void> reload(std::shared_ptr<const Config> config) override;
  void reload_failed() override;
  void stop() override;
  std::vector<ListenerState> listeners() const override { return listeners_.states(); }
  Readiness readiness() const override;
  bool progresses(std::chrono::nanoseconds within) const override { return pipeline_.stats().silent <= within; }

 private:
  std::shared_ptr<const Config> config() const {
    const std::lock_guard lock(mutex_);
    return config_;
  }
  std::chrono::nanoseconds hang_limit() const {
    return std::clamp(2 * pipeline_.stats().interval, kShortestHang, kLongestHang);
  }
  void start_ticks();
  std::chrono::nanoseconds tick_interval(const Config& config) const {
    return alerting_.tick_interval(destinations_.shortest_interval(config.tick));
  }
  void add_routes();
  void add_status_routes();
  RuntimeStatus runtime() const;
  ReceiversStatus receivers();
  Listeners::Handlers handlers();
  void http_stays(const HttpConfig& in_force);
  void apply_boards(const Config& config);
  Result<void> apply_host_meters(bool wanted);

  // Fixed after construction.
  Log& log_;
  const Clock& clock_;
  const ReloadRequest reload_;
  const Time start_;

  mutable std::mutex mutex_;
  std::shared_ptr<const Config> config_;  // guarded by mutex_

  std::unique_ptr<DataLock> data_lock_;  // fixed after start(); let go after all that writes there

  // Own synchronisation.
  meters::Registry registry_;  // what the agent says of itself
  meters::ProcessMeters process_;
  Intake intake_;
  traces::SpanMeters span_meters_;
  SpanReceiver spans_;
  OtlpReceiver otlp_;
  std::unique_ptr<StatsdReceiver> statsd_;  // fixed after start()
  History history_;
  Alerting alerting_;
  RemoteWriteReceiver remote_write_;
  ScrapeReceiver scrapes_;
  Pipeline pipeline_;
  Destinations destinations_;
  exporters::ScrapeHandler scrape_;
  OwnBoards boards_;
  Router router_;
  PrometheusApi api_{[this] { return history_.window()->view(); }, clock_, query_options(config_->query)};
  std::atomic<bool> last_reload_successful_{true};
  std::atomic<std::int64_t> last_reload_ns_;
  SelfReport self_report_;
  HostMeters host_;
  AlertingReport alerting_report_;
  Listeners listeners_;  // last: their threads use all above
};

// Downstream first: who takes is there before who gives.
Result<void> Agent::start() {
  auto lock = DataLock::take(config_->data_dir);
  if (!lock) return lock.error();
  data_lock_ = std::move(*lock);
  add_routes();
  add_status_routes();
  apply_boards(*config_);
  history_.start();
  pipeline_.add_sink(history_.window());  // ahead of all that may read it
  alerting_.add_routes(router_);
  destinations_.apply(config_->exports, config_->stop_timeout);
  destinations_.apply_environment({config_->otlp.http_listen, config_->otlp.grpc_listen});
  StatsdOptions statsd;
  statsd.timer_bounds = config_->statsd.timer_bounds;
  statsd_ = std::make_unique<StatsdReceiver>(intake_, std::move(statsd), clock_);
  auto reporting = self_report_.start(registry_, {[this] { return receivers(); },
                                                  [this] { return destinations_.states(); },
                                                  [this] { return runtime(); },
                                                  [this] { return scrape_.totals(); },
                                                  [this] { return log_.held_back(); },
                                                  [this] { return history_.stats(); },
                                                  [this] { return config()->thresholds; }});
  if (!reporting) return reporting.error();
  if (auto alerts = alerting_report_.start(registry_, [this] { return alerting_.state(); }); !alerts) return alerts.error();
  if (auto host = apply_host_meters(config_->host_meters); !host) return host.error();
  alerting_.start(*config_);
  start_ticks();
  spans_.forward_to([this](std::string_view spans, std::uint64_t count) { return destinations_.forward(spans, count); });
  otlp_.on_spans([this](std::string_view request) { return spans_.accept(request); });
  scrapes_.apply(config_->scrapes);
  return listeners_.open(*config_);
}

Listeners::Handlers Agent::handlers() {
  return {[this](const auto& request, auto& responder) { router_.handle(request, responder); },
          [this](const auto& request, auto& responder) { otlp_.serve(request, responder); },
          [this](const wire::GrpcCall& call) { return otlp_.serve(call); },
          [this](std::string_view lines) { statsd_->take(lines); },
          [this](const HttpConfig& in_force) { http_stays(in_force); }};
}

void Agent::http_stays(const HttpConfig& in_force) {
  {
    const std::lock_guard lock(mutex_);
    auto config = std::make_shared<Config>(*config_);
    config->http = in_force;
    config_ = std::move(config);
  }
  reload_failed();
}

void Agent::apply_boards(const Config& config) {
  boards_.set(config.dashboards, folder_of(config));
  const OwnBoards::Found found = boards_.look();
  for (const std::string& pattern : found.unmatched) log_.warning("no dashboard", {{"pattern", pattern}});
  for (const OwnBoard& board : found.boards)
    if (!board.fault.empty()) log_.warning("dashboard", {{"file", board.path}, {"fault", board.fault}});
}

Result<void> Agent::apply_host_meters(bool wanted) {
  host_.stop();
  return wanted ? host_.start(registry_) : Result<void>{};
}

void Agent::start_ticks() {
  pipeline_.add(registry_);
  pipeline_.add(process_);
  pipeline_.add(intake_);
  pipeline_.add(span_meters_);
  pipeline_.start(
      tick_interval(*config_),
      [this](Time now) {
        intake_.tick(now);
        span_meters_.tick();
        statsd_->flush_sets(now);
      },
      [this](const meters::Snapshot& seen) {
        intake_.sinks_saw(seen.time);
        span_meters_.sinks_saw();
        history_.tell();
        alerting_.tick(seen);  // the window has it
        pipeline_.set_interval(tick_interval(*config()));  // rule files change by themselves
      });
}

void Agent::add_routes() {
  router_.get("/-/healthy", [](const auto&, auto& responder) { responder.send_text(200, "tocsin is healthy\n"); });
  router_.get("/-/ready", [this](const auto&, auto& responder) { send_readiness(readiness(), responder); });
  router_.get("/metrics", [this](const auto& request, auto& responder) { scrape_.handle(request, responder); });
  router_.get("/api/v1/targets", [this](const auto& request, auto& responder) {
    send_json(responder, 200, targets_json(scrapes_.targets(), request.query));
  });
  router_.change("/api/v1/write",
                 [this](const auto& request, auto& responder) { remote_write_.serve(request, responder); });
  router_.change("/-/reload", [this](const auto&, auto& responder) {
    const auto reloaded = reload_();
    if (reloaded) return responder.send_text(200, "reloaded\n");
    responder.send_text(reloaded.error().fault == Fault::Configuration ? 422 : 503, reloaded.error().message + "\n");
  });
}

void Agent::add_status_routes() {
  const auto page = [this](const char* name, std::function<std::string()> text) {
    router_.get_or_post(std::string("/api/v1/status/") + name,
                        [text = std::move(text)](const auto&, auto& responder) { send_json(responder, 200, text()); });
  };
  page("config", [this] { return prometheus_config(*config()); });
  page("runtimeinfo", [this] { return prometheus_runtime(*config(), runtime()); });
  page("buildinfo", [] { return prometheus_build(); });
  page("flags", [this] { return prometheus_flags(*config()); });
  page("walreplay", [] { return prometheus_walreplay(); });
  page("settings", [this] { return status_settings(*config()); });
  page("ticks", [this] { return status_ticks(runtime()); });
  page("receivers", [this] { return status_receivers(receivers()); });
  page("exporters", [this] { return status_exporters(destinations_.states()); });
  page("cardinality", [this] {
    return status_cardinality(intake_.top_cardinality(20), registry_.top_cardinality(20), config()->limits);
  });
  router_.get("/api/v1/alertmanagers", [this](const auto&, auto& responder) { send_json(responder, 200, prometheus_alertmanagers(*config())); });
  router_.get("/api/v1/scrape_pools", [this](const auto&, auto& responder) { send_json(responder, 200, prometheus_scrape_pools(*config())); });
  add_history_routes(router_, [this] { return history_.window()->view(); });
  add_rules_routes(router_, [this] { return alerting_.state(); });
  add_explain_routes(router_, [this] {
    return ExplainFacts{alerting_.state(), alerting_.records(), history_.window()->view(), clock_.now()};
  });
  router_.get("/", [this](const auto&, auto& responder) { send_index(listeners(), responder); });
  api_.add_routes(router_);
  add_page(router_, {[this] { return std::chrono::duration<double>(tick_interval(*config())).count(); },
                     [this] { return config()->trace_url; }}, boards_);
}

RuntimeStatus Agent::runtime() const {
  RuntimeStatus runtime;
  runtime.start = start_;
  runtime.now = clock_.now();
  runtime.pipeline = pipeline_.stats();
  const auto config = this->config();
  runtime.data_dir = config->data_dir;
  runtime.runbooks_url = config->external_url;
  runtime.dashboards_url = config->dashboards_url;
  runtime.last_reload_successful = last_reload_successful_;
  runtime.last_reload = from_unix_ns(last_reload_ns_);
  runtime.damaged_checkpoints = history_.stats().damaged_checkpoints;
  return runtime;
}

ReceiversStatus Agent::receivers() {
  ReceiversStatus receivers;
  receivers.listeners = listeners();
  const Ledger* const ledgers[] = {&otlp_.metrics_ledger(), &otlp_.spans_ledger(), &otlp_.other_ledger(),
                                   &statsd_->ledger(), &scrapes_.ledger(), &remote_write_.ledger()};
  for (const Ledger* ledger : ledgers) receivers.ledgers.emplace_back(ledger->receiver(), ledger->totals());
  receivers.scrapes = scrapes_.stats();
  receivers.last_malformed_statsd = statsd_->last_malformed();
  receivers.spans = span_meters_.ledger();
  receivers.span_meters = span_meters_.stats();
  receivers.intake = intake_.stats();
  receivers.conflicts = intake_.conflicts();
  return receivers;
}

// As a difference: a part whose section did not change is not touched, and no state is lost by one that did.
Result<void> Agent::reload(std::shared_ptr<const Config> config) {
  const std::shared_ptr<const Config> before = this->config();
  if (auto page = listeners_.prepare_http(before->http, config->http); !page) {
    reload_failed();
    return page;
  }
  config = until_restart(*config, *before, log_);
  {
    const std::lock_guard lock(mutex_);
    config_ = config;
  }
  log_.set_level(config->log_level);
  destinations_.apply(config->exports, config->stop_timeout);
  alerting_.apply(*config);
  apply_boards(*config);
  pipeline_.set_interval(tick_interval(*config));
  intake_.configure(intake_options(*config));
  otlp_.configure(otlp_options(config->otlp));
  spans_.configure(span_receiver_options(config->otlp));
  if (!(config->otlp == before->otlp) || !(config->limits == before->limits)) span_meters_.configure(span_options(*config));
  if (config->statsd.timer_bounds != before->statsd.timer_bounds) statsd_->configure_timers(config->statsd.timer_bounds);
  scrape_.configure(scrape_options(config->exposition));
  if (config->host_meters != before->host_meters) (void)apply_host_meters(config->host_meters);
  remote_write_.configure(config->remote_write);
  scrapes_.apply(config->scrapes);
  last_reload_successful_ = true;  // unless the page, which moves last, cannot
  listeners_.apply(*before, *config);
  api_.configure(query_options(config->query));
  last_reload_ns_ = to_unix_ns(clock_.now());
  return {};
}

void Agent::reload_failed() { last_reload_successful_ = false; }

// One deadline for all, of which what flushes last keeps half.
void Agent::stop() {
  const std::chrono::nanoseconds all = config()->stop_timeout;
  const Monotonic until = SystemClock::instance().monotonic() + all;
  const auto left = [&] { return std::max<std::chrono::nanoseconds>(until - SystemClock::instance().monotonic(), 0s); };
  listeners_.close_receivers(all / 4);
  scrapes_.stop();
  pipeline_.stop();
  alerting_.stop(std::min(left(), all / 4));
  history_.stop();
  destinations_.stop(std::max(left(), all / 4));
  listeners_.close_http();
}

Readiness Agent::readiness() const {
  Readiness readiness;
  for (const ListenerState& listener : listeners())
    if (!listener.fault.empty()) readiness.reasons.push_back(listener.name + ": " + listener.fault);
  for (const DestinationState& destination : destinations_.states()) {
    if (!destination.fault.empty()) readiness.reasons.push_back("export " + destination.name + ": " + destination.fault);
    if (destination.stats.failing_for > kStuckAfter)
      readiness.reasons.push_back("export " + destination.name + " is stuck: " + destination.stats.last_error);
  }
  for (std::string& fault : alerting_.faults()) readiness.reasons.push_back(std::move(fault));
  if (const std::string fault = history_.stats().last_failure; !fault.empty())
    readiness.reasons.push_back("history is not saved: " + fault);
  if (!progresses(hang_limit())) readiness.reasons.emplace_back("the tick thread does not move");
  if (!alerting_.progresses()) readiness.reasons.emplace_back("rules are not evaluated");
  readiness.ready = readiness.reasons.empty();
  return readiness;
}

}  // namespace

Result<std::unique_ptr<App>> App::start(std::shared_ptr<const Config> config, Log& log, ReloadRequest reload,
                                        const Clock& clock) {
  auto agent = std::make_unique<Agent>(std::move(config), log, std::move(reload), clock);
  if (auto started = agent->start(); !started) return started.error();
  return std::unique_ptr<App>(std::move(agent));
}

}  // namespace tocsin::agent
