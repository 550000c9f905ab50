// SPDX-License-Identifier: Apache-2.0
// Single samples of a series of the history.
#pragma once

#include <cstdint>
#include <optional>

#include "rules/promql/series_reader.h"

namespace tocsin::agent {

struct SloSample {
  std::int64_t time_ms = 0;
  double value = 0;
};

// The last, or first, that is no staleness marker in [from, to]. `block` is scratch.
std::optional<SloSample> last_sample(const rules::promql::SeriesReader& view, rules::promql::SeriesRow row, std::int64_t from_ms, std::int64_t to_ms,
                                     rules::promql::Block& block);
std::optional<SloSample> first_sample(const rules::promql::SeriesReader& view, rules::promql::SeriesRow row, std::int64_t from_ms, std::int64_t to_ms,
                                      rules::promql::Block& block);

}  // namespace tocsin::agent
