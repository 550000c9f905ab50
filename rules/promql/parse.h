// SPDX-License-Identifier: Apache-2.0
// parse: PromQL's text as a checked tree, as Prometheus 3.15 reads it.
//
//   auto expr = parse("sum by (job) (rate(http_requests_total[5m])) > 10");
//   if (!expr) return report(expr.error().message);      // "1:5: parse error: ...", the line, a caret below the place
//   evaluate(**expr, reader, {.time = instant(now_ms)});   // see evaluate.h
//
// What Prometheus has behind feature flags is refused with the name of the setting, unless ParseOptions allow it.
// Threads: pure. Costs about 100 ns a token; text over kMostText and what is deeper than kMostDepth or higher than kMostHeight is refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "meters/base/result.h"
#include "rules/promql/ast.h"

namespace tocsin::rules::promql {

inline constexpr std::size_t kMostText = std::size_t{1} << 20;

struct ParseOptions {
  bool experimental = false;  // functions, duration expressions, anchored and smoothed, fill
};

// What is wrong and where.
struct ParseFault {
  SourceRange range;
  std::string message;          // Prometheus' words where it has the same finding
  std::size_t line = 1, column = 1;  // of range.begin; columns count bytes from 1
};

// Errors: Input (syntax or types), TooLarge; the message is explain()'s, of the first fault.
Result<ExprPtr> parse(std::string_view text, const ParseOptions& options = {});
// The same, with all faults found: at most a few. Exactly one of both is not empty.
struct Parsed {
  ExprPtr expr;
  std::vector<ParseFault> faults;
};
Parsed parse_all(std::string_view text, const ParseOptions& options = {});

// "line:column: parse error: ...", then the line of the text, then a caret below the place.
std::string explain(const ParseFault& fault, std::string_view text);

// A series selector alone, as the API's match[]: its matchers. Errors: as parse.
Result<std::vector<Matcher>> parse_selector(std::string_view text);

// A duration as Prometheus writes it ("1h30m", "0"), in milliseconds. Errors: Input.
Result<std::int64_t> parse_duration(std::string_view text);
std::string duration_text(std::int64_t ms);  // its inverse, as model.Duration prints: "1h30m", "0s"

}  // namespace tocsin::rules::promql
