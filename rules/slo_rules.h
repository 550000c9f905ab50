// SPDX-License-Identifier: Apache-2.0
// An objective as a rule file of Prometheus, with its unit test: the very rules that the agent evaluates for it.
//
//   write("requests.yml", slo_rules_text(slo, 15s));
//   write("requests_test.yml", slo_tests_text(slo, "requests.yml"));     // for promtool and `tocsin test`
//
// The rules read slo_events_total{slo,result}, which the agent counts and shows on /metrics: each window is the increase of
// two series a group. Threads: pure. Costs microseconds.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "rules/slo.h"

namespace tocsin::rules {

inline constexpr std::string_view kSloAlert = "ErrorBudgetBurn";

// A group a pair of windows: a window of hours needs no look every few seconds. `tick` is the least interval.
std::string slo_rules_text(const Slo& slo, std::chrono::milliseconds tick);

// Each pair fires just above its threshold; none just below, with few events, idle, without data, nor when it is over.
std::string slo_tests_text(const Slo& slo, std::string_view rule_file);

}  // namespace tocsin::rules
