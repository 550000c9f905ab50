// SPDX-License-Identifier: Apache-2.0
// Meter: all series under one name. Instruments are bound from it by label values, or recorded by value.
//
//   Meter<Counter> requests = registry.counter({.name = "requests_total", .labels = {"func", "status"}}).value();
//   requests.declare({"GET /items", "ok"});             // stands at zero from now on, never expires
//   Counter ok = requests.with({"GET /items", "ok"});   // set-up: bind once
//   requests.add({"GET /items", "timeout"});            // cold paths: looks the series up each time
//
// Values come in the order of the declared labels; an empty one is a label that is not set. Beyond the meter's cap new
// label sets, declared ones too, share one overflow series. A Meter made by default records nowhere.
// Threads: all. Costs 25 to 40 ns a look-up, without lock or allocation once the label set is known.
#pragma once

#include <initializer_list>
#include <span>
#include <string_view>
#include <utility>

#include "meters/row.h"
#include "meters/snapshot.h"

namespace tocsin::meters {

namespace detail {

// A share in a family; what it points to lives while anybody holds one.
class FamilyRef {
 public:
  FamilyRef() noexcept = default;
  explicit FamilyRef(FamilyCore* retained) noexcept : core_(retained) {}
  FamilyRef(const FamilyRef& other) noexcept;
  FamilyRef(FamilyRef&& other) noexcept : core_(std::exchange(other.core_, nullptr)) {}
  FamilyRef& operator=(FamilyRef other) noexcept {
    std::swap(core_, other.core_);
    return *this;
  }
  ~FamilyRef();
  FamilyCore* get() const noexcept { return core_; }

 private:
  FamilyCore* core_ = nullptr;
};

// The series of some label values, made if it is new; it stays where it is while this object lives.
class RowLookUp {
 public:
  RowLookUp(FamilyCore* family, std::span<const std::string_view> labels) noexcept;
  ~RowLookUp() {
    if (epoch_ != nullptr) [[likely]]
      epoch_->store(0, std::memory_order_release);
    else
      leave_without_arena();
  }
  RowLookUp(const RowLookUp&) = delete;
  RowLookUp& operator=(const RowLookUp&) = delete;

  const RowPlace& place() const noexcept { return place_; }
  BoundRow bind() const noexcept;

 private:
  [[gnu::cold]] static void leave_without_arena() noexcept;
  std::atomic<std::uint64_t>* epoch_;  // see src/epoch.h
  RowPlace place_;
};

void declare_row(FamilyCore* family, std::span<const std::string_view> labels) noexcept;
const Descriptor& descriptor_of(const FamilyCore* family) noexcept;

}  // namespace detail

template <class Instrument>
class Meter {
 public:
  using Value = typename Instrument::Value;
  using Context = typename Instrument::Context;
  using Labels = std::span<const std::string_view>;
  using LabelList = std::initializer_list<std::string_view>;

  Meter() noexcept = default;
  Meter(detail::FamilyRef core, Context context) noexcept : core_(std::move(core)), context_(context) {}

  Instrument with(LabelList labels) const noexcept { return with(span(labels)); }
  Instrument with(Labels labels) const noexcept {
    return Instrument(detail::RowLookUp(core_.get(), labels).bind(), context_);
  }

  void declare(LabelList labels) const noexcept { declare(span(labels)); }
  void declare(Labels labels) const noexcept { detail::declare_row(core_.get(), labels); }

  // By label values. add() of counters, set() of gauges, observe() of histograms.
  void add(LabelList labels, Value by = 1) const noexcept
    requires requires(Instrument instrument) { instrument.add(by); }
  {
    record(span(labels), by);
  }
  void add(Labels labels, Value by = 1) const noexcept
    requires requires(Instrument instrument) { instrument.add(by); }
  {
    record(labels, by);
  }
  void set(LabelList labels, Value value) const noexcept
    requires requires(Instrument instrument) { instrument.set(value); }
  {
    record(span(labels), value);
  }
  void set(Labels labels, Value value) const noexcept
    requires requires(Instrument instrument) { instrument.set(value); }
  {
    record(labels, value);
  }
  void observe(LabelList labels, Value value) const noexcept
    requires requires(Instrument instrument) { instrument.observe(value); }
  {
    record(span(labels), value);
  }
  void observe(Labels labels, Value value) const noexcept
    requires requires(Instrument instrument) { instrument.observe(value); }
  {
    record(labels, value);
  }
  // Whichever of them the instrument has.
  void record(Labels labels, Value value) const noexcept {
    const detail::RowLookUp row(core_.get(), labels);
    Instrument::record(row.place(), context_, value);
  }

  // Requires: not made by default.
  const Descriptor& descriptor() const noexcept { return detail::descriptor_of(core_.get()); }

 private:
  static Labels span(LabelList labels) noexcept { return {labels.begin(), labels.size()}; }
  detail::FamilyRef core_;
  [[no_unique_address]] Context context_{};
};

}  // namespace tocsin::meters
