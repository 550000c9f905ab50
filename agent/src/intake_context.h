// SPDX-License-Identifier: Apache-2.0
// What one apply() carries from resource to point: the clock's reading, the limits, and the account of what was
// accepted and rejected.
//
// Threads: ApplyContext is one request's. Budget and ConflictLog are shared by all targets and thread-safe.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "agent/intake.h"
#include "agent/metric_points.h"
#include "agent/src/intake_labels.h"

namespace tocsin::agent {

enum class Rejection : std::uint8_t {
  Late,
  Ahead,
  BadTime,
  NoName,
  NoValue,
  NoTemporality,
  NotFinite,
  Negative,
  BadBuckets,
  BoundsConflict,
  KindConflict,
  BadAttributes,
  BadLabelName,
  InvalidUtf8,
  LabelTooLong,
  TooManyLabels,
  TooManyStreams,
  TooManyScopes,
  SeriesLimit,
  MemoryLimit,
  TargetLimit,
};
inline constexpr std::size_t kRejections = static_cast<std::size_t>(Rejection::TargetLimit) + 1;

std::string_view reason_of(Rejection rejection) noexcept;  // "late": the ledger's word
std::string_view words_of(Rejection rejection) noexcept;   // "not newer than the last point of its series"

// What came in Prometheus' own ways keeps its names: they are final.
constexpr bool names_are_prometheus(meters::Via via) noexcept {
  return via == meters::Via::Scrape || via == meters::Via::RemoteWrite || via == meters::Via::Rules;
}

struct Budget {
  std::atomic<std::uint64_t> series{0}, bytes{0}, meters{0}, overflowed{0}, conflicts{0}, ended{0};
};

// Conflicts that a person should see, newest last.
class ConflictLog {
 public:
  struct Entry {
    Intake::Conflict conflict;  // but for points and last
    std::atomic<std::uint64_t> points{0};
    std::atomic<std::int64_t> last_ns{0};
  };
  std::shared_ptr<Entry> open(Intake::Conflict conflict);
  std::vector<Intake::Conflict> list() const;

 private:
  static constexpr std::size_t kKept = 100;
  mutable std::mutex mutex_;
  std::deque<std::shared_ptr<Entry>> entries_;  // guarded by mutex_
};

struct ApplyContext {
  ApplyContext(const MetricPoints& points, const IntakeLimits& in_force, Budget& shared, ConflictLog& log)
      : batch(points), limits(in_force), budget(shared), conflict_log(log) {}

  const MetricPoints& batch;
  const IntakeLimits& limits;
  Budget& budget;
  ConflictLog& conflict_log;

  std::int64_t now_ns = 0;
  std::int64_t ahead_ns = 0;  // points after this are rejected
  std::uint32_t now_s = 0;
  std::uint32_t silent_s = 0;

  // Of the resource and metric that are being applied.
  std::uint32_t writer = 0;
  const MetricPoints::Metric* metric = nullptr;
  const meters::Resource* resource = nullptr;
  std::vector<std::uint32_t>* placed = nullptr;  // row of each point, when exemplars need it

  LabelReader labels;
  std::uint64_t accepted = 0;

  void reject(Rejection rejection, std::uint64_t points = 1, std::string_view detail = {});
  bool rejected_any() const noexcept { return rejected_ != 0; }
  Intake::Outcome outcome() &&;

 private:
  std::uint64_t rejected_ = 0;
  std::array<std::uint64_t, kRejections> counts_{};
  std::array<std::string, kRejections> examples_;
};

}  // namespace tocsin::agent
