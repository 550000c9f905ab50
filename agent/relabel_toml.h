// SPDX-License-Identifier: Apache-2.0
// Relabelling as the configuration says it: [[scrape.relabel]], [[notify.alert_relabel]] and their like.
//
//   config.relabel = read_relabel(table, "relabel");      // every mistake is a fault of the table it stands in
//   rules = rules_of(config.relabel);                     // those that were read without one
//
// Threads: pure.
#pragma once

#include <string_view>
#include <vector>

#include "agent/relabel.h"
#include "agent/toml.h"

namespace tocsin::agent {

std::vector<RelabelConfig> read_relabel(TomlTable& parent, std::string_view key);
std::vector<RelabelRule> rules_of(const std::vector<RelabelConfig>& configs);

}  // namespace tocsin::agent
