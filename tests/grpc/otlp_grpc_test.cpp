// SPDX-License-Identifier: Apache-2.0
#include "exporters/otlp_grpc.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <mutex>

#include "tests/exporters/closed_port.h"
#include "tests/exporters/otlp_sample.h"
#include "tests/source_dir.h"
#include "wire/grpc_server.h"

namespace tocsin::exporters {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using wire::DropReason;
using wire::RpcCode;

// Answers with these replies, then with success; keeps what came.
class GrpcReceiver {
 public:
  explicit GrpcReceiver(std::vector<wire::GrpcReply> replies = {}, std::optional<wire::GrpcTls> tls = {})
      : replies_(replies.begin(), replies.end()) {
    wire::GrpcServerOptions options;
    options.tls = std::move(tls);
    options.listen = "127.0.0.1:0";
    auto server = wire::GrpcServer::start(options, [this](const wire::GrpcCall& call) {
      const std::lock_guard lock(mutex_);
      methods_.emplace_back(call.method);
      bodies_.emplace_back(call.message);
      tenants_.emplace_back(call.header("x-tenant"));
      if (replies_.empty()) return wire::GrpcReply{};
      wire::GrpcReply reply = std::move(replies_.front());
      replies_.pop_front();
      return reply;
    });
    EXPECT_TRUE(server.ok());
    server_ = std::move(*server);
  }
  std::string endpoint() const { return "http://" + server_->address(); }
  std::string secure_endpoint() const { return "https://" + server_->address(); }
  std::vector<std::string> methods() const { return locked(methods_); }
  std::vector<std::string> bodies() const { return locked(bodies_); }
  std::vector<std::string> tenants() const { return locked(tenants_); }

