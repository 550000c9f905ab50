// SPDX-License-Identifier: Apache-2.0
// What holds for everything that receives: it starts, stops, stops again, is stopped though it never started, and lets go
// of its address, also when it is destroyed while it serves. To add a receiver is to add a row.
#include <gtest/gtest.h>
#include <unistd.h>

#include <functional>
#include <string>

#include "agent/intake.h"
#include "agent/receivers/scrape.h"
#include "agent/src/listener.h"
#include "rules/window.h"

namespace tocsin::agent {
namespace {

// One that was made, and not yet opened.
struct Receiver {
  virtual ~Receiver() = default;
  virtual void start(const std::string& address) = 0;
  virtual void stop() = 0;
  virtual std::string address() const = 0;  // what can be bound again; empty: nothing
};

// The options of a server at an address, and what it does with what comes.
template <class Server>
auto options_at(const std::string& address);

template <>
auto options_at<wire::HttpServer>(const std::string& address) {
  wire::HttpServerOptions options;
  options.listen = address.empty() ? "127.0.0.1:0" : address;
  options.workers = 2;
  return std::pair{options, wire::HttpServer::Handler([](const auto&, auto& responder) { responder.send_text(200, "\n"); })};
}
template <>
auto options_at<wire::GrpcServer>(const std::string& address) {
  wire::GrpcServerOptions options;
  options.listen = address.empty() ? "127.0.0.1:0" : address;
  return std::pair{options, wire::GrpcHandler([](const auto&) { return wire::GrpcReply{}; })};
}

template <class Server>
class Listening : public Receiver {
 public:
  void start(const std::string& at) override {
    auto [options, handler] = options_at<Server>(at);
    const auto opened = listener_.open(options, handler);
    EXPECT_TRUE(opened) << opened.error().message;
  }
  void stop() override { close(listener_); }
  std::string address() const override { return listener_.state().address; }

 private:
  static void close(HttpListener& listener) { listener.close(); }
  static void close(GrpcListener& listener) { listener.close(std::chrono::seconds(5)); }
  Listener<Server> listener_{"it"};
};

class Statsd : public Receiver {
 public:
  Statsd(std::string StatsdSocketOptions::*kind, std::string anywhere) : kind_(kind), anywhere_(std::move(anywhere)) {}
  void start(const std::string& at) override {
    const StatsdServer::Options options{at.empty() ? anywhere_ : at, kind_};
    const auto opened = listener_.open(options, StatsdSockets::Handler([](std::string_view) {}));
    EXPECT_TRUE(opened) << opened.error().message;
  }
  void stop() override { listener_.close(); }
  std::string address() const override { return listener_.state().address; }

 private:
  std::string StatsdSocketOptions::*kind_;
  std::string anywhere_;
  StatsdListener listener_{"it"};
};

class Scraping : public Receiver {
 public:
  void start(const std::string&) override {
    receiver_.apply({{.name = "j", .targets = {"127.0.0.1:1"}, .interval = std::chrono::milliseconds(50), .timeout = std::chrono::milliseconds(50)}});
  }
  void stop() override { receiver_.stop(); }
  std::string address() const override { return {}; }

 private:
  Log log_{LogOptions{.level = LogLevel::Error}};
  rules::Window window_{rules::WindowOptions{}};
  Intake intake_{{}, SystemClock::instance()};
  ScrapeReceiver receiver_{window_, intake_, log_, SystemClock::instance()};
};

struct Row {
  const char* name;
  std::function<std::unique_ptr<Receiver>()> make;
};

std::ostream& operator<<(std::ostream& out, const Row& row) { return out << row.name; }

std::string socket_path() { return ::testing::TempDir() + "tocsin-lifecycle-" + std::to_string(::getpid()) + ".sock"; }

const Row kReceivers[] = {
    {"http", [] { return std::make_unique<Listening<wire::HttpServer>>(); }},
    {"grpc", [] { return std::make_unique<Listening<wire::GrpcServer>>(); }},
    {"statsd_udp", [] { return std::make_unique<Statsd>(&StatsdSocketOptions::udp_listen, "127.0.0.1:0"); }},
    {"statsd_tcp", [] { return std::make_unique<Statsd>(&StatsdSocketOptions::tcp_listen, "127.0.0.1:0"); }},
    {"statsd_unix", [] { return std::make_unique<Statsd>(&StatsdSocketOptions::unix_socket, socket_path()); }},
    {"scrape", [] { return std::make_unique<Scraping>(); }},
};

class ReceiverLifecycle : public ::testing::TestWithParam<Row> {};

TEST_P(ReceiverLifecycle, StopsUnstarted) {
  const auto receiver = GetParam().make();
  receiver->stop();
  receiver->stop();
}

TEST_P(ReceiverLifecycle, StopsTwiceAndLetsGoOfItsAddress) {
  const auto receiver = GetParam().make();
  receiver->start({});
  const std::string address = receiver->address();
  receiver->stop();
  receiver->stop();
  const auto next = GetParam().make();
  next->start(address);
  EXPECT_EQ(next->address(), address);
}

TEST_P(ReceiverLifecycle, IsDestroyedWhileItServes) {
  std::string address;
  {
    const auto receiver = GetParam().make();
    receiver->start({});
    address = receiver->address();
  }
  const auto next = GetParam().make();
  next->start(address);
  next->stop();
}

INSTANTIATE_TEST_SUITE_P(All, ReceiverLifecycle, ::testing::ValuesIn(kReceivers), [](const auto& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace tocsin::agent
