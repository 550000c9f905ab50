// SPDX-License-Identifier: Apache-2.0
// MemoryStorage: series in memory that rules read and write. What one series refuses (a sample that is there already, one
// that is too old) is counted, as in Prometheus. Threads: one.
#pragma once

#include <map>
#include <utility>

#include "rules/promql/memory_series.h"
#include "rules/rule_storage.h"

namespace tocsin::rules {

class MemoryStorage final : public RuleStorage {
 public:
  promql::MemorySeries& series() noexcept { return series_; }
  const promql::MemorySeries& series() const noexcept { return series_; }

  // Not to be used after this object.
  std::shared_ptr<const promql::SeriesReader> view() override;
  std::uint64_t append(const Batch& batch) override;

 private:
  promql::MemorySeries series_;
  std::map<std::pair<std::uint64_t, meters::Row>, promql::SeriesRow> known_;  // by the table's id and its row
};

}  // namespace tocsin::rules
