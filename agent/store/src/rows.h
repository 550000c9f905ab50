// SPDX-License-Identifier: Apache-2.0
// What is stored, as rows of the database and back.
#pragma once

#include <optional>
#include <string>

#include "agent/store/src/database.h"
#include "rules/state_store.h"

namespace tocsin::agent {

Row to_row(const rules::AlertState& state);
Row to_row(const rules::OutboxRow& row);
Row to_row(const rules::ToldRecord& record);
Row to_row(const rules::Silence& silence);
Row to_row(const rules::KeptCounts& counts);

// Nothing where a row is not one of ours.
std::optional<rules::AlertState> alert_of(const Row& row);
std::optional<rules::OutboxRow> outbox_of(const Row& row);
std::optional<rules::ToldRecord> told_of(const Row& row);
std::optional<rules::Silence> silence_of(const Row& row);
std::optional<rules::KeptCounts> counts_of(const Row& row);

std::string alert_key(const std::string& rule, const rules::AlertLabels& labels);
std::string counts_key(const rules::KeptCounts& counts);

}  // namespace tocsin::agent
