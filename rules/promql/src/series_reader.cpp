// SPDX-License-Identifier: Apache-2.0
#include "rules/promql/series_reader.h"

#include <utility>

namespace tocsin::rules::promql {

Result<void> SeriesReader::read_newest(std::span<const SeriesRow> rows, TimeRange range, Block& into) const {
  if (auto all = read(rows, range, into); !all) return all;
  std::uint32_t from = 0, kept = 0;
  for (std::uint32_t& end : into.ends) {
    const std::uint32_t past = std::exchange(from, end);
    if (end > past) {
      into.time_ms[kept] = into.time_ms[end - 1];
      into.values[kept] = into.values[end - 1];
      if (!into.histograms.empty()) into.histograms[kept] = into.histograms[end - 1];
      ++kept;
    }
    end = kept;
  }
  into.time_ms.resize(kept);
  into.values.resize(kept);
  if (!into.histograms.empty()) into.histograms.resize(kept);
  return {};
}

}  // namespace tocsin::rules::promql
