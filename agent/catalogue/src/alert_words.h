// SPDX-License-Identifier: Apache-2.0
// What a rule that is made of a MeterAlert says, shared by the rule and its tests. Threads: pure.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/catalogue/catalogue_file.h"
#include "agent/catalogue/meter_alert.h"

namespace tocsin::agent {

std::string number_text(double value);                       // 0.05
std::string duration_words(std::chrono::seconds duration);   // 5m, 90s
std::string listed(const std::vector<std::string>& labels);  // a, b
std::vector<std::string> bound_spellings(double bound);      // 5e+06, 5000000, 5000000.0

// A share or a latency that swings about its limit is one alert, not many.
bool keeps_firing(const meters::DeclaredMeter& meter, const MeterAlert& alert);

// summary, description, runbook_url where there is one, dashboard_url: as templates, not yet quoted.
std::vector<std::pair<std::string, std::string>> annotations_of(const CatalogueFile& catalogue, const MeterAlert& alert);

}  // namespace tocsin::agent
