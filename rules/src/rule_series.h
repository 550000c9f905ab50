// SPDX-License-Identifier: Apache-2.0
// RuleSeries: the series that one rule writes, from one evaluation to the next: what is no longer written ends with a
// staleness marker.
//
//   series.begin();
//   series.add("job:up:sum", labels, time_ms, 3);
//   storage.append(series.finish(time_ms));
//
// A rule that fails does not begin: its series neither go on nor end.
// Threads: one at a time. Costs a hash look-up a sample, and the labels of live series.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "rules/batch.h"

namespace tocsin::rules {

class RuleSeries {
 public:
  using Label = BatchBuilder::Label;

  // `recorded`: these series are what the rule is for, and kept longer. `internal`: they are not for /metrics.
  void begin(bool recorded = false, bool internal = false);
  void add(std::string_view name, std::span<const Label> labels, std::int64_t time_ms, double value);
  void add(std::string_view name, std::span<const Label> labels, std::int64_t time_ms, promql::HistogramPtr histogram);
  // Valid until the next begin().
  const Batch& finish(std::int64_t time_ms);
  // All series end: the rule is gone.
  const Batch& end_all(std::int64_t time_ms);
  std::size_t live() const noexcept { return series_.size(); }

 private:
  struct Series {
    BatchBuilder::Place place;
    std::uint64_t seen = 0;  // the evaluation that last wrote it
  };
  BatchBuilder::Place place(std::string_view name, std::span<const Label> labels);
  void renew();

  BatchBuilder builder_;
  std::unordered_map<std::string, Series> series_;  // by name and labels, each text with its length before it
  std::uint64_t evaluation_ = 0;
  std::size_t places_ = 0;  // that the builder holds, those of ended series included
  std::string key_;
};

}  // namespace tocsin::rules
