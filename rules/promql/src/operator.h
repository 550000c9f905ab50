// SPDX-License-Identifier: Apache-2.0
// Operator: one part of a plan, behind one narrow interface: opened for some steps, it hands out its series in chunks,
// each series with all its steps. Grid is such a chunk; Run is what the operators of one evaluation share.
//
// Threads: one evaluation's. Costs: a virtual call a chunk; a chunk is about 64 KiB of values.
#pragma once

#include <bit>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "meters/base/result.h"
#include "rules/promql/evaluate.h"
#include "rules/promql/src/label_space.h"
#include "rules/promql/src/notes.h"

namespace tocsin::rules::promql {

struct Steps {
  std::int64_t start_ms = 0, step_ms = 1;
  std::uint32_t count = 1;

  std::int64_t at(std::uint32_t i) const noexcept { return start_ms + step_ms * i; }
  std::int64_t last() const noexcept { return at(count - 1); }
  bool operator==(const Steps&) const = default;
};

// "No sample at this step" is the bit pattern of a staleness marker, which is never a value.
inline constexpr double kAbsent = std::bit_cast<double>(kStaleBits);
inline bool is_absent(double value) noexcept { return is_stale(value); }

struct Grid {
  std::uint32_t steps = 1;
  std::vector<SeriesKey> series;
  std::vector<double> values;            // series * steps; a histogram's is 0
  std::vector<HistogramPtr> histograms;  // empty where there is none, else one a value, null for floats

  std::size_t size() const noexcept { return series.size(); }
  double* row(std::size_t i) noexcept { return values.data() + i * steps; }
  const double* row(std::size_t i) const noexcept { return values.data() + i * steps; }
  const HistogramPtr& histogram(std::size_t i, std::uint32_t step) const noexcept { return histograms[i * steps + step]; }
  bool has_histogram(std::size_t i, std::uint32_t step) const noexcept {
    return !histograms.empty() && histograms[i * steps + step] != nullptr;
  }

  void clear(std::uint32_t new_steps) noexcept {
    steps = new_steps;
    series.clear(), values.clear(), histograms.clear();
  }
  // A series without samples; its number.
  std::size_t add(SeriesKey key) {
    series.push_back(key);
    if (steps == 1) values.push_back(kAbsent);
    else values.resize(values.size() + steps, kAbsent);
    if (!histograms.empty()) histograms.resize(values.size());
    return series.size() - 1;
  }
  void set(std::size_t i, std::uint32_t step, HistogramPtr histogram) {
    if (histograms.empty()) histograms.resize(values.size());
    values[i * steps + step] = 0;
    histograms[i * steps + step] = std::move(histogram);
  }
  bool empty_row(std::size_t i) const noexcept {
    for (std::uint32_t s = 0; s < steps; ++s)
      if (!is_absent(row(i)[s])) return false;
    return true;
  }
};

struct Run {
  Run(const SeriesReader& reader_in, const EvaluationSettings& settings_in)
      : reader(reader_in), settings(settings_in), space(reader_in) {}

  const SeriesReader& reader;
  const EvaluationSettings& settings;
  LabelSpace space;
  Notes notes;
  Coverage coverage;
  Monotonic deadline{};
  std::uint64_t memory_bytes = 0, samples_held = 0;  // now, by all that MemoryUse counts

  const Clock& clock() const noexcept { return settings.clock ? *settings.clock : SystemClock::instance(); }
  bool delayed_names() const noexcept { return settings.delayed_name_removal; }
  // Errors: Cancelled, when asked to stop or out of time; TooLarge over the memory limit.
  Result<void> proceed() const;
  Result<void> check_memory() const;

  // The key a series has after its name was dropped: at once, or at the end of the evaluation.
  SeriesKey drop_name(SeriesKey key) {
    if (!delayed_names()) return space.without_name(key);
    key.drop_name = true;
    return key;
  }
};

Error too_many_samples();  // in Prometheus' words

// What an operator holds, counted against the limits for as long as this lives: the samples it reads from, and what it keeps
// beyond a chunk. Limits are on what is held at once, as Prometheus' are.
class MemoryUse {
 public:
  explicit MemoryUse(Run& run) noexcept : run_(run) {}
  MemoryUse(const MemoryUse&) = delete;
  MemoryUse& operator=(const MemoryUse&) = delete;
  ~MemoryUse() { run_.memory_bytes -= bytes_, run_.samples_held -= samples_; }
  // Errors: TooLarge.
  Result<void> set(std::uint64_t bytes, std::uint64_t samples = 0);

 private:
  Run& run_;
  std::uint64_t bytes_ = 0, samples_ = 0;
};

class Operator {
 public:
  explicit Operator(Run& run) noexcept : run_(run) {}
  Operator(const Operator&) = delete;
  Operator& operator=(const Operator&) = delete;
  virtual ~Operator() = default;

  // Begins anew.
  virtual Result<void> open(const Steps& steps) = 0;
  // Replaces the chunk by the next; false, and an empty chunk, when there is none.
  virtual Result<bool> next(Grid& chunk) = 0;

 protected:
  Run& run_;
};
using OperatorPtr = std::unique_ptr<Operator>;

// All that an operator hands out for these steps, in one grid.
Result<Grid> collect(Operator& from, const Steps& steps, Run& run, MemoryUse& memory);
// The one series of a scalar, a value a step.
Result<std::vector<double>> collect_scalar(Operator& from, const Steps& steps);

// An operator that works on everything at once.
class WholeOperator : public Operator {
 public:
  using Operator::Operator;
  Result<void> open(const Steps& steps) final {
    steps_ = steps;
    done_ = false;
    return {};
  }
  Result<bool> next(Grid& chunk) final {
    chunk.clear(steps_.count);
    if (std::exchange(done_, true)) return false;
    // What every operator between the root and here holds a step, scalars mostly: many steps and deep nesting add up.
    MemoryUse memory(run_);
    if (auto fits = memory.set(std::uint64_t{steps_.count} * 16 * sizeof(double)); !fits) return fits.error();
    if (auto made = make(steps_, chunk); !made) return made.error();
    return chunk.size() > 0;
  }

 protected:
  virtual Result<void> make(const Steps& steps, Grid& into) = 0;

 private:
  Steps steps_;
  bool done_ = false;
};

// An operator that changes each chunk of another in place.
class ChunkOperator : public Operator {
 public:
  ChunkOperator(Run& run, OperatorPtr child) noexcept : Operator(run), child_(std::move(child)) {}
  Result<void> open(const Steps& steps) override {
    steps_ = steps;
    return child_->open(steps);
  }
  Result<bool> next(Grid& chunk) override {
    auto more = child_->next(chunk);
    if (!more || !*more) return more;
    change(chunk);
    return true;
  }

 protected:
  virtual void change(Grid& chunk) = 0;
  Steps steps_;
  OperatorPtr child_;
};

}  // namespace tocsin::rules::promql
