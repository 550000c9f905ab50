// SPDX-License-Identifier: Apache-2.0
// Pipeline: gathers all sources into one Snapshot, shares it, and hands it to every sink at each tick.
//
//   Pipeline pipeline(clock);
//   pipeline.add(registry);                 // sources and sinks live as long as the pipeline, or until removed; each tick
//                                           // expires what the source lets a Follower expire
//   pipeline.add_sink(destination);
//   pipeline.start(15s, [&](Time now) { intake.tick(now); }, {});
//   auto snapshot = pipeline.snapshot(1s);  // at most one second old
//   pipeline.stop();                        // one last tick, so that sinks have the newest state
//
// Threads: thread-safe; one thread, "tick", ticks. Sources are collected by one thread at a time; who asks meanwhile
// for a snapshot waits and shares the result. No sink is called under a lock.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

#include "meters/base/clock.h"
#include "meters/flow.h"

namespace tocsin::agent {

// What comes again and again: when next, and how far apart.
struct Beat {
  Monotonic next{};
  std::chrono::nanoseconds interval{0};
};

class Pipeline {
 public:
  using BeforeTick = std::function<void(Time)>;
  using AfterTick = std::function<void(const meters::Snapshot&)>;

  struct Stats {
    std::uint64_t ticks = 0;
    std::uint64_t late_ticks = 0;     // began more than half an interval after they were due
    std::uint64_t skipped_ticks = 0;  // not begun at all, because the one before took too long
    Monotonic last_tick;
    std::chrono::nanoseconds interval{0};      // as it is in force
    std::chrono::nanoseconds silent{0};        // since the tick thread last moved; it moves every second, and with a tick
    std::chrono::nanoseconds last_collect{0};  // what the last collection took
    std::uint64_t series = 0;                  // live rows in the last Snapshot
  };

  explicit Pipeline(const Clock& clock);
  ~Pipeline();
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  void add(meters::Source& source);
  void add_sink(std::shared_ptr<meters::Sink> sink);
  // After this returns the sink is not called any more.
  void remove_sink(const meters::Sink& sink);

  // The newest Snapshot if it is not older than max_age, else a new one.
  std::shared_ptr<const meters::Snapshot> snapshot(std::chrono::nanoseconds max_age);

  // `before` runs ahead of each tick's collection (expiry), `after` once every sink took the Snapshot.
  void start(std::chrono::nanoseconds interval, BeforeTick before, AfterTick after);
  // From the next tick on.
  void set_interval(std::chrono::nanoseconds interval);
  // Ends the thread after one last tick. Safe twice and without start.
  void stop();

  Stats stats() const;
  // When the next tick is due, and how far they are apart. Requires: started.
  Beat next_tick() const;

 private:
  std::shared_ptr<const meters::Snapshot> collect();
  void tick();
  void run(const std::stop_token& stop);
  void wait_until(Monotonic due, std::unique_lock<std::mutex>& lock, const std::stop_token& stop);

  // Fixed after construction and start().
  const Clock& clock_;
  BeforeTick before_;
  AfterTick after_;

  std::mutex collect_mutex_;  // held while collecting: one collection at a time
  // Guarded by collect_mutex_.
  std::vector<meters::Source*> sources_;
  std::vector<std::unique_ptr<meters::Follower>> followers_;  // of those sources that have one
  std::uint64_t sequence_ = 0;

  std::mutex deliver_mutex_;  // held while sinks are called, so that remove_sink() can wait for that
  // Guarded by deliver_mutex_.
  std::vector<std::shared_ptr<meters::Sink>> sinks_;

  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  // Guarded by mutex_.
  std::shared_ptr<const meters::Snapshot> newest_;
  Monotonic newest_at_;
  std::chrono::nanoseconds interval_{0};
  Monotonic due_{};  // the tick that is waited for, or runs
  std::optional<Monotonic> moved_at_;  // nothing before start()
  Stats stats_;

  std::jthread thread_;
};

}  // namespace tocsin::agent
