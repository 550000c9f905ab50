// SPDX-License-Identifier: Apache-2.0
// OTLP metrics of anyone's making, decoded and applied to one intake after the other: no crash, every point accounted
// for, every family well-formed.
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "agent/intake.h"
#include "agent/receivers/otlp_metrics.h"

using namespace tocsin;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static ManualClock clock;
  static std::unique_ptr<agent::Intake> intake;
  static int uses = 0;
  // State is kept for a while, so that a request meets the series of others.
  if (!intake || ++uses % 64 == 0) {
    agent::IntakeOptions options;
    options.limits.label_sets = 8;
    options.limits.series = 200;
    options.limits.label_names = 16;
    intake = std::make_unique<agent::Intake>(options, clock);
  }
  agent::MetricPoints points;
  if (!agent::decode_otlp_metrics({reinterpret_cast<const char*>(data), size}, points)) return 0;
  const auto outcome = intake->apply(points);
  if (outcome.accepted + outcome.rejected_sum() != points.points()) std::abort();
  clock.advance(std::chrono::seconds(20));
  meters::SnapshotBuilder builder(clock.now());
  intake->collect(builder);
  const auto snapshot = std::move(builder).finish(1);
  intake->sinks_saw(snapshot->time);
  intake->tick(clock.now());
  return 0;
}
