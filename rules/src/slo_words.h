// SPDX-License-Identifier: Apache-2.0
// What the alert of a burn pair is called and says; the rules have it as templates, their tests as texts.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "rules/slo.h"

namespace tocsin::rules {

using SloTexts = std::vector<std::pair<std::string, std::string>>;

std::string slo_number(double value);
std::string slo_window(std::chrono::milliseconds window);  // "1h"
std::string yaml_quoted(std::string_view text);

SloTexts slo_alert_labels(const Slo& slo, const BurnPair& pair);
// `subject` is what stands for the group, `value` for the share of bad events. Links begin with where the agent says it is.
SloTexts slo_annotations(const Slo& slo, const BurnPair& pair, const std::string& subject, const std::string& value, bool templates);
// "Burn rate by objective and window" of dashboards/boards/slo.toml.
inline constexpr std::string_view kBurnRatePanel = "11";
std::chrono::milliseconds slo_keep_firing(const BurnPair& pair);

}  // namespace tocsin::rules
