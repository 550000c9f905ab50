// SPDX-License-Identifier: Apache-2.0
// Selectors: which series a scrape is to show, as ?name[]= and ?match[]= ask.
//
//   Result<Selector> up = parse_selector("up{job=\"shop\",code!=\"200\"}");
//   SeriesFilter filter{{"go_goroutines"}, {*up}};     // a series is shown when one of these takes it
//   options.filter = &filter;
//
// Names and labels are those that are written out. A histogram or summary is shown whole: when one of its sample names
// is asked for; le and quantile cannot be. An absent label is an empty one, as in PromQL.
// Threads: values; a compiled pattern is matched on the encoding thread. Costs: per family one test a distinct text.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "meters/base/result.h"

namespace tocsin::exporters {

enum class MatchType : std::uint8_t { Equal, NotEqual, Regex, NotRegex };

// Whether the whole text matches.
using Pattern = std::function<bool(std::string_view text)>;
using CompilePattern = std::function<Result<Pattern>(std::string_view pattern)>;

struct Matcher {
  std::string label;  // "__name__" for the name
  MatchType type = MatchType::Equal;
  std::string text;
  Pattern pattern;  // Regex and NotRegex

  bool takes(std::string_view value) const;
};

struct Selector {
  std::vector<Matcher> matchers;  // all must take it
};

struct SeriesFilter {
  std::vector<std::string> names;  // of families or samples
  std::vector<Selector> selectors;
};

// `name{label="text",...}`, `{...}` and `{"quoted name",...}` with = != =~ !~. Errors: Input with the position; a
// selector that would take everything; Unsupported where a pattern is used and `compile` is empty.
Result<Selector> parse_selector(std::string_view text, const CompilePattern& compile = {});

}  // namespace tocsin::exporters
