// SPDX-License-Identifier: Apache-2.0
// The two ends of the flow: a Source adds families to a Snapshot that is being built, a Sink is handed each one.
//
//   SnapshotBuilder builder(clock.now());
//   registry.collect(builder);
//   std::shared_ptr<const Snapshot> snapshot = std::move(builder).finish(sequence);
//   sink.accept(snapshot);
//
// On a timer between follower->expire() and follower->seen(), by a Follower that the source gave: see below.
// Threads: a builder belongs to one thread. collect() may be called on any thread, one call at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "meters/snapshot.h"

namespace tocsin::meters {

class SnapshotBuilder {
 public:
  explicit SnapshotBuilder(Time time) : time_(time) {}
  Time time() const noexcept { return time_; }
  // Requires: every column of the family has one element a row. A family without rows is left out; a renamed one is
  // there twice until the day on which its former name ends (Descriptor::formerly).
  void add(Family family);
  // Sorts by prometheus_name; order of adding is kept among equals.
  std::shared_ptr<const Snapshot> finish(std::uint64_t sequence) &&;

 private:
  void add_formerly(const Family& family);

  Time time_;
  std::vector<std::shared_ptr<const Family>> families_;
};

// Held by whoever collects a source on a timer: series come to their end by it, and a row that has ended stays until each
// follower saw it. The source must outlive it; where it is destroyed nothing is kept for it any more.
class Follower {
 public:
  virtual ~Follower() = default;
  // Ahead of a tick's collection: ends what has been idle for too long.
  virtual void expire() = 0;
  // Behind it: every sink took a Snapshot that was collected after expire().
  virtual void seen() = 0;
};

class Source {
 public:
  virtual ~Source() = default;
  // Adds what this source knows at builder.time(). Never blocks on I/O. What it throws ends this collection; Push and Expose tell it.
  virtual void collect(SnapshotBuilder& builder) = 0;
  // Null: its series end by themselves.
  virtual std::unique_ptr<Follower> follow() { return nullptr; }
};

class Sink {
 public:
  virtual ~Sink() = default;
  // Never blocks: takes the pointer, or counts what it drops.
  virtual void accept(std::shared_ptr<const Snapshot> snapshot) = 0;
};

}  // namespace tocsin::meters
