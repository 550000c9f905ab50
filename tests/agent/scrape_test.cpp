// SPDX-License-Identifier: Apache-2.0
// The receiver against a target that is a real HTTP server.
#include "agent/receivers/scrape.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <mutex>
#include <thread>

#include "agent/receivers/src/scrape_beat.h"
#include "agent/receivers/src/scrape_target.h"
#include "tests/agent/window_reading.h"
#include "wire/compression.h"
#include "wire/http_server.h"

namespace tocsin::agent {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(ScrapeTarget, LabelsAndUrl) {
  ScrapeConfig config{.name = "shop", .targets = {"a:1"}, .path = "/m", .params = {{"x", "1 2"}}, .labels = {{"zone", "b"}}};
  auto target = make_scrape_target(*ScrapeRules::make(config), "a:1");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->url, "http://a:1/m?x=1%202");
  EXPECT_THAT(target->labels, ElementsAre(Pair("instance", "a:1"), Pair("job", "shop"), Pair("zone", "b")));
  EXPECT_THAT(target->discovered, Contains(Pair("__scheme__", "http")));

  config.relabel = {{.source_labels = {"__address__"}, .regex = "(.*):1", .target_label = "__address__", .replacement = "$1:2"},
                    {.source_labels = {"zone"}, .target_label = "instance", .replacement = "zone-$1"}};
  target = make_scrape_target(*ScrapeRules::make(config), "a:1");
  EXPECT_EQ(target->url, "http://a:2/m?x=1%202");
  EXPECT_EQ(target->labels.at("instance"), "zone-b");
  config.relabel = {{.source_labels = {"job"}, .regex = "shop", .action = RelabelAction::Drop}};
  EXPECT_TRUE(make_scrape_target(*ScrapeRules::make(config), "a:1")->dropped);
}

TEST(ScrapeBeat, IsALittleAheadOfATick) {
  const Monotonic tick = Monotonic{} + 1000s;
  for (const auto& [interval, between] : {std::pair<std::chrono::nanoseconds, std::chrono::nanoseconds>{15s, 15s}, {15s, 1s}, {1s, 15s}, {60s, 15s}})
    for (const std::uint64_t place : {0ULL, 7ULL, 1'234'567'890'123ULL, ~0ULL}) {
      const auto nearest = std::min(interval, between);
      Monotonic when = tick + 123456789ns;
      for (int i = 0; i < 5; ++i) {
        const Monotonic beat = beat_about(when, {place, 1, interval}, {tick + i * between, between});
        EXPECT_LE(std::chrono::abs(beat - when), nearest / 2);
        const auto ahead = (tick + 100 * between - beat) % nearest;
        EXPECT_GE(ahead, std::min<std::chrono::nanoseconds>(nearest / 10, 500ms));
        EXPECT_LE(ahead, std::min<std::chrono::nanoseconds>(nearest * 35 / 100, 1500ms));
        EXPECT_EQ(beat_about(beat + interval, {place, 1, interval}, {tick + (i + 3) * between, between}), beat + interval);
        when = beat + interval;
      }
    }
}

