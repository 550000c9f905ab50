// SPDX-License-Identifier: Apache-2.0
#include "exporters/destination.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/exporters/closed_port.h"
#include "tests/exporters/otlp_feed.h"
#include "tests/exporters/otlp_receiver.h"

namespace tocsin::exporters {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using wire::DropReason;

TEST(OtlpFailure, RetriesWhatMayBeRetried) {
  OtlpReceiver receiver;
  receiver.answer({{.status = 503}, {.status = 502}, {.status = 504}, {.status = 429}, {.reset = true}});
  const auto destination = make(options_for(receiver.endpoint()));
  const Auditor auditor(*destination);
  Feed feed(7);
  destination->accept(feed.next());
  ASSERT_TRUE(destination->flush(10s));
  const DestinationStats stats = destination->stats();
  EXPECT_EQ(receiver.seen().size(), 6u);
  EXPECT_EQ(stats.metrics.requests, 6u);
  EXPECT_EQ(stats.metrics.retries, 5u);
  EXPECT_EQ(stats.metrics.ledger.sent, 7u);
  EXPECT_EQ(stats.metrics.ledger.sent, receiver.accepted());
  EXPECT_FALSE(stats.failing_since);
  EXPECT_FALSE(stats.last_error.empty());
}

TEST(OtlpFailure, DoesNotRetryWhatMustNotBeRetried) {
  for (const int status : {400, 401, 403, 404, 500, 501, 307}) {
    OtlpReceiver receiver;
    receiver.answer({{.status = status, .body = "because\nof this"}});
    const auto destination = make(options_for(receiver.endpoint()));
    Feed feed(2);
    destination->accept(feed.next());
    ASSERT_TRUE(destination->flush(10s));
    const DestinationStats stats = destination->stats();
    EXPECT_EQ(receiver.seen().size(), 1u) << status;
    EXPECT_EQ(stats.metrics.ledger.dropped_for(DropReason::Refused), 2u) << status;
    EXPECT_THAT(stats.last_error, HasSubstr("HTTP " + std::to_string(status))) << status;
    EXPECT_THAT(stats.last_error, HasSubstr("because of this")) << status;
    EXPECT_TRUE(stats.failing_since);
  }
}

TEST(OtlpFailure, WaitsAsLongAsRetryAfterSays) {
  OtlpReceiver receiver;
  receiver.answer({{.status = 429, .headers = {{"Retry-After", "1"}}}});
  const auto destination = make(options_for(receiver.endpoint()));
  Feed feed(1);
  const auto begin = std::chrono::steady_clock::now();
  destination->accept(feed.next());
  ASSERT_TRUE(destination->flush(10s));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 1s);
  EXPECT_EQ(destination->stats().metrics.ledger.sent, 1u);
}

TEST(OtlpFailure, PartialSuccessIsCountedAndNotRetried) {
  OtlpReceiver receiver;
  const std::string body =
      *wire::json_to_protobuf(R"({"partialSuccess":{"rejectedDataPoints":"2","errorMessage":"too old"}})",
                              wire::OtlpMessage::MetricsResponse);
  receiver.answer({{.headers = {{"Content-Type", "application/x-protobuf"}}, .body = body, .rejected = 2}});
  std::vector<std::string> reports;
  DestinationOptions options = options_for(receiver.endpoint());
  options.report = [&](const std::string& report) { reports.push_back(report); };
  const auto destination = make(std::move(options));
  Feed feed(5);
  destination->accept(feed.next());
  ASSERT_TRUE(destination->flush(10s));
  const DestinationStats stats = destination->stats();
  EXPECT_EQ(receiver.seen().size(), 1u);
  EXPECT_EQ(stats.metrics.ledger.sent, 3u);
  EXPECT_EQ(stats.metrics.ledger.dropped_for(DropReason::Rejected), 2u);
  EXPECT_EQ(stats.last_warning, "too old");
  destination->stop(1s);
  EXPECT_THAT(reports, testing::ElementsAre("dropped 2 data points: too old"));
}

TEST(OtlpFailure, HalvesWhatIsTooLarge) {
  OtlpReceiver receiver;
  receiver.answer({{.status = 413}, {.status = 413}});
  DestinationOptions options = options_for(receiver.endpoint());
  options.encode.max_bytes = 1 << 20;
  const auto destination = make(std::move(options));
  const Auditor auditor(*destination);
  Feed feed(400);
  destination->accept(feed.next());
  ASSERT_TRUE(destination->flush(10s));
  const auto seen = receiver.seen();
  ASSERT_EQ(seen.size(), 5u);
  const std::vector<std::uint64_t> items{400, 200, 100, 100, 200};
  for (std::size_t i = 0; i < items.size(); ++i) EXPECT_EQ(seen[i].items, items[i]) << i;
  EXPECT_EQ(receiver.accepted(), 400u);
  EXPECT_EQ(destination->stats().metrics.ledger.sent, 400u);
  // The next Snapshot comes in smaller pieces from the start.
  destination->accept(feed.next());
  ASSERT_TRUE(destination->flush(10s));
  EXPECT_EQ(receiver.accepted(), 800u);
  EXPECT_GE(receiver.seen().size(), 7u);
}

TEST(OtlpFailure, OnePointThatIsTooLargeIsDropped) {
  OtlpReceiver receiver;
  receiver.answer({{.status = 413}});
  const auto destination = make(options_for(receiver.endpoint()));
  Feed feed(1);
  destination->accept(feed.next());
  ASSERT_TRUE(destination->flush(10s));
  EXPECT_EQ(destination->stats().metrics.ledger.dropped_for(DropReason::TooLarge), 1u);
}

