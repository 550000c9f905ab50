// SPDX-License-Identifier: Apache-2.0
#include "agent/pipeline.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

namespace tocsin::agent {

namespace {

constexpr std::chrono::seconds kMoveEvery{1};

std::uint64_t live_rows(const meters::Snapshot& snapshot) {
  std::uint64_t rows = 0;
  for (const auto& family : snapshot.families)
    rows += static_cast<std::uint64_t>(std::count(family->states.begin(), family->states.end(), meters::RowState::Live));
  return rows;
}

}  // namespace

Pipeline::Pipeline(const Clock& clock) : clock_(clock) {}

Pipeline::~Pipeline() { stop(); }

void Pipeline::add(meters::Source& source) {
  const std::lock_guard lock(collect_mutex_);
  sources_.push_back(&source);
  if (auto follower = source.follow()) followers_.push_back(std::move(follower));
}

void Pipeline::add_sink(std::shared_ptr<meters::Sink> sink) {
  const std::lock_guard lock(deliver_mutex_);
  sinks_.push_back(std::move(sink));
}

void Pipeline::remove_sink(const meters::Sink& sink) {
  const std::lock_guard lock(deliver_mutex_);
  std::erase_if(sinks_, [&](const auto& other) { return other.get() == &sink; });
}

std::shared_ptr<const meters::Snapshot> Pipeline::snapshot(std::chrono::nanoseconds max_age) {
  const auto fresh = [&]() -> std::shared_ptr<const meters::Snapshot> {
    const std::lock_guard lock(mutex_);
    return newest_ && clock_.monotonic() - newest_at_ <= max_age ? newest_ : nullptr;
  };
  if (auto found = fresh()) return found;
  const std::lock_guard lock(collect_mutex_);
  if (auto found = fresh()) return found;  // somebody else collected while we waited
  return collect();
}

// Requires: collect_mutex_ is held.
std::shared_ptr<const meters::Snapshot> Pipeline::collect() {
  const Monotonic began = clock_.monotonic();
  meters::SnapshotBuilder builder(clock_.now());
  for (meters::Source* source : sources_) source->collect(builder);
  auto snapshot = std::move(builder).finish(++sequence_);
  const std::uint64_t series = live_rows(*snapshot);
  const std::lock_guard lock(mutex_);
  newest_ = snapshot;
  newest_at_ = began;
  stats_.last_collect = clock_.monotonic() - began;
  stats_.series = series;
  return snapshot;
}

void Pipeline::tick() {
  if (before_) before_(clock_.now());
  std::shared_ptr<const meters::Snapshot> snapshot;
  {
    const std::lock_guard lock(collect_mutex_);
    for (const auto& follower : followers_) follower->expire();
    snapshot = collect();
  }
  {
    const std::lock_guard lock(deliver_mutex_);
    for (const auto& sink : sinks_) sink->accept(snapshot);
  }
  {
    const std::lock_guard lock(collect_mutex_);
    for (const auto& follower : followers_) follower->seen();
  }
  if (after_) after_(*snapshot);
  const std::lock_guard lock(mutex_);
  ++stats_.ticks;
  stats_.last_tick = clock_.monotonic();
  moved_at_ = stats_.last_tick;
}

void Pipeline::start(std::chrono::nanoseconds interval, BeforeTick before, AfterTick after) {
  before_ = std::move(before);
  after_ = std::move(after);
  set_interval(interval);
  {
    const std::lock_guard lock(mutex_);
    moved_at_ = due_ = clock_.monotonic();
  }
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  pthread_setname_np(thread_.native_handle(), "tick");
}

void Pipeline::set_interval(std::chrono::nanoseconds interval) {
  {
    const std::lock_guard lock(mutex_);
    interval_ = interval;
  }
  wake_.notify_all();
}

void Pipeline::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const auto interval = interval_;
    due_ += interval;
    wait_until(due_, lock, stop);
    if (stop.stop_requested()) break;
    if (interval_ != interval) {
      due_ = clock_.monotonic();  // it changed: start over with the new one
      continue;
    }
    const auto behind = clock_.monotonic() - due_;
    if (behind > interval / 2) ++stats_.late_ticks;
    if (behind >= interval) {
      const auto missed = behind / interval;
      stats_.skipped_ticks += static_cast<std::uint64_t>(missed);
      due_ += missed * interval;
    }
    lock.unlock();
    tick();
    lock.lock();
  }
}

// Moves every second, so that a thread that hangs shows soon, however long the interval is.
void Pipeline::wait_until(Monotonic due, std::unique_lock<std::mutex>& lock, const std::stop_token& stop) {
  const auto interval = interval_;
  for (;;) {
    const Monotonic now = clock_.monotonic();
    moved_at_ = now;
    if (now >= due) return;
    const auto changed = [&] { return interval_ != interval; };
    if (wake_.wait_for(lock, stop, std::min<std::chrono::nanoseconds>(due - now, kMoveEvery), changed)) return;
    if (stop.stop_requested()) return;
  }
}

void Pipeline::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
  tick();
}

Pipeline::Stats Pipeline::stats() const {
  const std::lock_guard lock(mutex_);
  Stats stats = stats_;
  stats.interval = interval_;
  if (moved_at_) stats.silent = clock_.monotonic() - *moved_at_;
  return stats;
}

Beat Pipeline::next_tick() const {
  const std::lock_guard lock(mutex_);
  return {due_, interval_};
}

}  // namespace tocsin::agent
