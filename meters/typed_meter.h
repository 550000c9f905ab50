// SPDX-License-Identifier: Apache-2.0
// Typed handles: a declared meter whose labels are members of a struct, so that a wrong or missing label, or a value
// outside a closed label, does not compile. `tocsin generate header` writes these types.
//
//   Result<LlmTokensTotal> tokens = LlmTokensTotal::declare(Registry::global());
//   Counter prompt = tokens->with({.server_name = "chat", .model = "m1", .token_kind = TokenKind::Prompt});   // set-up
//   tokens->add({.server_name = "chat", .model = "m1", .token_kind = TokenKind::Completion}, 17);             // cold paths
//
// Threads and costs: as meters/meter.h; a bound handle is the plain instrument.
#pragma once

#include <concepts>
#include <string_view>
#include <utility>

#include "meters/catalogue.h"

namespace tocsin::meters {

// A member that cannot be left out.
template <class T>
class Required {
 public:
  template <class From>
    requires std::convertible_to<From, T>
  constexpr Required(const From& from) noexcept : value_(from) {}  // NOLINT: implicit, like T itself
  constexpr T get() const noexcept { return value_; }

 private:
  T value_;
};

namespace detail {

template <class Instrument>
Result<Meter<Instrument>> declare_in(Registry& registry, const DeclaredMeter& meter, SourcePlace place);
template <> Result<Meter<Counter>> declare_in(Registry&, const DeclaredMeter&, SourcePlace);
template <> Result<Meter<DoubleCounter>> declare_in(Registry&, const DeclaredMeter&, SourcePlace);
template <> Result<Meter<UpDownCounter>> declare_in(Registry&, const DeclaredMeter&, SourcePlace);
template <> Result<Meter<DoubleUpDownCounter>> declare_in(Registry&, const DeclaredMeter&, SourcePlace);
template <> Result<Meter<Gauge>> declare_in(Registry&, const DeclaredMeter&, SourcePlace);
template <> Result<Meter<IntegerGauge>> declare_in(Registry&, const DeclaredMeter&, SourcePlace);
template <> Result<Meter<Histogram>> declare_in(Registry&, const DeclaredMeter&, SourcePlace);

}  // namespace detail

// A declared meter whose values are asked for. Errors: Fault::Configuration where it is a histogram, or declared otherwise.
Result<Observation> observe(Registry& registry, const DeclaredMeter& meter, Callback callback,
                            SourcePlace place = SourcePlace::current());

// LabelsType: a struct whose values() are the label values in the declared order.
template <class Instrument, class LabelsType, const DeclaredMeter& kDeclared>
class TypedMeter {
 public:
  using Labels = LabelsType;
  using Value = typename Instrument::Value;
  static constexpr const DeclaredMeter& kMeter = kDeclared;

  TypedMeter() noexcept = default;

  // The label sets that the catalogue declares stand at zero from now on. Errors: Fault::Configuration where the registry
  // has a meter of that name that was declared otherwise.
  static Result<TypedMeter> declare(Registry& registry, SourcePlace place = SourcePlace::current()) {
    auto meter = detail::declare_in<Instrument>(registry, kDeclared, place);
    if (!meter) return meter.error();
    for (std::size_t at = 0; at < kDeclared.sets.size(); at += kDeclared.labels.size())
      meter->declare(kDeclared.sets.subspan(at, kDeclared.labels.size()));
    return TypedMeter(*std::move(meter));
  }

  Instrument with(const Labels& labels) const noexcept { return meter_.with(labels.values()); }
  void declare(const Labels& labels) const noexcept { meter_.declare(labels.values()); }

  // By label values. add() of counters, set() of gauges, observe() of histograms.
  void add(const Labels& labels, Value by = 1) const noexcept
    requires requires(Instrument instrument) { instrument.add(by); }
  {
    meter_.record(labels.values(), by);
  }
  void set(const Labels& labels, Value value) const noexcept
    requires requires(Instrument instrument) { instrument.set(value); }
  {
    meter_.record(labels.values(), value);
  }
  void observe(const Labels& labels, Value value) const noexcept
    requires requires(Instrument instrument) { instrument.observe(value); }
  {
    meter_.record(labels.values(), value);
  }

  const Meter<Instrument>& untyped() const noexcept { return meter_; }

 private:
  explicit TypedMeter(Meter<Instrument> meter) noexcept : meter_(std::move(meter)) {}
  Meter<Instrument> meter_;
};

// A meter whose values are asked for at each collection.
template <class LabelsType, const DeclaredMeter& kDeclared>
struct TypedObservable {
  using Labels = LabelsType;
  static constexpr const DeclaredMeter& kMeter = kDeclared;

  static Result<Observation> declare(Registry& registry, Callback callback, SourcePlace place = SourcePlace::current()) {
    return meters::observe(registry, kDeclared, std::move(callback), place);
  }
  static void observe(Observer& observer, const Labels& labels, double value) { observer.observe(labels.values(), value); }
};

}  // namespace tocsin::meters
