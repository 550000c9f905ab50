// SPDX-License-Identifier: Apache-2.0
// A destination that takes the place of another, as on a reload; and how long one has been failing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/exporters/otlp_feed.h"
#include "tests/exporters/otlp_receiver.h"

namespace tocsin::exporters {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using wire::DropReason;

DestinationOptions held(DestinationOptions options) {
  options.held = true;
  return options;
}

TEST(OtlpHandover, OneThatIsHeldTakesInAndSendsOnceItIsReleased) {
  OtlpReceiver receiver;
  const auto destination = make(held(options_for(receiver.endpoint())));
  Feed feed(2);
  destination->accept(feed.next());
  destination->forward_spans(resource_spans(3), 3);
  EXPECT_FALSE(destination->flush(20ms));
  EXPECT_TRUE(receiver.seen().empty());
  EXPECT_EQ(destination->stats().spans.ledger.queued, 3u);
  destination->release(nullptr);
  ASSERT_TRUE(destination->flush(10s));
  EXPECT_EQ(receiver.accepted(), 5u);
}

TEST(OtlpHandover, OneThatIsHeldAndStoppedSendsWhatItHas) {
  OtlpReceiver receiver;
  const auto destination = make(held(options_for(receiver.endpoint())));
  destination->forward_spans(resource_spans(3), 3);
  destination->stop(10s);
  EXPECT_EQ(receiver.accepted(), 3u);
  EXPECT_EQ(destination->stats().spans.ledger.sent, 3u);
}

TEST(OtlpHandover, DeltasGoOnWhereThoseOfTheOneBeforeEnded) {
  OtlpReceiver receiver;
  receiver.answer({{}, {.status = 400}});  // what is refused is told by the next
  DestinationOptions options = options_for(receiver.endpoint());
  options.encode.temporality = OtlpTemporality::Delta;
  const auto before = make(options);
  const auto after = make(held(options));
  Feed feed(1);
  before->accept(feed.next());
  ASSERT_TRUE(before->flush(10s));
  before->accept(feed.next());
  ASSERT_TRUE(before->flush(10s));
  after->accept(feed.next());
  before->stop(10s);
  after->release(before.get());
  ASSERT_TRUE(after->flush(10s));
  after->accept(feed.next());
  ASSERT_TRUE(after->flush(10s));
  const auto seen = receiver.seen();
  ASSERT_EQ(seen.size(), 4u);
  EXPECT_THAT(seen[0].json, HasSubstr(R"("asInt":"1")"));
  EXPECT_THAT(seen[1].json, HasSubstr(R"("asInt":"1")"));
  EXPECT_THAT(seen[2].json, HasSubstr(R"("asInt":"2")")) << "of the second, which was refused, and the third";
  EXPECT_THAT(seen[3].json, HasSubstr(R"("asInt":"1")"));
}

TEST(OtlpHandover, SpansThatComeAfterTheEndAreCounted) {
  OtlpReceiver receiver;
  const auto destination = make(options_for(receiver.endpoint()));
  destination->stop(1s);
  destination->forward_spans(resource_spans(2), 2);
  const wire::LedgerCounts counts = destination->stats().spans.ledger;
  EXPECT_EQ(counts.offered, 2u);
  EXPECT_EQ(counts.dropped_for(DropReason::Stopped), 2u);
}

TEST(OtlpHandover, HowLongItFailsIsNotMovedByAStepOfTheWallClock) {
  OtlpReceiver receiver;
  receiver.answer(std::vector<Answer>(1, {.hang = true}));
  ManualClock clock;
  DestinationOptions options = options_for(receiver.endpoint());
  options.timeout = 1ms;
  options.backoff.initial = options.backoff.longest = 1h;
  auto made = Destination::make(options, nullptr, clock);
  ASSERT_TRUE(made.ok());
  const auto destination = std::move(*made);
  Feed feed(1);
  destination->accept(feed.next());
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (!destination->stats().failing_since && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  ASSERT_TRUE(destination->stats().failing_since);
  clock.step_wall(2h);
  EXPECT_EQ(destination->stats().failing_for, 0s);
  clock.step_wall(-4h);
  clock.advance(90s);
  EXPECT_EQ(destination->stats().failing_for, 90s);
  receiver.release();
}

}  // namespace
}  // namespace tocsin::exporters
