// SPDX-License-Identifier: Apache-2.0
#include "traces/span_meters.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/traces/request_series.h"

namespace tocsin::traces {
namespace {

TEST(SpanMeters, CountsBothSides) {
  ManualClock clock;
  SpanMeters span_meters(clock, {});
  SpanBatchBuilder builder;
  for (int i = 0; i < 40; ++i) builder.span(get(i % 4 == 0 ? 500 : 200));
  builder.span({SpanKind::Client, {{HttpRequestMethod, "GET"}, {ServerAddress, "db"}}, {}});
  builder.span({SpanKind::Internal, {}, {}});
  const auto applied = span_meters.apply(builder.batch());
  EXPECT_EQ(applied.accepted, 42U);
  EXPECT_EQ(applied.rejected, 0U);
  const auto snapshot = collect(span_meters, clock);
  EXPECT_EQ(counts(*snapshot, kTotal), (Counts{{"server_name=shop,func=GET /a,status=ok,ret=0", 30},
                                               {"server_name=shop,func=GET /a,status=server_error,ret=500", 10}}));
  EXPECT_EQ(counts(*snapshot, kTime), counts(*snapshot, kTotal));
  EXPECT_EQ(counts(*snapshot, "rely_server_request_total"),
            (Counts{{"server_name=shop,func=GET,status=ok,ret=0,peer=db", 1}}));
  const SpanLedger ledger = span_meters.ledger();
  EXPECT_EQ(ledger.received, 42U);
  EXPECT_EQ(ledger.server, 40U);
  EXPECT_EQ(ledger.rely, 1U);
  EXPECT_EQ(ledger.other_kinds, 1U);
  const meters::Family& total = only(*snapshot, kTotal);
  EXPECT_EQ(total.origin->resource->job, "shop");
  EXPECT_EQ(total.origin->resource->instance, "1");
  EXPECT_EQ(total.origin->via, meters::Via::Spans);
  EXPECT_EQ(total.start_ns[0], to_unix_ns(clock.now()));
}

TEST(SpanMeters, OtherLabelsHoldFromTheNextSpanOnAndNothingIsLost) {
  ManualClock clock;
  SpanMeters span_meters(clock, {});
  SpanBatchBuilder builder;
  builder.resource({{"service.name", "shop"}, {"zone", "north"}}).span(get(200));
  span_meters.apply(builder.batch());
  span_meters.configure({.dc_attribute = "zone"});
  span_meters.apply(builder.batch());
  span_meters.apply(builder.batch());
  EXPECT_EQ(counts(*collect(span_meters, clock), kTotal), (Counts{{"server_name=shop,func=GET /a,status=ok,ret=0", 1},
                                                                  {"server_name=shop,func=GET /a,status=ok,ret=0,dc=north", 2}}));
  span_meters.configure({.max_series = 0});
  SpanBatchBuilder other;
  span_meters.apply(other.resource({{"service.name", "shop"}, {"zone", "north"}}).span(get(404)).batch());
  EXPECT_EQ(span_meters.ledger().overflowed, 1U) << "limits too";
}

TEST(SpanMeters, ConfiguringWhileSpansComeLosesNone) {
  ManualClock clock;
  SpanMeters span_meters(clock, {});
  constexpr std::uint64_t kBatches = 2'000;
  {
    const std::jthread sender([&] {
      SpanBatchBuilder builder;
      builder.resource({{"service.name", "shop"}, {"zone", "north"}}).span(get(200));
      for (std::uint64_t i = 0; i < kBatches; ++i) span_meters.apply(builder.batch());
    });
    for (int i = 0; i < 200; ++i) {
      span_meters.configure(i % 2 == 0 ? SpanMetersOptions{.dc_attribute = "zone"} : SpanMetersOptions{});
      std::this_thread::yield();
    }
  }
  std::uint64_t total = 0;
  for (const auto& [labels, count] : counts(*collect(span_meters, clock), kTotal)) total += count;
  EXPECT_EQ(total, kBatches);
}

TEST(SpanMeters, AFuncBeginsAtZeroWhateverCameFirst) {
  ManualClock clock;
  SpanMeters span_meters(clock, {});
  SpanBatchBuilder builder;
  span_meters.apply(builder.span(get(503)).batch());
  EXPECT_EQ(counts(*collect(span_meters, clock), kTotal),
            (Counts{{"server_name=shop,func=GET /a,status=ok,ret=0", 0},
                    {"server_name=shop,func=GET /a,status=server_error,ret=503", 1}}));
}

TEST(SpanMeters, LatencyIsMicrosecondsInBothHistograms) {
  ManualClock clock;
  SpanMeters span_meters(clock, {});
  SpanBatchBuilder builder;
  // At a bound, just above it, beyond the last one, and nothing.
  for (const std::uint64_t ns : {100'000ULL, 100'001ULL, 5'000'000ULL, 400'000'000'000ULL, 0ULL}) builder.span(get(200, ns));
  span_meters.apply(builder.batch());
  const auto snapshot = collect(span_meters, clock);
  const auto& times = std::get<meters::Histograms>(only(*snapshot, kTime).points);
  std::vector<std::uint64_t> expected(21, 0);
  expected[0] = 2;  // 100 us and 0
  expected[1] = 1;
  expected[5] = 1;  // 5 ms: le 5000
  expected[20] = 1;
  EXPECT_EQ(times.counts, expected);
  EXPECT_DOUBLE_EQ(times.sums[0], 100 + 100.001 + 5000 + 4e8);
  EXPECT_EQ(times.native[0].zero_count, 1U);
  EXPECT_LE(times.native[0].positive.size(), 160U);
}

TEST(SpanMeters, ExemplarsAtMostOneABucketAndNewOnesAfterASnapshot) {
  ManualClock clock;
  SpanMeters span_meters(clock, {});
  const auto send = [&](std::uint8_t id, std::uint64_t ns) {
    SpanBatchBuilder builder;
    TestSpan span = get(200, ns);
    span.id = id;
    span_meters.apply(builder.span(span).batch());
  };
  send(1, 1'000'000);
  send(2, 1'000'000);
  send(3, 50'000);
  auto snapshot = collect(span_meters, clock);
  auto exemplars = only(*snapshot, kTime).exemplars;
  ASSERT_EQ(exemplars.size(), 2U);
  EXPECT_EQ(exemplars[0].bucket, 0U);
  EXPECT_EQ(exemplars[0].trace_id[0], 3);
  EXPECT_EQ(exemplars[1].bucket, 3U);
  EXPECT_EQ(exemplars[1].trace_id[0], 1);
  EXPECT_EQ(exemplars[1].span_id[0], 1);
  EXPECT_EQ(exemplars[1].value, 1000);
  send(4, 1'000'000);
  snapshot = collect(span_meters, clock);
  EXPECT_EQ(only(*snapshot, kTime).exemplars[1].trace_id[0], 4);
}

TEST(SpanMeters, RejectsWithReasons) {
  ManualClock clock;
  SpanMeters span_meters(clock, {});
  const auto now = static_cast<std::uint64_t>(to_unix_ns(clock.now()));
  TestSpan future = get(200), soon = get(200), backwards = get(200), unfinished = get(200);
  future.end_ns = now + 301'000'000'000;
  soon.end_ns = now + 299'000'000'000;
  unfinished.end_ns = 0;
  unfinished.duration_ns = 0;
  backwards.duration_ns = 0 - std::uint64_t{5};
  SpanBatchBuilder builder;
  const auto applied = span_meters.apply(builder.span(future).span(soon).span(backwards).span(unfinished).batch());
  EXPECT_EQ(applied.accepted, 1U);
  EXPECT_EQ(applied.rejected, 3U);
  EXPECT_NE(applied.reason.find("1 not measured: the span ends in the future"), std::string::npos);
  const SpanLedger ledger = span_meters.ledger();
  for (const SpanReject reason : {SpanReject::Future, SpanReject::NegativeDuration, SpanReject::MissingTime})
    EXPECT_EQ(ledger.rejected[static_cast<std::size_t>(reason)], 1U) << to_text(reason);
  EXPECT_EQ(ledger.received, ledger.accepted + 3);
}

TEST(SpanMeters, ASenderOfTheMeterItselfGetsNoneFromSpans) {
  ManualClock clock;
  bool sends = false;
  std::vector<std::string> asked;
  SpanMeters span_meters(clock, {}, [&](const meters::Resource& sender, std::string_view meter) {
    asked.push_back(sender.job + "|" + sender.instance + "|" + std::string(meter));
    return sends && meter == kTotal;
  });
  SpanBatchBuilder builder;
  const SpanBatch& batch = builder.span(get(200)).span({SpanKind::Client, {}, {}}).batch();
  span_meters.apply(batch);
  EXPECT_EQ(asked, (std::vector<std::string>{"shop|1|server_request_total", "shop|1|rely_server_request_total"}));
  EXPECT_EQ(counts(*collect(span_meters, clock), kTotal).size(), 1U);
  sends = true;
  EXPECT_EQ(counts(*collect(span_meters, clock), kTotal).size(), 0U);
  span_meters.apply(batch);
  const auto snapshot = collect(span_meters, clock);
  EXPECT_EQ(counts(*snapshot, kTotal).size(), 0U);
  EXPECT_EQ(counts(*snapshot, "rely_server_request_total").begin()->second, 2U);
  EXPECT_EQ(span_meters.ledger().suppressed, 1U);
  EXPECT_EQ(span_meters.stats().suppressed_senders, 1U);
  sends = false;
  span_meters.tick();
  span_meters.apply(batch);
  EXPECT_EQ(counts(*collect(span_meters, clock), kTotal).begin()->second, 1U);
}

TEST(SpanMeters, LabelsFromTheResource) {
  ManualClock clock;
  SpanMetersOptions options;
  options.service_namespace = true;
  options.server_host_attribute = "host.name";
  options.app_id_attribute = "app.id";
  SpanMeters span_meters(clock, options);
  SpanBatchBuilder builder;
  builder.resource({{"service.name", "cart"}, {"service.namespace", "shop"}, {"service.instance.id", "1"},
                    {"deployment.environment.name", "prod"}, {"host.name", "h1"}, {"app.id", "a7"}});
  builder.span(get(200));
  TestSpan own = get(200);
  own.texts.emplace_back(AppId, "b9");
  builder.span(own);
  span_meters.apply(builder.batch());
  EXPECT_EQ(counts(*collect(span_meters, clock), kTotal),
            (Counts{{"server_name=shop/cart,func=GET /a,status=ok,ret=0,dc=prod,server_host=h1,app_id=a7", 1},
                    {"server_name=shop/cart,func=GET /a,status=ok,ret=0,dc=prod,server_host=h1,app_id=b9", 1}}));
}

// Two resources of one job and instance are one sender: their spans are added, not shown twice.
TEST(SpanMeters, OneIdentityIsOneSender) {
  ManualClock clock;
  SpanMeters span_meters(clock, {});
  SpanBatchBuilder builder;
  builder.resource({{"service.name", "a"}, {"service.instance.id", "1"}}).span(get(200));
  builder.resource({{"service.name", "a"}, {"service.instance.id", "1"}, {"extra", "x"}}).span(get(200));
  span_meters.apply(builder.batch());
  EXPECT_EQ(counts(*collect(span_meters, clock), kTotal), (Counts{{"server_name=a,func=GET /a,status=ok,ret=0", 2}}));
  EXPECT_EQ(span_meters.stats().senders, 1U);
}

TEST(SpanMeters, AppliedCollectedAndTickedAtOnce) {
  ManualClock clock;
  SpanMetersOptions options;
  options.max_label_sets = 40;
  SpanMeters span_meters(clock, options);
  constexpr int kThreads = 4, kRounds = 60;
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < kThreads; ++thread)
    threads.emplace_back([&, thread] {
      for (int round = 0; round < kRounds; ++round) {
        SpanBatchBuilder builder;
        builder.resource({{"service.name", "s"}, {"service.instance.id", std::int64_t{thread % 2}}});
        for (int i = 0; i < 50; ++i) {
          TestSpan span = get(i % 5 == 0 ? 500 : 200, static_cast<std::uint64_t>(1000 * i));
          span.texts[1].second = "/" + std::to_string(i + round % 7);
          builder.span(span);
        }
        span_meters.apply(builder.batch());
      }
    });
  for (int round = 0; round < 40; ++round) {
    span_meters.tick();
    const auto snapshot = collect(span_meters, clock);
    span_meters.sinks_saw();
    EXPECT_EQ(counts(*snapshot, kTime), counts(*snapshot, kTotal));
  }
  threads.clear();
  std::uint64_t total = 0;
  for (const auto& [series, count] : counts(*collect(span_meters, clock), kTotal)) total += count;
  EXPECT_EQ(total, std::uint64_t{kThreads * kRounds * 50});
}

}  // namespace
}  // namespace tocsin::traces
