// SPDX-License-Identifier: Apache-2.0
// topk, bottomk, limitk and limit_ratio: some of a group's own series, chosen step by step.
#include <algorithm>
#include <cmath>
#include <limits>

#include "meters/base/number.h"
#include "rules/promql/src/aggregate.h"
#include "rules/promql/src/series_hash.h"

namespace tocsin::rules::promql {
namespace {

// NaN is worse than any number, for topk and bottomk alike.
struct Worse {
  bool largest_wins;
  bool operator()(double a, double b) const noexcept {
    if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && !std::isnan(b);
    return largest_wins ? a < b : a > b;
  }
};

// The k best of one group at one step: a heap with the worst on top. Among equals those that come first stay.
class Best {
 public:
  Best(std::size_t k, Worse worse) noexcept : k_(k), worse_(worse) {}

  void offer(std::uint32_t series, double value) {
    const auto above = [this](const Entry& a, const Entry& b) { return before(a, b); };
    if (entries_.size() < k_) {
      entries_.push_back({value, series});
      std::push_heap(entries_.begin(), entries_.end(), above);
    } else if (worse_(entries_.front().value, value)) {
      std::pop_heap(entries_.begin(), entries_.end(), above);
      entries_.back() = {value, series};
      std::push_heap(entries_.begin(), entries_.end(), above);
    }
  }

  // Best first.
  template <class F>
  void for_each(F&& f) {
    std::sort(entries_.begin(), entries_.end(), [this](const Entry& a, const Entry& b) { return before(a, b); });
    for (const Entry& entry : entries_) f(entry.series);
  }

 private:
  struct Entry {
    double value;
    std::uint32_t series;
  };
  bool before(const Entry& a, const Entry& b) const noexcept {
    if (worse_(b.value, a.value)) return true;
    if (worse_(a.value, b.value)) return false;
    return a.series < b.series;
  }
  std::size_t k_;
  Worse worse_;
  std::vector<Entry> entries_;
};

class Picking final : public WholeOperator {
 public:
  Picking(Run& run, AggregatePlan plan)
      : WholeOperator(run), plan_(std::move(plan)), groups_(run.space, plan_.labels, plan_.without) {}

 private:
  Result<void> make(const Steps& steps, Grid& into) override {
    groups_.forget();
    auto parameter = collect_scalar(*plan_.parameter, steps);
    if (!parameter) return parameter.error();
    MemoryUse memory(run_);
    auto all = collect(*plan_.child, steps, run_, memory);
    if (!all) return all.error();
    grid_ = std::move(*all);
    const auto some = check(*parameter);
    if (!some) return some.error();
    if (!*some) return {};
    group_of_.clear();
    for (const SeriesKey key : grid_.series) group_of_.push_back(groups_.group_of(key));
    rows_.assign(grid_.size(), kNone);
    for (std::uint32_t step = 0; step < steps.count; ++step) pick(step, (*parameter)[step], into);
    return {};
  }

  // Whether anything can be picked at all. Errors: Input, in Prometheus' words.
  Result<bool> check(const std::vector<double>& parameter) {
    double least = std::numeric_limits<double>::infinity(), most = -least;
    bool any_nan = false;
    for (const double value : parameter) {
      any_nan |= std::isnan(value);
      least = value < least ? value : least;
      most = value > most ? value : most;
    }
    if (plan_.op == AggregateOp::LimitRatio) {
      if (!any_nan && most == 0 && least == 0) return false;
      if (any_nan) return Error{Fault::Input, "Ratio value is NaN"};
      if (most > 1) run_.notes.invalid_ratio(most, 1, plan_.parameter_range);
      if (least < -1) run_.notes.invalid_ratio(least, -1, plan_.parameter_range);
      return true;
    }
    constexpr double kLeast = -9223372036854775808.0, kMost = 9223372036854774784.0;
    if (!any_nan && most < 1) return false;
    if (any_nan) return Error{Fault::Input, "Parameter value is NaN"};
    if (least <= kLeast) return Error{Fault::Input, "Scalar value " + number_text(least) + " underflows int64"};
    if (most >= kMost) return Error{Fault::Input, "Scalar value " + number_text(most) + " overflows int64"};
    return true;
  }

  static std::string number_text(double value) {
    std::string text;
    append_go_double(text, value);
    return text;
  }

  void pick(std::uint32_t step, double parameter, Grid& into) {
    if (plan_.op == AggregateOp::LimitRatio) return pick_ratio(step, std::clamp(parameter, -1.0, 1.0), into);
    if (parameter < 1) return;
    const auto k = static_cast<std::size_t>(std::min(parameter, static_cast<double>(grid_.size())));
    if (plan_.op == AggregateOp::Limitk) return pick_first(step, k, into);
    std::vector<Best> best(groups_.size(), Best(k, Worse{plan_.op == AggregateOp::Topk}));
    for (std::uint32_t i = 0; i < grid_.size(); ++i) {
      if (is_absent(grid_.row(i)[step])) continue;
      if (grid_.has_histogram(i, step)) run_.notes.histogram_ignored_in_aggregation(text_of(plan_.op), plan_.range);
      else best[group_of_[i]].offer(i, grid_.row(i)[step]);
    }
    for (Best& group : best) group.for_each([&](std::uint32_t i) { take(i, step, into); });
  }

  void pick_first(std::uint32_t step, std::size_t k, Grid& into) {
    std::vector<std::size_t> taken(groups_.size());
    for (std::uint32_t i = 0; i < grid_.size(); ++i) {
      if (is_absent(grid_.row(i)[step]) || taken[group_of_[i]] == k) continue;
      ++taken[group_of_[i]];
      take(i, step, into);
    }
  }

  // By a hash of the labels: the same series are picked each time, and ratio and ratio - 1 share all of them out.
  void pick_ratio(std::uint32_t step, double ratio, Grid& into) {
    if (ratio == 0) return;
    for (std::uint32_t i = 0; i < grid_.size(); ++i) {
      if (is_absent(grid_.row(i)[step])) continue;
      const double offset = static_cast<double>(series_hash(grid_.series[i], run_.space)) / 18446744073709551615.0;
      if (ratio >= 0 ? offset < ratio : offset >= 1 + ratio) take(i, step, into);
    }
  }

  void take(std::uint32_t i, std::uint32_t step, Grid& into) {
    if (rows_[i] == kNone) rows_[i] = static_cast<std::uint32_t>(into.add(grid_.series[i]));
    if (grid_.has_histogram(i, step)) into.set(rows_[i], step, grid_.histogram(i, step));
    else into.row(rows_[i])[step] = grid_.row(i)[step];
  }

  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
  AggregatePlan plan_;
  Grouper groups_;
  Grid grid_;
  std::vector<std::uint32_t> group_of_, rows_;  // by series: its group, its row of the result
};

}  // namespace

OperatorPtr make_picking_aggregate(Run& run, AggregatePlan plan) { return std::make_unique<Picking>(run, std::move(plan)); }

}  // namespace tocsin::rules::promql
