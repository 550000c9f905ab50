// SPDX-License-Identifier: Apache-2.0
#include "agent/receivers/scrape_series.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/promql/series_reader.h"
#include "tests/agent/window_reading.h"
#include "wire/exposition_parser.h"
#include "wire/protobuf.h"

namespace tocsin::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ScrapeSeriesTest : public ::testing::Test {
 protected:
  void with(const ScrapeConfig& config) {
    series_ = std::make_unique<ScrapeSeries>(ScrapeRules::make(config), RelabelSet{{"instance", "a:1"}, {"job", "j"}}, stream_);
  }
  // One scrape, 15 s after the one before; what it could not take.
  std::string scrape(const std::string& body, wire::ExpositionFormat format = wire::ExpositionFormat::Text) {
    clock_.advance(std::chrono::seconds(15));
    wire::Exposition scraped;
    const auto parsed = wire::parse_exposition(format, body, scraped);
    EXPECT_TRUE(parsed) << parsed.error().message;
    const auto taken = series_->take(scraped, now_ms(), &read_);
    series_->report(now_ms(), taken.ok(), 0.5, read_);
    stream_.flush();
    if (taken) last_ = *taken;
    return taken ? std::string() : taken.error().message;
  }
  std::int64_t now_ms() const { return to_unix_ns(clock_.now()) / 1'000'000; }
  // "labels value@seconds-before-now ...", a line a series.
  std::vector<std::string> read(const std::string& name) { return read_window(window_, name, now_ms()); }

  ManualClock clock_;
  rules::Window window_{rules::WindowOptions{}};
  Intake intake_{{}, clock_};
  SampleStream stream_{meters::Via::Scrape, window_, intake_};
  std::unique_ptr<ScrapeSeries> series_;
  ScrapeCounts last_, read_;  // read_: also of one that failed
};

TEST_F(ScrapeSeriesTest, TargetLabelsAndReports) {
  with({});
  EXPECT_EQ(scrape("x{job=\"own\",empty=\"\"} 1\ny 2\n"), "");
  EXPECT_THAT(read("x"), ElementsAre("exported_job=own,instance=a:1,job=j: 1@0"));
  EXPECT_THAT(read("y"), ElementsAre("instance=a:1,job=j: 2@0"));
  EXPECT_THAT(read("up"), ElementsAre("instance=a:1,job=j: 1@0"));
  EXPECT_THAT(read("scrape_samples_scraped"), ElementsAre("instance=a:1,job=j: 2@0"));
  EXPECT_THAT(read("scrape_series_added"), ElementsAre("instance=a:1,job=j: 2@0"));
  EXPECT_THAT(read("scrape_duration_seconds"), ElementsAre("instance=a:1,job=j: 0.5@0"));
  scrape("x{job=\"own\"} 1\ny 3\n");
  EXPECT_EQ(last_.added, 0);
}

TEST_F(ScrapeSeriesTest, OtherRulesEndWhatTheyDoNotHave) {
  with({});
  scrape("x{job=\"own\"} 1\ny 2\n");
  series_->use(ScrapeRules::make({.honor_labels = true, .sample_limit = 10}));
  scrape("x{job=\"own\"} 3\ny 4\n");
  EXPECT_THAT(read("x"), testing::UnorderedElementsAre("exported_job=own,instance=a:1,job=j: 1@15 stale@0", "instance=a:1,job=own: 3@0"));
  EXPECT_THAT(read("y"), ElementsAre("instance=a:1,job=j: 2@15 4@0"));
  EXPECT_THAT(read("up"), ElementsAre("instance=a:1,job=j: 1@15 1@0"));
}

TEST_F(ScrapeSeriesTest, HonorLabels) {
  with({.honor_labels = true});
  scrape("x{job=\"own\"} 1\n");
  EXPECT_THAT(read("x"), ElementsAre("instance=a:1,job=own: 1@0"));
}

TEST_F(ScrapeSeriesTest, VanishedSeriesEnd) {
  with({});
  scrape("x{a=\"1\"} 1\nx{a=\"2\"} 2\n");
  scrape("x{a=\"1\"} 1\n");
  EXPECT_THAT(read("x"), ElementsAre("a=1,instance=a:1,job=j: 1@15 1@0", "a=2,instance=a:1,job=j: 2@15 stale@0"));
  clock_.advance(std::chrono::seconds(15));
  series_->fail(now_ms());
  series_->report(now_ms(), false, 1, {});
  stream_.flush();
  EXPECT_THAT(read("x")[0], HasSubstr("1@15 stale@0"));
  EXPECT_THAT(read("up"), ElementsAre("instance=a:1,job=j: 1@30 1@15 0@0"));
  scrape("x{a=\"1\"} 5\n");
  EXPECT_EQ(last_.added, 1);
  clock_.advance(std::chrono::seconds(15));
  series_->end(now_ms());
  stream_.flush();
  EXPECT_THAT(read("up")[0], HasSubstr("stale@0"));
}

