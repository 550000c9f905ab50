// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/rules/window_reader.h"

namespace tocsin::rules {
namespace {

using testing::SnapshotMaker;

constexpr std::int64_t kStartMs = 1'700'000'000'000;

std::shared_ptr<const meters::Snapshot> with_exemplar(SnapshotMaker& made, std::uint32_t bucket, std::int64_t ms, double value) {
  auto snapshot = std::make_shared<meters::Snapshot>(*made.take());
  auto family = std::make_shared<meters::Family>(*snapshot->families[0]);
  meters::Exemplar exemplar;
  exemplar.bucket = bucket;
  exemplar.value = value;
  exemplar.time = from_unix_ns(ms * 1'000'000);
  exemplar.trace_id[15] = 0xab;
  exemplar.attributes = {{"user", "7"}};
  family->exemplars = {exemplar};
  snapshot->families[0] = family;
  return snapshot;
}

TEST(WindowExemplars, each_is_kept_once_with_its_bucket_series) {
  Window window({});
  SnapshotMaker made;
  for (const std::int64_t at : {0, 15'000, 30'000}) {
    made.at(kStartMs + at).histogram("t", {}, {1, 2}, {1, 1, 1}, 3);
    window.append(*with_exemplar(made, 1, kStartMs + (at < 30'000 ? -5 : 20'000), 1.5));
  }
  const auto view = window.view();
  const auto found = view->exemplars(std::vector{testing::named("t_bucket")}, {kStartMs - 10, kStartMs + 60'000});
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 1U);
  std::string le;
  for (const auto& label : view->labels((*found)[0].row))
    if (view->text(label.name) == "le") le = view->text(label.value);
  EXPECT_EQ(le, "2");
  const auto& exemplars = (*found)[0].exemplars;
  ASSERT_EQ(exemplars.size(), 2U);
  EXPECT_EQ(exemplars[0].time_ms, kStartMs - 5);
  EXPECT_EQ(exemplars[1].time_ms, kStartMs + 20'000);
  EXPECT_EQ(exemplars[0].value, 1.5);
  EXPECT_EQ(exemplars[0].labels, (std::vector<std::pair<std::string, std::string>>{
                                     {"trace_id", "000000000000000000000000000000ab"}, {"user", "7"}}));
  EXPECT_EQ(view->exemplars(std::vector{testing::named("t_bucket")}, {kStartMs, kStartMs + 60'000})->at(0).exemplars.size(), 1U);
  EXPECT_TRUE(view->exemplars(std::vector{testing::named("t_sum")}, {0, kStartMs * 2})->empty());
}

TEST(WindowExemplars, the_oldest_go_beyond_the_limit) {
  Window window({.max_exemplars = 10});
  BatchBuilder builder;
  const auto place = builder.place("x", {});
  builder.add(place, kStartMs, 1);
  for (int i = 0; i < 100; ++i) builder.add_exemplar(place, {0, 0, kStartMs + i, 1, {{"trace_id", "a"}}});
  window.append(builder.batch());
  const auto found = window.view()->exemplars(std::vector{testing::named("x")}, {0, kStartMs * 2});
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ((*found)[0].exemplars.size(), 10U);
  EXPECT_EQ((*found)[0].exemplars[0].time_ms, kStartMs + 90);
}

TEST(WindowMetadata, each_metric_has_what_its_sender_said) {
  Window window({});
  SnapshotMaker made;
  made.at(kStartMs).histogram("t", {}, {1}, {1, 1}, 3).counter("x_total", {}, 1);
  window.append(*made.take());
  const auto view = window.view();
  EXPECT_EQ(view->metadata().size(), 2U);
  EXPECT_EQ(view->metadata().at("t")->kind, meters::Kind::Histogram);
  EXPECT_EQ(view->metadata().at("x_total")->kind, meters::Kind::Counter);
}

}  // namespace
}  // namespace tocsin::rules
