// SPDX-License-Identifier: Apache-2.0
// Made by `tocsin generate header` from slo.toml: change that file, not this one.
//
// Service level objectives. What `[[slo]]` of the configuration makes (docs/slo.md). Each has the labels of its
// objective's `by` too; these are the ones that it has by default.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "meters/typed_meter.h"

namespace tocsin::meters {

// result: good and bad ones together are all
enum class SloResult : std::uint8_t {Good, Bad};
inline constexpr std::array<std::string_view, 2> kSloResultWords = {"good", "bad"};
constexpr std::string_view to_text(SloResult value) noexcept { return kSloResultWords[static_cast<std::size_t>(value)]; }

namespace label {
inline constexpr std::string_view kSlo = "slo";
inline constexpr std::string_view kSloDc = "dc";
inline constexpr std::string_view kSloServerName = "server_name";
inline constexpr std::string_view kSloResult = "result";
inline constexpr std::string_view kSloWindow = "window";
}  // namespace label

namespace declared {
inline constexpr DeclaredLabel kSlo{"slo", label::kSlo,
    "the objective, by its name in the configuration", {}, false};
inline constexpr DeclaredLabel kSloDc{"slo_dc", label::kSloDc,
    "of the events, where they have it", {}, false};
inline constexpr DeclaredLabel kSloServerName{"slo_server_name", label::kSloServerName,
    "of the events, where they have it", {}, false};
inline constexpr DeclaredLabel kSloResult{"slo_result", label::kSloResult,
    "good and bad ones together are all", kSloResultWords, false};
inline constexpr DeclaredLabel kSloWindow{"slo_window", label::kSloWindow,
    "over which time: 5m, 1h, ...", {}, false};
}  // namespace declared

// Events that an objective counted. They go on over restarts of senders and of the agent. (counter in {event})
struct SloEventsTotalLabels {
  Required<std::string_view> slo;
  Required<std::string_view> slo_dc;
  Required<std::string_view> slo_server_name;
  Required<SloResult> slo_result;
  constexpr std::array<std::string_view, 4> values() const noexcept {
    return {
            slo.get(), slo_dc.get(), slo_server_name.get(), to_text(slo_result.get())};
  }
};
inline constexpr DeclaredLabel kSloEventsTotalLabels[] = {
    declared::kSlo, declared::kSloDc, declared::kSloServerName, declared::kSloResult};
inline constexpr DeclaredMeter kSloEventsTotal{
    .name = "slo_events_total", .kind = Kind::Counter, .unit = "{event}",
    .help = "Events that an objective counted. They go on over restarts of senders and of the agent.",
    .labels = kSloEventsTotalLabels, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using SloEventsTotal = TypedObservable<SloEventsTotalLabels, kSloEventsTotal>;

// How many times faster than allowed bad events came: 1 spends the budget of a period in just that period. (gauge in
// {multiple})
struct SloBurnRateLabels {
  Required<std::string_view> slo;
  Required<std::string_view> slo_dc;
  Required<std::string_view> slo_server_name;
  Required<std::string_view> slo_window;
  constexpr std::array<std::string_view, 4> values() const noexcept {
    return {slo.get(), slo_dc.get(), slo_server_name.get(), slo_window.get()};
  }
};
inline constexpr DeclaredLabel kSloBurnRateLabels[] = {
    declared::kSlo, declared::kSloDc, declared::kSloServerName, declared::kSloWindow};
inline constexpr DeclaredMeter kSloBurnRate{
    .name = "slo_burn_rate", .kind = Kind::Gauge, .unit = "{multiple}",
    .help = "How many times faster than allowed bad events came: 1 spends the budget of a period in just that period.",
    .labels = kSloBurnRateLabels, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using SloBurnRate = TypedObservable<SloBurnRateLabels, kSloBurnRate>;

// Share of the bad events allowed over the period that is left; below 0 it is overdrawn. (gauge in 1)
struct SloErrorBudgetLeftRatioLabels {
  Required<std::string_view> slo;
  Required<std::string_view> slo_dc;
  Required<std::string_view> slo_server_name;
  constexpr std::array<std::string_view, 3> values() const noexcept {
    return {slo.get(), slo_dc.get(), slo_server_name.get()};
  }
};
inline constexpr DeclaredLabel kSloErrorBudgetLeftRatioLabels[] = {declared::kSlo, declared::kSloDc, declared::kSloServerName};
inline constexpr DeclaredMeter kSloErrorBudgetLeftRatio{
    .name = "slo_error_budget_left_ratio", .kind = Kind::Gauge, .unit = "1",
    .help = "Share of the bad events allowed over the period that is left; below 0 it is overdrawn.",
    .labels = kSloErrorBudgetLeftRatioLabels, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using SloErrorBudgetLeftRatio = TypedObservable<SloErrorBudgetLeftRatioLabels, kSloErrorBudgetLeftRatio>;

// Events over the period, or since counting began in it. (gauge in {event})
using SloPeriodEventsLabels = SloEventsTotalLabels;
inline constexpr DeclaredMeter kSloPeriodEvents{
    .name = "slo_period_events", .kind = Kind::Gauge, .unit = "{event}",
    .help = "Events over the period, or since counting began in it.",
    .labels = kSloEventsTotalLabels, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using SloPeriodEvents = TypedObservable<SloPeriodEventsLabels, kSloPeriodEvents>;

// Series that are counted now; 0: there is no data, which is not the same as no events. (gauge in {series})
using SloSourcesLabels = SloErrorBudgetLeftRatioLabels;
inline constexpr DeclaredMeter kSloSources{
    .name = "slo_sources", .kind = Kind::Gauge, .unit = "{series}",
    .help = "Series that are counted now; 0: there is no data, which is not the same as no events.",
    .labels = kSloErrorBudgetLeftRatioLabels, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using SloSources = TypedObservable<SloSourcesLabels, kSloSources>;

// Share of the events that must be good. (gauge in 1)
struct SloTargetRatioLabels {
  Required<std::string_view> slo;
  constexpr std::array<std::string_view, 1> values() const noexcept {
    return {slo.get()};
  }
};
inline constexpr DeclaredLabel kSloTargetRatioLabels[] = {declared::kSlo};
inline constexpr DeclaredMeter kSloTargetRatio{
    .name = "slo_target_ratio", .kind = Kind::Gauge, .unit = "1",
    .help = "Share of the events that must be good.",
    .labels = kSloTargetRatioLabels, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using SloTargetRatio = TypedObservable<SloTargetRatioLabels, kSloTargetRatio>;

// The time over which the target holds. (gauge in s)
using SloPeriodSecondsLabels = SloTargetRatioLabels;
inline constexpr DeclaredMeter kSloPeriodSeconds{
    .name = "slo_period_seconds", .kind = Kind::Gauge, .unit = "s",
    .help = "The time over which the target holds.",
    .labels = kSloTargetRatioLabels, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using SloPeriodSeconds = TypedObservable<SloPeriodSecondsLabels, kSloPeriodSeconds>;

// All of them, in the catalogue's order.
inline constexpr DeclaredMeter kSloCatalogue[] = {
    kSloEventsTotal, kSloBurnRate, kSloErrorBudgetLeftRatio, kSloPeriodEvents, kSloSources, kSloTargetRatio,
    kSloPeriodSeconds};

}  // namespace tocsin::meters
