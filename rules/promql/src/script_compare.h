// SPDX-License-Identifier: Apache-2.0
// What an eval expects against what came: each function says what is wrong, or nothing. Threads: pure.
#pragma once

#include <optional>
#include <string>

#include "rules/promql/src/script_commands.h"
#include "rules/promql/value.h"

namespace tocsin::rules::promql {

inline constexpr double kScriptTolerance = 1e-6;

std::optional<std::string> compare_value(const ScriptEval& eval, const Value& value);
std::optional<std::string> compare_failure(const ScriptEval& eval, const std::string& message);
// `query` is the text that was evaluated, for the annotations' places.
std::optional<std::string> compare_annotations(const ScriptEval& eval, std::string_view query,
                                               const std::vector<Annotation>& annotations);

}  // namespace tocsin::rules::promql