TEST(ScrapeBeat, ManyTakeTheTimeTheyNeed) {
  const Monotonic tick = Monotonic{} + 1000s;
  std::vector<std::chrono::nanoseconds> ahead;
  for (std::uint64_t place = 0; place < 2'000; ++place)
    ahead.push_back(tick - beat_about(tick - 7s, {place * 7'919'000'003ULL, 2'000, 15s}, {tick, 15s}));
  const auto [least, most] = std::minmax_element(ahead.begin(), ahead.end());
  EXPECT_GE(*least, 500ms);
  EXPECT_GT(*most - *least, 8s);
  EXPECT_LT(*most, 12s);
  // Those that are spread over the ticks between two scrapes stay there.
  EXPECT_LE(std::chrono::abs(beat_about(tick + 6s, {5, 2'000, 15s}, {tick, 1s}) - (tick + 6s)), 500ms);
}

TEST(ScrapeBeat, OutOfStepItStaysAsItIs) {
  const Monotonic when = Monotonic{} + 1234567ns;
  EXPECT_EQ(beat_about(when, {3, 1, 10s}, {when, 15s}), when);
  EXPECT_EQ(beat_about(when, {3, 1, 10s}, {when, 0s}), when);
}

TEST(ScrapeTarget, CallCarriesCredentials) {
  ScrapeConfig config{.username = "ann", .password = "pw"};
  EXPECT_EQ(make_scrape_call(config, "http://a")->headers.value("Authorization"), "Basic YW5uOnB3");
  config = {.bearer_token = "t0ken"};
  const auto call = make_scrape_call(config, "http://a");
  EXPECT_EQ(call->headers.value("Authorization"), "Bearer t0ken");
  EXPECT_THAT(std::string(call->headers.value("Accept")), HasSubstr("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6"));
  EXPECT_EQ(call->headers.value("X-Prometheus-Scrape-Timeout-Seconds"), "10");
  config = {.password_file = "/nonexistent"};
  EXPECT_FALSE(make_scrape_call(config, "http://a"));
}

class ScrapeReceiverTest : public ::testing::Test {
 protected:
  using Answer = std::function<void(const wire::HttpRequest&, wire::HttpResponder&)>;

  void SetUp() override {
    wire::HttpServerOptions options;
    options.listen = "127.0.0.1:0";
    options.workers = 2;
    auto started = wire::HttpServer::start(std::move(options),
                                           [this](const auto& request, auto& responder) {
                                             Answer answer;
                                             {
                                               const std::lock_guard lock(mutex_);
                                               answer = answer_;
                                             }
                                             answer(request, responder);
                                           });
    ASSERT_TRUE(started) << started.error().message;
    server_ = std::move(*started);
    answer_with([](const auto&, auto& responder) { responder.send(200, {{"Content-Type", "text/plain"}}, "x 1\n"); });
  }
  void answer_with(Answer answer) {
    const std::lock_guard lock(mutex_);
    answer_ = std::move(answer);
  }
  ScrapeConfig job() const {
    return {.name = "j", .targets = {server_->address()}, .interval = 100ms, .timeout = 100ms};
  }
  // Until the only target has been asked again, twice, so that the scrape began after now.
  ScrapeTargetState next(ScrapeReceiver& receiver) {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    const std::uint64_t before = receiver.targets().at(0).scrapes;
    while (receiver.targets().at(0).scrapes < before + 2 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    return receiver.targets().at(0);
  }
  std::vector<std::string> latest(const std::string& name) {
    return read_window(window_, name, to_unix_ns(SystemClock::instance().now()) / 1'000'000);
  }

  std::mutex mutex_;
  Answer answer_;  // guarded by mutex_
  std::unique_ptr<wire::HttpServer> server_;
  Log log_{LogOptions{.level = LogLevel::Error}};
  rules::Window window_{rules::WindowOptions{}};
  Intake intake_{{}, SystemClock::instance()};
};

TEST_F(ScrapeReceiverTest, FromTargetToWindowAndBack) {
  ScrapeReceiver receiver(window_, intake_, log_, SystemClock::instance());
  receiver.apply({job()});
  auto state = next(receiver);
  EXPECT_TRUE(state.up) << state.last_error;
  EXPECT_EQ(state.last.scraped, 1);
  ASSERT_EQ(latest("x").size(), 1);
  EXPECT_THAT(latest("x")[0], HasSubstr("instance=" + server_->address() + ",job=j: 1@"));

  answer_with([](const auto&, auto& responder) { responder.send_text(503, "no"); });
  state = next(receiver);
  EXPECT_FALSE(state.up);
  EXPECT_EQ(state.last_error, "the target answered 503 Service Unavailable");
  EXPECT_THAT(latest("x")[0], HasSubstr("stale"));

  answer_with([](const auto&, auto& responder) { responder.send(200, {{"Content-Type", "text/plain"}}, "x 1\ny{ 2\n"); });
  state = next(receiver);
  EXPECT_THAT(state.last_error, HasSubstr("line 2, column 4"));
  EXPECT_EQ(state.last.scraped, 1) << "as Prometheus reports it: what was read";
  EXPECT_EQ(state.last.kept, 1);
  answer_with([](const auto&, auto& responder) { responder.send(200, {{"Content-Type", "text/html"}}, "x 1\n"); });
  EXPECT_THAT(next(receiver).last_error, HasSubstr("text/html"));
  EXPECT_GT(receiver.stats().failed, 2);
  EXPECT_EQ(receiver.stats().up, 0);

  // A job that is gone ends all of its series.
  receiver.apply({});
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  const auto ended = [&] {
    const std::string up = latest("up").at(0);
    return up.substr(up.rfind(' ')).starts_with(" stale");
  };
  while (!ended() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_TRUE(ended());
  EXPECT_THAT(receiver.targets(), IsEmpty());
  receiver.stop();
  receiver.stop();
}

TEST_F(ScrapeReceiverTest, OneTargetTwiceIsAskedOnce) {
  ScrapeReceiver receiver(window_, intake_, log_, SystemClock::instance());
  ScrapeConfig twice = job();
  twice.targets.push_back(twice.targets[0]);
  receiver.apply({twice});
  EXPECT_EQ(receiver.targets().size(), 1U);
}

TEST_F(ScrapeReceiverTest, CompressedAndBounded) {
  const std::string body = "x 1\n# " + std::string(100'000, 'x') + "\n";
  answer_with([body](const auto& request, auto& responder) {
    EXPECT_EQ(request.headers.value("Accept-Encoding"), "gzip");
    responder.send(200, {{"Content-Type", "text/plain"}, {"Content-Encoding", "gzip"}}, wire::compress(wire::Encoding::Gzip, body));
  });
  ScrapeReceiver receiver(window_, intake_, log_, SystemClock::instance());
  receiver.apply({job()});
  EXPECT_TRUE(next(receiver).up);
  auto small = job();
  small.body_size_limit = 50'000;
  receiver.apply({small});
  EXPECT_THAT(next(receiver).last_error, HasSubstr("body_size_limit"));
}

TEST_F(ScrapeReceiverTest, RedirectsAreFollowedUnlessToldNotTo) {
  answer_with([](const auto& request, auto& responder) {
    if (request.path == "/metrics") return responder.send(302, {{"Location", "/moved?by=us"}, {"Content-Type", "text/plain"}}, "x 5\n");
    EXPECT_EQ(request.query.value("by"), "us");
    responder.send(200, {{"Content-Type", "text/plain"}}, "x 7\n");
  });
  ScrapeReceiver receiver(window_, intake_, log_, SystemClock::instance());
  receiver.apply({job()});
  const auto state = next(receiver);
  EXPECT_TRUE(state.up) << state.last_error;
  EXPECT_THAT(latest("x").at(0), HasSubstr(": 7@"));
  auto stays = job();
  stays.follow_redirects = false;
  receiver.apply({stays});
  EXPECT_THAT(next(receiver).last_error, HasSubstr("302"));
  answer_with([](const auto&, auto& responder) { responder.send(302, {{"Location", "/metrics"}}, ""); });
  receiver.apply({job()});
  EXPECT_THAT(next(receiver).last_error, HasSubstr("redirect"));
}

TEST_F(ScrapeReceiverTest, AChangedJobKeepsTheSeriesOfItsTargets) {
  answer_with([](const auto&, auto& responder) { responder.send(200, {{"Content-Type", "text/plain"}}, "x 1\ny 2\n"); });
  ScrapeReceiver receiver(window_, intake_, log_, SystemClock::instance());
  receiver.apply({job()});
  const auto scrapes = next(receiver).scrapes;
  auto slower = job();
  slower.timeout = 90ms;
  slower.sample_limit = 1'000;
  receiver.apply({slower});
  EXPECT_GE(receiver.targets().at(0).scrapes, scrapes) << "it is the same target";
  EXPECT_EQ(receiver.targets().at(0).timeout, 90ms);
  EXPECT_TRUE(next(receiver).up);
  EXPECT_THAT(latest("x").at(0), testing::Not(HasSubstr("stale")));
  EXPECT_THAT(latest("up").at(0), testing::Not(HasSubstr("stale")));
  auto without_y = slower;
  without_y.metric_relabel = {{.source_labels = {"__name__"}, .regex = "y", .action = RelabelAction::Drop}};
  receiver.apply({without_y});
  EXPECT_TRUE(next(receiver).up);
  EXPECT_THAT(latest("x").at(0), testing::Not(HasSubstr("stale")));
  EXPECT_THAT(latest("y").at(0), HasSubstr("stale"));
  auto elsewhere = without_y;
  elsewhere.labels = {{"env", "test"}};
  receiver.apply({elsewhere});
  EXPECT_TRUE(next(receiver).up);
  EXPECT_EQ(latest("x").size(), 2U) << "another label is another series";
}

TEST_F(ScrapeReceiverTest, AJobThatDidNotChangeGoesOn) {
  ScrapeReceiver receiver(window_, intake_, log_, SystemClock::instance());
  receiver.apply({job()});
  const auto scrapes = next(receiver).scrapes;
  auto other = job();
  other.name = "k";
  receiver.apply({job(), other});
  EXPECT_GE(receiver.targets().at(0).scrapes, scrapes);
  EXPECT_EQ(receiver.targets().size(), 2);
}

}  // namespace
}  // namespace tocsin::agent
