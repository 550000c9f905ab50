// SPDX-License-Identifier: Apache-2.0
#include "rules/window.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "rules/src/window_batches.h"
#include "rules/src/window_restore.h"
#include "rules/src/window_snapshots.h"
#include "rules/src/window_store.h"
#include "rules/src/window_view.h"
#include "rules/window_checkpoint.h"

namespace tocsin::rules {

namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;
// What a clock is set back by without much ado: it has caught up before anybody has seen a gap.
constexpr std::int64_t kSmallStepMs = 60'000;
// Senders may be ahead of us, by ten minutes; a checkpoint that is further ahead is from before the clock was set back.
constexpr std::int64_t kMostAheadMs = 660'000;
// Tables of Batches are looked through once in so many milliseconds.
constexpr std::int64_t kForgetEveryMs = 300'000;
// Bytes are added up after so many samples of Batches; after each Snapshot anyway.
constexpr std::uint64_t kLookEverySamples = 10'000;

}  // namespace

AppendOutcome& AppendOutcome::operator+=(const AppendOutcome& other) noexcept {
  appended += other.appended;
  not_newer += other.not_newer;
  too_old += other.too_old;
  refused += other.refused;
  repeated += other.repeated;
  return *this;
}

struct Window::State {
  explicit State(WindowOptions given) : options(std::move(given)), store(options.max_exemplars), snapshots(store, options), batches(store) {
    store.set_limit(options.max_bytes, {});
  }

  // Samples that lie in what is the future now would keep out all that comes, until the clock is there again.
  void follow_clock(Time now) {
    const std::int64_t to_ms = to_unix_ns(now) / kNsPerMs;
    if (newest_ms == kNever || newest_ms - to_ms <= kSmallStepMs) {
      newest_ms = std::max(newest_ms, to_ms);
      return;
    }
    snapshots.set_back(to_ms);
    batches.forget_all();
    store.set_back(to_ms);
    newest_ms = to_ms;
    forgot_ms = std::min(forgot_ms, to_ms);
    ++set_back;
  }

  void expire(Time now) {
    now_ms = to_unix_ns(now) / kNsPerMs;
    const std::int64_t oldest_ms = now_ms - options.retention.count() / kNsPerMs;
    store.expire({oldest_ms, now_ms - options.raw.count() / kNsPerMs,
                  std::min(oldest_ms, now_ms - options.recorded_retention.count() / kNsPerMs)});
    follow_clock(now);  // when series were let go: rows that it leaves without an owner are found again with the next Snapshot
    if (now_ms - forgot_ms < kForgetEveryMs) return;
    forgot_ms = now_ms;
    batches.forget_unused();
  }

  // Ahead of a Snapshot, which finds its series again: rows stay, and whoever reads has the texts of its view.
  void renumber_texts() {
    if (!store.series().has_dead_texts()) return;
    snapshots.forget_families();
    batches.forget_all();
    store.renumber();
  }

  void enforce_limit() {
    taken_since_look = 0;
    store.enforce(snapshots.bytes() + batches.bytes(), now_ms);
  }

  // What append() did, added to the total.
  AppendOutcome take_outcome() {
    const AppendOutcome outcome = std::exchange(store.outcome(), {});
    total += outcome;
    view.reset();
    return outcome;
  }

  const WindowOptions options;  // fixed after construction

  std::mutex mutex;
  // Guarded by mutex.
  WindowStore store;
  SnapshotAppender snapshots;
  BatchAppender batches;
  AppendOutcome total;
  std::int64_t forgot_ms = 0, now_ms = 0;
  std::int64_t newest_ms = kNever;  // that now_ms ever was
  std::uint64_t set_back = 0;
  std::uint64_t taken_since_look = 0;  // samples of Batches
  std::shared_ptr<const WindowView> view;  // null: something was appended since
};

Window::Window(WindowOptions options) : state_(std::make_unique<State>(std::move(options))) {}
Window::~Window() = default;

