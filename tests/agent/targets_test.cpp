// SPDX-License-Identifier: Apache-2.0
#include "agent/api/targets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tocsin::agent {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::chrono_literals;

std::vector<ScrapeTargetState> some() {
  ScrapeTargetState up;
  up.job = "j";
  up.url = "http://a:1/metrics";
  up.discovered = {{"__address__", "a:1"}, {"job", "j"}};
  up.labels = {{"instance", "a:1"}, {"job", "j"}};
  up.asked = up.up = true;
  up.last_scrape = from_unix_ns(1'700'000'000'000'000'000);
  up.last_duration = 250ms;
  up.interval = 15s;
  up.timeout = 10s;
  ScrapeTargetState fresh = up;
  fresh.job = "k";
  fresh.asked = false;
  ScrapeTargetState dropped;
  dropped.job = "j";
  dropped.dropped = true;
  dropped.discovered = {{"__address__", "b:1"}};
  return {up, fresh, dropped};
}

TEST(Targets, PrometheusShape) {
  const std::string json = targets_json(some(), {});
  EXPECT_THAT(json, HasSubstr(R"({"status":"success","data":{"activeTargets":[{"discoveredLabels":{"__address__":"a:1","job":"j"},)"
                              R"("labels":{"instance":"a:1","job":"j"},"scrapePool":"j","scrapeUrl":"http://a:1/metrics",)"));
  EXPECT_THAT(json, HasSubstr(R"("lastScrape":"2023-11-14T22:13:20Z","lastScrapeDuration":0.25,"health":"up","scrapeInterval":"15s",)"));
  EXPECT_THAT(json, HasSubstr(R"("lastScrape":"0001-01-01T00:00:00Z")"));
  EXPECT_THAT(json, HasSubstr(R"("health":"unknown")"));
  EXPECT_THAT(json, HasSubstr(R"("droppedTargets":[{"discoveredLabels":{"__address__":"b:1"},"scrapePool":"j"}],"droppedTargetCounts":{"j":1,"k":0}}})"));
}

TEST(Targets, Filters) {
  EXPECT_THAT(targets_json(some(), wire::parse_query("state=dropped")), HasSubstr(R"("activeTargets":[],)"));
  EXPECT_THAT(targets_json(some(), wire::parse_query("state=active")), HasSubstr(R"("droppedTargets":[],)"));
  EXPECT_THAT(targets_json(some(), wire::parse_query("state=other")),
              HasSubstr(R"("data":{"activeTargets":[],"droppedTargets":[],"droppedTargetCounts":null})"));
  EXPECT_THAT(targets_json(some(), wire::parse_query("scrapePool=k")), Not(HasSubstr(R"("health":"up")")));
}

}  // namespace
}  // namespace tocsin::agent
