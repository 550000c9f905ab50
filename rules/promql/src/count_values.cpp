// SPDX-License-Identifier: Apache-2.0
// count_values: a series for each value that the samples of a group have at a step.
#include <charconv>
#include <cmath>

#include "rules/promql/histogram_text.h"
#include "rules/promql/src/aggregate.h"

namespace tocsin::rules::promql {
namespace {

// All digits, no exponent: as Go's FormatFloat(value, 'f', -1, 64).
std::string value_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char text[512];
  const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed).ptr;
  return {text, end};
}

class CountValues final : public WholeOperator {
 public:
  CountValues(Run& run, AggregatePlan plan) : WholeOperator(run), plan_(std::move(plan)) {
    if (!plan_.without) plan_.labels.push_back(plan_.value_label);
  }

 private:
  Result<void> make(const Steps& steps, Grid& into) override {
    Grouper groups(run_.space, plan_.labels, plan_.without);
    std::vector<double> counts;  // by group, then step
    MemoryUse memory(run_);
    Grid chunk;
    if (auto opened = plan_.child->open(steps); !opened) return opened.error();
    for (;;) {
      const auto more = plan_.child->next(chunk);
      if (!more) return more.error();
      if (!*more) break;
      for (std::size_t i = 0; i < chunk.size(); ++i) {
        for (std::uint32_t step = 0; step < steps.count; ++step) {
          if (is_absent(chunk.row(i)[step])) continue;
          const std::string text =
              chunk.has_histogram(i, step) ? to_string(*chunk.histogram(i, step)) : value_text(chunk.row(i)[step]);
          const SeriesKey key = run_.space.with(chunk.series[i], plan_.value_label, run_.space.intern(text));
          const std::uint32_t group = groups.group_of(key);
          if (counts.size() < groups.size() * steps.count) counts.resize(groups.size() * steps.count);
          ++counts[std::size_t{group} * steps.count + step];
        }
      }
      if (auto fits = memory.set(counts.size() * sizeof(double)); !fits) return fits.error();
    }
    for (std::size_t group = 0; group < groups.size(); ++group) {
      const std::size_t row = into.add(groups.labels(group));
      for (std::uint32_t step = 0; step < steps.count; ++step)
        if (const double count = counts[group * steps.count + step]; count > 0) into.row(row)[step] = count;
    }
    return {};
  }

  AggregatePlan plan_;
};

}  // namespace

OperatorPtr make_count_values(Run& run, AggregatePlan plan) { return std::make_unique<CountValues>(run, std::move(plan)); }

}  // namespace tocsin::rules::promql