void Window::accept(std::shared_ptr<const meters::Snapshot> snapshot) { append(*snapshot); }

AppendOutcome Window::append(const meters::Snapshot& snapshot) {
  const std::lock_guard lock(state_->mutex);
  state_->expire(snapshot.time);
  state_->renumber_texts();
  state_->snapshots.append(snapshot);
  state_->enforce_limit();
  return state_->take_outcome();
}

AppendOutcome Window::append(const Batch& batch) {
  const std::lock_guard lock(state_->mutex);
  state_->batches.append(batch);
  state_->taken_since_look += batch.size();
  if (state_->taken_since_look >= kLookEverySamples) state_->enforce_limit();
  return state_->take_outcome();
}

void Window::expire(Time now) {
  const std::lock_guard lock(state_->mutex);
  state_->expire(now);
  state_->view.reset();
}

std::shared_ptr<const WindowView> Window::view() {
  const std::lock_guard lock(state_->mutex);
  if (state_->view) return state_->view;
  auto view = std::make_unique<WindowView::State>();
  SeriesSet& series = state_->store.series();
  view->symbols = series.shared_symbols();
  view->symbol_count = series.symbols().size();
  view->strips = series.view_strips();
  view->names = series.view_names();
  view->exemplars = state_->store.exemplars().view();
  view->metadata = state_->store.metadata();
  return state_->view = std::make_shared<const WindowView>(std::move(view));
}

std::shared_ptr<const WindowCheckpoint> Window::checkpoint() {
  auto view = this->view();
  const std::lock_guard lock(state_->mutex);
  return std::make_shared<const WindowCheckpoint>(std::move(view), state_->snapshots.senders(), state_->store.departed());
}

Result<RestoredWindow> Window::restore(std::string_view checkpoint, Time now) {
  auto read = read_checkpoint(checkpoint);
  if (!read) return read.error();
  const std::int64_t newest_ms = std::max<std::int64_t>(read->newest_ms, 0);
  const std::int64_t now_ms = to_unix_ns(now) / kNsPerMs;
  const std::size_t series = read->series->series();
  const std::lock_guard lock(state_->mutex);
  state_->store.restore(std::move(read->series), std::move(read->departed));
  state_->snapshots.restore(read->senders);
  // Our own clock stood there once; senders' may be ahead of it.
  const bool from_future = newest_ms - now_ms > kMostAheadMs || state_->snapshots.own_newest_ns() / kNsPerMs - now_ms > kSmallStepMs;
  const RestoredWindow restored{series, from_unix_ns((from_future ? now_ms : newest_ms) * kNsPerMs), from_future};
  if (from_future) {
    state_->store.set_back(now_ms);
    state_->snapshots.set_back(now_ms);
  }
  state_->view.reset();
  return restored;
}

std::chrono::nanoseconds Window::kept(std::string_view name) const {
  const std::lock_guard lock(state_->mutex);
  const SeriesSet& series = state_->store.series();
  return series.is_recorded(series.symbols().find(name)) ? state_->options.recorded_retention : state_->options.retention;
}

std::chrono::nanoseconds Window::kept_of_recorded() const noexcept {
  return std::max(state_->options.recorded_retention, state_->options.retention);
}

void Window::set_rule_inputs(std::vector<std::string> names) {
  const std::lock_guard lock(state_->mutex);
  state_->store.set_limit(state_->options.max_bytes, {names.begin(), names.end()});
}

WindowStats Window::stats() const {
  const std::lock_guard lock(state_->mutex);
  WindowStats stats;
  stats.series = state_->store.series().series();
  stats.names = state_->store.series().names();
  stats.bytes = state_->store.bytes() + state_->snapshots.bytes() + state_->batches.bytes();
  stats.outcome = state_->total;
  stats.set_back = state_->set_back;
  stats.refusals = state_->store.refusals();
  return stats;
}

}  // namespace tocsin::rules
