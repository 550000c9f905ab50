// SPDX-License-Identifier: Apache-2.0
// Registry: where meters are declared, and the Source that collects them.
//
//   Registry& registry = Registry::global();
//   Result<Meter<Counter>> jobs = registry.counter({.name = "jobs_total", .unit = "{job}", .labels = {"queue"}});
//   if (!jobs) die(jobs.error().message);      // a bad name, or declared otherwise elsewhere: both places are named
//   Counter mail = jobs->with({"mail"});
//   registry.collect(builder);                 // on a timer, or when scraped
//   auto follower = registry.follow();         // who does so on a timer: idle series end by it (see flow.h)
//
// Declaring the same again (kind, unit, labels, buckets) gives the same one, with the first one's help and limits. A meter without
// labels stands at zero at once.
// Threads: all; one collects at a time, others wait, and a callback must not collect. Costs: declaring takes a lock; collecting
// about 4 ns a series, and 1 ns more for each arena (see arena.h).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "meters/base/clock.h"
#include "meters/base/result.h"
#include "meters/base/source_place.h"
#include "meters/counter.h"
#include "meters/meter.h"
#include "meters/flow.h"
#include "meters/gauge.h"
#include "meters/histogram.h"
#include "meters/observable.h"
#include "meters/up_down_counter.h"

namespace tocsin::meters {

struct MeterSpec {
  std::string name = {};  // as in OpenTelemetry or Prometheus; compared without regard to case
  std::string unit = {};  // UCUM: "s", "By", "{request}"
  std::string help = {};
  std::vector<std::string> labels = {};
  std::uint32_t max_series = 0;  // label sets before the overflow series; 0: the registry's
  // Of a meter that was renamed: its series are shown under this name, too, until that time. Empty: it was not.
  std::string formerly = {};
  Time formerly_until = {};
};

struct RegistryOptions {
  std::shared_ptr<const Resource> resource = {};  // null: an empty one
  Scope scope = {};
  std::uint32_t max_series_per_family = 2'000;
  std::uint32_t max_series = 100'000;  // of all families together; what is declared has its place beyond it
  std::chrono::seconds idle_after{3600};  // without a recording a series ends, unless it was declared; 0: never
  bool collect_dropped = true;  // as tocsin_dropped_measurements_total, by reason
};

struct LabelCardinality {
  std::string name;
  std::uint32_t distinct = 0;
};
struct FamilyCardinality {
  std::string name;
  std::uint32_t series = 0, max_series = 0;
  bool overflowed = false;
  std::vector<LabelCardinality> labels;  // the one with the most distinct values first: it is the one that explodes
};

class Registry final : public Source {
 public:
  using Place = SourcePlace;

  explicit Registry(RegistryOptions options = {}, const Clock& clock = SystemClock::instance());
  ~Registry() override;
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // One for the process, never destroyed.
  static Registry& global();

  // Errors: Fault::Configuration with a name, label or unit that the grammar forbids, or a meter of that name (or of the
  // same Prometheus name, suffixes included) that was declared otherwise or is the registry's own; Fault::Exhausted without memory.
  Result<Meter<Counter>> counter(MeterSpec spec, Place place = Place::current());
  Result<Meter<DoubleCounter>> double_counter(MeterSpec spec, Place place = Place::current());
  Result<Meter<UpDownCounter>> up_down_counter(MeterSpec spec, Place place = Place::current());
  Result<Meter<DoubleUpDownCounter>> double_up_down_counter(MeterSpec spec, Place place = Place::current());
  Result<Meter<Gauge>> gauge(MeterSpec spec, Place place = Place::current());
  Result<Meter<IntegerGauge>> integer_gauge(MeterSpec spec, Place place = Place::current());

  Result<Meter<Histogram>> histogram(MeterSpec spec, HistogramShape shape = {}, Place place = Place::current());
  // Native buckets only.
  Result<Meter<Histogram>> exponential_histogram(MeterSpec spec, Place place = Place::current());

  // Asked at each collection while the Observation lives.
  Result<Observation> observable_counter(MeterSpec spec, Callback callback, Place place = Place::current());
  Result<Observation> observable_up_down_counter(MeterSpec spec, Callback callback, Place place = Place::current());
  Result<Observation> observable_gauge(MeterSpec spec, Callback callback, Place place = Place::current());

  void collect(SnapshotBuilder& builder) override;
  // Expires by `idle_after`, looking at most sixty times in it, whoever asks.
  std::unique_ptr<Follower> follow() override;

  // By hand, where nobody follows: ends series that are not declared and, by the registry's clock, were not recorded for `idle`.
  // They are collected, marked as ended, until ended_rows_seen() is told that every sink has seen a collection that shows them.
  void expire(std::chrono::nanoseconds idle);
  // How many collections were made; the number of the latest one.
  std::uint64_t collections() const noexcept;
  void ended_rows_seen(std::uint64_t collection);

  // The families with the most series, at most `count`.
  std::vector<FamilyCardinality> top_cardinality(std::size_t count);
  std::uint64_t dropped(Drop reason) const noexcept;
  std::uint32_t series() const noexcept;

 private:
  struct State;
  class RowFollower;
  template <class Instrument>
  Result<Meter<Instrument>> declare(const MeterSpec& spec, Place place, const HistogramShape* shape = nullptr);
  Result<Observation> observe(const MeterSpec& spec, Kind kind, Callback callback, Place place);
  std::unique_ptr<State> state_;
};

}  // namespace tocsin::meters
