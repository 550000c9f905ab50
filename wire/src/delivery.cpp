// SPDX-License-Identifier: Apache-2.0
#include "wire/delivery.h"

#include <algorithm>
#include <cassert>
#include <numeric>

#include "meters/generated/tocsin.h"

namespace tocsin::wire {

using std::chrono::nanoseconds;

static_assert(kDropReasons == meters::kDropReasonWords.size());
std::string_view to_text(DropReason reason) noexcept { return meters::kDropReasonWords[static_cast<std::size_t>(reason)]; }

std::uint64_t LedgerCounts::dropped_total() const noexcept {
  return std::accumulate(dropped.begin(), dropped.end(), std::uint64_t{0});
}

void Ledger::offer(std::uint64_t items) {
  const std::lock_guard lock(mutex_);
  counts_.offered += items;
  counts_.queued += items;
}

void Ledger::begin(std::uint64_t items) {
  const std::lock_guard lock(mutex_);
  assert(counts_.queued >= items);
  counts_.queued -= items;
  counts_.in_flight += items;
}

void Ledger::again(std::uint64_t items) {
  const std::lock_guard lock(mutex_);
  assert(counts_.in_flight >= items);
  counts_.in_flight -= items;
  counts_.queued += items;
}

void Ledger::finish(std::uint64_t sent, std::uint64_t dropped, DropReason reason) {
  const std::lock_guard lock(mutex_);
  assert(counts_.in_flight >= sent + dropped);
  counts_.in_flight -= sent + dropped;
  counts_.sent += sent;
  counts_.dropped[static_cast<std::size_t>(reason)] += dropped;
}

void Ledger::drop(std::uint64_t items, DropReason reason) {
  const std::lock_guard lock(mutex_);
  assert(counts_.queued >= items);
  counts_.queued -= items;
  counts_.dropped[static_cast<std::size_t>(reason)] += items;
}

LedgerCounts Ledger::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

std::optional<Monotonic> Backoff::again(Monotonic first_attempt, Monotonic now, std::optional<nanoseconds> asked_for) {
  next_ = next_ == nanoseconds{0} ? options_.initial
                                  : std::min(options_.longest, nanoseconds(static_cast<std::int64_t>(
                                                                   static_cast<double>(next_.count()) * options_.factor)));
  asked_for_ = asked_for.has_value();
  nanoseconds wait{0};
  if (asked_for) {
    wait = std::clamp(*asked_for, nanoseconds{0}, options_.longest_asked_for);
  } else {
    std::uniform_real_distribution<double> jitter(0.5, 1.5);
    wait = nanoseconds(static_cast<std::int64_t>(static_cast<double>(next_.count()) * jitter(random_)));
  }
  not_before_ = now + wait;
  if (not_before_ > first_attempt + options_.give_up_after) return std::nullopt;
  return not_before_;
}

void Backoff::hurry() noexcept {
  if (!asked_for_) not_before_ = {};
}

namespace {

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// Digits of the text, at most `most`; nothing where there is another character.
std::optional<unsigned> digits(std::string_view text, std::size_t most = 4) {
  if (text.empty() || text.size() > most) return std::nullopt;
  unsigned value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  return value;
}

// The next piece up to one of `separators`, which repeat.
std::string_view piece(std::string_view& text, std::string_view separators) {
  text.remove_prefix(std::min(text.find_first_not_of(separators), text.size()));
  const std::string_view found = text.substr(0, text.find_first_of(separators));
  text.remove_prefix(found.size());
  return found;
}

// Fixed, RFC 850 and asctime forms: the same parts in two orders.
std::optional<Time> http_date(std::string_view text) {
  const bool weekday_with_comma = text.find(',') != std::string_view::npos;
  constexpr std::string_view kSeparators = " ,-:";
  piece(text, kSeparators);  // the weekday says nothing new
  std::string_view day, month, year, hour, minute, second;
  if (weekday_with_comma) {
    day = piece(text, kSeparators), month = piece(text, kSeparators), year = piece(text, kSeparators);
    hour = piece(text, kSeparators), minute = piece(text, kSeparators), second = piece(text, kSeparators);
  } else {
    month = piece(text, kSeparators), day = piece(text, kSeparators);
    hour = piece(text, kSeparators), minute = piece(text, kSeparators), second = piece(text, kSeparators);
    year = piece(text, kSeparators);
  }
  const auto name = std::find(kMonths.begin(), kMonths.end(), month);
  const auto d = digits(day, 2), h = digits(hour, 2), m = digits(minute, 2), s = digits(second, 2);
  auto y = digits(year);
  if (name == kMonths.end() || !d || !h || !m || !s || !y || *h > 23 || *m > 59 || *s > 60) return std::nullopt;
  if (year.size() == 2) *y += *y >= 70 ? 1900 : 2000;  // RFC 850
  const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(*y)},
                                         std::chrono::month{static_cast<unsigned>(name - kMonths.begin()) + 1},
                                         std::chrono::day{*d}};
  if (!date.ok() || *y < 1970 || *y > 2200) return std::nullopt;
  return std::chrono::sys_days{date} + std::chrono::hours{*h} + std::chrono::minutes{*m} + std::chrono::seconds{*s};
}

}  // namespace

std::optional<nanoseconds> parse_retry_after(std::string_view text, Time now) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  if (const auto seconds = digits(text, 9)) return std::chrono::seconds{*seconds};
  const auto date = http_date(text);
  if (!date) return std::nullopt;
  return std::max(nanoseconds{0}, nanoseconds(*date - now));
}

}  // namespace tocsin::wire
