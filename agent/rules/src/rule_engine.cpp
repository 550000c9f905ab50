// SPDX-License-Identifier: Apache-2.0
// Its thread, and what outlives it; a tick is in rule_engine_cycle.cpp, which groups there are in rule_engine_load.cpp.
#include "agent/rules/rule_engine.h"

#include <pthread.h>

#include <algorithm>
#include <charconv>

#include "agent/rules/src/group_pool.h"

namespace tocsin::agent {

using namespace std::chrono_literals;

namespace {

constexpr auto kLookForChanges = 5s;
constexpr std::size_t kLeastThreads = 2, kMostThreads = 8;  // that evaluate: a slow group must not be alone
constexpr std::string_view kLastEvaluation = "rules_evaluated_at_ns";

}  // namespace

RuleEngine::RuleEngine(Parts parts) : parts_(std::move(parts)), started_at_(parts_.clock.now()) {}

RuleEngine::~RuleEngine() { stop(); }

void RuleEngine::start(RuleEngineOptions options) {
  load(options, true, true);
  restore();
  publish();
  pool_ = std::make_unique<GroupPool>(std::clamp<std::size_t>(std::thread::hardware_concurrency(), kLeastThreads, kMostThreads));
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  pthread_setname_np(thread_.native_handle(), "rules");
}

void RuleEngine::apply(RuleEngineOptions options) {
  const std::lock_guard lock(mutex_);
  wanted_ = std::move(options);
  wake_.notify_one();
}

void RuleEngine::tick(Time now) {
  const std::lock_guard lock(mutex_);
  if (ticked_) ++state_.skipped_ticks;
  if (std::exchange(rebuilt_, false)) settled_at_ = parts_.clock.monotonic();
  ticked_ = {now, parts_.clock.monotonic()};
  wake_.notify_one();
}

void RuleEngine::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  if (!pool_) return;
  pool_->stop();
  for (Entry& entry : entries_) entry.waiting.reset();
  // What was evaluated is on record.
  (void)settle_finished();
  pool_.reset();
}

std::optional<std::chrono::nanoseconds> RuleEngine::shortest_interval() const {
  const std::lock_guard lock(mutex_);
  const auto shortest = std::ranges::min_element(state_.groups, {}, [](const auto& group) { return group->interval; });
  if (shortest == state_.groups.end()) return std::nullopt;
  return (*shortest)->interval;
}

RuleEngineState RuleEngine::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

void RuleEngine::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::optional<std::pair<Time, Monotonic>> tick;
    std::optional<RuleEngineOptions> wanted;
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, stop, kLookForChanges, [&] { return ticked_ || wanted_ || !finished_.empty(); });
      tick = std::exchange(ticked_, std::nullopt);
      wanted = std::exchange(wanted_, std::nullopt);
    }
    if (stop.stop_requested()) return;
    (void)settle_finished();
    look_for_changes(std::move(wanted));
    if (tick && parts_.before) parts_.before(tick->first);
    if (tick) dispatch(tick->first, tick->second);
  }
}

void RuleEngine::look_for_changes(std::optional<RuleEngineOptions> wanted) {
  if (wanted) reload_ = std::move(wanted);
  const bool look = parts_.clock.monotonic() - files_seen_ >= kLookForChanges;
  reload_waits_ = (reload_ || look) && !idle();
  if (reload_waits_ || (!reload_ && !look)) return;
  const bool anew = reload_ && !(*reload_ == options_);
  const auto options = std::exchange(reload_, std::nullopt);
  if (load(options ? *options : options_, anew, options.has_value())) publish();
}

void RuleEngine::settle(rules::CycleOutcome& outcome, rules::StateChange& change) {
  for (const std::string& error : outcome.errors) parts_.log.warning("rule failed", {{"reason", error}});
  for (const std::string& error : outcome.template_errors) parts_.log.warning("template failed", {{"reason", error}});
  const auto move_all = [](auto& from, auto& to) { std::ranges::move(from, std::back_inserter(to)); };
  move_all(outcome.change.alerts, change.alerts);
  move_all(outcome.change.over, change.over);
  move_all(outcome.change.outbox, change.outbox);
  move_all(outcome.change.rules_gone, change.rules_gone);
  const std::lock_guard lock(mutex_);
  state_.evaluations += outcome.evaluated;
  state_.failures += outcome.failed;
  state_.samples += outcome.samples;
  state_.discarded += outcome.discarded;
}