TEST(OtlpFailure, SpansAreHalvedTooAndLoseNothing) {
  OtlpReceiver receiver;
  receiver.answer({{.status = 413}});
  const auto destination = make(options_for(receiver.endpoint()));
  destination->forward_spans(resource_spans(5), 5);
  ASSERT_TRUE(destination->flush(10s));
  const auto seen = receiver.seen();
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen[1].items, 3u);
  EXPECT_EQ(seen[2].items, 2u);
  EXPECT_THAT(seen[1].json, HasSubstr(R"("schemaUrl":"schema")"));
  EXPECT_THAT(seen[2].json, HasSubstr(R"("schemaUrl":"schema")"));
  EXPECT_THAT(seen[2].json, HasSubstr(R"("name":"s4")"));
  EXPECT_EQ(destination->stats().spans.ledger.sent, 5u);
}

TEST(OtlpFailure, NothingListens) {
  ClosedPort closed;
  DestinationOptions options = options_for(closed.endpoint());
  options.backoff.give_up_after = 20ms;
  const auto destination = make(std::move(options));
  const Auditor auditor(*destination);
  Feed feed(3);
  destination->accept(feed.next());
  ASSERT_TRUE(destination->flush(10s));
  EXPECT_EQ(destination->stats().metrics.ledger.dropped_for(DropReason::RetryTimeout), 3u);
  EXPECT_TRUE(destination->stats().failing_since);
  EXPECT_THAT(destination->stats().last_error, HasSubstr("127.0.0.1"));

  // It comes back: what is new arrives.
  closed.release();
  OtlpReceiver receiver(closed.port());
  destination->accept(feed.next());
  ASSERT_TRUE(destination->flush(10s));
  EXPECT_EQ(destination->stats().metrics.ledger.sent, 3u);
  EXPECT_FALSE(destination->stats().failing_since);
}

TEST(OtlpFailure, LedgerAndReceiverAgreeUnderEveryFailure) {
  const std::string partial = *wire::json_to_protobuf(R"({"partialSuccess":{"rejectedDataPoints":"1"}})",
                                                      wire::OtlpMessage::MetricsResponse);
  const std::vector<Answer> kinds = {{.status = 400},
                                     {.status = 413},
                                     {.status = 429, .headers = {{"Retry-After", "0"}}},
                                     {.status = 503},
                                     {.status = 500, .body = std::string("\0\xFF\x01 odd", 7)},
                                     {.reset = true},
                                     {.headers = {{"Content-Type", "application/x-protobuf"}}, .body = partial, .rejected = 1},
                                     {.body = "not protobuf"},
                                     {}};
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    OtlpReceiver receiver;
    std::minstd_rand random(static_cast<unsigned>(seed));
    std::vector<Answer> answers;
    for (int i = 0; i < 120; ++i) answers.push_back(kinds[random() % kinds.size()]);
    receiver.answer(std::move(answers));
    DestinationOptions options = options_for(receiver.endpoint());
    options.encode.max_points = 20;
    const auto destination = make(std::move(options));
    const Auditor auditor(*destination);
    Feed feed(50);
    for (int i = 0; i < 30; ++i) {
      destination->accept(feed.next());
      destination->forward_spans(resource_spans(3), 3);
    }
    ASSERT_TRUE(destination->flush(30s));
    const DestinationStats stats = destination->stats();
    EXPECT_EQ(stats.metrics.ledger.offered, 1500u);
    EXPECT_EQ(stats.spans.ledger.offered, 90u);
    EXPECT_EQ(stats.metrics.ledger.sent + stats.spans.ledger.sent, receiver.accepted());
    EXPECT_EQ(stats.metrics.ledger.dropped_for(DropReason::Rejected) + stats.spans.ledger.dropped_for(DropReason::Rejected),
              receiver.rejected());
    EXPECT_EQ(stats.metrics.requests + stats.spans.requests, receiver.seen().size());
    EXPECT_EQ(receiver.most_at_once(), 1);
    EXPECT_GT(stats.metrics.ledger.dropped_for(DropReason::Refused), 0u);
    EXPECT_GT(stats.metrics.retries, 0u);
  }
}

TEST(OtlpFailure, DeltasArriveWholeThroughFailures) {
  OtlpReceiver receiver;
  receiver.answer({{.status = 400}, {.status = 503}, {.status = 400}, {}, {.status = 413}, {.status = 400}, {.status = 503}});
  DestinationOptions options = options_for(receiver.endpoint());
  options.encode.temporality = OtlpTemporality::Delta;
  const auto destination = make(std::move(options));
  const Auditor auditor(*destination);
  Feed feed(10);
  for (int i = 0; i < 12; ++i) {
    destination->accept(feed.next());
    ASSERT_TRUE(destination->flush(10s));
  }
  // Only what was answered 200 counts: the receiver keeps no sum of refused requests.
  std::vector<std::int64_t> sum(10);
  const auto seen = receiver.seen();
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (i < 7 && i != 3) continue;
    for (std::size_t row = 0; row < 10; ++row) {
      const auto at = seen[i].json.find("\"r" + std::to_string(row) + '"');
      if (at != std::string::npos) sum[row] += std::stoll(seen[i].json.substr(seen[i].json.find("\"asInt\":\"", at) + 9));
    }
  }
  EXPECT_EQ(sum, feed.values);
  EXPECT_EQ(destination->stats().metrics.ledger.sent, receiver.accepted());
  EXPECT_GT(destination->stats().delta_bytes, 0u);
}

}  // namespace
}  // namespace tocsin::exporters
