// SPDX-License-Identifier: Apache-2.0
#include "rules/promql/src/sharing.h"

#include <algorithm>

namespace tocsin::rules::promql {

struct SharedPart {
  SharedPart(Run& run, OperatorPtr child_in) : child(std::move(child_in)), memory(run) {}
  OperatorPtr child;
  MemoryUse memory;
  std::size_t readers = 0, served = 0;
  std::optional<Steps> steps;  // of what is held
  Grid held;
};

namespace {

class StepInvariant final : public Operator {
 public:
  StepInvariant(Run& run, OperatorPtr child) noexcept : Operator(run), child_(std::move(child)) {}

  Result<void> open(const Steps& steps) override {
    steps_ = steps;
    return child_->open({steps.start_ms, steps.step_ms, 1});
  }

  Result<bool> next(Grid& chunk) override {
    if (steps_.count == 1) return child_->next(chunk);
    chunk.clear(steps_.count);
    const auto more = child_->next(one_);
    if (!more || !*more) return more;
    for (std::size_t i = 0; i < one_.size(); ++i) {
      const std::size_t row = chunk.add(one_.series[i]);
      std::fill_n(chunk.row(row), steps_.count, one_.values[i]);
      if (!one_.has_histogram(i, 0)) continue;
      for (std::uint32_t step = 0; step < steps_.count; ++step) chunk.set(row, step, one_.histogram(i, 0));
    }
    return true;
  }

 private:
  OperatorPtr child_;
  Steps steps_;
  Grid one_;
};

class Reader final : public Operator {
 public:
  Reader(Run& run, std::shared_ptr<SharedPart> part) noexcept : Operator(run), part_(std::move(part)) { ++part_->readers; }

  Result<void> open(const Steps& steps) override {
    done_ = false;
    if (part_->readers == 1) return part_->child->open(steps);
    if (part_->steps == steps) return {};
    auto all = collect(*part_->child, steps, run_, part_->memory);
    if (!all) return all.error();
    part_->held = std::move(*all);
    part_->steps = steps;
    part_->served = 0;
    return {};
  }

  Result<bool> next(Grid& chunk) override {
    if (part_->readers == 1) return part_->child->next(chunk);
    if (std::exchange(done_, true)) {
      chunk.clear(chunk.steps);
      return false;
    }
    if (++part_->served < part_->readers) {
      chunk = part_->held;
    } else {
      chunk = std::move(part_->held);
      part_->steps.reset();
    }
    return chunk.size() > 0;
  }

 private:
  std::shared_ptr<SharedPart> part_;
  bool done_ = false;
};

}  // namespace

OperatorPtr make_step_invariant(Run& run, OperatorPtr child) {
  return std::make_unique<StepInvariant>(run, std::move(child));
}

std::shared_ptr<SharedPart> make_shared_part(Run& run, OperatorPtr child) {
  return std::make_shared<SharedPart>(run, std::move(child));
}

OperatorPtr make_reader(Run& run, std::shared_ptr<SharedPart> part) {
  return std::make_unique<Reader>(run, std::move(part));
}

}  // namespace tocsin::rules::promql
