// SPDX-License-Identifier: Apache-2.0
#include "rules/promql/src/absent.h"

#include <algorithm>

namespace tocsin::rules::promql {
namespace {

class Absent final : public WholeOperator {
 public:
  Absent(Run& run, OperatorPtr child, SeriesKey labels) noexcept
      : WholeOperator(run), child_(std::move(child)), labels_(labels) {}

 private:
  Result<void> make(const Steps& steps, Grid& into) override {
    std::vector<char> present(steps.count);
    Grid chunk;
    if (auto opened = child_->open(steps); !opened) return opened.error();
    for (;;) {
      const auto more = child_->next(chunk);
      if (!more) return more.error();
      if (!*more) break;
      for (std::size_t i = 0; i < chunk.values.size(); ++i)
        if (!is_absent(chunk.values[i])) present[i % steps.count] = 1;
    }
    if (std::find(present.begin(), present.end(), 0) == present.end()) return {};
    const std::size_t row = into.add(labels_);
    for (std::uint32_t step = 0; step < steps.count; ++step)
      if (!present[step]) into.row(row)[step] = 1;
    return {};
  }

  OperatorPtr child_;
  SeriesKey labels_;
};

}  // namespace

OperatorPtr make_absent(Run& run, OperatorPtr child, SeriesKey labels) {
  return std::make_unique<Absent>(run, std::move(child), labels);
}

}  // namespace tocsin::rules::promql
