// SPDX-License-Identifier: Apache-2.0
// Regex: an RE2 expression that finds and replaces, as Go's regexp does. For conditions on labels see matcher.h.
//
//   auto regex = Regex::make("(a)b");
//   regex->replace_all("ab ab", "x$1");       // "xa xa"; ${1}, $name and $$ as in Go
//   regex->expand("ab", "<$1>");              // whole text must match: "<a>", nothing otherwise
//
// Threads: immutable. Costs: at most 8 MiB an expression; make compiles each time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "meters/base/result.h"

namespace tocsin::rules::promql {

class Regex {
 public:
  // Errors: Input, with RE2's words.
  static Result<Regex> make(std::string_view pattern, bool dot_takes_newline = false);

  bool found_in(std::string_view text) const;
  std::string replace_all(std::string_view text, std::string_view replacement) const;
  std::optional<std::string> expand(std::string_view text, std::string_view replacement) const;

 private:
  struct Compiled;
  explicit Regex(std::shared_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}
  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace tocsin::rules::promql
