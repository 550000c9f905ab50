// SPDX-License-Identifier: Apache-2.0
#include "agent/app.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>

#include "tests/exporters/closed_port.h"
#include "wire/descriptor.h"

namespace tocsin::agent {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;
namespace fs = std::filesystem;

// Runs with the machine's, and can be put ahead or stepped.
class Ahead final : public Clock {
 public:
  Time now() const noexcept override { return SystemClock::instance().now() + by.load() + step.load(); }
  Monotonic monotonic() const noexcept override { return SystemClock::instance().monotonic() + by.load(); }
  std::atomic<std::chrono::nanoseconds> by{0ns}, step{0ns};
};

class AppTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / ("app_" + std::to_string(getpid()));
    fs::remove_all(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  static std::shared_ptr<const Config> config(const std::string& more, const fs::path& folder) {
    TomlFaults faults;
    auto config = std::make_shared<Config>(read_config(
        "tick = \"100ms\"\nhost_meters = false\nstop_timeout = \"100ms\"\ndata_dir = \"" + folder.string() +
            "\"\n[http]\nlisten = \"127.0.0.1:0\"\n[otlp]\ngrpc_listen = \"\"\nhttp_listen = \"\"\n[statsd]\nudp_listen = \"\"\n" +
            more,
        "tocsin.toml", {}, faults));
    for (const TomlFault& fault : faults) ADD_FAILURE() << fault.text();
    return config;
  }
  std::unique_ptr<App> start(const std::string& more) {
    auto app = App::start(config(more, folder_), log_, [] { return Result<void>{}; }, clock_);
    EXPECT_TRUE(app.ok()) << (app.ok() ? "" : app.error().message);
    return app ? std::move(*app) : nullptr;
  }

  fs::path folder_;
  Ahead clock_;
  wire::Descriptor nowhere_{::open("/dev/null", O_WRONLY | O_CLOEXEC)};
  Log log_{[this] {
    LogOptions options;
    options.descriptor = nowhere_.get();
    return options;
  }()};
};

TEST_F(AppTest, a_destination_that_fails_for_a_minute_makes_it_not_ready_whatever_the_wall_clock_does) {
  const exporters::ClosedPort nobody;
  const auto app = start("[[export]]\nname = \"gone\"\nprotocol = \"http/protobuf\"\ninterval = \"100ms\"\nendpoint = \"" +
                         nobody.endpoint() + "\"\n");
  ASSERT_TRUE(app);
  clock_.step = 2h;
  EXPECT_TRUE(app->readiness().ready);
  const auto is_stuck = [&] {
    const Readiness now = app->readiness();
    return !now.ready && testing::Value(now.reasons, Contains(HasSubstr("export gone is stuck: ")));
  };
  const auto until = std::chrono::steady_clock::now() + 20s;
  while (!is_stuck() && std::chrono::steady_clock::now() < until) {
    clock_.by = clock_.by.load() + 5s;  // until it has tried once, and a minute more
    std::this_thread::yield();
  }
  EXPECT_TRUE(is_stuck());
  clock_.step = -2h;
  EXPECT_TRUE(is_stuck());
}

TEST_F(AppTest, a_page_that_cannot_move_there_refuses_the_whole_reload) {
  const auto app = start("");
  ASSERT_TRUE(app);
  const std::string before = app->listeners().front().address;
  const exporters::ClosedPort taken;  // bound, though nobody listens
  auto next = std::make_shared<Config>(*config("", folder_));
  next->http.listen = "127.0.0.1:" + std::to_string(taken.port());
  next->host_meters = true;
  const auto reloaded = app->reload(next);
  ASSERT_FALSE(reloaded.ok());
  EXPECT_EQ(reloaded.error().fault, Fault::Environment);
  EXPECT_THAT(reloaded.error().message, HasSubstr("in use"));
  EXPECT_THAT(reloaded.error().message, HasSubstr("ss -ltnp sport = :" + std::to_string(taken.port())));
  EXPECT_EQ(app->listeners().front().address, before);
  EXPECT_TRUE(app->readiness().ready);
}

}  // namespace
}  // namespace tocsin::agent
