// SPDX-License-Identifier: Apache-2.0
// A tick: which groups are due, in which order they may run, and what becomes of what they give. Groups that have nothing to do
// with each other run at once; of two of which one reads what the other writes, the one further up in the files comes first.
#include <algorithm>
#include <iterator>
#include <utility>

#include "agent/rules/rule_engine.h"
#include "agent/rules/src/group_pool.h"
#include "meters/base/quantity.h"

namespace tocsin::agent {

using namespace std::chrono_literals;

namespace {

constexpr auto kClockSet = 5s;  // a wall clock that went so much further than the steady one was set, or the machine slept
constexpr auto kSlow = 1s;  // a group that took longer is not begun again while a reload waits for an idle moment

}  // namespace

// Of each group the earlier ones that it must not run beside.
void RuleEngine::order_groups() {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    entries_[i].after.clear();
    for (std::size_t j = 0; j < i; ++j) {
      const rules::Group &earlier = *entries_[j].group, &later = *entries_[i].group;
      if (later.reads_what(earlier) || earlier.reads_what(later)) entries_[i].after.push_back(j);
    }
  }
}

void RuleEngine::notice_clock(Time now, Monotonic at) {
  const auto last = std::exchange(last_tick_, std::pair(now, at));
  if (!last) return;
  const auto step = (now - last->first) - (at - last->second);
  if (step < kClockSet && step > -kClockSet) return;
  parts_.log.warning("the wall clock was set", {{"by", (step.count() < 0 ? "-" : "") + to_text(step.count() < 0 ? -step : step)}});
  for (Entry& entry : entries_) entry.clock_step += step;
}

bool RuleEngine::is_due(const Entry& entry, Monotonic at) {
  // Ticks come a little early or late: an eighth of the interval is as good as due.
  return entry.due == Monotonic{} || at + entry.group->interval() / 8 >= entry.due;
}

void RuleEngine::dispatch(Time now, Monotonic at) {
  save_all_anew();
  notice_clock(now, at);
  std::vector<std::size_t> due;
  std::uint64_t missed = 0;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    Entry& entry = entries_[i];
    // One that is still under way is counted when its turn comes at last.
    if (entry.running || !is_due(entry, at)) continue;
    if (reload_waits_ && entry.group->status()->duration > kSlow) continue;
    const auto interval = entry.group->interval();
    const Monotonic planned = entry.due == Monotonic{} ? at : entry.due;
    const auto late = std::max<std::int64_t>((at - planned) / interval, 0);
    entry.due = planned + (late + 1) * interval;
    missed += static_cast<std::uint64_t>(late) + (entry.waiting ? 1 : 0);
    if (entry.waiting) leave_cycle(entry);
    entry.waiting.reset();
    due.push_back(i);
  }
  {
    const std::lock_guard lock(mutex_);
    state_.missed_evaluations += missed;
  }
  if (due.empty()) return;
  const std::uint64_t cycle = ++cycles_begun_;
  open_cycles_[cycle] = {parts_.clock.monotonic(), due.size()};
  const auto view = parts_.storage.view();
  for (const std::size_t i : due) {
    Entry& entry = entries_[i];
    entry.cycle = cycle;
    Waiting waiting{now, {}};
    std::ranges::copy_if(entry.after, std::inserter(waiting.on, waiting.on.end()), [&](std::size_t j) { return std::ranges::binary_search(due, j); });
    if (waiting.on.empty() || !pool_) evaluate(i, now, waiting.on.empty() ? view : nullptr);
    else entry.waiting = std::move(waiting);
  }
}

// On the pool, or here where there is none. Without a view it takes the newest: another group has written what it reads.
void RuleEngine::evaluate(std::size_t place, Time now, std::shared_ptr<const rules::promql::SeriesReader> view) {
  Entry& entry = entries_[place];
  entry.running = true;
  if (const auto step = std::exchange(entry.clock_step, 0ns); step.count() != 0) entry.group->clock_set(step, now);
  if (std::exchange(entry.save_anew, false)) entry.group->forget_saved();
  const auto job = [this, place, now, group = entry.group.get(), view = std::move(view)](const std::stop_token& stop) {
    rules::CycleOutcome outcome = group->evaluate(now, parts_.storage, stop, view);
    {
      const std::lock_guard lock(mutex_);
      finished_.push_back({place, now, std::move(outcome)});
    }
    wake_.notify_one();
  };
  if (pool_) pool_->post(job);
  else job({});
}

// What groups have given since: the next may run, then it is committed in the order in which it came, then told.
bool RuleEngine::settle_finished() {
  std::vector<Finished> finished;
  {
    const std::lock_guard lock(mutex_);
    finished.swap(finished_);
  }
  if (finished.empty()) return false;
  rules::StateChange change;
  Time newest{};
  for (Finished& one : finished) {
    Entry& entry = entries_[one.place];
    entry.running = false;
    entry.missing = one.outcome.missing;
    newest = std::max(newest, one.now);
    settle(one.outcome, change);
    leave_cycle(entry);
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      auto& waiting = entries_[i].waiting;
      if (!waiting || waiting->on.erase(one.place) == 0 || !waiting->on.empty()) continue;
      const Time now = waiting->now;
      waiting.reset();
      evaluate(i, now, nullptr);
    }
  }
  {
    const std::lock_guard lock(mutex_);
    settled_at_ = parts_.clock.monotonic();
  }
  commit(std::move(change));
  remember_time(newest);
  publish();
  return true;
}

// A cycle is over when the last of its groups is.
void RuleEngine::leave_cycle(const Entry& entry) {
  const auto open = open_cycles_.find(entry.cycle);
  if (open == open_cycles_.end() || --open->second.groups > 0) return;
  const std::lock_guard lock(mutex_);
  ++state_.cycles;
  state_.last_cycle = parts_.clock.monotonic() - open->second.begin;
  open_cycles_.erase(open);
}

bool RuleEngine::idle() const {
  return std::ranges::none_of(entries_, [](const Entry& entry) { return entry.running || entry.waiting; });
}

void RuleEngine::evaluate_due(Time now, Monotonic at) {
  dispatch(now, at);
  while (settle_finished()) {
  }
}

}  // namespace tocsin::agent