// First durable, then told. A store that fails is told of, and the alerts go out all the same.
void RuleEngine::commit(rules::StateChange change) {
  if (change.empty()) return;
  if (const auto kept = parts_.store.commit(change); !kept) {
    parts_.log.error("alert states not stored", {{"reason", kept.error().message}});
    const std::lock_guard lock(mutex_);
    ++state_.commit_failures;
  }
  if (!change.outbox.empty()) parts_.tell(std::move(change.outbox));
}

// When rules were last evaluated: what a restart must not count as time in which a condition held. Nobody pending: no need.
void RuleEngine::remember_time(Time now) {
  const bool active = std::ranges::any_of(entries_, [](const Entry& entry) {
    return std::ranges::any_of(entry.group->status()->rules, [](const auto& rule) { return !rule.alerts.empty(); });
  });
  if (active) (void)parts_.store.put_fact(std::string(kLastEvaluation), std::to_string(to_unix_ns(now)));
}

void RuleEngine::restore() {
  const auto states = parts_.store.alerts();
  if (!states) {
    parts_.log.error("alert states not read", {{"reason", states.error().message}});
    return;
  }
  Time last = started_at_;
  if (const auto fact = parts_.store.fact(std::string(kLastEvaluation)); fact && !fact->empty()) {
    std::int64_t ns = 0;
    const auto [end, error] = std::from_chars(fact->data(), fact->data() + fact->size(), ns);
    if (error == std::errc{}) last = std::min(from_unix_ns(ns), started_at_);
  }
  rules::StateChange change;
  for (const Entry& entry : entries_) {
    const auto down = std::max<std::chrono::nanoseconds>(started_at_ - last - entry.group->interval(), 0ns);
    std::ranges::move(entry.group->restore(*states, down, last), std::back_inserter(change.over));
  }
  generation_ = parts_.store.generation();
  unreadable_ = *states;
  unreadable_since_ = last;
  adopt_unreadable(change);
  commit(std::move(change));
}

bool RuleEngine::is_unreadable(const rules::AlertState& state) const {
  return std::ranges::any_of(files_.all(), [&](const auto& file) {
    return file.second.version == 0 && state.rule.starts_with(file.first + ";");
  });
}

// What a file with faults holds is not known: its alerts neither go on nor end. Of the others, those that no rule has end.
void RuleEngine::adopt_unreadable(rules::StateChange& change) {
  std::vector<std::string> known;
  for (const Entry& entry : entries_)
    for (const auto& rule : entry.group->status()->rules) known.push_back(rule.key);
  const std::set<std::string_view> rules(known.begin(), known.end());
  std::vector<rules::AlertState> still;
  for (rules::AlertState& state : unreadable_) {
    // One that is pending would come back, hours later, as if its condition had held: nobody looked.
    if (is_unreadable(state) && state.phase != rules::AlertPhase::Pending) still.push_back(std::move(state));
    else if (is_unreadable(state)) change.over.push_back({state.rule, state.labels});
    else if (!rules.contains(state.rule)) change.rules_gone.push_back(state.rule);
  }
  unreadable_ = std::move(still);
  for (const rules::AlertState& state : unreadable_) known.push_back(state.rule);
  parts_.end_others(known, "the rule was removed");
}

// What was stored was put aside, whoever found it: everything once more.
void RuleEngine::save_all_anew() {
  const std::uint64_t generation = parts_.store.generation();
  if (std::exchange(generation_, generation) == generation) return;
  for (Entry& entry : entries_) entry.save_anew = true;  // with its next evaluation: it may be under way
  if (!unreadable_.empty()) (void)parts_.store.commit({.alerts = unreadable_});
}

bool RuleEngine::progresses() const {
  const auto shortest = shortest_interval();
  if (!shortest) return true;
  const std::lock_guard lock(mutex_);
  if (rebuilt_) return true;  // no tick has come since
  return parts_.clock.monotonic() - settled_at_ <= std::max<std::chrono::nanoseconds>(3 * *shortest, 1min);
}

void RuleEngine::publish() {
  std::vector<std::shared_ptr<const rules::GroupStatus>> groups;
  std::vector<RuleFileState> files;
  std::size_t missing = 0;
  for (const Entry& entry : entries_) {
    groups.push_back(entry.group->status());
    missing += entry.missing;
  }
  for (const auto& [path, loaded] : files_.all()) files.push_back({path, loaded.faults, loaded.warnings});
  const std::lock_guard lock(mutex_);
  state_.groups = std::move(groups);
  state_.files = std::move(files);
  state_.missing = missing;
  state_.unmatched = files_.unmatched();
}

}  // namespace tocsin::agent
