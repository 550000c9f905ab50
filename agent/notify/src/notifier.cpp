// SPDX-License-Identifier: Apache-2.0
#include "agent/notify/notifier.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

#include "agent/notify/src/heartbeat.h"
#include "agent/notify/src/lane.h"
#include "wire/http_client.h"

namespace tocsin::agent {

using rules::OutboxRow;
using rules::StateChange;
using rules::ToldRecord;
using namespace std::chrono_literals;

// All that happens, happens on one thread, in the order in which it was asked for; nothing below is locked but `jobs_`
// and what is shown.
class Notifier::Loop {
 public:
  Loop(rules::StateStore& store, Log& log, const Clock& clock, Alive alive)
      : store_(store), log_(log), clock_(clock), alive_(std::move(alive)), client_({.thread_name = "notify-http"}) {}
  ~Loop() { stop(0ns); }

  Result<void> start() {
    generation_ = store_.generation();
    auto rows = store_.outbox();
    if (!rows) return rows.error();
    post([this, rows = *std::move(rows)]() mutable {
      for (OutboxRow& row : rows) restore(std::move(row));
    });
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
    return {};
  }

  void post(std::function<void()> job) {
    {
      const std::lock_guard lock(mutex_);
      jobs_.push_back(std::move(job));
    }
    wake_.notify_one();
  }

  void stop(std::chrono::nanoseconds deadline) {
    if (thread_.joinable()) {
      if (deadline > 0ns) drain(deadline);
      thread_.request_stop();
      wake_.notify_one();
      thread_.join();
      client_.stop();
      // What was answered meanwhile is on record.
      run_jobs();
      finish_pass({});
      thread_ = {};
    }
    client_.stop();
  }

  NotifierState state() const {
    const std::lock_guard lock(mutex_);
    return shown_;
  }

  // On the loop's thread.

  void apply(const NotifyConfig& config, const std::string& external_url) {
    config_waiting_ = std::pair(config, external_url);
  }
  // The wall clock may be set at any time: only what ended before this process is judged by it.
  void restore(OutboxRow row) {
    const auto ago = row.ended() ? std::max<std::chrono::nanoseconds>(clock_.now() - row.ends_at, 0ns) : 0ns;
    put(std::move(row), ago);
  }
  void put(OutboxRow row, std::chrono::nanoseconds ended_ago = 0ns) {
    auto& entry = rows_[row.key];
    const bool ends = row.ended() && !entry.row.ended();
    entry.row = std::move(row);
    if (ends) ended_at_[entry.row.key] = clock_.monotonic() - ended_ago;
    entry.silenced = silenced(entry.row);
    for (auto& [name, lane] : lanes_) lane.account(entry);
  }
  void set_silences(std::vector<rules::Silence> silences) { silences_ = std::move(silences); }

  void end_others(const std::vector<std::string>& rules, const std::string& reason) {
    StateChange change;
    for (const auto& [key, entry] : rows_) {
      if (entry.row.ended() || std::find(rules.begin(), rules.end(), entry.row.rule) != rules.end()) continue;
      OutboxRow row = entry.row;
      row.ends_at = clock_.now(), row.end_reason = reason;
      change.outbox.push_back(std::move(row));
    }
    commit(change);
    for (OutboxRow& row : change.outbox) put(std::move(row));
  }

