// SPDX-License-Identifier: Apache-2.0
// A million series go out of a scrape endpoint without a body-sized buffer, in every format.
#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <array>
#include <functional>
#include <random>
#include <unordered_set>

#include "exporters/negotiation.h"
#include "exporters/scrape_handler.h"
#include "exporters/src/exposition_plan.h"
#include "exporters/src/repeat_finder.h"
#include "tests/exporters/sample_snapshot.h"

namespace tocsin::exporters {
namespace {

constexpr meters::Row kSeries = 1'000'000;

std::shared_ptr<const meters::Snapshot> million() {
  static const auto made = [] {
    meters::LabelSetTable table({{"func", "func"}, {"instance", "instance"}});
    std::vector<std::array<meters::ValueId, 2>> texts;
    for (int i = 0; i < 1000; ++i)
      texts.push_back({table.intern(0, "GET /resource/" + std::to_string(i), meters::LabelType::String),
                       table.intern(1, "instance-" + std::to_string(i), meters::LabelType::String)});
    for (meters::Row row = 0; row < kSeries; ++row)
      table.append(std::array{texts[row % 1000][0], texts[row / 1000][1]});
    meters::Family family = testing::family("hits", meters::Kind::Counter, {}, {});
    family.labels = table.view();
    family.states.assign(kSeries, meters::RowState::Live);
    family.points = meters::Scalars{meters::NumberType::Integer, std::vector<std::uint64_t>(kSeries, 12345)};
    return testing::snapshot(std::move(family));
  }();
  return made;
}

// Zero where a sanitizer has replaced the allocator.
std::size_t allocated() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

class Peak final : public wire::HttpResponder {
 public:
  std::size_t before = allocated(), most = 0, written = 0;
  bool ended = false;

  void send(int, const wire::HttpHeaders&, std::string_view) override {}
  bool begin(int status, const wire::HttpHeaders&) override { return status == 200; }
  bool write(std::string_view block) override {
    most = std::max(most, allocated());
    written += block.size();
    return true;
  }
  void end() override { ended = true; }
};

constexpr std::pair<const char*, const char*> kAsked[] = {
    {"text/plain", "identity"},
    {"text/plain", "gzip"},
    {"text/plain", "zstd"},
    {"application/openmetrics-text;version=1.0.0", "identity"},
    {"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited", "identity"}};

constexpr std::size_t kMost = std::size_t{2} << 20;  // zstd's tables are most of it

// The most memory that an answer took while it was written, over what there was before.
std::size_t most(const std::function<std::shared_ptr<const meters::Snapshot>()>& snapshot, const char* accept,
                 const char* encoding) {
  ScrapeHandler handler(snapshot);
  wire::HttpRequest request;
  request.method = "GET";
  request.headers = {{"Accept", accept}, {"Accept-Encoding", encoding}};
  Peak peak;
  handler.handle(request, peak);
  EXPECT_TRUE(peak.ended);
  EXPECT_GT(peak.written, std::size_t{1} << 19);
  return peak.most - std::min(peak.most, peak.before);
}

TEST(ExpositionMemory, a_million_series_in_every_format) {
  million();
  for (const auto& [accept, encoding] : kAsked)
    EXPECT_LT(most(million, accept, encoding), kMost) << accept << ' ' << encoding;
}

// A hundred senders of a thousand rows each, whose labels cannot be told apart by their origins: two scopes of one
// sender have the same constant labels, or a sender has a label "job" of its own.
std::shared_ptr<const meters::Snapshot> many_origins(bool collide) {
  std::vector<meters::Family> families;
  meters::LabelSetTable table({{"func", "func"}, {collide ? "job" : "ret", collide ? "job" : "ret"}});
  for (meters::Row row = 0; row < 1000; ++row)
    table.append(std::array{table.intern(0, "GET /resource/" + std::to_string(row), meters::LabelType::String),
                            table.intern(1, "x", meters::LabelType::String)});
  for (int sender = 0; sender < 100; ++sender) {
    meters::Family family = testing::family("hits", meters::Kind::Counter, {}, {});
    auto origin = std::make_shared<meters::Origin>(*family.origin);
    auto resource = std::make_shared<meters::Resource>();
    resource->job = "shop";
    resource->instance = "shop-" + std::to_string(collide ? sender : sender / 2);
    origin->resource = std::move(resource);
    family.origin = std::move(origin);
    family.labels = table.view();
    family.states.assign(1000, meters::RowState::Live);
    family.points = meters::Scalars{meters::NumberType::Integer, std::vector<std::uint64_t>(1000, 12345)};
    families.push_back(std::move(family));
  }
  meters::SnapshotBuilder builder(from_unix_ns(1));
  for (meters::Family& family : families) builder.add(std::move(family));
  return std::move(builder).finish(1);
}

// A set of what was seen would take 5 MB.
TEST(ExpositionMemory, a_hundred_thousand_series_of_many_origins_that_may_repeat) {
  for (const bool collide : {false, true}) {
    const auto snapshot = many_origins(collide);
    const auto& [accept, encoding] = kAsked[collide ? 0 : 4];
    EXPECT_LT(most([&] { return snapshot; }, accept, encoding), std::size_t{2} << 20) << accept << ' ' << collide;
    ExpositionReport report;
    const ExpositionOptions options;
    const ExpositionPlan plan = plan_exposition(*snapshot, options, report);
    for (const ExposedFamily& exposed : plan.families) {
      RowGuard guard(exposed, options, report);
      for (const ExposedMember& member : exposed.members) (void)guard.hidden_rows(member);
    }
    EXPECT_EQ(report.rows_sent_twice, collide ? 0U : 50'000U);
  }
}

TEST(RepeatFinder, tells_the_second_of_each_and_no_other) {
  std::mt19937_64 random(7);
  std::vector<std::uint64_t> hashes(20'000);
  for (auto& hash : hashes) hash = random();
  for (std::size_t i = 0; i < hashes.size(); i += 10) hashes[i] = hashes[i / 2];
  RepeatFinder finder(hashes.size());
  for (const auto hash : hashes) finder.note(hash);
  std::unordered_set<std::uint64_t> seen;
  for (const auto hash : hashes) ASSERT_EQ(finder.again(hash), !seen.insert(hash).second);
  RepeatFinder none(0);
  none.note(0);
  EXPECT_FALSE(none.again(0));
}

}  // namespace
}  // namespace tocsin::exporters
