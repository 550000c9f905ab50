// SPDX-License-Identifier: Apache-2.0
#include "exporters/destination.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/exporters/otlp_feed.h"
#include "tests/exporters/otlp_receiver.h"

namespace tocsin::exporters {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using wire::DropReason;

TEST(Destination, SendsMetricsAndSpans) {
  OtlpReceiver receiver;
  DestinationOptions options = options_for(receiver.endpoint() + "/otlp/");
  options.headers = {{"X-Tenant", "a"}};
  const auto destination = make(std::move(options));
  Feed feed(3);
  destination->accept(feed.next());
  destination->forward_spans(resource_spans(2), 2);
  ASSERT_TRUE(destination->flush(10s));
  auto seen = receiver.seen();
  ASSERT_EQ(seen.size(), 2u);
  if (seen[0].path.ends_with("traces")) std::swap(seen[0], seen[1]);
  EXPECT_EQ(seen[0].path, "/otlp/v1/metrics");
  EXPECT_EQ(seen[1].path, "/otlp/v1/traces");
  EXPECT_EQ(seen[0].headers.value("X-Tenant"), "a");
  EXPECT_EQ(seen[0].headers.value("Content-Type"), "application/x-protobuf");
  EXPECT_EQ(seen[0].headers.value("Content-Encoding"), "gzip");
  EXPECT_EQ(seen[1].json,
            R"({"resourceSpans":[{"scopeSpans":[{"spans":[{"spanId":"3132333435363738","name":"s0"},)"
            R"({"spanId":"3132333435363738","name":"s1"}]}],"schemaUrl":"schema"}]})");
  const DestinationStats stats = destination->stats();
  EXPECT_EQ(stats.metrics.ledger.sent, 3u);
  EXPECT_EQ(stats.spans.ledger.sent, 2u);
  EXPECT_TRUE(stats.last_success_time);
  EXPECT_FALSE(stats.failing_since);
  EXPECT_GT(stats.last_latency.count(), 0);
}

TEST(Destination, EveryProtocolAndCompression) {
  for (const auto protocol : {OtlpProtocol::HttpProtobuf, OtlpProtocol::HttpJson})
    for (const auto compression : {wire::Encoding::Identity, wire::Encoding::Gzip, wire::Encoding::Zstd}) {
      OtlpReceiver receiver;
      DestinationOptions options = options_for(receiver.endpoint());
      options.protocol = protocol;
      options.compression = compression;
      const auto destination = make(std::move(options));
      Feed feed(1);
      destination->accept(feed.next());
      ASSERT_TRUE(destination->flush(10s));
      const auto seen = receiver.seen();
      ASSERT_EQ(seen.size(), 1u);
      EXPECT_THAT(seen[0].json, HasSubstr(R"("asInt":"1")"));
      EXPECT_EQ(seen[0].headers.value("Content-Type"),
                protocol == OtlpProtocol::HttpJson ? "application/json" : "application/x-protobuf");
      EXPECT_EQ(destination->stats().metrics.ledger.sent, 1u);
    }
}

TEST(Destination, TakesASnapshotAnIntervalAndTheLastOneWhenItStops) {
  OtlpReceiver receiver;
  DestinationOptions options = options_for(receiver.endpoint());
  options.interval = 10us;
  const auto destination = make(std::move(options));
  Feed feed(1);  // one every microsecond
  for (int i = 0; i < 25; ++i) destination->accept(feed.next());
  destination->stop(10s);
  // At 0, 9 and 18 microseconds (a tenth early is on time), and the last.
  EXPECT_EQ(destination->stats().metrics.ledger.sent, 4u);
  EXPECT_THAT(receiver.seen().back().json, HasSubstr(R"("asInt":"25")"));
}

TEST(Destination, TheQueueIsBoundedAndDropsTheOldest) {
  OtlpReceiver receiver;
  receiver.answer({{.hang = true}});
  DestinationOptions options = options_for(receiver.endpoint());
  Feed feed(100);
  options.max_queue_bytes = 3 * bytes_of(*feed.next()) + 100;
  const auto destination = make(std::move(options));
  const Auditor auditor(*destination);
  destination->accept(feed.next());
  ASSERT_TRUE(receiver.wait_for_requests(1));
  for (int i = 0; i < 10; ++i) destination->accept(feed.next());
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (destination->stats().metrics.ledger.offered < 1100 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  receiver.release();
  ASSERT_TRUE(destination->flush(10s));
  const DestinationStats stats = destination->stats();
  EXPECT_EQ(stats.metrics.ledger.offered, 1100u);
  EXPECT_EQ(stats.metrics.ledger.dropped_for(DropReason::QueueFull), 800u);
  EXPECT_EQ(stats.metrics.ledger.sent, 300u);
  EXPECT_EQ(receiver.accepted(), 300u);
  EXPECT_THAT(receiver.seen().back().json, HasSubstr(R"("asInt":"12")"));  // the newest is there
}

TEST(Destination, SpansBeyondTheQueueAreDroppedOldestFirst) {
  OtlpReceiver receiver;
  receiver.answer({{.hang = true}});
  DestinationOptions options = options_for(receiver.endpoint());
  options.encode.max_bytes = 1;  // each ResourceSpans is a request
  options.max_queue_bytes = 5 * (resource_spans(1).size() + 2);
  const auto destination = make(std::move(options));
  const Auditor auditor(*destination);
  destination->forward_spans(resource_spans(1, "first"), 1);
  ASSERT_TRUE(receiver.wait_for_requests(1));
  for (int i = 0; i < 9; ++i) destination->forward_spans(resource_spans(1, std::to_string(i)), 1);
  EXPECT_EQ(destination->stats().spans.ledger.dropped_for(DropReason::QueueFull), 4u);
  receiver.release();
  ASSERT_TRUE(destination->flush(10s));
  EXPECT_EQ(destination->stats().spans.ledger.sent, 6u);
  EXPECT_EQ(destination->stats().spans.queue_bytes, 0u);
  EXPECT_THAT(receiver.seen().back().json, HasSubstr(R"("name":"80")"));
}

TEST(Destination, StopFlushesWithinItsDeadlineAndCountsTheRest) {
  OtlpReceiver receiver;
  receiver.answer({{.hang = true}});
  const auto destination = make(options_for(receiver.endpoint()));
  Feed feed(4);
  destination->accept(feed.next());
  ASSERT_TRUE(receiver.wait_for_requests(1));
  destination->accept(feed.next());
  destination->forward_spans(resource_spans(3), 3);
  const auto begin = std::chrono::steady_clock::now();
  destination->stop(100ms);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
  const DestinationStats stats = destination->stats();
  EXPECT_TRUE(stats.metrics.ledger.balanced());
  EXPECT_EQ(stats.metrics.ledger.dropped_for(DropReason::Stopped), 8u);
  EXPECT_EQ(stats.spans.ledger.dropped_for(DropReason::Stopped), 3u);
  EXPECT_EQ(stats.metrics.ledger.queued + stats.metrics.ledger.in_flight, 0u);
  destination->stop(1s);                      // safe twice
  destination->accept(feed.next());           // and nothing is taken any more; spans are counted all the same
  destination->forward_spans(resource_spans(1), 1);
  EXPECT_EQ(destination->stats().metrics.ledger.offered, 8u);
  EXPECT_EQ(destination->stats().spans.ledger.offered, 4u);
  EXPECT_EQ(destination->stats().spans.ledger.dropped_for(DropReason::Stopped), 4u);
}

TEST(Destination, ASlowOneNeverDelaysAnother) {
  OtlpReceiver slow, quick;
  slow.answer({{.hang = true}});
  const auto first = make(options_for(slow.endpoint())), second = make(options_for(quick.endpoint()));
  Feed feed(2);
  const auto snapshot = feed.next();
  first->accept(snapshot);
  ASSERT_TRUE(slow.wait_for_requests(1));
  first->accept(snapshot);
  second->accept(snapshot);
  ASSERT_TRUE(second->flush(10s));
  EXPECT_EQ(second->stats().metrics.ledger.sent, 2u);
  EXPECT_EQ(first->stats().metrics.ledger.sent, 0u);
  first->stop(0s);
}

// A receiver that fails in every way, in an order that the seed decides, while both signals come in.
// With deltas nothing is lost by failures: what arrived adds up to the totals.
TEST(Destination, MistakesInItsSettingsAreNamed) {
  const auto complaint = [](const std::function<void(DestinationOptions&)>& change) {
    DestinationOptions options = options_for("http://127.0.0.1:4318");
    change(options);
    const auto destination = Destination::make(std::move(options));
    EXPECT_FALSE(destination.ok());
    return destination.ok() ? std::string() : destination.error().message;
  };
  EXPECT_THAT(complaint([](auto& o) { o.endpoint = "localhost:4318"; }), HasSubstr("did you mean \"http://localhost:4318\"?"));
  EXPECT_THAT(complaint([](auto& o) { o.endpoint = ""; }), HasSubstr("export \"test\": endpoint"));
  EXPECT_THAT(complaint([](auto& o) { o.metrics = o.spans = false; }), HasSubstr("neither"));
  EXPECT_THAT(complaint([](auto& o) { o.interval = 0s; }), HasSubstr("interval"));
  EXPECT_THAT(complaint([](auto& o) { o.protocol = OtlpProtocol::Grpc; }), HasSubstr("gRPC"));
  EXPECT_THAT(complaint([](auto& o) { o.headers = {{"content-type", "x"}}; }), HasSubstr("content-type"));
  EXPECT_THAT(complaint([](auto& o) { o.traces_endpoint = "ftp://x"; }), HasSubstr("ftp://x"));
}

TEST(Destination, ASignalMayHaveItsOwnEndpoint) {
  OtlpReceiver base, own;
  DestinationOptions options = options_for(base.endpoint());
  options.metrics_endpoint = own.endpoint();
  const auto destination = make(std::move(options));
  Feed feed(1);
  destination->accept(feed.next());
  destination->forward_spans(resource_spans(1), 1);
  ASSERT_TRUE(destination->flush(10s));
  ASSERT_EQ(own.seen().size(), 1u);
  EXPECT_EQ(own.seen()[0].path, "/");  // taken as it is
  ASSERT_EQ(base.seen().size(), 1u);
  EXPECT_EQ(base.seen()[0].path, "/v1/traces");
}

// Takes everything at once, on a thread of its own as any transport does.
class Taking final : public Transport {
 public:
  std::string prepare(Signal, std::string request) override { return request; }
  void send(Signal, std::shared_ptr<const std::string>, std::chrono::milliseconds, Done done) override {
    thread_ = std::jthread([done = std::move(done)] { done({}); });
  }
  void cancel() override {}

 private:
  std::jthread thread_;
};

// It may be about to sleep when work and the wish to flush come.
TEST(OtlpDestination, AFlushThatComesAtAnyMomentSendsWhatWasThere) {
  for (int i = 0; i < 5000; ++i) {
    auto destination = Destination::make(options_for("http://127.0.0.1:1"), std::make_unique<Taking>());
    ASSERT_TRUE(destination.ok());
    Feed feed(1);
    (*destination)->accept(feed.next());
    ASSERT_TRUE((*destination)->flush(std::chrono::seconds{10}));
    ASSERT_EQ((*destination)->stats().metrics.ledger.sent, 1U) << i;
  }
}

}  // namespace
}  // namespace tocsin::exporters
