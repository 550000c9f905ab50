// SPDX-License-Identifier: Apache-2.0
// Numbers of the exposition formats: decimal, or "inf", "infinity", "nan" in any case; no hex, no underscores.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "wire/text_arena.h"

namespace tocsin::wire {

// The whole text. Nothing where it is no number, or one that no double can hold.
std::optional<double> exposition_number(std::string_view text) noexcept;

// Seconds to milliseconds, to the nearest; what does not fit becomes the first or last time there is.
std::int64_t milliseconds_of(double seconds) noexcept;

// As Prometheus 3 keeps `le` and `quantile`: "1" -> "1.0", "1e6" -> "1e+06". The same view where it was so already.
std::string_view canonical_bound(std::string_view text, double bound, TextArena& texts);
std::string_view bound_text(double bound, TextArena& texts);

}  // namespace tocsin::wire
