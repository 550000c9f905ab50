// SPDX-License-Identifier: Apache-2.0
#include "rules/rule_storage.h"

#include "rules/window.h"

namespace tocsin::rules {

std::shared_ptr<const promql::SeriesReader> WindowStorage::view() { return window_.view(); }

std::uint64_t WindowStorage::append(const Batch& batch) {
  const AppendOutcome outcome = window_.append(batch);
  return outcome.not_newer + outcome.too_old + outcome.refused;
}

}  // namespace tocsin::rules
