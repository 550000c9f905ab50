// SPDX-License-Identifier: Apache-2.0
#include "meters/base/quantity.h"

#include <array>
#include <charconv>
#include <limits>
#include <optional>

#include "meters/base/number.h"
#include "meters/base/text.h"

namespace tocsin {

namespace {

struct Unit {
  std::string_view name;
  std::int64_t size;
};

constexpr auto kDurations = std::to_array<Unit>({
    {"y", 365LL * 24 * 3600 * 1'000'000'000}, {"w", 7LL * 24 * 3600 * 1'000'000'000}, {"d", 24LL * 3600 * 1'000'000'000},
    {"h", 3600LL * 1'000'000'000},            {"m", 60LL * 1'000'000'000},            {"s", 1'000'000'000},
    {"ms", 1'000'000},                        {"us", 1'000},                          {"ns", 1},
});

constexpr auto kSizes = std::to_array<Unit>({
    {"B", 1},      {"KiB", 1 << 10},   {"MiB", 1 << 20}, {"GiB", 1 << 30},
    {"kB", 1'000}, {"MB", 1'000'000}, {"GB", 1'000'000'000},
});

std::size_t letters(std::string_view text) noexcept {
  std::size_t n = 0;
  while (n < text.size() && (text[n] < '0' || text[n] > '9')) ++n;
  return n;
}

// Reads "<integer><unit>" off the front of `text`; the index of the unit in `units`, or nothing.
template <class Units>
std::optional<std::size_t> take(std::string_view& text, const Units& units, std::int64_t& amount) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), amount);
  if (error != std::errc{} || amount < 0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  const std::string_view name = text.substr(0, letters(text));
  text.remove_prefix(name.size());
  for (std::size_t i = 0; i < units.size(); ++i)
    if (units[i].name == name) return i;
  return std::nullopt;
}

Error not_a(std::string_view what, std::string_view text, std::string_view example) {
  return Error{Fault::Input, "not a " + std::string(what) + ": \"" + std::string(text) + "\" (write it like " +
                                 std::string(example) + ")"};
}

}  // namespace

Result<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  const Error wrong = not_a("duration", text, "\"15s\", \"500ms\" or \"1h30m\"");
  if (text == "0") return std::chrono::nanoseconds{0};
  if (text.empty()) return wrong;
  std::int64_t total = 0;
  std::size_t next_unit = 0;
  for (std::string_view left = text; !left.empty();) {
    std::int64_t amount = 0;
    const auto unit = take(left, kDurations, amount);
    if (!unit || *unit < next_unit) return wrong;
    next_unit = *unit + 1;
    std::int64_t part = 0;
    if (__builtin_mul_overflow(amount, kDurations[*unit].size, &part) || __builtin_add_overflow(total, part, &total))
      return Error{Fault::Input, "duration too long: \"" + std::string(text) + '"'};
  }
  return std::chrono::nanoseconds{total};
}

std::string to_text(std::chrono::nanoseconds duration) {
  std::int64_t left = duration.count();
  if (left == 0) return "0s";
  std::string out;
  if (left < 0) {
    out += '-';
    left = left == std::numeric_limits<std::int64_t>::min() ? std::numeric_limits<std::int64_t>::max() : -left;
  }
  for (const Unit& unit : kDurations) {
    if (unit.name == "y" || unit.name == "w" || left < unit.size) continue;
    append_integer(out, left / unit.size);
    out += unit.name;
    left %= unit.size;
  }
  return out;
}

Result<std::uint64_t> parse_bytes(std::string_view text) {
  std::string_view left = text;
  std::int64_t amount = 0, total = 0;
  const auto unit = take(left, kSizes, amount);
  if (!unit || !left.empty()) return not_a("size", text, "\"64MiB\" or \"500kB\"");
  if (__builtin_mul_overflow(amount, kSizes[*unit].size, &total))
    return Error{Fault::Input, "size too large: \"" + std::string(text) + '"'};
  return static_cast<std::uint64_t>(total);
}

}  // namespace tocsin