 private:
  std::vector<std::string> locked(const std::vector<std::string>& what) const {
    const std::lock_guard lock(mutex_);
    return what;
  }
  mutable std::mutex mutex_;
  std::deque<wire::GrpcReply> replies_;
  std::vector<std::string> methods_, bodies_, tenants_;
  std::unique_ptr<wire::GrpcServer> server_;
};

DestinationOptions options_for(const std::string& endpoint) {
  DestinationOptions options;
  options.name = "test";
  options.protocol = OtlpProtocol::Grpc;
  options.endpoint = endpoint;
  options.interval = 1ns;
  options.backoff.initial = 1ms;
  options.backoff.longest = 4ms;
  return options;
}

std::unique_ptr<Destination> make(const DestinationOptions& options) {
  auto transport = make_grpc_transport(options);
  EXPECT_TRUE(transport.ok()) << (transport.ok() ? "" : transport.error().message);
  auto destination = Destination::make(options, std::move(*transport));
  EXPECT_TRUE(destination.ok());
  return std::move(*destination);
}

std::shared_ptr<const meters::Snapshot> snapshot() {
  Meter meter("c", meters::Kind::Counter);
  meter.row("a");
  return snapshot_at(50, {meter.integers({7}, {10})});
}

TEST(OtlpGrpc, SendsBothSignals) {
  for (const auto compression : {wire::Encoding::Identity, wire::Encoding::Gzip}) {
    GrpcReceiver receiver;
    DestinationOptions options = options_for(receiver.endpoint());
    options.compression = compression;
    options.headers = {{"X-Tenant", "a"}};
    const auto destination = make(options);
    destination->accept(snapshot());
    ASSERT_TRUE(destination->flush(10s));
    destination->forward_spans("\x1A\x01" "s", 4);
    ASSERT_TRUE(destination->flush(10s));
    EXPECT_THAT(receiver.methods(),
                testing::ElementsAre("/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
                                     "/opentelemetry.proto.collector.trace.v1.TraceService/Export"));
    EXPECT_THAT(*wire::protobuf_to_json(receiver.bodies()[0], wire::OtlpMessage::MetricsRequest), HasSubstr(R"("asInt":"7")"));
    EXPECT_EQ(receiver.bodies()[1], "\x0A\x03\x1A\x01" "s");
    EXPECT_EQ(receiver.tenants()[0], "a");
    EXPECT_EQ(destination->stats().metrics.ledger.sent, 1u);
    EXPECT_EQ(destination->stats().spans.ledger.sent, 4u);
  }
}

TEST(OtlpGrpc, RetriesByTheCodes) {
  GrpcReceiver receiver({{{RpcCode::Unavailable, "full", 5ms}, {}},
                         {{RpcCode::ResourceExhausted, "quota", 5ms}, {}},
                         {{RpcCode::Aborted, "", {}}, {}}});
  const auto destination = make(options_for(receiver.endpoint()));
  destination->accept(snapshot());
  ASSERT_TRUE(destination->flush(10s));
  EXPECT_EQ(receiver.methods().size(), 4u);
  EXPECT_EQ(destination->stats().metrics.ledger.sent, 1u);
  EXPECT_EQ(destination->stats().metrics.retries, 3u);
}

TEST(OtlpGrpc, DoesNotRetryTheOthers) {
  for (const RpcCode code : {RpcCode::InvalidArgument, RpcCode::ResourceExhausted, RpcCode::Unimplemented}) {
    GrpcReceiver receiver(std::vector<wire::GrpcReply>{{{code, "no", {}}, {}}});
    const auto destination = make(options_for(receiver.endpoint()));
    destination->accept(snapshot());
    ASSERT_TRUE(destination->flush(10s));
    EXPECT_EQ(receiver.methods().size(), 1u);
    EXPECT_EQ(destination->stats().metrics.ledger.dropped_for(DropReason::Refused), 1u);
    EXPECT_EQ(destination->stats().last_error, "gRPC " + std::string(rpc_code_name(code)) + ": no");
  }
}

TEST(OtlpGrpc, PartialSuccess) {
  const std::string body = *wire::json_to_protobuf(
      R"({"partialSuccess":{"rejectedDataPoints":"1","errorMessage":"old"}})", wire::OtlpMessage::MetricsResponse);
  GrpcReceiver receiver(std::vector<wire::GrpcReply>{{{}, body}});
  const auto destination = make(options_for(receiver.endpoint()));
  destination->accept(snapshot());
  ASSERT_TRUE(destination->flush(10s));
  EXPECT_EQ(destination->stats().metrics.ledger.dropped_for(DropReason::Rejected), 1u);
  EXPECT_EQ(destination->stats().last_warning, "old");
}

TEST(OtlpGrpc, NothingListens) {
  const ClosedPort closed;
  DestinationOptions options = options_for(closed.endpoint());
  options.backoff.give_up_after = 20ms;
  const auto destination = make(options);
  destination->accept(snapshot());
  ASSERT_TRUE(destination->flush(20s));
  EXPECT_EQ(destination->stats().metrics.ledger.dropped_for(DropReason::RetryTimeout), 1u);
  EXPECT_THAT(destination->stats().last_error, HasSubstr("UNAVAILABLE"));
}

TEST(OtlpGrpc, BehindTlsBothSidesProveThemselves) {
  const auto pem = [](const std::string& name) { return std::string(source_dir()) + "/tests/wire/tls/" + name; };
  const GrpcReceiver receiver({}, wire::GrpcTls{pem("server.pem"), pem("server.key"), pem("ca.pem")});
  const auto send = [&](wire::HttpClientTls tls) {
    DestinationOptions options = options_for(receiver.secure_endpoint());
    options.tls = std::move(tls);
    options.backoff.give_up_after = 50ms;
    const auto destination = make(options);
    destination->accept(snapshot());
    EXPECT_TRUE(destination->flush(20s));
    EXPECT_TRUE(destination->stats().metrics.ledger.balanced());
    return destination->stats().metrics.ledger.sent;
  };
  EXPECT_EQ(send({.ca_file = pem("ca.pem"), .certificate_file = pem("client.pem"), .key_file = pem("client.key")}), 1U);
  EXPECT_EQ(send({.ca_file = pem("ca.pem")}), 0U) << "no certificate of ours";
  EXPECT_EQ(send({.ca_file = pem("ca.pem"), .certificate_file = pem("stranger.pem"), .key_file = pem("stranger.key")}), 0U);
  EXPECT_EQ(send({.ca_file = pem("stranger.pem"), .certificate_file = pem("client.pem"), .key_file = pem("client.key")}), 0U)
      << "it is not whom we trust";
  EXPECT_EQ(receiver.methods().size(), 1U);
}

TEST(OtlpGrpc, MistakesInItsSettingsAreNamed) {
  DestinationOptions options = options_for("http://127.0.0.1:4317");
  options.compression = wire::Encoding::Zstd;
  EXPECT_THAT(make_grpc_transport(options).error().message, HasSubstr("gzip"));
  options = options_for("");
  EXPECT_THAT(make_grpc_transport(options).error().message, HasSubstr("export \"test\": endpoint"));
  options = options_for("https://127.0.0.1:4317");
  options.tls.ca_file = "/nonexistent.pem";
  EXPECT_THAT(make_grpc_transport(options).error().message, HasSubstr("/nonexistent.pem"));
}

}  // namespace
}  // namespace tocsin::exporters
