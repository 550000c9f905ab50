// SPDX-License-Identifier: Apache-2.0
#include "wire/delivery.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace tocsin::wire {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;

TEST(Ledger, EveryMoveKeepsTheEquation) {
  Ledger ledger;
  ledger.offer(100);
  EXPECT_TRUE(ledger.counts().balanced());
  ledger.begin(60);
  EXPECT_EQ(ledger.counts().queued, 40u);
  EXPECT_EQ(ledger.counts().in_flight, 60u);
  ledger.again(10);
  ledger.finish(47, 3, DropReason::Rejected);
  ledger.drop(20, DropReason::QueueFull);
  const LedgerCounts counts = ledger.counts();
  EXPECT_TRUE(counts.balanced());
  EXPECT_EQ(counts.sent, 47u);
  EXPECT_EQ(counts.queued, 30u);
  EXPECT_EQ(counts.in_flight, 0u);
  EXPECT_EQ(counts.dropped_for(DropReason::Rejected), 3u);
  EXPECT_EQ(counts.dropped_for(DropReason::QueueFull), 20u);
  EXPECT_EQ(counts.dropped_total(), 23u);
}

TEST(Ledger, HoldsAtEveryReadOfAnotherThread) {
  Ledger ledger;
  std::atomic<bool> done = false;
  std::atomic<std::uint64_t> reads = 0;
  std::jthread reader([&] {
    while (!done || reads < 100) {
      ASSERT_TRUE(ledger.counts().balanced());
      ++reads;
    }
  });
  for (int i = 0; i < 20000; ++i) {
    ledger.offer(7);
    ledger.begin(5);
    ledger.again(1);
    ledger.finish(3, 1, DropReason::Refused);
    ledger.drop(3, DropReason::Stopped);
  }
  done = true;
  reader.join();
  EXPECT_EQ(ledger.counts().offered, 140000u);
  EXPECT_EQ(ledger.counts().queued, 0u);
}

TEST(Ledger, EveryReasonHasAName) {
  EXPECT_EQ(to_text(DropReason::QueueFull), "queue_full");
  EXPECT_EQ(to_text(DropReason::Refused), "refused");
  EXPECT_EQ(to_text(DropReason::Rejected), "rejected");
  EXPECT_EQ(to_text(DropReason::TooLarge), "too_large");
  EXPECT_EQ(to_text(DropReason::RetryTimeout), "retry_timeout");
  EXPECT_EQ(to_text(DropReason::Stopped), "stopped");
}

TEST(Backoff, GrowsWithJitterUpToItsLongest) {
  const BackoffOptions options{seconds{1}, seconds{8}, 2, minutes{60}, minutes{15}};
  const Monotonic now{seconds{100}};
  bool differs = false;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Backoff backoff(options, seed);
    for (const int expected : {1, 2, 4, 8, 8, 8}) {
      const auto at = backoff.again(now, now, std::nullopt);
      ASSERT_TRUE(at);
      EXPECT_GE(*at - now, milliseconds{expected * 500});
      EXPECT_LE(*at - now, milliseconds{expected * 1500});
      differs = differs || *at - now != seconds{expected};
      EXPECT_EQ(backoff.not_before(), *at);
    }
    backoff.succeeded();
    EXPECT_EQ(backoff.not_before(), Monotonic{});
    EXPECT_LE(*backoff.again(now, now, std::nullopt) - now, milliseconds{1500});
  }
  EXPECT_TRUE(differs);
}

TEST(Backoff, WaitsAsLongAsItIsAsked) {
  Backoff backoff({}, 1);
  const Monotonic now{seconds{100}};
  EXPECT_EQ(*backoff.again(now, now, seconds{7}), now + seconds{7});
  EXPECT_EQ(*backoff.again(now, now, seconds{0}), now);
  backoff.again(now, now, seconds{7});
  backoff.hurry();
  EXPECT_EQ(backoff.not_before(), now + seconds{7});  // asked for: stays
  backoff.again(now, now, std::nullopt);
  backoff.hurry();
  EXPECT_EQ(backoff.not_before(), Monotonic{});
}

TEST(Backoff, GivesUpWhenTheNextAttemptWouldBeTooLate) {
  Backoff backoff({}, 1);
  const Monotonic first{seconds{100}};
  EXPECT_TRUE(backoff.again(first, first + minutes{4}, seconds{59}));
  EXPECT_FALSE(backoff.again(first, first + minutes{4}, seconds{61}));
  // It still waits as asked before it sends anything else.
  EXPECT_EQ(backoff.not_before(), first + minutes{4} + seconds{61});
  EXPECT_FALSE(backoff.again(first, first, std::chrono::hours{24 * 365}));
  EXPECT_EQ(backoff.not_before(), first + minutes{15});
}

TEST(RetryAfter, SecondsOrADateInAnyForm) {
  const Time now = std::chrono::sys_days{std::chrono::year{1994} / 11 / 6} + std::chrono::hours{8} + minutes{49};
  const std::vector<std::pair<std::string_view, std::optional<nanoseconds>>> cases = {
      {"0", seconds{0}},
      {"120", seconds{120}},
      {" 5 ", seconds{5}},
      {"Sun, 06 Nov 1994 08:49:37 GMT", seconds{37}},
      {"Sunday, 06-Nov-94 08:49:37 GMT", seconds{37}},
      {"Sun Nov  6 08:49:37 1994", seconds{37}},
      {"Mon, 07 Nov 1994 08:49:00 GMT", std::chrono::hours{24}},
      {"Sun, 06 Nov 1994 08:48:00 GMT", seconds{0}},
      {"", std::nullopt},
      {"-1", std::nullopt},
      {"1.5", std::nullopt},
      {"soon", std::nullopt},
      {"1234567890", std::nullopt},
      {"Sun, 31 Feb 1994 08:49:37 GMT", std::nullopt},
      {"Sun, 06 Nov 1994 25:49:37 GMT", std::nullopt},
      {"Sun, 06 Nov", std::nullopt},
      {"Sun, 06 Nov 0001 08:49:37 GMT", std::nullopt},
      {"Sun, 06 Nov 99999 08:49:37 GMT", std::nullopt}};
  for (const auto& [text, expected] : cases) EXPECT_EQ(parse_retry_after(text, now), expected) << text;
}

}  // namespace
}  // namespace tocsin::wire
