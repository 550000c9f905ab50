// SPDX-License-Identifier: Apache-2.0
// SloSeries: series that are written anew at each tick; those that are not set any more get their staleness markers.
//
//   SloSeries series(true);                                    // recorded: kept as long as recorded series are
//   series.begin();
//   series.set("slo_events_total", {{"slo", "requests"}}, now_ms, 7, since_ms);
//   storage.append(series.end(now_ms));
//
// Threads: one. Costs a look-up by labels a series.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "rules/batch.h"

namespace tocsin::agent {

class SloSeries {
 public:
  using Labels = std::vector<std::pair<std::string, std::string>>;

  explicit SloSeries(bool recorded);
  void begin();
  // Samples of a series in ascending time.
  void set(const std::string& name, const Labels& labels, std::int64_t time_ms, double value, std::int64_t start_ms = 0);
  bool knows(const std::string& name, const Labels& labels) const { return known_.contains({name, labels}); }
  // Valid until the next begin().
  const rules::Batch& end(std::int64_t time_ms);

 private:
  struct Known {
    rules::BatchBuilder::Place place;
    std::uint64_t round = 0;
    bool ended = false;
  };
  rules::BatchBuilder builder_;
  std::map<std::pair<std::string, Labels>, Known> known_;
  std::uint64_t round_ = 0;
};

}  // namespace tocsin::agent
