// SPDX-License-Identifier: Apache-2.0
// ScriptCommands: what a test script says, read. Threads: immutable.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "rules/promql/matcher.h"
#include "rules/promql/series_notation.h"

namespace tocsin::rules::promql {

struct ScriptLoad {
  std::size_t line = 0;
  std::int64_t step_ms = 0;
  bool with_nhcb = false;  // classic histograms are stored as native ones with custom bounds too
  std::vector<SeriesDescription> series;
};

struct ScriptClear {};

enum class ExpectKind : std::uint8_t { Ordered, Fail, Warn, NoWarn, Info, NoInfo };

// A text that must be there as it stands, or a pattern that must be found in it; without both anything will do.
struct ScriptExpectation {
  ExpectKind kind = ExpectKind::Fail;
  std::string text;
  bool exact = false;
  std::optional<Matcher> pattern;
  bool takes(std::string_view found) const { return exact ? found == text : !pattern || pattern->matches(found); }
};

struct ScriptSeries {
  std::size_t position = 0;  // among what is expected, from 1
  SeriesDescription expected;
};

struct ScriptEval {
  std::size_t line = 0;
  std::string expression;
  bool range = false;
  std::int64_t at_ms = 0;                             // of an instant
  std::int64_t start_ms = 0, end_ms = 0, step_ms = 0;  // of the expected points
  bool old_form = false;                               // eval_warn and its like: a script for Prometheus before 3.5
  bool only_instant = false;                           // its result is no vector or scalar
  std::vector<ScriptExpectation> expectations;
  std::optional<SequenceValue> scalar;
  std::optional<std::string> text;
  std::vector<ScriptSeries> series;

  bool expects(ExpectKind kind) const noexcept {
    for (const ScriptExpectation& expectation : expectations)
      if (expectation.kind == kind) return true;
    return false;
  }
};

using ScriptCommand = std::variant<ScriptLoad, ScriptClear, ScriptEval>;

struct ScriptCommands {
  std::vector<ScriptCommand> commands;
};

}  // namespace tocsin::rules::promql
