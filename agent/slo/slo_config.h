// SPDX-License-Identifier: Apache-2.0
// SloConfig: service level objectives, as [[slo]] of the configuration says them.
//
//   std::vector<SloConfig> slos = read_slos(root, {.tick = 15s, .kept = 35 * 24h});
//   for (const TomlFault& finding : check_slo(slos[0], known)) say(finding.text());     // against the meters that exist
//
// Threads: values.
#pragma once

#include <string>
#include <vector>

#include "agent/check/known_meters.h"
#include "agent/toml.h"
#include "rules/slo.h"

namespace tocsin::agent {

struct SloConfig {
  rules::Slo slo;
  TomlPlace place, total_place, bad_place, by_place, bound_place;
  bool operator==(const SloConfig& other) const { return slo == other.slo; }
};

// All faults are told by the table, those between keys among them.
std::vector<SloConfig> read_slos(TomlTable& root, const rules::SloLimits& limits);

// Meters, labels and closed values that do not exist, with the nearest that do; a bound that the histogram does not have.
TomlFaults check_slo(const SloConfig& config, const KnownMeters& known);

}  // namespace tocsin::agent
