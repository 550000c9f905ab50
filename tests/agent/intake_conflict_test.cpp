// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <thread>

#include "tests/agent/intake_fixture.h"

namespace tocsin::agent {
namespace {

using otlp::Temporality;
using std::chrono::minutes;

// Two processes of one identity: their resources differ in an attribute that is no part of it.
meters::Attributes process(const char* pid) { return {{"process.pid", pid}, kShop[0], kShop[1]}; }

class IntakeConflictTest : public IntakeFixture {
 protected:
  Intake::Outcome counter(const meters::Attributes& sender, std::int64_t value, double start, double time,
                          Temporality temporality = Temporality::Cumulative, bool monotonic = true) {
    OtlpRequest request;
    request.resource(sender).sum("n", monotonic, temporality);
    request.point(TestPoint{.attributes = {{"func", "a"}}, .start = at(start), .time = at(time), .integer = value});
    return send(request);
  }
  double n() {
    const auto taken = snapshot();
    const Found total = find(*taken, "n_total", "func=a");
    const Found found = total ? total : find(*taken, "n", "func=a");
    EXPECT_TRUE(found);
    return found ? found.value() : -1;
  }
};

TEST_F(IntakeConflictTest, TotalsOfTwoLivingSendersAreAdded) {
  counter(process("1"), 10, 0, 10);
  counter(process("2"), 100, 5, 11);
  EXPECT_EQ(n(), 110);
  counter(process("1"), 12, 0, 20);
  counter(process("2"), 105, 5, 21);
  EXPECT_EQ(n(), 117);
  const auto conflicts = intake.conflicts();
  ASSERT_EQ(conflicts.size(), 1U);
  EXPECT_EQ(conflicts[0].job, "shop");
  EXPECT_EQ(conflicts[0].instance, "1");
  EXPECT_EQ(conflicts[0].meter, "n");
  EXPECT_EQ(conflicts[0].labels, R"({func="a"})");
  EXPECT_EQ(conflicts[0].points, 3U) << "each since there were two";
  EXPECT_EQ(intake.stats().conflicts, 3U);
}

TEST_F(IntakeConflictTest, ASenderThatBeganAfterTheOtherEndedIsARestart) {
  counter(process("1"), 10, 0, 10);
  counter(process("2"), 3, 12, 20);
  EXPECT_EQ(n(), 3);
  EXPECT_TRUE(intake.conflicts().empty());
}

TEST_F(IntakeConflictTest, OneResourceWithOverlappingStartTimesIsTwoSenders) {
  counter(kShop, 10, 0, 10);
  counter(kShop, 100, 5, 11);
  counter(kShop, 12, 0, 20);
  counter(kShop, 105, 5, 21);
  EXPECT_EQ(n(), 117);
  EXPECT_EQ(intake.conflicts().size(), 1U);
}

TEST_F(IntakeConflictTest, ARestartWithinASharedSeriesAddsOnlyWhatIsNew) {
  counter(process("1"), 10, 0, 10);
  counter(process("2"), 100, 5, 11);
  counter(process("2"), 1, 15, 20);
  counter(process("2"), 4, 15, 25);
  EXPECT_EQ(n(), 114);
  EXPECT_EQ(counter(process("2"), 5, 15, 25).rejected_sum(), 1U) << "late in its own stream";
}

TEST_F(IntakeConflictTest, DeltasOfTwoSendersAreAddedEachInItsOwnOrder) {
  counter(process("1"), 10, 0, 10, Temporality::Delta);
  EXPECT_EQ(counter(process("2"), 5, 0, 9, Temporality::Delta).accepted, 1U) << "older than the other's, not late";
  EXPECT_EQ(counter(process("2"), 5, 0, 9, Temporality::Delta).rejected_sum(), 1U);
  counter(process("1"), 1, 10, 20, Temporality::Delta);
  EXPECT_EQ(n(), 16);
}

TEST_F(IntakeConflictTest, OneSenderByDeltaTheOtherByTotals) {
  counter(process("1"), 10, 0, 10, Temporality::Delta);
  counter(process("2"), 100, 0, 11, Temporality::Cumulative);
  counter(process("1"), 5, 10, 20, Temporality::Delta);
  counter(process("2"), 101, 0, 21, Temporality::Cumulative);
  EXPECT_EQ(n(), 116);
}

TEST_F(IntakeConflictTest, WhatASilentSenderHadInFlightIsTakenAway) {
  counter(process("1"), 10, 0, 10, Temporality::Cumulative, false);
  counter(process("2"), 100, 5, 11, Temporality::Cumulative, false);
  EXPECT_EQ(n(), 110);
  for (int i = 1; i <= 6; ++i) {
    clock.advance(minutes(1));
    counter(process("2"), 90, 5, 11 + i * 60, Temporality::Cumulative, false);
    tick();
  }
  EXPECT_EQ(n(), 90);
}

TEST_F(IntakeConflictTest, WhatASilentSenderCountedStays) {
  counter(process("1"), 10, 0, 10);
  counter(process("2"), 100, 5, 11);
  for (int i = 1; i <= 6; ++i) {
    clock.advance(minutes(1));
    counter(process("2"), 100 + i, 5, 11 + i * 60);
    tick();
  }
  EXPECT_EQ(n(), 116);
}

TEST_F(IntakeConflictTest, WithOneSenderLeftThereIsNoConflictAnyMore) {
  counter(process("1"), 10, 0, 10);
  counter(process("2"), 100, 5, 11);
  const auto before = intake.stats().conflicts;
  clock.advance(minutes(6));
  counter(process("2"), 101, 5, 371);
  EXPECT_EQ(intake.stats().conflicts, before);
  EXPECT_EQ(n(), 111);
}

TEST_F(IntakeConflictTest, GaugesTakeTheLatestAndAreNamed) {
  const auto gauge = [this](const meters::Attributes& sender, double time, std::int64_t value) {
    OtlpRequest request;
    request.resource(sender).gauge("n").point(TestPoint{.attributes = {{"func", "a"}}, .time = at(time), .integer = value});
    return send(request);
  };
  gauge(process("1"), 10, 1);
  gauge(process("2"), 11, 2);
  EXPECT_EQ(n(), 2);
  EXPECT_TRUE(intake.conflicts().empty()) << "it may have been restarted";
  gauge(process("1"), 12, 3);
  EXPECT_EQ(n(), 3);
  ASSERT_EQ(intake.conflicts().size(), 1U);
  EXPECT_EQ(intake.conflicts()[0].what, "two senders write it: the latest value counts");
}

TEST_F(IntakeConflictTest, TooManySendersOfOneSeriesAreRejected) {
  std::uint64_t rejected = 0;
  for (int i = 0; i < 100; ++i) rejected += counter(process(std::to_string(i).c_str()), 1, 0, 10 + i).rejected_sum();
  EXPECT_EQ(rejected, 36U);
  EXPECT_EQ(n(), 64);
}

TEST_F(IntakeConflictTest, ManyThreadsLoseNothing) {
  constexpr int kThreads = 4, kRequests = 200;
  std::vector<std::jthread> threads;
  std::atomic<std::uint64_t> accepted{0};
  for (int thread = 0; thread < kThreads; ++thread)
    threads.emplace_back([&, thread] {
      MetricPoints points;
      for (int i = 0; i < kRequests; ++i) {
        OtlpRequest request;
        request.resource(process(std::to_string(thread).c_str())).sum("n", true, Temporality::Delta);
        request.point(TestPoint{.attributes = {{"func", "a"}}, .start = at(i), .time = at(i + 1), .integer = 1});
        const std::string body = request.bytes();
        if (decode_otlp_metrics(body, points)) accepted += intake.apply(points).accepted;
        if (i % 50 == 0) tick_safely();
      }
    });
  threads.clear();
  EXPECT_EQ(accepted.load(), static_cast<std::uint64_t>(kThreads * kRequests));
  EXPECT_EQ(n(), kThreads * kRequests);
}

}  // namespace
}  // namespace tocsin::agent
