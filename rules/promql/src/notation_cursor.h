// SPDX-License-Identifier: Apache-2.0
// NotationCursor: a place in a line of series notation, with the first thing that was wrong. Threads: one.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "meters/base/result.h"
#include "rules/promql/memory_series.h"
#include "rules/promql/series_notation.h"

namespace tocsin::rules::promql {

class NotationCursor {
 public:
  explicit NotationCursor(std::string_view text) : text_(text) {}

  bool at_end() const noexcept { return at_ >= text_.size(); }
  char peek(std::size_t ahead = 0) const noexcept { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  bool starts_with(std::string_view word) const noexcept { return text_.substr(at_).starts_with(word); }
  bool take(std::string_view word) noexcept;  // true and past it where it stands here
  bool skip_space() noexcept;                 // true where there was some
  bool word_is(std::string_view wanted) const noexcept;
  std::string_view word() noexcept;           // letters, digits, '_' (and nothing where there are none)
  std::string_view name() noexcept;           // as word, and ':'

  // Decimal digits, a point, an exponent; Inf and NaN. With a sign only where `sign`.
  std::optional<double> number(bool sign);
  std::optional<std::uint64_t> count(const char* what);
  std::optional<std::string> quoted();

  // Keeps the first fault.
  void fault(std::string message, Fault cause = Fault::Input);
  bool failed() const noexcept { return error_.has_value(); }
  const Error& error() const noexcept { return *error_; }
  std::string found() const;  // what stands here, for a message

 private:
  std::string_view text_;
  std::size_t at_ = 0;
  std::optional<Error> error_;
};

// name{a="b",...}; false where there was a fault.
bool read_metric(NotationCursor& cursor, LabelTexts& into);
// {{...}}: the cursor stands on it.
struct DescribedHistogram {
  FloatHistogram histogram;
  bool hint_given = false;
};
std::optional<DescribedHistogram> read_histogram(NotationCursor& cursor);

}  // namespace tocsin::rules::promql
