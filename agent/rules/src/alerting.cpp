// SPDX-License-Identifier: Apache-2.0
#include "agent/rules/alerting.h"

#include <algorithm>
#include <mutex>
#include <unordered_map>

#include "agent/api/notify_api.h"
#include "agent/api/slo_api.h"
#include "agent/api/status.h"
#include "agent/latest_samples.h"
#include "rules/memory_store.h"
#include "rules/slo_rules.h"

namespace tocsin::agent {

struct Alerting::Parts {
  std::unique_ptr<rules::StateStore> kept;
  Store* store = nullptr;  // kept, where it is one
  std::string store_fault;
  std::unique_ptr<Notifier> notifier;
  std::unique_ptr<rules::RuleStorage> results;
  std::unique_ptr<Silences> silences;
  std::unique_ptr<SloEngine> slos;
  std::unique_ptr<RuleEngine> engine;
};

namespace {

constexpr std::size_t kMostRemembered = 20'000;  // rules, some of which may be gone

// The window at once; the latest of each series to the intake. Thread-safe: each rule writes its own batch, one at a time.
class RuleResults final : public rules::RuleStorage {
 public:
  RuleResults(rules::Window& window, Intake& intake) : window_(window), intake_(intake) {}

  std::shared_ptr<const rules::promql::SeriesReader> view() override { return window_.view(); }
  std::uint64_t append(const rules::Batch& batch) override {
    const rules::AppendOutcome outcome = window_.append(batch);
    // What the rules that ship record for themselves: a Prometheus that runs the same files has its own.
    if (!batch.internal) intake_.apply(latest_of(batch)->points(batch));
    return outcome.not_newer + outcome.too_old + outcome.refused;
  }

 private:
  std::shared_ptr<LatestSamples> latest_of(const rules::Batch& batch) {
    const std::lock_guard lock(mutex_);
    if (latest_.size() > kMostRemembered) latest_.clear();
    auto& latest = latest_[&batch];
    if (!latest) latest = std::make_shared<LatestSamples>(meters::Via::Rules);
    return latest;
  }

