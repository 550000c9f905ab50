// SPDX-License-Identifier: Apache-2.0
// evaluate: an expression over stored series, at one time or at many, as Prometheus 3.15 answers it.
//
//   auto expr = parse("sum by (job) (rate(http_requests_total[5m]))");
//   auto answer = evaluate(**expr, reader, {.time = instant(now_ms)});
//   auto graph = evaluate(**expr, reader, {.time = {from_ms, to_ms, 15'000}});
//
// Works on chunks of about a thousand series with all their steps: an aggregation never holds what it aggregates.
// Parts that say the same are evaluated once, parts that do not depend on the step (@) once for all steps.
// Threads: pure; the reader is an immutable view. Costs about 30 ns a series and step for sum by (rate()), more with
// many samples in the window; an answer that names its series costs about 100 ns a series.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>

#include "meters/base/clock.h"
#include "meters/base/result.h"
#include "rules/promql/series_reader.h"
#include "rules/promql/value.h"

namespace tocsin::rules::promql {

// Steps from start to end, both included. A step of 0: one instant, at start.
struct EvaluationTime {
  std::int64_t start_ms = 0, end_ms = 0, step_ms = 0;
  bool instant() const noexcept { return step_ms == 0; }
};
constexpr EvaluationTime instant(std::int64_t time_ms) noexcept { return {time_ms, time_ms, 0}; }

struct EvaluationLimits {
  std::uint64_t samples = 50'000'000;                       // held at once
  std::uint64_t series = 1'000'000;                         // of one selector
  std::uint64_t memory_bytes = std::uint64_t{1} << 30;      // of intermediate values
  std::chrono::nanoseconds timeout = std::chrono::minutes(2);
};

struct EvaluationSettings {
  EvaluationTime time{};
  std::chrono::milliseconds lookback = std::chrono::minutes(5);
  std::chrono::milliseconds subquery_step = std::chrono::minutes(1);  // where a subquery gives none
  bool delayed_name_removal = false;  // Prometheus' feature flag promql-delayed-name-removal
  bool strict_histograms = false;     // as Prometheus 3.0: histograms whose layouts differ in kind or bounds never add up
  EvaluationLimits limits{};
  std::stop_token stop{};
  const Clock* clock = nullptr;  // for the timeout; null: the system's
};

// An instant gives what the expression's type says, a range a Matrix.
// Errors: Input, in Prometheus' words (duplicate series, bad parameters); TooLarge over a limit; Cancelled on stop and
// timeout; what the reader says.
Result<Evaluation> evaluate(const Expr& expr, const SeriesReader& reader, const EvaluationSettings& settings);

}  // namespace tocsin::rules::promql
