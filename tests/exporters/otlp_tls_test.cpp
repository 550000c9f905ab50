// SPDX-License-Identifier: Apache-2.0
// A destination behind TLS that asks for a client certificate: who is sent to, and who is told why not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/exporters/otlp_feed.h"
#include "tests/exporters/otlp_receiver.h"
#include "tests/source_dir.h"

namespace tocsin::exporters {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using wire::DropReason;

std::string pem(const std::string& name) { return std::string(source_dir()) + "/tests/wire/tls/" + name; }

class OtlpTls : public testing::Test {
 protected:
  // As the destination's ledger stands once it took or gave up one Snapshot of three points.
  DestinationStats send(wire::HttpClientTls tls) {
    DestinationOptions options = options_for("https://localhost:" + std::to_string(receiver_.port()));
    options.tls = std::move(tls);
    options.backoff.give_up_after = 50ms;
    const auto destination = make(std::move(options));
    Feed feed(3);
    destination->accept(feed.next());
    EXPECT_TRUE(destination->flush(20s));
    return destination->stats();
  }

  OtlpReceiver receiver_{0, {pem("server.pem"), pem("server.key"), pem("ca.pem")}};
};

TEST_F(OtlpTls, BothSidesProveThemselves) {
  const DestinationStats stats = send({.ca_file = pem("ca.pem"), .certificate_file = pem("client.pem"), .key_file = pem("client.key")});
  EXPECT_EQ(stats.metrics.ledger.sent, 3U) << stats.last_error;
  EXPECT_EQ(receiver_.accepted(), 3U);
  EXPECT_TRUE(stats.metrics.ledger.balanced());
}

TEST_F(OtlpTls, WithoutACertificateNothingIsTaken) {
  const DestinationStats stats = send({.ca_file = pem("ca.pem")});
  EXPECT_EQ(stats.metrics.ledger.sent, 0U);
  EXPECT_EQ(stats.metrics.ledger.dropped_for(DropReason::RetryTimeout), 3U) << stats.last_error;
  EXPECT_FALSE(stats.last_error.empty());  // which words depends on when the refusal arrives
  EXPECT_TRUE(receiver_.seen().empty());
}

TEST_F(OtlpTls, AStrangersCertificateIsNotTaken) {
  const DestinationStats stats = send({.ca_file = pem("ca.pem"), .certificate_file = pem("stranger.pem"), .key_file = pem("stranger.key")});
  EXPECT_EQ(stats.metrics.ledger.sent, 0U);
  EXPECT_TRUE(receiver_.seen().empty());
}

TEST_F(OtlpTls, AServerThatNobodyVouchesForIsSentNothing) {
  const DestinationStats stats =
      send({.ca_file = pem("stranger.pem"), .certificate_file = pem("client.pem"), .key_file = pem("client.key")});
  EXPECT_EQ(stats.metrics.ledger.sent, 0U);
  EXPECT_THAT(stats.last_error, HasSubstr("certificate"));
  EXPECT_TRUE(receiver_.seen().empty());
  EXPECT_EQ(send({.certificate_file = pem("client.pem"), .key_file = pem("client.key"), .insecure = true}).metrics.ledger.sent, 3U)
      << "unless it is told not to look";
}

TEST_F(OtlpTls, AFileThatIsNotThereIsNamed) {
  const DestinationStats stats = send({.ca_file = "/no/such/ca.pem"});
  EXPECT_EQ(stats.metrics.ledger.sent, 0U);
  EXPECT_THAT(stats.last_error, HasSubstr("/no/such/ca.pem"));
}

}  // namespace
}  // namespace tocsin::exporters
