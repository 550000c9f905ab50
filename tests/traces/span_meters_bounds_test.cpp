// SPDX-License-Identifier: Apache-2.0
#include "traces/span_meters.h"

#include <gtest/gtest.h>

#include "tests/traces/request_series.h"

namespace tocsin::traces {
namespace {

TEST(SpanMetersBounds, OverTheLimitTotalsStayRight) {
  ManualClock clock;
  SpanMetersOptions options;
  options.max_label_sets = 10;
  SpanMeters span_meters(clock, options);
  for (int i = 0; i < 100; ++i) {
    SpanBatchBuilder builder;
    TestSpan span = get(200);
    span.texts[1].second = "/route/" + std::to_string(i);
    span_meters.apply(builder.span(span).batch());
  }
  const auto found = counts(*collect(span_meters, clock), kTotal);
  EXPECT_EQ(found.size(), 11U);
  EXPECT_EQ(found.at("server_name=shop,otel_metric_overflow=true"), 90U);
  EXPECT_EQ(span_meters.ledger().overflowed, 90U);
  EXPECT_EQ(span_meters.ledger().server, 100U);
}

TEST(SpanMetersBounds, ExactlyTheLimitDoesNotOverflow) {
  ManualClock clock;
  SpanMetersOptions options;
  options.max_label_sets = 10;
  SpanMeters span_meters(clock, options);
  for (int round = 0; round < 2; ++round)
    for (int i = 0; i < 10; ++i) {
      SpanBatchBuilder builder;
      TestSpan span = get(200);
      span.texts[1].second = "/route/" + std::to_string(i);
      span_meters.apply(builder.span(span).batch());
    }
  EXPECT_EQ(counts(*collect(span_meters, clock), kTotal).size(), 10U);
}

TEST(SpanMetersBounds, NamesAndAddressesAreBoundedByThemselves) {
  ManualClock clock;
  SpanMetersOptions options;
  options.max_names = options.max_addresses = 3;
  SpanMeters span_meters(clock, options);
  SpanBatchBuilder builder;
  for (int i = 0; i < 10; ++i) {
    builder.span({SpanKind::Server, {}, {}, i % 2 == 0 ? SpanStatus::Unset : SpanStatus::Error, "job " + std::to_string(i)});
    builder.span({SpanKind::Client, {{HttpRequestMethod, "GET"}, {ServerAddress, "10.0.0." + std::to_string(i)}}, {}});
  }
  span_meters.apply(builder.batch());
  const auto snapshot = collect(span_meters, clock);
  const auto server = counts(*snapshot, kTotal), rely = counts(*snapshot, "rely_server_request_total");
  EXPECT_EQ(server.at("server_name=shop,func=(other),status=server_error,ret=_OTHER"), 4U);
  EXPECT_EQ(server.at("server_name=shop,func=(other),status=ok,ret=0"), 3U);
  EXPECT_EQ(rely.at("server_name=shop,func=GET,status=ok,ret=0,peer=(other)"), 7U);
}

TEST(SpanMetersBounds, SeriesInAllAreBounded) {
  ManualClock clock;
  SpanMetersOptions options;
  options.max_series = 50;
  options.max_senders = 20;
  SpanMeters span_meters(clock, options);
  SpanBatchBuilder builder;
  for (int sender = 0; sender < 30; ++sender) {
    builder.resource({{"service.name", "s"}, {"service.instance.id", std::int64_t{sender}}});
    for (int i = 0; i < 10; ++i) {
      TestSpan span = get(200);
      span.texts[1].second = "/route/" + std::to_string(i);
      builder.span(span);
    }
  }
  const auto applied = span_meters.apply(builder.batch());
  EXPECT_EQ(applied.rejected, 100U);
  EXPECT_EQ(span_meters.ledger().rejected[static_cast<std::size_t>(SpanReject::TooManySenders)], 100U);
  EXPECT_EQ(span_meters.stats().senders, 20U);
  EXPECT_LE(span_meters.stats().series, 50U + 20U);
  std::uint64_t total = 0;
  for (const auto& [series, count] : counts(*collect(span_meters, clock), kTotal)) total += count;
  EXPECT_EQ(total, 200U);
}

TEST(SpanMetersBounds, OfAHugeResourceLittleIsKept) {
  ManualClock clock;
  SpanMeters span_meters(clock, {});
  meters::Attributes attributes = {{"service.name", std::string(70'000, 'n')}, {"huge", std::string(70'000, 'x')}};
  for (int i = 0; i < 1000; ++i) attributes.push_back({"key" + std::to_string(i), std::string(100, 'v')});
  SpanBatchBuilder builder;
  span_meters.apply(builder.resource(attributes).span(get(200)).batch());
  const auto snapshot = collect(span_meters, clock);
  const meters::Resource& resource = *only(*snapshot, kTotal).origin->resource;
  EXPECT_EQ(resource.job.size(), 1024U);
  EXPECT_EQ(meters::find(resource.attributes, "huge"), nullptr);
  EXPECT_GT(resource.attributes.size(), 100U);
  EXPECT_LT(resource.attributes.size(), 200U);
  EXPECT_EQ(counts(*snapshot, kTotal).begin()->first, "server_name=" + std::string(128, 'n') + ",func=GET /a,status=ok,ret=0");
}

TEST(SpanMetersBounds, ASilentSenderEndsAndIsDroppedWhenSinksSaw) {
  ManualClock clock;
  SpanMeters span_meters(clock, {});
  SpanBatchBuilder builder;
  span_meters.apply(builder.span(get(200)).batch());
  clock.advance(5min);
  span_meters.tick();
  EXPECT_EQ(counts(*collect(span_meters, clock), kTotal), (Counts{{"server_name=shop,func=GET /a,status=ok,ret=0", 1}}));
  span_meters.sinks_saw();
  clock.advance(1s);
  span_meters.tick();
  span_meters.sinks_saw();  // nothing was collected since: must not drop yet
  EXPECT_EQ(counts(*collect(span_meters, clock), kTotal),
            (Counts{{"server_name=shop,func=GET /a,status=ok,ret=0 ended", 1}}));
  span_meters.sinks_saw();
  EXPECT_TRUE(collect(span_meters, clock)->families.empty());
  span_meters.tick();
  EXPECT_EQ(span_meters.stats().senders, 0U);
  EXPECT_EQ(span_meters.stats().series, 0U);
}

TEST(SpanMetersBounds, AReturningSeriesStartsAnew) {
  ManualClock clock;
  SpanMeters span_meters(clock, {});
  SpanBatchBuilder builder;
  const SpanBatch& batch = builder.span(get(200)).batch();
  span_meters.apply(batch);
  clock.advance(6min);
  span_meters.tick();
  span_meters.apply(batch);
  const auto snapshot = collect(span_meters, clock);
  EXPECT_EQ(counts(*snapshot, kTotal), (Counts{{"server_name=shop,func=GET /a,status=ok,ret=0", 1}}));
  EXPECT_EQ(only(*snapshot, kTotal).start_ns[0], to_unix_ns(clock.now()));
}

TEST(SpanMetersBounds, IdleSeriesOfALivingSenderExpireZeroOnesWithTheirFunc) {
  ManualClock clock;
  SpanMeters span_meters(clock, {});
  const auto send = [&](const TestSpan& span) {
    SpanBatchBuilder builder;
    span_meters.apply(builder.span(span).batch());
  };
  TestSpan other = get(200);
  other.texts[1].second = "/other";
  send(get(500));
  send(get(404));
  send(other);
  for (int minute = 0; minute <= 61; ++minute) {
    clock.advance(1min);
    send(get(500));
    span_meters.tick();
  }
  collect(span_meters, clock);
  span_meters.sinks_saw();
  EXPECT_EQ(counts(*collect(span_meters, clock), kTotal),
            (Counts{{"server_name=shop,func=GET /a,status=ok,ret=0", 0},
                    {"server_name=shop,func=GET /a,status=server_error,ret=500", 63}}));
  send(get(404));
  EXPECT_EQ(counts(*collect(span_meters, clock), kTotal).at("server_name=shop,func=GET /a,status=client_error,ret=404"), 1U);
}

TEST(SpanMetersBounds, AStepOfTheWallClockEndsNothing) {
  ManualClock clock;
  SpanMeters span_meters(clock, {});
  SpanBatchBuilder builder;
  span_meters.apply(builder.span(get(200)).batch());
  clock.step_wall(48h);
  span_meters.tick();
  clock.step_wall(-96h);
  span_meters.tick();
  EXPECT_EQ(counts(*collect(span_meters, clock), kTotal), (Counts{{"server_name=shop,func=GET /a,status=ok,ret=0", 1}}));
}

}  // namespace
}  // namespace tocsin::traces
