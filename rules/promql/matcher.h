// SPDX-License-Identifier: Apache-2.0
// Matcher: a condition on one label. An absent label is an empty text. Expressions are RE2's, match the whole text, and
// '.' is any character, as in Prometheus.
//
//   auto matcher = Matcher::make("job", MatchType::Regex, "shop|web");
//   matcher->matches("shop");                       // true
//
// Threads: immutable. Costs: compiled expressions are cached by text, at most 8 MiB each.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "meters/base/result.h"

namespace tocsin::rules::promql {

enum class MatchType : std::uint8_t { Equal, NotEqual, Regex, NotRegex };

class Matcher {
 public:
  // Errors: Input, with RE2's words.
  static Result<Matcher> make(std::string label, MatchType type, std::string text);

  const std::string& label() const noexcept { return label_; }  // "__name__" for the metric's name
  MatchType type() const noexcept { return type_; }
  const std::string& text() const noexcept { return text_; }
  bool matches(std::string_view value) const;
  std::string to_string() const;  // label="text", as PromQL writes it

 private:
  struct Expression;
  Matcher() = default;
  std::string label_, text_;
  MatchType type_ = MatchType::Equal;
  std::shared_ptr<const Expression> expression_;
};

std::string_view operator_text(MatchType type) noexcept;  // =, !=, =~, !~

}  // namespace tocsin::rules::promql
