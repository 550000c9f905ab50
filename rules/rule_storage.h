// SPDX-License-Identifier: Apache-2.0
// RuleStorage: where rules read series and write theirs.
//
//   WindowStorage storage(window);
//   auto reader = storage.view();
//   storage.append(batch);             // seen by the next view()
//
// Threads: as the implementation; WindowStorage is thread-safe. Costs: that of the Window.
#pragma once

#include <cstdint>
#include <memory>

#include "rules/batch.h"
#include "rules/promql/series_reader.h"

namespace tocsin::rules {

class Window;

class RuleStorage {
 public:
  virtual ~RuleStorage() = default;
  virtual std::shared_ptr<const promql::SeriesReader> view() = 0;
  // The number of samples that were not taken (too old, no room).
  virtual std::uint64_t append(const Batch& batch) = 0;
};

class WindowStorage final : public RuleStorage {
 public:
  explicit WindowStorage(Window& window) : window_(window) {}
  std::shared_ptr<const promql::SeriesReader> view() override;
  std::uint64_t append(const Batch& batch) override;

 private:
  Window& window_;
};

}  // namespace tocsin::rules