 private:
  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      run_jobs();
      const Time wake = pass();
      std::unique_lock lock(mutex_);
      const auto ready = [this] { return !jobs_.empty(); };
      if (wake == kNever) {
        wake_.wait(lock, stop, ready);
      } else {
        // At least once a second: the wall clock may have been set.
        const auto wait = std::clamp<std::chrono::nanoseconds>(wake - clock_.now(), 1ms, 1s);
        wake_.wait_for(lock, stop, wait, ready);
      }
    }
  }

  void run_jobs() {
    std::deque<std::function<void()>> jobs;
    {
      const std::lock_guard lock(mutex_);
      jobs.swap(jobs_);
    }
    for (const auto& job : jobs) job();
  }

  // One round: what is due is sent, what is known by everybody goes. When the next is due.
  Time pass() {
    const bool idle = std::none_of(lanes_.begin(), lanes_.end(), [](const auto& lane) { return lane.second.busy(); });
    if (config_waiting_ && idle) configure();
    keep();
    const Time now = clock_.now();
    Time wake = kNever;
    std::vector<ToldRecord> changed;
    refresh_silences(now, wake);
    refresh_ages();
    bound(now, changed);
    for (auto& [name, lane] : lanes_) {
      if (config_waiting_) break;
      if (const Sending* sending = lane.plan(rows_, now, clock_.monotonic(), wake, changed)) send(name, lane, *sending);
    }
    beat(now, wake);
    for (const auto& [key, entry] : rows_) {
      if (entry.row.ended()) wake = std::min(wake, std::max(entry.row.ends_at + known_for_, now + 1s));
    }
    finish_pass(std::move(changed));
    return wake;
  }

  void send(const std::string& name, const Lane& lane, const Sending& sending) {
    if (!sending.fault.empty()) log_.warning("template failed", {{"receiver", name}, {"reason", "text: " + sending.fault}});
    const Receiver& receiver = lane.receiver();
    client_.send(make_call(receiver.target(), receiver.url(), sending.body), [this, name](const Result<wire::HttpReply>& reply) {
      post([this, name, outcome = outcome_of(reply, clock_.now())] { answered(name, outcome); });
    });
  }

  void answered(const std::string& name, const Outcome& outcome) {
    Lane& lane = lanes_.at(name);
    std::vector<ToldRecord> changed;
    const bool failed_before = lane.state({}).failing_since.has_value();
    lane.answered(outcome, clock_.now(), clock_.monotonic(), changed);
    if (outcome.answer == Answer::Accepted && failed_before) log_.info("alerts are delivered again", {{"receiver", name}});
    if (outcome.answer != Answer::Accepted) log_.warning("alerts were not taken", {{"receiver", name}, {"reason", outcome.why}});
    // At once: between an acceptance and its record a death means that it is told twice.
    commit({.told = std::move(changed)});
  }

  void finish_pass(std::vector<ToldRecord> changed) {
    StateChange change{.told = std::move(changed)};
    const Time now = clock_.now();
    for (auto entry = rows_.begin(); entry != rows_.end();) {
      // The rules say that it ended again and again for resolved_for: known that long, it is not taken for a new one.
      const bool over = entry->second.row.ended() && now >= entry->second.row.ends_at + known_for_ && std::all_of(lanes_.begin(), lanes_.end(), [&](const auto& lane) {
        return !lane.second.busy() && lane.second.finished(entry->second, now);
      });
      if (!over || config_waiting_) {
        ++entry;
        continue;
      }
      change.done.push_back(entry->first);
      ended_at_.erase(entry->first);
      for (auto& [name, lane] : lanes_) lane.forget(entry->first);
      entry = rows_.erase(entry);
    }
    commit(change);
    show();
  }

  void commit(const StateChange& change) {
    for (const ToldRecord& record : change.told) {
      if (record.gave_up_at == Time{} || record.reason == "silenced") continue;
      log_.error("an alert will not be told", {{"receiver", record.receiver}, {"reason", record.reason}});
    }
    (void)store_.commit(change);  // a failure is told, counted and made up for by the store
    keep();
  }

  // Whoever's commit found that the database is of no use: it was put aside.
  void keep() {
    const std::uint64_t generation = store_.generation();
    if (std::exchange(generation_, generation) != generation) recommit();
  }

  // What was stored is gone: everything once more.
  void recommit() {
    StateChange all;
    for (const auto& [key, entry] : rows_) all.outbox.push_back(entry.row);
    for (const auto& [name, lane] : lanes_) {
      for (const auto& [key, record] : lane.told()) all.told.push_back(record);
      (void)store_.put_fact(since_fact(name), std::to_string(to_unix_ns(lane.since())));
    }
    (void)store_.commit(all);
  }

  // By the labels that receivers are told: people copy them from there.
  bool silenced(const OutboxRow& row) const {
    if (silences_.empty()) return false;
    const Time now = clock_.now();
    const rules::AlertLabels labels = rules::with_external(row.labels, external_labels_);
    return std::any_of(silences_.begin(), silences_.end(), [&](const rules::Silence& one) { return one.covers(labels, now); });
  }
  void refresh_silences(Time now, Time& wake) {
    for (const rules::Silence& one : silences_) {
      for (const Time edge : {one.facts().starts_at, one.facts().ends_at}) {
        if (edge > now && !rows_.empty()) wake = std::min(wake, edge);
      }
    }
    for (auto& [key, entry] : rows_) entry.silenced = !silences_.empty() && silenced(entry.row);
  }
  void refresh_ages() {
    for (const auto& [key, at] : ended_at_) rows_.at(key).ended_for = clock_.monotonic() - at;
  }

  // Ended alerts that wait for somebody are bounded: the oldest goes.
  void bound(Time now, std::vector<ToldRecord>& changed) {
    std::vector<const OutboxEntry*> ended;
    for (const auto& [key, entry] : rows_) {
      const bool waits = entry.row.ended() && std::any_of(lanes_.begin(), lanes_.end(), [&](const auto& lane) { return lane.second.owes(entry) > 0; });
      if (waits) ended.push_back(&entry);
    }
    ended_ = ended.size();
    if (ended.size() <= most_waiting_) return;
    std::sort(ended.begin(), ended.end(), [](const auto* a, const auto* b) { return a->row.ends_at < b->row.ends_at; });
    for (std::size_t i = 0; i < ended.size() - most_waiting_; ++i) {
      for (auto& [name, lane] : lanes_) {
        if (lane.owes(*ended[i]) > 0) changed.push_back(lane.give_up(*ended[i], now, "queue_full"));
      }
    }
  }

  void configure() {
    const auto [config, external_url] = *std::exchange(config_waiting_, std::nullopt);
    std::map<std::string, std::unique_ptr<Receiver>> wanted;
    for (const auto& one : config.alertmanagers) wanted[one.name] = make_alertmanager(one, config);
    for (const auto& one : config.webhooks) wanted[one.name] = make_webhook(one, config, external_url);
    std::erase_if(lanes_, [&](const auto& lane) { return !wanted.contains(lane.first); });
    for (auto& [name, receiver] : wanted) {
      if (const auto lane = lanes_.find(name); lane != lanes_.end()) {
        lane->second.replace(std::move(receiver));
        continue;
      }
      Lane& lane = lanes_.try_emplace(name, std::move(receiver), since(name), std::hash<std::string>{}(name)).first->second;
      // Records of a receiver that was there before, and rows that it has not seen.
      if (auto told = store_.told()) {
        for (const ToldRecord& record : *told) {
          if (record.receiver == name) lane.told()[record.key] = record;
        }
      }
      for (const auto& [key, entry] : rows_) lane.account(entry);
    }
    external_labels_ = config.external_labels;
    most_waiting_ = static_cast<std::size_t>(config.max_waiting);
    known_for_ = std::max<std::chrono::nanoseconds>(config.resolved_for, 15min) + 5min;
    heartbeat_.apply(config.heartbeat);
  }

  static std::string since_fact(const std::string& name) { return "receiver since " + name; }
  // Since when a receiver is configured: what ended before is none of its business.
  Time since(const std::string& name) {
    const std::string fact = since_fact(name);
    if (const auto known = store_.fact(fact); known && !known->empty()) return from_unix_ns(std::strtoll(known->c_str(), nullptr, 10));
    const Time now = clock_.now();
    (void)store_.put_fact(fact, std::to_string(to_unix_ns(now)));
    return now;
  }

  void beat(Time now, Time& wake) {
    auto call = heartbeat_.next(now, clock_.monotonic(), alive_(), wake);
    if (!call) return;
    client_.send(*std::move(call), [this](const Result<wire::HttpReply>& reply) {
      post([this, outcome = outcome_of(reply, clock_.now())] {
        heartbeat_.answered(outcome, clock_.now());
        if (!outcome.why.empty()) log_.warning("heartbeat was not taken", {{"reason", outcome.why}});
      });
    });
  }

  // Sends what is due now, without waiting for what failed before.
  void drain(std::chrono::nanoseconds deadline) {
    post([this] {
      for (auto& [name, lane] : lanes_) lane.hurry();
    });
    std::unique_lock lock(mutex_);
    idle_ = false;
    drained_.wait_for(lock, deadline, [this] { return idle_; });
  }

  void show() {
    NotifierState state;
    for (const auto& [name, lane] : lanes_) state.receivers.push_back(lane.state(rows_));
    if (auto heartbeat = heartbeat_.state()) state.receivers.push_back(*std::move(heartbeat));
    state.rows = rows_.size();
    state.ended = ended_;
    const bool idle = std::none_of(lanes_.begin(), lanes_.end(), [](const auto& lane) { return lane.second.busy(); });
    const std::lock_guard lock(mutex_);
    shown_ = std::move(state);
    idle_ = idle && jobs_.empty();
    drained_.notify_all();
  }

  // Fixed after construction.
  rules::StateStore& store_;
  Log& log_;
  const Clock& clock_;
  const Alive alive_;

  // The loop's own.
  std::map<std::string, Lane> lanes_;
  OutboxEntries rows_;
  std::map<std::string, Monotonic> ended_at_;  // by key, of those that have ended
  std::vector<rules::Silence> silences_;
  std::optional<std::pair<NotifyConfig, std::string>> config_waiting_;  // until nothing is in flight
  std::map<std::string, std::string> external_labels_;
  std::uint64_t generation_ = 0;  // of the store, when everything was in it last
  std::size_t most_waiting_ = 10'000, ended_ = 0;
  std::chrono::nanoseconds known_for_ = 20min;
  Heartbeat heartbeat_;

  mutable std::mutex mutex_;
  std::condition_variable_any wake_, drained_;
  // Guarded by mutex_.
  std::deque<std::function<void()>> jobs_;
  NotifierState shown_;
  bool idle_ = false;

  wire::HttpClient client_;
  std::jthread thread_;
};

Notifier::Notifier(rules::StateStore& store, Log& log, const Clock& clock, Alive alive)
    : loop_(std::make_unique<Loop>(store, log, clock, std::move(alive))) {}
Notifier::~Notifier() = default;

void Notifier::apply(const NotifyConfig& config, const std::string& external_url) {
  loop_->post([loop = loop_.get(), config, external_url] { loop->apply(config, external_url); });
}
void Notifier::set_silences(std::vector<rules::Silence> silences) {
  loop_->post([loop = loop_.get(), silences = std::move(silences)]() mutable { loop->set_silences(std::move(silences)); });
}
Result<void> Notifier::start() { return loop_->start(); }
void Notifier::take(std::vector<OutboxRow> rows) {
  loop_->post([loop = loop_.get(), rows = std::move(rows)]() mutable {
    for (OutboxRow& row : rows) loop->put(std::move(row));
  });
}
void Notifier::end_others(const std::vector<std::string>& rules, const std::string& reason) {
  loop_->post([loop = loop_.get(), rules, reason] { loop->end_others(rules, reason); });
}
void Notifier::stop(std::chrono::nanoseconds deadline) { loop_->stop(deadline); }
NotifierState Notifier::state() const { return loop_->state(); }

}  // namespace tocsin::agent
