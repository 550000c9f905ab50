// SPDX-License-Identifier: Apache-2.0
// MeterAlert: an alert as it is declared with its meter, [[meter.alert]] in a catalogue; a rule and its unit tests are made of it.
//
//   std::vector<MeterAlert> alerts = read_meter_alerts(table, meter, faults);   // of one [[meter]]
//   write(alert_rules(catalogue));               // a rule file
//   write(alert_tests(catalogue, "../shop.yml"));     // promtool's format
//
// docs/catalogue.md describes the form. Threads: values; pure. Costs about 50 us an alert.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/toml.h"
#include "meters/catalogue.h"

namespace tocsin::agent {

class CatalogueFile;

struct MeterAlert {
  std::size_t meter = 0;  // of the catalogue's meters()
  std::string name;
  bool below = false;     // fires below the limit, not above it
  double limit = 0;       // of a histogram a bound; of a share from 0 to 1
  std::vector<std::string> by;            // Prometheus' names of the labels that it keeps
  std::string share_label;                // of a share of a counter: the label, and which values
  std::vector<std::string> share_values;
  double share = 0.05;    // of a histogram: how many may be above the limit
  double events = 0;      // of shares and histograms: judged from so many in the window on
  std::string per;        // of a counter: second, minute, hour
  std::chrono::seconds window{300}, for_{300};
  std::string severity = "warning";
  std::string summary, runbook;  // empty: made; none

  bool is_share() const noexcept { return !share_label.empty(); }
};

// Requires: the meter is read.
std::vector<MeterAlert> read_meter_alerts(TomlTable& meter_table, const meters::DeclaredMeter& meter, TomlFaults& faults);

// Requires: a catalogue without faults that has alerts. The file's name is the catalogue's.
std::string alert_rules(const CatalogueFile& catalogue);
// For each alert: it fires, it is silent at its limit, at low traffic, over a counter's reset, and where there is nothing.
std::string alert_tests(const CatalogueFile& catalogue, std::string_view rules_path);

}  // namespace tocsin::agent