  rules::Window& window_;
  Intake& intake_;
  std::mutex mutex_;
  std::unordered_map<const rules::Batch*, std::shared_ptr<LatestSamples>> latest_;  // guarded by mutex_; a rule writes at one place
};
// A receiver that has failed for so long makes the agent not ready.
constexpr auto kStuckAfter = std::chrono::minutes{1};

RuleEngineOptions engine_options(const Config& config) {
  RuleEngineOptions out;
  out.rules = config.rules;
  // Absolute: rules are known by their file, from wherever the agent was started.
  out.folder = folder_of(config);
  out.external_url = config.external_url;
  while (out.external_url.ends_with('/')) out.external_url.pop_back();
  out.tick = config.tick;
  out.resend_delay = config.notify.resend_delay;
  out.external_labels = config.notify.external_labels;
  const auto tick = std::chrono::duration_cast<std::chrono::milliseconds>(config.tick);
  for (const SloConfig& one : config.slos) out.made["[[slo]] " + one.slo.name] = rules::slo_rules_text(one.slo, tick);
  return out;
}

}  // namespace

Alerting::Alerting(rules::Window& window, Intake& intake, Log& log, const Clock& clock, Notifier::Alive alive)
    : window_(window), intake_(intake), log_(log), clock_(clock), alive_(std::move(alive)) {}

Alerting::~Alerting() { stop({}); }

bool Alerting::needed(const Config& config) {
  const NotifyConfig& notify = config.notify;
  return !config.rules.files.empty() || !config.slos.empty() || !notify.alertmanagers.empty() || !notify.webhooks.empty() ||
         !notify.heartbeat.target.url.empty();
}

void Alerting::apply(const Config& config) {
  if (owned_) {
    owned_->notifier->apply(config.notify, config.external_url);
    owned_->slos->apply(config.slos);
    owned_->engine->apply(engine_options(config));
    return;
  }
  if (!needed(config)) return;
  auto parts = std::make_unique<Parts>();
  auto store = Store::open({.file = config.data_dir + "/state.db"}, log_, clock_);
  if (store) {
    parts->store = store->get();
    parts->kept = *std::move(store);
  } else {
    log_.error("alert states will not survive a restart", {{"reason", store.error().message}});
    parts->store_fault = store.error().message;
    parts->kept = std::make_unique<rules::MemoryStore>();
  }
  parts->notifier = std::make_unique<Notifier>(*parts->kept, log_, clock_, alive_);
  parts->silences = std::make_unique<Silences>(*parts->kept, clock_, [notifier = parts->notifier.get()](auto active) {
    notifier->set_silences(std::move(active));
  });
  if (auto loaded = parts->silences->load(); !loaded) log_.error("silences could not be read", {{"reason", loaded.error().message}});
  parts->notifier->apply(config.notify, config.external_url);
  if (auto started = parts->notifier->start(); !started) log_.error("nobody is told of alerts", {{"reason", started.error().message}});
  Notifier& notifier = *parts->notifier;
  parts->results = std::make_unique<RuleResults>(window_, intake_);
  parts->slos = std::make_unique<SloEngine>(SloEngine::Parts{window_, *parts->results, *parts->kept, log_, clock_},
                                            rules::SloCountsOptions{"tocsin", config.http.listen});
  parts->slos->apply(config.slos);
  SloEngine& slos = *parts->slos;
  parts->engine = std::make_unique<RuleEngine>(RuleEngine::Parts{
      window_, *parts->results, *parts->kept, log_, clock_, [&notifier](std::vector<rules::OutboxRow> rows) { notifier.take(std::move(rows)); },
      [&notifier](const std::vector<std::string>& known, const std::string& reason) { notifier.end_others(known, reason); },
      [&slos, silences = parts->silences.get()](Time now) {
        slos.publish(now);
        silences->keep();
      }});
  parts->engine->start(engine_options(config));
  owned_ = std::move(parts);
  parts_ = owned_.get();
}

void Alerting::tick(const meters::Snapshot& snapshot) {
  Parts* parts = parts_;
  if (parts == nullptr) return;
  parts->slos->count(snapshot);
  parts->engine->tick(snapshot.time);
}

void Alerting::stop(std::chrono::nanoseconds deadline) {
  if (!owned_) return;
  owned_->engine->stop();
  owned_->slos->publish(clock_.now());  // what the last tick counted
  owned_->notifier->stop(deadline);
}

std::chrono::nanoseconds Alerting::tick_interval(std::chrono::nanoseconds configured) const {
  const Parts* parts = parts_;
  const auto shortest = parts ? parts->engine->shortest_interval() : std::nullopt;
  return std::min(configured, shortest.value_or(configured));
}

AlertingState Alerting::state() const {
  AlertingState out;
  const Parts* parts = parts_;
  if (!parts) return out;
  out.rules = parts->engine->state();
  out.receivers = parts->notifier->state();
  if (parts->store) out.store = parts->store->stats();
  out.store_fault = parts->store_fault;
  out.slos = parts->slos->states();
  return out;
}

AlertingRecords Alerting::records() const {
  AlertingRecords out;
  const Parts* parts = parts_;
  if (!parts) return out;
  if (auto rows = parts->kept->outbox()) out.outbox = *std::move(rows);
  if (auto told = parts->kept->told()) out.told = *std::move(told);
  out.silences = parts->silences->all();
  return out;
}

bool Alerting::progresses() const {
  const Parts* parts = parts_;
  return parts == nullptr || parts->engine->progresses();
}

std::vector<std::string> Alerting::faults() const {
  std::vector<std::string> out;
  const AlertingState now = state();
  if (!now.store_fault.empty()) out.push_back("alert states are not kept: " + now.store_fault);
  if (now.store && !now.store->last_failure.empty()) out.push_back("alert states cannot be written: " + now.store->last_failure);
  for (const ReceiverState& one : now.receivers.receivers) {
    if (one.failing_since && clock_.now() - *one.failing_since > kStuckAfter) {
      out.push_back(one.kind + " " + one.name + " does not take what it is sent: " + one.last_error);
    }
  }
  return out;
}

void Alerting::add_routes(Router& router) {
  router.get("/api/v1/status/slo", [this](const auto&, auto& responder) { send_json(responder, 200, slo_answer(state().slos)); });
  router.get("/api/v1/status/notify", [this](const auto&, auto& responder) { send_notify_status(state(), responder); });
  // Without rules and receivers there is nothing to silence, and nowhere to keep a silence.
  const auto silences = [this](auto& responder) -> Silences* {
    Parts* parts = parts_;
    if (parts == nullptr) send_no_receivers(responder);
    return parts != nullptr ? parts->silences.get() : nullptr;
  };
  router.add_changing("/api/v2/silences", "GET, HEAD, POST", [this, silences](const auto& request, auto& responder) {
    Silences* all = silences(responder);
    if (all == nullptr) return;
    if (request.is_read()) send_silences(all->all(), request, clock_.now(), responder);
    else take_silence(*all, request, clock_.now(), responder);
  });
  router.add_changing("/api/v2/silence/*", "GET, HEAD, DELETE", [this, silences](const auto& request, auto& responder) {
    Silences* all = silences(responder);
    if (all == nullptr) return;
    const std::string id = request.path.substr(request.path.rfind('/') + 1);
    if (request.is_read()) send_silence(all->find(id), clock_.now(), responder);
    else expire_silence(*all, id, responder);
  });
}

}  // namespace tocsin::agent
