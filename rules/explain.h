// SPDX-License-Identifier: Apache-2.0
// explain: an expression taken apart: what each part gives at one time, and where nothing comes out, which part took it away.
//
//   Explanation said = explain(*rule.expr, *window.view(), {.at = status.last_evaluation, .lookback = 5min});
//   for (const ExplainedPart& part : said.parts) show(part.depth, part.text, part.series, part.samples);
//   if (!said.why_nothing.empty()) say(said.why_nothing);    // "status=\"5xx\" matches nothing: ... status is ok, timeout"
//
// Parts are the whole, both sides of every operator between vectors, and every selector. A part inside a subquery is shown at the
// time of the evaluation. Of one alert (`about`) only what none of its labels contradicts is looked at.
// Threads: pure. Costs an evaluation of each part; a selector that matches nothing is looked up once more for each matcher.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "meters/base/clock.h"
#include "rules/alert_state.h"
#include "rules/promql/evaluate.h"
#include "rules/promql/series_reader.h"

namespace tocsin::rules {

struct ExplainSettings {
  Time at = {};
  std::chrono::milliseconds lookback = std::chrono::minutes(5);
  std::chrono::milliseconds subquery_step = std::chrono::minutes(1);
  promql::EvaluationLimits limits{};  // of each part
  AlertLabels about = {};             // empty: all series
  std::size_t most_samples = 5;       // of each part
};

struct ExplainedSample {
  AlertLabels labels;  // the name, where it has one, is __name__
  double value = 0;
};

struct ExplainedPart {
  enum class Kind : std::uint8_t { Selector, Comparison, Set, Arithmetic, Other };
  Kind kind = Kind::Other;
  std::size_t depth = 0;         // 0: the whole
  promql::SourceRange place;     // in the expression's text
  std::string text;              // canonical
  std::uint64_t series = 0;      // it gives; of a selector, those with a sample in the time that is read
  std::uint64_t removed = 0;     // of a comparison: what did not pass
  bool scalar = false;           // one number, without labels
  std::vector<ExplainedSample> samples;  // beside a comparison those that are nearest to passing first; of a range the newest
  std::string error;             // it cannot be evaluated
  std::string note;              // why it gives nothing; empty where it gives something
};

struct Explanation {
  std::vector<ExplainedPart> parts;  // parents first, in the order they are written
  std::string why_nothing;           // one sentence, where the whole gives nothing
};

Explanation explain(const promql::Expr& expr, const promql::SeriesReader& reader, const ExplainSettings& settings);

}  // namespace tocsin::rules