TEST_F(ScrapeSeriesTest, Timestamps) {
  with({});
  const std::string at = std::to_string(now_ms() + 10'000);
  scrape("x 1 " + at + "\n");
  EXPECT_THAT(read("x"), ElementsAre("instance=a:1,job=j: 1@5"));
  scrape("");  // who sets its own times just stops
  EXPECT_THAT(read("x"), ElementsAre("instance=a:1,job=j: 1@20"));
  with({.honor_timestamps = false});
  scrape("z 1 " + at + "\n");
  EXPECT_THAT(read("z"), ElementsAre("instance=a:1,job=j: 1@0"));
}

TEST_F(ScrapeSeriesTest, MetricRelabelling) {
  with({.metric_relabel = {{.source_labels = {"__name__"}, .regex = "noise_.*", .action = RelabelAction::Drop},
                           {.source_labels = {"path"}, .regex = "/api/(.*)", .target_label = "route"},
                           {.regex = "path", .action = RelabelAction::LabelDrop}}});
  scrape("x{path=\"/api/items\"} 1\nnoise_a 1\n");
  EXPECT_THAT(read("x"), ElementsAre("instance=a:1,job=j,route=items: 1@0"));
  EXPECT_THAT(read("noise_a"), IsEmpty());
  EXPECT_EQ(last_.scraped, 2);
  EXPECT_EQ(last_.kept, 1);
}

TEST_F(ScrapeSeriesTest, LimitsFailTheWholeScrape) {
  with({.sample_limit = 2});
  EXPECT_EQ(scrape("x{a=\"1\"} 1\nx{a=\"2\"} 1\n"), "");
  EXPECT_THAT(scrape("x{a=\"1\"} 1\nx{a=\"2\"} 1\nx{a=\"3\"} 1\n"), HasSubstr("sample_limit: the target has 3"));
  EXPECT_THAT(read("scrape_samples_scraped")[0], HasSubstr(": 2@15 3@0"));
  EXPECT_THAT(read("scrape_samples_post_metric_relabeling")[0], HasSubstr(": 2@15 3@0"));
  EXPECT_THAT(read("x"), ElementsAre("a=1,instance=a:1,job=j: 1@15 stale@0", "a=2,instance=a:1,job=j: 1@15 stale@0"));
  EXPECT_THAT(read("up")[0], HasSubstr("0@0"));
  with({.label_limit = 4});
  EXPECT_EQ(scrape("v{a=\"1\"} 1\n"), "");
  EXPECT_THAT(scrape("v{a=\"1\",b=\"2\"} 1\n"), HasSubstr("label_limit: a series has 5 labels, metric \"v\""));
  EXPECT_EQ(read_.scraped, 1u);
  EXPECT_EQ(read_.kept, 0u);
  with({.label_name_length_limit = 8});
  EXPECT_THAT(scrape("w{a2345678x=\"1\"} 1\n"), HasSubstr("label_name_length_limit"));
  with({.label_value_length_limit = 5});
  EXPECT_THAT(scrape("w{a=\"123456\"} 1\n"), HasSubstr("label_value_length_limit"));
}

TEST_F(ScrapeSeriesTest, AHistogramThatDoesNotAddUpFailsTheScrape) {
  const auto body = [](std::uint64_t count) {
    std::string message, out;
    wire::ProtobufWriter family(message);
    family.bytes(1, "h"), family.varint(3, 4);
    const auto metric = family.begin(4), histogram = family.begin(7);
    family.varint(1, count), family.fixed_double(6, 0.001), family.varint(7, 2);
    family.end(histogram), family.end(metric);
    wire::ProtobufWriter(out).raw_varint(message.size());
    return out + message;
  };
  with({});
  EXPECT_EQ(scrape(body(2), wire::ExpositionFormat::Protobuf), "");
  EXPECT_THAT(scrape(body(5), wire::ExpositionFormat::Protobuf), HasSubstr("h: 2 observations found in buckets, but the Count field is 5"));
  EXPECT_THAT(read("up")[0], HasSubstr("0@0"));
}

TEST_F(ScrapeSeriesTest, StartsAreKept) {
  with({});
  const std::string created = std::to_string((now_ms() + 5'000) / 1000);
  scrape("# TYPE c counter\n# EOF\n", wire::ExpositionFormat::OpenMetrics);
  // A counter that says when it began: its first increment is seen.
  scrape("# TYPE c counter\nc_total 5\nc_created " + created + "\n# EOF\n", wire::ExpositionFormat::OpenMetrics);
  EXPECT_THAT(read("c_total"), ElementsAre("instance=a:1,job=j: 0@15 5@0"));
}

TEST_F(ScrapeSeriesTest, AssumeZero) {
  with({.assume_zero = true});
  const std::string type = "# TYPE c_total counter\n";
  scrape(type + "c_total{a=\"1\"} 100\n");
  EXPECT_THAT(read("c_total"), ElementsAre("a=1,instance=a:1,job=j: 100@0"));  // not of the first scrape
  scrape(type + "c_total{a=\"1\"} 101\nc_total{a=\"2\"} 7\ng 3\n");
  EXPECT_THAT(read("c_total"), ElementsAre("a=1,instance=a:1,job=j: 100@15 101@0", "a=2,instance=a:1,job=j: 0@15 7@0"));
  EXPECT_THAT(read("g"), ElementsAre("instance=a:1,job=j: 3@0"));
  // It goes and comes back: no spike.
  scrape(type + "c_total{a=\"1\"} 101\n");
  scrape(type + "c_total{a=\"1\"} 101\nc_total{a=\"2\"} 9\n");
  EXPECT_THAT(read("c_total")[1], "a=2,instance=a:1,job=j: 0@45 7@30 stale@15 9@0");
}

TEST_F(ScrapeSeriesTest, ShownAtMetricsToo) {
  with({});
  scrape("# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\n");
  meters::SnapshotBuilder builder(clock_.now());
  intake_.collect(builder);
  const auto snapshot = std::move(builder).finish(1);
  bool found = false;
  for (const auto& family : snapshot->families) found = found || family->descriptor->prometheus_name == "h";
  EXPECT_TRUE(found);
  EXPECT_THAT(read("h_bucket"), ElementsAre("instance=a:1,job=j,le=+Inf: 2@0", "instance=a:1,job=j,le=1.0: 1@0"));
}

}  // namespace
}  // namespace tocsin::agent
