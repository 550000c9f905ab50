// SPDX-License-Identifier: Apache-2.0
// IntakeFixture: an Intake under a clock that stands still, fed with OTLP requests, read back as families.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "agent/intake.h"
#include "agent/receivers/otlp_metrics.h"
#include "meters/base/clock.h"
#include "tests/agent/otlp_request.h"

namespace tocsin::agent {

inline const meters::Attributes kShop = {{"service.instance.id", "1"}, {"service.name", "shop"}};

class IntakeFixture : public ::testing::Test {
 protected:
  explicit IntakeFixture(IntakeOptions options = {}) : intake(std::move(options), clock) {}

  // Nanoseconds after the clock's beginning, as senders write them.
  static std::uint64_t at(double seconds) {
    return static_cast<std::uint64_t>(1'700'000'000'000'000'000 + static_cast<std::int64_t>(seconds * 1e9));
  }

  Intake::Outcome send(OtlpRequest& request) {
    const std::string body = request.bytes();
    MetricPoints points;
    const auto decoded = decode_otlp_metrics(body, points);
    EXPECT_TRUE(decoded.ok()) << decoded.error().message;
    Intake::Outcome outcome = intake.apply(points);
    EXPECT_EQ(outcome.accepted + outcome.rejected_sum(), points.points());
    return outcome;
  }
  std::shared_ptr<const meters::Snapshot> snapshot() {
    meters::SnapshotBuilder builder(clock.now());
    intake.collect(builder);
    return std::move(builder).finish(++sequence);
  }
  // A tick as the pipeline does it.
  std::shared_ptr<const meters::Snapshot> tick() {
    intake.tick(clock.now());
    auto taken = snapshot();
    intake.sinks_saw(taken->time);
    return taken;
  }

  // From any thread, beside others.
  void tick_safely() {
    const std::lock_guard lock(tick_mutex);
    tick();
  }

  static std::string labels_of(const meters::Family& family, meters::Row row) {
    std::map<std::string, std::string> labels;
    for (std::size_t column = 0; column < family.labels->columns(); ++column) {
      const auto id = family.labels->id(row, column);
      if (id != meters::kNoValue)
        labels.emplace(family.labels->column(column).prometheus_name, family.labels->text(column, id));
    }
    std::string out;
    for (const auto& [name, text] : labels) out += (out.empty() ? "" : ",") + name + '=' + text;
    return out;
  }

  // One live row of one family, or a failure.
  struct Found {
    std::shared_ptr<const meters::Family> family;
    meters::Row row = 0;
    explicit operator bool() const { return family != nullptr; }
    double value() const { return std::get<meters::Scalars>(family->points).as_double(row); }
    std::uint64_t start() const { return static_cast<std::uint64_t>(family->start_ns[row]); }
    std::uint64_t time() const { return static_cast<std::uint64_t>(family->time_ns[row]); }
    meters::RowState state() const { return family->states[row]; }
  };
  Found find(const meters::Snapshot& in, const std::string& name, const std::string& labels = {}) {
    Found found;
    for (const auto& family : in.families)
      for (meters::Row row = 0; row < family->rows(); ++row)
        if (family->descriptor->prometheus_name == name && labels_of(*family, row) == labels &&
            (!found || family->states[row] == meters::RowState::Live))
          found = {family, row};
    return found;
  }
  double value(const std::string& name, const std::string& labels = {}) {
    const Found found = find(*snapshot(), name, labels);
    EXPECT_TRUE(found) << name << '{' << labels << '}';
    return found ? found.value() : -1;
  }

  ManualClock clock;
  Intake intake;
  std::uint64_t sequence = 0;
  std::mutex tick_mutex;
};

}  // namespace tocsin::agent
