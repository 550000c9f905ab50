// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "rules/promql/src/instant_function.h"

namespace tocsin::rules::promql {
namespace {

template <class Row>
const Row* find(std::span<const Row> rows, std::string_view name) noexcept {
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const Row& row) { return row.name == name; });
  return found == rows.end() ? nullptr : &*found;
}

const FloatRow* find_float(std::string_view name) noexcept {
  const FloatRow* const row = find(math_functions(), name);
  return row ? row : find(date_functions(), name);
}

const CallRow* find_call(std::string_view name) noexcept {
  for (const auto family : {histogram_functions(), label_functions(), vector_functions()})
    if (const CallRow* const row = find(family, name)) return row;
  return nullptr;
}

class FloatCall final : public Operator {
 public:
  FloatCall(Run& run, FloatFunction call, OperatorPtr child, std::vector<OperatorPtr> scalars)
      : Operator(run), call_(call), child_(std::move(child)), scalars_(std::move(scalars)), memory_(run) {}

  Result<void> open(const Steps& steps) override {
    if (auto fits = memory_.set(scalars_.size() * steps.count * sizeof(double)); !fits) return fits;
    values_.assign(scalars_.size() * steps.count, 0);
    for (std::size_t i = 0; i < scalars_.size(); ++i) {
      const auto values = collect_scalar(*scalars_[i], steps);
      if (!values) return values.error();
      for (std::uint32_t step = 0; step < steps.count; ++step) values_[step * scalars_.size() + i] = (*values)[step];
    }
    return child_->open(steps);
  }

  Result<bool> next(Grid& chunk) override {
    auto more = child_->next(chunk);
    if (!more || !*more) return more;
    for (std::size_t i = 0; i < chunk.size(); ++i) {
      chunk.series[i] = run_.drop_name(chunk.series[i]);
      double* const row = chunk.row(i);
      for (std::uint32_t step = 0; step < chunk.steps; ++step) {
        if (is_absent(row[step])) continue;
        const auto scalars = std::span(values_).subspan(step * scalars_.size(), scalars_.size());
        row[step] = chunk.has_histogram(i, step) ? kAbsent : call_(row[step], scalars);
      }
    }
    chunk.histograms.clear();
    return true;
  }

 private:
  FloatFunction call_;
  OperatorPtr child_;
  std::vector<OperatorPtr> scalars_;
  MemoryUse memory_;
  std::vector<double> values_;  // by step, then scalar
};

class HistogramCall final : public ChunkOperator {
 public:
  HistogramCall(Run& run, HistogramFunction call, OperatorPtr child) noexcept
      : ChunkOperator(run, std::move(child)), call_(call) {}

 private:
  void change(Grid& chunk) override {
    for (SeriesKey& key : chunk.series) key = run_.drop_name(key);
    for (std::size_t i = 0; i < chunk.values.size(); ++i) {
      const bool histogram = !chunk.histograms.empty() && chunk.histograms[i];
      chunk.values[i] = histogram ? call_(*chunk.histograms[i]) : kAbsent;
    }
    chunk.histograms.clear();
  }

  HistogramFunction call_;
};

class Merge final : public WholeOperator {
 public:
  Merge(Run& run, OperatorPtr child, bool strict) noexcept : WholeOperator(run), child_(std::move(child)), strict_(strict) {}

 private:
  Result<void> make(const Steps& steps, Grid& into) override {
    MemoryUse memory(run_);
    auto all = collect(*child_, steps, run_, memory);
    if (!all) return all.error();
    into = std::move(*all);
    return merge_equal(into, run_, strict_);
  }

  OperatorPtr child_;
  bool strict_;
};

// Puts row `from` into row `to`. False where both have a sample at a step.
bool merge_rows(Grid& grid, std::size_t to, std::size_t from) {
  for (std::uint32_t step = 0; step < grid.steps; ++step) {
    if (is_absent(grid.row(from)[step])) continue;
    if (!is_absent(grid.row(to)[step])) return false;
    grid.row(to)[step] = grid.row(from)[step];
    if (!grid.histograms.empty()) grid.histograms[to * grid.steps + step] = grid.histograms[from * grid.steps + step];
  }
  return true;
}

}  // namespace

Result<void> merge_equal(Grid& grid, Run&, bool strict) {
  KeyTable keys(grid.size());
  std::vector<std::size_t> places;  // by key, the row that holds it
  Grid merged;
  merged.clear(grid.steps);
  bool any = false;
  std::vector<char> gone(grid.size());
  for (std::size_t i = 0; i < grid.size(); ++i) {
    if (grid.empty_row(i)) {
      gone[i] = 1;
      any = true;
      continue;
    }
    const std::uint32_t number = keys.number(grid.series[i]);
    if (number == places.size()) {
      places.push_back(i);
      continue;
    }
    if (strict || !merge_rows(grid, places[number], i)) {
      return Error{Fault::Input, "vector cannot contain metrics with the same labelset"};
    }
    gone[i] = 1;
    any = true;
  }
  if (!any) return {};
  for (std::size_t i = 0; i < grid.size(); ++i) {
    if (gone[i]) continue;
    const std::size_t row = merged.add(grid.series[i]);
    for (std::uint32_t step = 0; step < grid.steps; ++step) {
      if (grid.has_histogram(i, step)) merged.set(row, step, grid.histogram(i, step));
      else merged.row(row)[step] = grid.row(i)[step];
    }
  }
  grid = std::move(merged);
  return {};
}

OperatorPtr make_merge(Run& run, OperatorPtr child, bool strict) {
  return std::make_unique<Merge>(run, std::move(child), strict);
}

bool has_instant_function(std::string_view name) noexcept {
  return find_float(name) || find(histogram_value_functions(), name) || find_call(name);
}

Result<OperatorPtr> make_instant_call(Run& run, InstantCall call) {
  if (const CallRow* const row = find_call(call.name)) return row->make(run, std::move(call));
  OperatorPtr child = std::move(call.arguments.front().value);
  if (const HistogramRow* const row = find(histogram_value_functions(), call.name)) {
    return OperatorPtr(std::make_unique<HistogramCall>(run, row->call, std::move(child)));
  }
  std::vector<OperatorPtr> scalars;
  for (std::size_t i = 1; i < call.arguments.size(); ++i) scalars.push_back(std::move(call.arguments[i].value));
  return OperatorPtr(
      std::make_unique<FloatCall>(run, find_float(call.name)->call, std::move(child), std::move(scalars)));
}

}  // namespace tocsin::rules::promql
