// SPDX-License-Identifier: Apache-2.0
#include "exporters/push.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "meters/registry.h"
#include "tests/exporters/closed_port.h"
#include "tests/exporters/otlp_receiver.h"

namespace tocsin::exporters {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

PushOptions options_for(const std::string& endpoint) {
  PushOptions options;
  options.environment = [](const char*) -> const char* { return nullptr; };
  options.destination.emplace();
  options.destination->endpoint = endpoint;
  options.destination->interval = 1h;
  options.destination->backoff.initial = 1ms;
  options.resource = {{"service.name", "shop"}};
  return options;
}

struct Shop {
  ManualClock clock;  // of the series' lives; what is sent goes by the system's
  meters::Registry registry{{}, clock};
  meters::Counter orders;
  Shop() {
    auto meter = registry.counter({.name = "orders", .labels = {"kind"}});
    EXPECT_TRUE(meter.ok());
    orders = meter->with({"book"});
  }
};

TEST(Push, SendsWhatThereIsWhenItLeavesItsScope) {
  OtlpReceiver receiver;
  Shop shop;
  {
    auto push = Push::start(shop.registry, options_for(receiver.endpoint()));
    ASSERT_TRUE(push.ok());
    shop.orders.add(3);
  }
  ASSERT_EQ(receiver.seen().size(), 1u);
  const std::string json = receiver.seen()[0].json;
  EXPECT_THAT(json, HasSubstr(R"({"key":"service.name","value":{"stringValue":"shop"}})"));
  EXPECT_THAT(json, HasSubstr("service.instance.id"));
  EXPECT_THAT(json, HasSubstr(R"("name":"orders")"));
  EXPECT_THAT(json, HasSubstr(R"({"key":"kind","value":{"stringValue":"book"}})"));
  EXPECT_THAT(json, HasSubstr(R"("asInt":"3")"));
}

TEST(Push, SendsEveryInterval) {
  OtlpReceiver receiver;
  Shop shop;
  PushOptions options = options_for(receiver.endpoint());
  options.destination->interval = 20ms;
  auto push = Push::start(shop.registry, std::move(options));
  ASSERT_TRUE(push.ok());
  EXPECT_TRUE(receiver.wait_for_requests(3));
  (*push)->stop();
  (*push)->stop();
  EXPECT_EQ((*push)->stats().metrics.ledger.sent, receiver.accepted());
  EXPECT_TRUE((*push)->stats().metrics.ledger.balanced());
}

TEST(Push, FlushSendsNow) {
  OtlpReceiver receiver;
  Shop shop;
  auto push = Push::start(shop.registry, options_for(receiver.endpoint()));
  shop.orders.add(1);
  EXPECT_TRUE((*push)->flush(10s));
  EXPECT_EQ(receiver.seen().size(), 1u);
}

TEST(Push, AnIdleSeriesIsSentAsEndedAndThenNotKept) {
  OtlpReceiver receiver;
  Shop shop;
  shop.orders = {};
  auto push = Push::start(shop.registry, options_for(receiver.endpoint()));
  EXPECT_TRUE((*push)->flush(10s));
  EXPECT_EQ(shop.registry.series(), 1U);
  shop.clock.advance(61min);
  EXPECT_TRUE((*push)->flush(10s));
  shop.clock.advance(61min);
  EXPECT_TRUE((*push)->flush(10s));
  shop.clock.advance(61min);
  EXPECT_TRUE((*push)->flush(10s));
  EXPECT_EQ(shop.registry.series(), 0U);
  bool told = false;
  for (const auto& request : receiver.seen()) told = told || request.json.find(R"("flags":1)") != std::string::npos;
  EXPECT_TRUE(told) << "no point said that there is no value any more";
}

TEST(Push, NothingListens) {
  const ClosedPort closed;
  Shop shop;
  PushOptions options = options_for(closed.endpoint());
  options.destination->interval = 1ms;
  options.stop_timeout = 200ms;
  const auto begin = std::chrono::steady_clock::now();
  {
    auto push = Push::start(shop.registry, std::move(options));
    ASSERT_TRUE(push.ok());
    for (int i = 0; i < 1000; ++i) shop.orders.add(1);
    EXPECT_FALSE((*push)->flush(50ms));
    EXPECT_TRUE((*push)->stats().failing_since);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
}

TEST(Push, TheEnvironmentSaysWhereAndWhat) {
  OtlpReceiver receiver;
  Shop shop;
  const std::string endpoint = receiver.endpoint();
  const auto start = [&](std::string disabled, std::string protocol) {
    PushOptions options;
    options.environment = [&endpoint, disabled, protocol](const char* name) -> const char* {
      const std::string_view wanted = name;
      if (wanted == "OTEL_EXPORTER_OTLP_ENDPOINT") return endpoint.c_str();
      if (wanted == "OTEL_SERVICE_NAME") return "named";
      if (wanted == "OTEL_SDK_DISABLED") return disabled.c_str();
      return wanted == "OTEL_EXPORTER_OTLP_PROTOCOL" ? protocol.c_str() : nullptr;
    };
    auto push = Push::start(shop.registry, std::move(options));
    EXPECT_TRUE(push.ok());
    return std::move(*push);
  };
  {
    const auto push = start("true", "http/protobuf");
    EXPECT_FALSE(push->enabled());
    EXPECT_TRUE(push->flush(1s));
  }
  EXPECT_TRUE(receiver.seen().empty());
  {
    const auto push = start("", "grpc");
    EXPECT_TRUE(push->enabled());
    ASSERT_EQ(push->warnings().size(), 1u);
    EXPECT_THAT(push->warnings()[0], HasSubstr("gRPC"));
  }
  ASSERT_EQ(receiver.seen().size(), 1u);
  EXPECT_THAT(receiver.seen()[0].json, HasSubstr(R"({"stringValue":"named"})"));
  EXPECT_THAT(receiver.seen()[0].json, Not(HasSubstr("unknown_service")));
}

TEST(Push, AForkedChildIsNotHarmed) {
  OtlpReceiver receiver;
  Shop shop;
  auto push = Push::start(shop.registry, options_for(receiver.endpoint()));
  ASSERT_TRUE(push.ok());
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(10);  // hanging would be the fault
    if ((*push)->enabled() || (*push)->flush(1s)) ::_exit(8);  // nothing was sent
    push->reset();
    ::_exit(7);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 7);
  (*push)->stop();
  EXPECT_EQ(receiver.seen().size(), 1u);  // the parent's
}

struct Throwing final : meters::Source {
  void collect(meters::SnapshotBuilder&) override { throw std::runtime_error("disk gone"); }
};

TEST(Push, ASourceThatThrowsIsToldAndHarmsNothing) {
  OtlpReceiver receiver;
  Throwing source;
  {
    auto push = Push::start(source, options_for(receiver.endpoint()));
    ASSERT_TRUE(push.ok());
    EXPECT_FALSE((*push)->flush(1s));
    EXPECT_THAT((*push)->stats().last_error, HasSubstr("disk gone"));
  }
  EXPECT_TRUE(receiver.seen().empty());
}

TEST(Push, AWrongDestinationIsNamed) {
  Shop shop;
  const auto push = Push::start(shop.registry, options_for("collector:4318"));
  ASSERT_FALSE(push.ok());
  EXPECT_THAT(push.error().message, HasSubstr("collector:4318"));
}

}  // namespace
}  // namespace tocsin::exporters
