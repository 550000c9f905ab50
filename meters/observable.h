// SPDX-License-Identifier: Apache-2.0
// Observable meters: counters and gauges whose values are asked for when the registry is collected.
//
//   Observation pool = registry.observable_gauge({.name = "pool_connections", .labels = {"state"}}, [&](Observer& observer) {
//     observer.observe({"idle"}, idle());
//     observer.observe({"busy"}, busy());
//   }).value();                       // asked as long as `pool` lives
//
// A series that is not observed any more ends. A counter that falls began anew. NaN, infinite and (of counters) negative
// values are dropped and counted; so is a callback that throws.
// Threads: the callback runs on the collecting thread, under no lock of ours, one call at a time. Destroying an
// Observation waits for a callback that runs on another thread. Costs a table look-up a value at each collection.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "meters/base/clock.h"
#include "meters/row.h"

namespace tocsin::meters {

namespace detail {
class ObservedCallback;
struct ObservedValue {
  std::vector<std::string> labels;
  double value;
  std::optional<Time> since;
};
}  // namespace detail

class Observer {
 public:
  // One value for each declared label, in their order; of equal label sets the last value holds.
  void observe(std::initializer_list<std::string_view> labels, double value) {
    observe(std::span(labels.begin(), labels.size()), value);
  }
  void observe(std::span<const std::string_view> labels, double value);

  // What is observed from here on, in this call, has counted since then: counters that were there before the registry, as a
  // machine's since its boot. Of others, what is new is taken to have begun at the collection before.
  void since(Time began) noexcept { since_ = began; }

  // The registry's number of this collection: the same in each of its callbacks.
  std::uint64_t collection() const noexcept { return collection_; }

 private:
  friend class detail::ObservedCallback;
  explicit Observer(std::uint64_t collection) noexcept : collection_(collection) {}
  std::uint64_t collection_;
  std::optional<Time> since_;
  std::vector<detail::ObservedValue> seen_;
};

// What the callbacks of several meters of one registry share: made once a collection, by the first that asks.
template <class Reading>
class OncePerCollection {
 public:
  template <class... From>
  const Reading& get(const Observer& observer, From&&... from) {
    if (const auto before = std::exchange(made_in_, observer.collection()); !reading_ || before != made_in_)
      reading_.emplace(std::forward<From>(from)...);
    return *reading_;
  }

 private:
  std::uint64_t made_in_ = 0;
  std::optional<Reading> reading_;
};

// While it lives its callback is asked.
class [[nodiscard]] Observation {
 public:
  Observation() noexcept = default;
  explicit Observation(std::shared_ptr<detail::ObservedCallback> callback) noexcept : callback_(std::move(callback)) {}
  Observation(Observation&&) noexcept = default;
  Observation& operator=(Observation&& other) noexcept;
  ~Observation();

 private:
  void end() noexcept;
  std::shared_ptr<detail::ObservedCallback> callback_;
};

using Callback = std::function<void(Observer&)>;

}  // namespace tocsin::meters
