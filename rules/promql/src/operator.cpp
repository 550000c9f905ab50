// SPDX-License-Identifier: Apache-2.0
#include "rules/promql/src/operator.h"

#include <algorithm>
#include <iterator>

namespace tocsin::rules::promql {

Result<void> Run::proceed() const {
  if (settings.stop.stop_requested()) {
    return Error{Fault::Cancelled, "query was canceled in expression evaluation"};
  }
  if (clock().monotonic() > deadline) {
    return Error{Fault::Cancelled, "query timed out in expression evaluation"};
  }
  return check_memory();
}

Result<void> Run::check_memory() const {
  if (memory_bytes + space.bytes() <= settings.limits.memory_bytes) return {};
  return Error{Fault::TooLarge,
               "query needs more than " + std::to_string(settings.limits.memory_bytes) + " bytes for intermediate values"};
}

Error too_many_samples() {
  return {Fault::TooLarge, "query processing would load too many samples into memory in query execution"};
}

Result<void> MemoryUse::set(std::uint64_t bytes, std::uint64_t samples) {
  run_.memory_bytes = run_.memory_bytes - bytes_ + bytes;
  run_.samples_held = run_.samples_held - samples_ + samples;
  bytes_ = bytes;
  samples_ = samples;
  run_.coverage.samples_peak = std::max(run_.coverage.samples_peak, run_.samples_held);
  if (run_.samples_held > run_.settings.limits.samples) return too_many_samples();
  return run_.check_memory();
}

namespace {

void append(Grid& all, Grid&& chunk) {
  if (all.size() == 0) {
    all = std::move(chunk);
    return;
  }
  const std::size_t before = all.values.size();
  all.series.insert(all.series.end(), chunk.series.begin(), chunk.series.end());
  all.values.insert(all.values.end(), chunk.values.begin(), chunk.values.end());
  if (all.histograms.empty() && chunk.histograms.empty()) return;
  all.histograms.resize(before);
  all.histograms.insert(all.histograms.end(), std::make_move_iterator(chunk.histograms.begin()),
                        std::make_move_iterator(chunk.histograms.end()));
  all.histograms.resize(all.values.size());
}

std::uint64_t samples_of(const Grid& grid) noexcept {
  return static_cast<std::uint64_t>(std::ranges::count_if(grid.values, [](double value) { return !is_absent(value); }));
}

std::uint64_t bytes_of(const Grid& grid) noexcept {
  return grid.series.size() * sizeof(SeriesKey) + grid.values.size() * sizeof(double) +
         grid.histograms.size() * sizeof(HistogramPtr);
}

}  // namespace

Result<Grid> collect(Operator& from, const Steps& steps, Run& run, MemoryUse& memory) {
  Grid all, chunk;
  all.clear(steps.count);
  std::uint64_t samples = 0;
  if (auto opened = from.open(steps); !opened) return opened.error();
  for (;;) {
    if (auto going = run.proceed(); !going) return going.error();
    const auto more = from.next(chunk);
    if (!more) return more.error();
    const std::uint64_t before = samples;
    samples += samples_of(chunk);
    if (*more) append(all, std::move(chunk));
    chunk = {};
    // While a chunk is the last, who read it counts its samples.
    if (auto fits = memory.set(bytes_of(all), *more ? before : samples); !fits) return fits.error();
    if (!*more) return all;
  }
}

Result<std::vector<double>> collect_scalar(Operator& from, const Steps& steps) {
  if (auto opened = from.open(steps); !opened) return opened.error();
  Grid chunk;
  const auto more = from.next(chunk);
  if (!more) return more.error();
  if (!*more) return std::vector<double>(steps.count, std::numeric_limits<double>::quiet_NaN());
  return std::vector<double>(chunk.row(0), chunk.row(0) + steps.count);
}

}  // namespace tocsin::rules::promql
