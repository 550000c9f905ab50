// SPDX-License-Identifier: Apache-2.0
#include "exporters/otlp_encode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/exporters/otlp_sample.h"

namespace tocsin::exporters {
namespace {

using testing::HasSubstr;
using testing::Not;

OtlpEncodeOptions delta_options(OtlpTemporality temporality = OtlpTemporality::Delta) {
  OtlpEncodeOptions options;
  options.temporality = temporality;
  return options;
}

TEST(OtlpDelta, CountsFromWhatWasAcknowledged) {
  Meter meter("c", Kind::Counter);
  meter.row("a");
  OtlpEncoder encoder(delta_options());
  EXPECT_THAT(send(encoder, {snapshot_at(50, {meter.integers({7}, {10})})}),
              HasSubstr(R"("startTimeUnixNano":"10","timeUnixNano":"50","asInt":"7"}],"aggregationTemporality":1)"));
  EXPECT_THAT(send(encoder, {snapshot_at(60, {meter.integers({9}, {10})})}),
              HasSubstr(R"("startTimeUnixNano":"50","timeUnixNano":"60","asInt":"2"}])"));
  // Nothing new: no point.
  EXPECT_EQ(send(encoder, {snapshot_at(70, {meter.integers({9}, {10})})}), "");
  EXPECT_GT(encoder.state_bytes(), 0u);
  // Not acknowledged: part of the next one.
  EXPECT_THAT(send(encoder, {snapshot_at(80, {meter.integers({12}, {10})})}, false), HasSubstr(R"("asInt":"3")"));
  EXPECT_THAT(send(encoder, {snapshot_at(90, {meter.integers({20}, {10})})}),
              HasSubstr(R"("startTimeUnixNano":"70","timeUnixNano":"90","asInt":"11")"));
}

TEST(OtlpDelta, EachRequestIsAcknowledgedByItself) {
  Meter meter("c", Kind::Counter);
  meter.row("a"), meter.row("b");
  OtlpEncodeOptions options = delta_options();
  options.max_points = 1;
  OtlpEncoder encoder(options);
  send(encoder, {snapshot_at(50, {meter.integers({1, 1}, {10, 10})})});
  encoder.load({snapshot_at(60, {meter.integers({4, 5}, {10, 10})})});
  const auto first = encoder.next(), second = encoder.next();
  ASSERT_TRUE(first && second);
  encoder.acknowledge(*second);  // the first one was lost
  EXPECT_FALSE(encoder.next());
  const std::string json = send(encoder, {snapshot_at(70, {meter.integers({5, 7}, {10, 10})})});
  EXPECT_THAT(json, HasSubstr(R"("startTimeUnixNano":"50","timeUnixNano":"70","asInt":"4")"));
  EXPECT_THAT(json, HasSubstr(R"("startTimeUnixNano":"60","timeUnixNano":"70","asInt":"2")"));
}

TEST(OtlpDelta, ARestartCountsFromZero) {
  Meter meter("c", Kind::Counter);
  meter.row("a");
  OtlpEncoder encoder(delta_options());
  send(encoder, {snapshot_at(50, {meter.integers({100}, {10})})});
  // A later start time, even with a larger value.
  EXPECT_THAT(send(encoder, {snapshot_at(70, {meter.integers({150}, {60})})}),
              HasSubstr(R"("startTimeUnixNano":"60","timeUnixNano":"70","asInt":"150")"));
  // A smaller value, start unknown.
  EXPECT_THAT(send(encoder, {snapshot_at(80, {meter.integers({3})})}),
              HasSubstr(R"("startTimeUnixNano":"70","timeUnixNano":"80","asInt":"3")"));
}

TEST(OtlpDelta, ATotalOfUnknownStartOnlySetsThePlace) {
  Meter meter("c", Kind::Counter);
  meter.row("a");
  OtlpEncoder encoder(delta_options());
  EXPECT_EQ(send(encoder, {snapshot_at(50, {meter.doubles({1e9})})}), "");
  EXPECT_THAT(send(encoder, {snapshot_at(60, {meter.doubles({1e9 + 2})})}),
              HasSubstr(R"("startTimeUnixNano":"50","timeUnixNano":"60","asDouble":2)"));
}

TEST(OtlpDelta, Histograms) {
  Meter meter("h", Kind::Histogram);
  meter.row("a");
  OtlpEncoder encoder(delta_options());
  Family first = histogram_family(meter, {1, 2, 3}, 9.5);
  std::get<Histograms>(first.points).min = {0.5};
  std::get<Histograms>(first.points).max = {4};
  send(encoder, {snapshot_at(50, {first})});
  Family second = histogram_family(meter, {1, 4, 3}, 13);
  Exemplar old_one, new_one;
  old_one.time = from_unix_ns(45), old_one.value = 1.25;
  new_one.time = from_unix_ns(55), new_one.value = 2.25, new_one.bucket = 1;
  second.exemplars = {old_one, new_one};
  EXPECT_EQ(send(encoder, {snapshot_at(60, {second})}),
            around(R"({"name":"h","description":"help","unit":"1","histogram":{"dataPoints":[)"
                   R"({"attributes":[{"key":"k","value":{"stringValue":"a"}}],"startTimeUnixNano":"50",)"
                   R"("timeUnixNano":"60","count":"2","sum":3.5,"bucketCounts":["0","2","0"],"explicitBounds":[1,2.5],)"
                   R"("exemplars":[{"timeUnixNano":"55","asDouble":2.25}]}],"aggregationTemporality":1}})"));
  EXPECT_EQ(send(encoder, {snapshot_at(70, {second})}), "");
  // A bucket that fell: it began anew.
  EXPECT_THAT(send(encoder, {snapshot_at(80, {histogram_family(meter, {2, 0, 3}, 8)})}),
              HasSubstr(R"("startTimeUnixNano":"70","timeUnixNano":"80","count":"5","sum":8,)"));
}

TEST(OtlpDelta, ExponentialHistogramsOfTwoScales) {
  Meter meter("h", Kind::Histogram);
  meter.row("a");
  const auto family = [&](NativeHistogram native, double sum) {
    Family made = histogram_family(meter, {0}, sum);
    auto& points = std::get<Histograms>(made.points);
    points.bounds = std::make_shared<std::vector<double>>();
    points.counts[0] = native.zero_count;
    for (const auto count : native.positive) points.counts[0] += count;
    points.native = {std::move(native)};
    return made;
  };
  OtlpEncoder encoder(delta_options());
  // Scale 1, buckets -3..2: at scale 0 they are -2..1.
  send(encoder, {snapshot_at(50, {family(native_of(1, -3, {1, 1, 0, 2, 1, 1}, 1), 5)})});
  EXPECT_THAT(send(encoder, {snapshot_at(60, {family(native_of(0, -2, {1, 1, 4, 1}, 3), 9)})}),
              HasSubstr(R"("count":"3","sum":4,"scale":0,"zeroCount":"2",)"
                        R"("positive":{"offset":-2,"bucketCounts":["0","0","1"]})"));
  // What was in a bucket is gone: a new beginning.
  EXPECT_THAT(send(encoder, {snapshot_at(70, {family(native_of(0, 0, {5, 5}, 3), 9)})}),
              HasSubstr(R"("count":"13","sum":9,"scale":0,"zeroCount":"3")"));
}

TEST(OtlpDelta, LowMemoryKeepsTotalsThatComeToUs) {
  Meter own("a", Kind::Counter), received("b", Kind::Counter), level("c", Kind::UpDownCounter);
  received.origin = origin_of({{"service.name", "shop"}}, Via::Otlp);
  own.row("x"), received.row("x"), level.row("x");
  const auto at = [&](std::int64_t time, std::int64_t value) {
    return snapshot_at(time, {own.integers({value}, {10}), received.integers({value}, {10}), level.integers({value}, {10})});
  };
  OtlpEncoder low(delta_options(OtlpTemporality::LowMemory)), delta(delta_options());
  send(low, {at(50, 5)}), send(delta, {at(50, 5)});
  const std::string low_json = send(low, {at(60, 7)}), delta_json = send(delta, {at(60, 7)});
  EXPECT_THAT(low_json, HasSubstr(R"("name":"a","description":"help","unit":"1","sum":{"dataPoints":[{"attributes":)"
                                  R"([{"key":"k","value":{"stringValue":"x"}}],"startTimeUnixNano":"50",)"
                                  R"("timeUnixNano":"60","asInt":"2")"));
  EXPECT_THAT(low_json, HasSubstr(R"("startTimeUnixNano":"10","timeUnixNano":"60","asInt":"7"}],"aggregationTemporality":2,"isMonotonic":true)"));
  EXPECT_THAT(delta_json, Not(HasSubstr(R"("asInt":"7"}],"aggregationTemporality":2,"isMonotonic":true)")));
  EXPECT_THAT(delta_json, HasSubstr(R"("asInt":"7"}],"aggregationTemporality":2})"));  // up-down
}

// Asynchronous counters (OpenTelemetry, OTLP exporter, "LowMemory"): their totals are asked for, nothing is remembered.
TEST(OtlpDelta, LowMemoryKeepsObservedCountersCumulative) {
  Meter seen("seen", Kind::Counter);
  seen.row("x");
  const auto at = [&](std::int64_t time, std::int64_t value) {
    Family family = seen.integers({value}, {10});
    auto observed = std::make_shared<Descriptor>(*family.descriptor);
    observed->observed = true;
    family.descriptor = std::move(observed);
    return snapshot_at(time, {family});
  };
  OtlpEncoder low(delta_options(OtlpTemporality::LowMemory)), delta(delta_options());
  send(low, {at(50, 5)}), send(delta, {at(50, 5)});
  EXPECT_THAT(send(low, {at(60, 7)}), HasSubstr(R"("asInt":"7"}],"aggregationTemporality":2)"));
  EXPECT_THAT(send(delta, {at(60, 7)}), HasSubstr(R"("asInt":"2"}],"aggregationTemporality":1)"));
}

TEST(OtlpDelta, EndedRowsSendTheirLastGrowthAndNoFlag) {
  Meter meter("c", Kind::Counter);
  meter.row("a");
  OtlpEncoder encoder(delta_options());
  send(encoder, {snapshot_at(50, {meter.integers({7}, {10})})});
  Family ended = meter.integers({9}, {10});
  ended.states[0] = RowState::Ended;
  const std::string json = send(encoder, {snapshot_at(60, {ended})});
  EXPECT_THAT(json, HasSubstr(R"("asInt":"2")"));
  EXPECT_THAT(json, Not(HasSubstr("flags")));
  // The same labels again, begun anew.
  EXPECT_THAT(send(encoder, {snapshot_at(80, {meter.integers({3}, {70})})}),
              HasSubstr(R"("startTimeUnixNano":"70","timeUnixNano":"80","asInt":"3")"));
}

TEST(OtlpDelta, SurvivesARewrittenLabelTable) {
  Meter meter("c", Kind::Counter);
  for (const auto* text : {"gone", "a", "b"}) meter.row(text);
  OtlpEncoder encoder(delta_options());
  send(encoder, {snapshot_at(50, {meter.integers({100, 200, 300}, {10, 10, 10})})});
  meter.table = std::make_shared<LabelSetTable>(std::vector<meters::LabelColumn>{{"k", "k"}});
  for (const auto* text : {"b", "a", "new"}) meter.row(text);
  const std::string json = send(encoder, {snapshot_at(60, {meter.integers({301, 202, 5}, {10, 10, 55})})});
  EXPECT_THAT(json, HasSubstr(R"("b"}}],"startTimeUnixNano":"50","timeUnixNano":"60","asInt":"1")"));
  EXPECT_THAT(json, HasSubstr(R"("a"}}],"startTimeUnixNano":"50","timeUnixNano":"60","asInt":"2")"));
  EXPECT_THAT(json, HasSubstr(R"("new"}}],"startTimeUnixNano":"55","timeUnixNano":"60","asInt":"5")"));
}

TEST(OtlpDelta, TwoFamiliesMayShareATable) {
  Meter counter("a", Kind::Counter), other("b", Kind::Counter);
  other.table = counter.table;
  counter.row("x");
  OtlpEncoder encoder(delta_options());
  send(encoder, {snapshot_at(50, {counter.integers({10}, {10}), other.integers({100}, {10})})});
  const std::string json = send(encoder, {snapshot_at(60, {counter.integers({11}, {10}), other.integers({102}, {10})})});
  EXPECT_THAT(json, HasSubstr(R"("asInt":"1")"));
  EXPECT_THAT(json, HasSubstr(R"("asInt":"2")"));
}

TEST(OtlpDelta, IntegersThatBecomeReals) {
  Meter meter("c", Kind::Counter);
  meter.row("a");
  OtlpEncoder encoder(delta_options());
  send(encoder, {snapshot_at(50, {meter.integers({7}, {10})})});
  EXPECT_THAT(send(encoder, {snapshot_at(60, {meter.doubles({7.5}, {10})})}), HasSubstr(R"("asDouble":0.5)"));
  EXPECT_THAT(send(encoder, {snapshot_at(70, {meter.integers({9}, {10})})}), HasSubstr(R"("asInt":"2")"));
}

// However acknowledgements fall, what was acknowledged adds up to the total.
TEST(OtlpDelta, AcknowledgedDeltasAddUp) {
  Meter meter("c", Kind::Counter);
  for (int i = 0; i < 5; ++i) meter.row("r" + std::to_string(i));
  OtlpEncodeOptions options = delta_options();
  options.max_points = 2;
  OtlpEncoder encoder(options);
  std::minstd_rand random(7);
  std::vector<std::int64_t> values(5), starts(5, 10), sum(5);
  for (int step = 0; step < 200; ++step) {
    const bool last = step == 199;
    for (auto& value : values) value += last ? 0 : static_cast<std::int64_t>(random() % 4);
    encoder.load({snapshot_at(100 + step, {meter.integers(values, starts)})});
    while (const auto request = encoder.next()) {
      if (!last && random() % 3 == 0) continue;
      encoder.acknowledge(*request);
      const std::string json = json_of(*request);
      for (std::size_t i = 0; i < 5; ++i) {
        const auto at = json.find("\"r" + std::to_string(i) + '"');
        if (at == std::string::npos) continue;
        sum[i] += std::stoll(json.substr(json.find("\"asInt\":\"", at) + 9));
      }
    }
  }
  EXPECT_EQ(sum, values);
}

}  // namespace
}  // namespace tocsin::exporters
