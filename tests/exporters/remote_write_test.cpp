// SPDX-License-Identifier: Apache-2.0
// What is written is read back by the receiver's own decoder.
#include "exporters/remote_write.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <future>
#include <map>
#include <mutex>

#include "exporters/src/remote_write_series.h"
#include "tests/exporters/otlp_sample.h"
#include "wire/http_server.h"
#include "wire/remote_write_codec.h"
#include "wire/snappy.h"

namespace tocsin::exporters {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

constexpr std::int64_t kSecond = 1'000'000'000;

// "name{label=text,...}" to "value@ms ..." of its samples; a native histogram as "H count sum schema@ms".
std::map<std::string, std::string> read(const std::string& body) {
  std::map<std::string, std::string> all;
  wire::WriteRequest request;
  const auto decoded = wire::decode_write_request(body, request);
  EXPECT_TRUE(decoded.ok()) << decoded.error().message;
  for (const wire::WriteSeries& series : request.series) {
    EXPECT_EQ(series.fault, "");
    const auto labels = request.labels_of(series);
    EXPECT_TRUE(std::is_sorted(labels.begin(), labels.end(), [](const auto& a, const auto& b) { return a.name < b.name; }));
    std::string key(series.name), values;
    key += '{';
    for (const auto& label : labels)
      if (label.name != "__name__") key += (key.back() == '{' ? "" : ",") + std::string(label.name) + '=' + std::string(label.text);
    const auto add = [&](const std::string& text, std::int64_t time_ms) { values += (values.empty() ? "" : " ") + text + '@' + std::to_string(time_ms); };
    for (const auto& sample : request.samples_of(series)) {
      char text[32];
      std::snprintf(text, sizeof text, "%g", sample.value);
      add(wire::is_stale(sample.value) ? "stale" : text, sample.time_ms);
    }
    for (const auto& histogram : request.histograms_of(series)) {
      char text[64];
      std::snprintf(text, sizeof text, "H %g %g %d", histogram.count, histogram.sum, static_cast<int>(histogram.schema));
      add(wire::is_stale(histogram.sum) ? "H stale" : text, histogram.time_ms);
    }
    for (const auto& exemplar : request.exemplars_of(series)) values += " # " + std::to_string(exemplar.time_ms);
    EXPECT_TRUE(all.emplace(key + '}', values).second) << key;
  }
  return all;
}

std::map<std::string, std::string> written(MetricsEncoder& encoder, ExportLoad load) {
  const std::uint64_t points = encoder.points_of(load);
  encoder.load(std::move(load));
  std::map<std::string, std::string> all;
  std::uint64_t sent = 0;
  while (const auto request = encoder.next(SIZE_MAX)) {
    sent += request->points;
    all.merge(read(request->body));
    encoder.acknowledge(*request);
  }
  EXPECT_EQ(sent, points) << "the account adds up";
  return all;
}

// A sender's, with times of its own.
std::shared_ptr<const Origin> sender() {
  auto resource = std::make_shared<Resource>();
  resource->attributes = {{"service.name", "shop"}, {"host.name", "h"}};
  resource->job = "shop";
  resource->instance = "1";
  return std::make_shared<Origin>(Origin{Via::Otlp, std::move(resource), {}});
}

Family counter(Meter& meter, std::int64_t value, std::int64_t start_ns, std::int64_t time_ns) {
  Family family = meter.integers({value}, {start_ns});
  family.time_ns = {time_ns};
  return family;
}

TEST(RemoteWrite, CountersGaugesAndTheInfoOfTheirSender) {
  Meter jobs("jobs_total", Kind::Counter), level("level", Kind::Gauge);
  jobs.origin = level.origin = sender();
  jobs.row("a"), level.row("b");
  auto encoder = make_remote_write_encoder({.labels = {{"cluster", "c1"}, {"k", "not over its own"}}});
  EXPECT_THAT(written(*encoder, {snapshot_at(20 * kSecond, {counter(jobs, 7, 5 * kSecond, 19 * kSecond), level.doubles({0.5})})}),
              UnorderedElementsAre(Pair("jobs_total{cluster=c1,instance=1,job=shop,k=a}", "7@19000"),
                                   Pair("level{cluster=c1,instance=1,job=shop,k=b}", "0.5@20000"),
                                   Pair("target_info{cluster=c1,host_name=h,instance=1,job=shop,k=not over its own}", "1@20000")));
}

TEST(RemoteWrite, WhatThisProcessCountsHasTheNameOfItsResource) {
  Meter jobs("jobs_total", Kind::Counter);
  jobs.origin = origin_of({{"service.instance.id", "box"}, {"service.name", "tocsin"}});
  jobs.row("a");
  auto encoder = make_remote_write_encoder({});
  EXPECT_THAT(written(*encoder, {snapshot_at(20 * kSecond, {jobs.integers({3})})}),
              ElementsAre(Pair("jobs_total{instance=box,job=tocsin,k=a}", "3@20000")));
}

TEST(RemoteWrite, OnlyWhatIsNewAndAnEndOnce) {
  Meter jobs("jobs_total", Kind::Counter);
  jobs.origin = sender();
  jobs.row("a");
  auto encoder = make_remote_write_encoder({.target_info = false});
  const auto first = snapshot_at(20 * kSecond, {counter(jobs, 7, kSecond, 19 * kSecond)});
  const auto same = snapshot_at(35 * kSecond, {counter(jobs, 7, kSecond, 19 * kSecond)});
  Family over = counter(jobs, 7, kSecond, 19 * kSecond);
  over.states = {RowState::Ended};
  const auto ended = snapshot_at(50 * kSecond, {over});
  EXPECT_THAT(written(*encoder, {first}), ElementsAre(Pair("jobs_total{instance=1,job=shop,k=a}", "7@19000")));
  EXPECT_THAT(written(*encoder, {same, first}), IsEmpty());
  EXPECT_THAT(written(*encoder, {ended, same}), ElementsAre(Pair("jobs_total{instance=1,job=shop,k=a}", "stale@19001")));
  EXPECT_THAT(written(*encoder, {ended, ended}), IsEmpty());
}

// A zero where the counter began, where the receiver cannot have anything later.
TEST(RemoteWrite, TheFirstIncrementIsNotLost) {
  Meter jobs("jobs_total", Kind::Counter);
  jobs.origin = sender();
  jobs.row("a");
  auto encoder = make_remote_write_encoder({.target_info = false});
  const auto nothing = snapshot_at(20 * kSecond, {}), later = snapshot_at(60 * kSecond, {});
  const auto born = snapshot_at(65 * kSecond, {counter(jobs, 2, 30 * kSecond, 64 * kSecond)});
  const auto anew = snapshot_at(80 * kSecond, {counter(jobs, 1, 75 * kSecond, 79 * kSecond)});
  const std::string series = "jobs_total{instance=1,job=shop,k=a}";
  EXPECT_THAT(written(*encoder, {nothing}), IsEmpty());
  EXPECT_THAT(written(*encoder, {later, nothing}), IsEmpty());
  EXPECT_THAT(written(*encoder, {born, later}), ElementsAre(Pair(series, "0@60000 2@64000"))) << "in the Snapshot before it was not there";
  EXPECT_THAT(written(*encoder, {anew, born}), ElementsAre(Pair(series, "0@75000 1@79000"))) << "it began again";
  Family over = counter(jobs, 1, 75 * kSecond, 79 * kSecond);
  over.states = {RowState::Ended};
  EXPECT_THAT(written(*encoder, {snapshot_at(95 * kSecond, {over}), anew}), ElementsAre(Pair(series, "stale@79001")));
  EXPECT_THAT(written(*encoder, {snapshot_at(125 * kSecond, {counter(jobs, 9, 75 * kSecond, 124 * kSecond)}), snapshot_at(110 * kSecond, {})}),
              ElementsAre(Pair(series, "9@124000"))) << "it is only back";
}

TEST(RemoteWrite, WhatBeganBeforeUsHasNoZero) {
  Meter jobs("jobs_total", Kind::Counter);
  jobs.origin = sender();
  jobs.row("a");
  auto encoder = make_remote_write_encoder({.target_info = false});
  const auto nothing = snapshot_at(20 * kSecond, {});
  EXPECT_THAT(written(*encoder, {nothing}), IsEmpty());
  EXPECT_THAT(written(*encoder, {snapshot_at(35 * kSecond, {counter(jobs, 9, 10 * kSecond, 34 * kSecond)}), nothing}),
              ElementsAre(Pair("jobs_total{instance=1,job=shop,k=a}", "9@34000"))) << "who knows what was sent before";
}

// Prometheus refuses a whole request for one sample that is not newer than what it has.
TEST(RemoteWrite, WhatTheDestinationHasIsNotToldAgain) {
  Meter jobs("jobs_total", Kind::Counter), other("jobs_total", Kind::Counter);
  jobs.origin = other.origin = sender();
  jobs.row("a"), other.row("b"), other.row("a");  // a label table that was made anew
  const std::string series = "jobs_total{instance=1,job=shop,k=a}";
  auto encoder = make_remote_write_encoder({.target_info = false});
  const auto nothing = snapshot_at(20 * kSecond, {});
  EXPECT_THAT(written(*encoder, {nothing}), IsEmpty());
  const auto born = snapshot_at(35 * kSecond, {counter(jobs, 2, 30 * kSecond, 34 * kSecond)});
  EXPECT_THAT(written(*encoder, {born, nothing}), ElementsAre(Pair(series, "0@30000 2@34000")));
  Family rebuilt = other.integers({5, 3}, {48 * kSecond, 30 * kSecond});
  rebuilt.time_ns = {49 * kSecond, 49 * kSecond};
  EXPECT_THAT(written(*encoder, {snapshot_at(50 * kSecond, {rebuilt}), born}),
              UnorderedElementsAre(Pair("jobs_total{instance=1,job=shop,k=b}", "0@48000 5@49000"), Pair(series, "3@49000"))) << "no second zero";

  // A destination that is configured anew goes on; it knows no Snapshot before.
  auto next = make_remote_write_encoder({.target_info = false});
  next->continue_from(*encoder);
  EXPECT_THAT(written(*next, {snapshot_at(65 * kSecond, {rebuilt})}), IsEmpty());
  rebuilt.time_ns = {64 * kSecond, 40 * kSecond};
  EXPECT_THAT(written(*next, {snapshot_at(80 * kSecond, {rebuilt})}), ElementsAre(Pair("jobs_total{instance=1,job=shop,k=b}", "5@64000")))
      << "the other sender's clock went back";
}

TEST(RemoteWrite, WhatWasRefusedWasNotTold) {
  Meter jobs("jobs_total", Kind::Counter);
  jobs.origin = sender();
  jobs.row("a");
  auto encoder = make_remote_write_encoder({.target_info = false});
  const auto first = snapshot_at(35 * kSecond, {counter(jobs, 2, 30 * kSecond, 34 * kSecond)});
  encoder->load({first});
  ASSERT_TRUE(encoder->next(SIZE_MAX));
  EXPECT_EQ(written(*encoder, {first}).size(), 1U);
  EXPECT_THAT(written(*encoder, {first}), IsEmpty());
}

// The end stands behind the last sample, whether the sender's clock is ahead of ours or behind.
TEST(RemoteWrite, ASenderWhoseClockIsWrongEndsAndComesBack) {
  for (const std::int64_t off : {-600, 30}) {
    Meter jobs("jobs_total", Kind::Counter);
    jobs.origin = sender();
    jobs.row("a");
    auto encoder = make_remote_write_encoder({.target_info = false});
    const auto at = [&](std::int64_t seconds) { return (1'000 + seconds + off) * kSecond; };
    const std::string series = "jobs_total{instance=1,job=shop,k=a}";
    EXPECT_EQ(written(*encoder, {snapshot_at(1'000 * kSecond, {counter(jobs, 2, kSecond, at(0))})}).size(), 1U);
    Family over = counter(jobs, 2, kSecond, at(0));
    over.states = {RowState::Ended};
    EXPECT_THAT(written(*encoder, {snapshot_at(1'015 * kSecond, {over})}), ElementsAre(Pair(series, "stale@" + std::to_string((1'000 + off) * 1'000 + 1))));
    EXPECT_EQ(written(*encoder, {snapshot_at(1'031 * kSecond, {counter(jobs, 3, kSecond, at(30))})}).size(), 1U) << "back at once";
  }
}

TEST(RemoteWrite, WhatLivesUnderOtherBoundsHasNotEnded) {
  Meter time("time", Kind::Histogram), wider("time", Kind::Histogram);
  time.origin = wider.origin = sender();
  time.row("a"), wider.row("a");
  auto encoder = make_remote_write_encoder({.target_info = false});
  Family before = histogram_family(time, {1, 2, 3}, 9);
  before.time_ns = {19 * kSecond};
  const auto first = snapshot_at(20 * kSecond, {before});
  EXPECT_EQ(written(*encoder, {first}).size(), 5U);
  before.states = {RowState::Ended};
  Family now = histogram_family(wider, {1, 2, 4}, 13);
  now.time_ns = {29 * kSecond};
  const auto series = written(*encoder, {snapshot_at(35 * kSecond, {before, now}), first});
  EXPECT_EQ(series.at("time_count{instance=1,job=shop,k=a}"), "7@29000");
}

TEST(RemoteWrite, WhoSendsNoSumHasNone) {
  Meter time("time", Kind::Histogram), nameless("", Kind::Gauge);
  time.row("a"), nameless.row("a");
  auto encoder = make_remote_write_encoder({});
  const auto series = written(*encoder, {snapshot_at(20 * kSecond, {histogram_family(time, {1, 2, 3}, meters::kNoValueSent), nameless.doubles({1})})});
  EXPECT_EQ(series.size(), 4U) << "and what has no name is left out";
  for (const auto& [name, values] : series) EXPECT_EQ(name.find("_sum"), std::string::npos);
}

TEST(RemoteWrite, AnInfoThatIsNoLongerSoEnds) {
  Meter jobs("jobs_total", Kind::Counter);
  jobs.row("a");
  const auto with_host = [&](const char* host) {
    auto resource = std::make_shared<Resource>();
    resource->attributes = {{"host.name", host}};
    resource->job = "shop";
    jobs.origin = std::make_shared<Origin>(Origin{Via::Otlp, std::move(resource), {}});
    return jobs.integers({1});
  };
  auto encoder = make_remote_write_encoder({});
  const auto first = snapshot_at(20 * kSecond, {with_host("h1")});
  EXPECT_EQ(written(*encoder, {first}).at("target_info{host_name=h1,job=shop}"), "1@20000");
  const auto next = written(*encoder, {snapshot_at(35 * kSecond, {with_host("h2")}), first});
  EXPECT_EQ(next.at("target_info{host_name=h1,job=shop}"), "stale@35000");
  EXPECT_EQ(next.at("target_info{host_name=h2,job=shop}"), "1@35000");
}

TEST(RemoteWrite, HistogramsByEitherKindOfBuckets) {
  Meter time("time", Kind::Histogram);
  time.row("a");
  Family family = histogram_family(time, {1, 2, 3}, 9);
  std::get<Histograms>(family.points).native = {native_of(10, 4, {2, 0, 1}, 3)};
  family.exemplars = {Exemplar{.row = 0, .bucket = 1, .value = 2, .time = from_unix_ns(18 * kSecond), .trace_id = {1}, .attributes = {}}};
  const auto snapshot = snapshot_at(20 * kSecond, {family});
  const std::string who = "instance=r-1,job=shop,k=a";
  auto classic = make_remote_write_encoder({.labels = {{"instance", "r-1"}}});
  const auto series = written(*classic, {snapshot});
  EXPECT_EQ(series.size(), 5U);
  const auto value = [&](const std::string& name) {
    const auto found = std::find_if(series.begin(), series.end(), [&](const auto& one) { return one.first.starts_with(name); });
    return found == series.end() ? "none" : found->second;
  };
  EXPECT_EQ(value("time_sum{"), "9@20000");
  EXPECT_EQ(value("time_count{"), "6@20000");
  for (const auto& [le, wanted] : {std::pair{"le=1.0}", "1@20000"}, {"le=2.5}", "3@20000 # 18000"}, {"le=+Inf}", "6@20000"}}) {
    const auto found = std::find_if(series.begin(), series.end(), [&, end = std::string(le)](const auto& one) { return one.first.ends_with(end); });
    ASSERT_NE(found, series.end()) << le;
    EXPECT_EQ(found->second, wanted);
  }
  auto native = make_remote_write_encoder({.histograms = OtlpHistograms::Exponential});
  const auto one = written(*native, {snapshot});
  ASSERT_EQ(one.size(), 1U);
  EXPECT_EQ(one.begin()->second, "H 6 9 8@20000 # 18000") << "no finer than Prometheus can be";
}

TEST(RemoteWrite, RequestsAreSplitAndHalved) {
  Meter jobs("jobs_total", Kind::Counter);
  std::vector<std::int64_t> values;
  for (int i = 0; i < 100; ++i) jobs.row(std::to_string(i)), values.push_back(i);
  auto encoder = make_remote_write_encoder({.max_points = 30});
  const auto snapshot = snapshot_at(20 * kSecond, {jobs.integers(values)});
  EXPECT_EQ(written(*encoder, {snapshot}).size(), 100U);
  encoder->load({snapshot});
  const auto first = encoder->next(SIZE_MAX);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->points, 30U);
  std::map<std::string, std::string> halves;
  for (const ExportRequest& part : encoder->halve(*first)) {
    EXPECT_EQ(part.points, 15U);
    halves.merge(read(part.body));
  }
  EXPECT_EQ(halves, read(first->body));
}

TEST(RemoteWrite, MetadataOnceAMinute) {
  Meter jobs("jobs_total", Kind::Counter, "By");
  jobs.row("a");
  auto encoder = make_remote_write_encoder({});
  const auto told = [&](std::int64_t at) {
    encoder->load({snapshot_at(at, {jobs.integers({1})})});
    std::string all;
    while (const auto request = encoder->next(SIZE_MAX)) {
      wire::WriteRequest read;
      EXPECT_TRUE(wire::decode_write_request(request->body, read).ok());
      for (const auto& one : read.metadata) all += std::string(one.family) + ' ' + std::string(to_text(one.type)) + ' ' + std::string(one.help) + ' ' + std::string(one.unit);
    }
    return all;
  };
  EXPECT_EQ(told(20 * kSecond), "jobs_total counter help bytes");
  EXPECT_EQ(told(35 * kSecond), "");
  EXPECT_EQ(told(80 * kSecond), "jobs_total counter help bytes");
}

// Series come and go for years, and not every end arrives.
TEST(RemoteWrite, WhatIsRememberedIsBounded) {
  constexpr std::int64_t kDayMs = 86'400'000;
  for (const bool ends_arrive : {true, false}) {
    RemoteWriteMemory memory;
    memory.began(kSecond);
    std::size_t most = 0;
    for (std::uint64_t day = 1; day <= 20; ++day)
      for (std::uint64_t i = 0; i < 100'000; ++i) {
        memory.tell(day * 1'000'000 + i, {.last_ms = static_cast<std::int64_t>(day) * 2 * kDayMs, .ended = ends_arrive});
        most = std::max(most, memory.bytes());
      }
    EXPECT_LT(most, 600'000U * 56) << ends_arrive;
    EXPECT_NE(memory.find(20'000'001), nullptr) << "the newest are known";
    EXPECT_EQ(memory.find(1'000'001), nullptr);
    EXPECT_FALSE(memory.is_new(2 * kDayMs * 1'000'000)) << "it may be one that was forgotten";
  }
}

TEST(RemoteWrite, GoesOutCompressedAndIsTriedAgainWhereThatMayHelp) {
  struct Seen {
    std::string body, encoding, version, token;
  };
  std::mutex mutex;
  std::vector<Seen> seen;
  std::deque<int> answers = {500, 503, 429, 400};
  wire::HttpServerOptions serve;
  serve.listen = "127.0.0.1:0";
  serve.workers = 2;
  auto server = wire::HttpServer::start(serve, [&](const auto& request, auto& responder) {
    const std::lock_guard lock(mutex);
    seen.push_back({request.body, std::string(request.headers.value("Content-Encoding")),
                    std::string(request.headers.value("X-Prometheus-Remote-Write-Version")), std::string(request.headers.value("Authorization"))});
    const int status = answers.empty() ? 204 : answers.front();
    if (!answers.empty()) answers.pop_front();
    responder.send(status, status == 429 ? wire::HttpHeaders{{"Retry-After", "7"}} : wire::HttpHeaders{}, "out of order sample");
  });
  ASSERT_TRUE(server.ok());
  DestinationOptions options;
  options.endpoint = "http://" + (*server)->address() + "/api/v1/write";
  options.headers = {{"Authorization", "Bearer t"}};
  auto transport = make_remote_write_transport(options);
  ASSERT_TRUE(transport.ok());
  const std::string message(10'000, 'x');
  const auto prepared = std::make_shared<const std::string>((*transport)->prepare(Signal::Metrics, message));
  EXPECT_LT(prepared->size(), 1'000U);
  using Kind = wire::Verdict::Kind;
  for (const Kind wanted : {Kind::Retry, Kind::Retry, Kind::Retry, Kind::Refused, Kind::Accepted}) {
    std::promise<wire::Verdict> verdict;
    (*transport)->send(Signal::Metrics, prepared, std::chrono::seconds(10), [&](wire::Verdict told) { verdict.set_value(std::move(told)); });
    const wire::Verdict told = verdict.get_future().get();
    EXPECT_EQ(told.kind, wanted);
    EXPECT_EQ(told.message.find("out of order sample") != std::string::npos, wanted != Kind::Accepted) << told.message;
  }
  const std::lock_guard lock(mutex);
  ASSERT_EQ(seen.size(), 5U);
  EXPECT_EQ(*wire::uncompress_snappy(seen[0].body, 1 << 20), message);
  EXPECT_EQ(seen[0].encoding, "snappy");
  EXPECT_EQ(seen[0].version, "0.1.0");
  EXPECT_EQ(seen[0].token, "Bearer t");
}

TEST(RemoteWrite, WhatCannotBeCalledIsTold) {
  EXPECT_THAT(make_remote_write_transport({.name = "p", .endpoint = "prometheus:9090"}).error().message, ::testing::HasSubstr("did you mean"));
  EXPECT_THAT(make_remote_write_transport({.endpoint = "http://p/w", .headers = {{"content-encoding", "gzip"}}}).error().message,
              ::testing::HasSubstr("set by the protocol"));
}

}  // namespace
}  // namespace tocsin::exporters
