// SPDX-License-Identifier: Apache-2.0
// SampleStream: the samples of one sender at their own times: to the window at once, the latest of each series to the
// intake.
//
//   SampleStream stream(Via::Scrape, window, intake);
//   stream.builder().add(stream.builder().place("up", labels), now_ms, 1);
//   SampleStream::Outcome outcome = stream.flush();
//
// Threads: one at a time. Costs what BatchBuilder, Window::append and LatestSamples cost together.
#pragma once

#include <memory>

#include "agent/intake.h"
#include "agent/latest_samples.h"
#include "rules/window.h"

namespace tocsin::agent {

class SampleStream {
 public:
  struct Outcome {
    std::uint64_t samples = 0;
    rules::AppendOutcome window;
    Intake::Outcome intake;  // of points: a histogram is one
  };

  SampleStream(meters::Via via, rules::Window& window, Intake& intake)
      : via_(via), window_(window), intake_(intake), rows_(std::make_unique<Rows>(via)) {}

  rules::BatchBuilder& builder() noexcept { return rows_->builder; }
  // Everything since the last one.
  Outcome flush();
  // Every Place is forgotten, and the memory of series that are no more. Requires: nothing to flush.
  void forget() { rows_ = std::make_unique<Rows>(via_); }

 private:
  struct Rows {
    explicit Rows(meters::Via via) : latest(via) {}
    rules::BatchBuilder builder;
    LatestSamples latest;
  };

  const meters::Via via_;
  rules::Window& window_;
  Intake& intake_;
  std::unique_ptr<Rows> rows_;
};

}  // namespace tocsin::agent
