// SPDX-License-Identifier: Apache-2.0
// Reads the request series of a SpanMeters back, for its tests.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <string>

#include "tests/traces/span_batch_builder.h"
#include "traces/span_meters.h"

namespace tocsin::traces {

using namespace std::chrono_literals;
using enum SpanKey;
using Counts = std::map<std::string, std::uint64_t>;

inline constexpr std::string_view kTotal = "server_request_total", kTime = "server_request_time_microseconds";

inline std::shared_ptr<const meters::Snapshot> collect(SpanMeters& span_meters, const Clock& clock) {
  meters::SnapshotBuilder builder(clock.now());
  span_meters.collect(builder);
  return std::move(builder).finish(1);
}

inline std::string series_name(const meters::Family& family, meters::Row row) {
  std::string name;
  for (std::size_t column = 0; column < family.labels->columns(); ++column) {
    const auto id = family.labels->id(row, column);
    if (id == meters::kNoValue) continue;
    name += name.empty() ? "" : ",";
    name += family.labels->column(column).prometheus_name + "=" + std::string(family.labels->text(column, id));
  }
  return name + (family.states[row] == meters::RowState::Ended ? " ended" : "");
}

// Count by series of all families of a name; "job/instance|label=value,..." -> count.
inline Counts counts(const meters::Snapshot& snapshot, std::string_view name) {
  Counts found;
  for (const auto& family : snapshot.families) {
    if (family->descriptor->prometheus_name != name) continue;
    for (meters::Row row = 0; row < family->rows(); ++row) {
      std::uint64_t count = 0;
      if (const auto* scalars = std::get_if<meters::Scalars>(&family->points)) {
        count = scalars->bits[row];
      } else {
        const auto& histograms = std::get<meters::Histograms>(family->points);
        const auto first = histograms.counts.begin() + static_cast<std::ptrdiff_t>(row * histograms.buckets());
        count = std::accumulate(first, first + static_cast<std::ptrdiff_t>(histograms.buckets()), std::uint64_t{0});
        const meters::NativeHistogram& native = histograms.native[row];
        EXPECT_EQ(count, std::accumulate(native.positive.begin(), native.positive.end(), native.zero_count));
      }
      found[series_name(*family, row)] += count;
    }
  }
  return found;
}

inline const meters::Family& only(const meters::Snapshot& snapshot, std::string_view name) {
  const meters::Family* found = nullptr;
  for (const auto& family : snapshot.families)
    if (family->descriptor->prometheus_name == name) found = family.get();
  EXPECT_NE(found, nullptr);
  return *found;
}

inline TestSpan get(std::int64_t code, std::uint64_t duration_ns = 1'000'000) {
  return {SpanKind::Server, {{HttpRequestMethod, "GET"}, {HttpRoute, "/a"}}, {{HttpResponseStatusCode, code}},
          SpanStatus::Unset, "GET /a", duration_ns};
}

}  // namespace tocsin::traces
