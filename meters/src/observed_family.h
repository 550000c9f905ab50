// SPDX-License-Identifier: Apache-2.0
// Observed family: the series of one observable meter, as its callbacks last told them.
//
// Threads: collect() one call at a time; all functions take the family's lock, and none holds it while a callback runs.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <optional>

#include "meters/observable.h"
#include "meters/src/family_core.h"

namespace tocsin::meters::detail {

class ObservedCallback {
 public:
  explicit ObservedCallback(Callback callback) : callback_(std::move(callback)) {}

  // What the callback tells now; nothing where it has ended. The ledger counts a callback that throws.
  std::vector<ObservedValue> ask(RegistryLedger& ledger, std::uint64_t collection);
  bool ended() const noexcept { return (state_.load(std::memory_order_acquire) & kEnded) != 0; }
  // Returns when the callback does not run, and never will again.
  void end() noexcept;
  // In a forked child the thread that ran it is gone.
  void reset_after_fork() noexcept { state_.fetch_and(~kRunning, std::memory_order_relaxed); }

 private:
  static constexpr std::uint32_t kRunning = 1, kEnded = 2;
  Callback callback_;
  std::atomic<std::uint32_t> state_{0};
};

class ObservedFamily {
 public:
  ObservedFamily(FamilySetup setup, std::shared_ptr<RegistryLedger> ledger);
  ~ObservedFamily();

  const FamilySetup& setup() const noexcept { return setup_; }
  std::shared_ptr<ObservedCallback> add(Callback callback);

  void collect(SnapshotBuilder& builder, std::uint64_t collection);
  void release_ended(std::uint64_t seen);
  FamilyCardinality cardinality();
  void reset_after_fork() noexcept;

 private:
  struct Series {
    double value = 0;
    std::int64_t start_ns = 0;
    std::uint64_t observed_in = 0;  // the latest collection that observed it
    std::uint64_t ended_in = 0;     // the one that first did not; 0: live
  };
  // The functions below require mutex_.
  bool accepts(const ObservedValue& seen) const noexcept;
  void take(const ObservedValue& seen, std::int64_t now_ns, std::uint64_t collection);
  Row row_of(const std::vector<std::string>& labels);
  Row overflow_row();
  void end_unobserved(std::uint64_t collection) noexcept;
  meters::Family family() const;

  const FamilySetup setup_;
  const std::shared_ptr<const Descriptor> descriptor_;
  const std::shared_ptr<RegistryLedger> ledger_;
  std::mutex mutex_;
  // Guarded by mutex_:
  std::vector<std::shared_ptr<ObservedCallback>> callbacks_;
  std::unique_ptr<LabelSetTable> table_;
  std::vector<Series> series_;  // by row
  std::optional<Row> overflow_;
  std::int64_t last_ns_;  // of the collection before: what is new began after it
};

}  // namespace tocsin::meters::detail
