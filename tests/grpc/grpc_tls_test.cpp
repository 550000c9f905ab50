// SPDX-License-Identifier: Apache-2.0
// TLS with certificates made on the spot: who is believed, who is not, and what a wrong file is told.
#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/grpc/grpc_pair.h"
#include "tests/grpc/raw_http2.h"

namespace tocsin::wire {
namespace {

namespace fs = std::filesystem;

GrpcReply echo(const GrpcCall& call) { return {{}, std::string(call.message)}; }

// An authority, a certificate for localhost and 127.0.0.1 and one for a client, both by it; and another authority.
class GrpcTlsTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    std::string pattern = (fs::temp_directory_path() / "tocsin-tls-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    const auto shell = [](const std::string& command) {
      ASSERT_EQ(std::system(("cd '" + folder_.string() + "' && ( " + command + " ) >log 2>&1").c_str()), 0) << command;
    };
    const std::string key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes ";
    for (const char* name : {"ca", "other"}) {
      shell("openssl req -x509 " + key + "-keyout " + name + ".key -out " + name + ".crt -days 2 -subj /CN=" + name);
    }
    std::ofstream(folder_ / "names") << "subjectAltName=DNS:localhost,IP:127.0.0.1\n";
    for (const char* name : {"server", "client"}) {
      shell("openssl req " + key + "-keyout " + name + ".key -out " + name + ".csr -subj /CN=" + name + " && openssl x509 -req -in " +
            name + ".csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names -out " + name + ".crt");
    }
    std::ofstream(folder_ / "empty") << "";
  }
  static void TearDownTestSuite() { fs::remove_all(folder_); }

  static std::string file(const char* name) { return (folder_ / name).string(); }
  static GrpcServerOptions with_tls(const char* authority = nullptr) {
    GrpcServerOptions options;
    options.tls = GrpcTls{file("server.crt"), file("server.key"), authority == nullptr ? "" : file(authority)};
    return options;
  }
  static Result<GrpcResult> ask(const GrpcServer& server, GrpcTls tls, const std::string& scheme = "https://") {
    GrpcClientOptions options;
    options.target = scheme + server.address();
    if (scheme != "http://") options.tls = std::move(tls);
    auto client = GrpcClient::make(std::move(options));
    if (!client) return client.error();
    return call(**client, request_of("secret"));
  }

  inline static fs::path folder_;
};

TEST_F(GrpcTlsTest, BelievesTheAuthority) {
  auto server = start_server(with_tls(), echo);
  ASSERT_NE(server, nullptr);
  const auto result = ask(*server, {"", "", file("ca.crt")});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->status.code, RpcCode::Ok) << result->status.message;
  EXPECT_EQ(result->body, "secret");
  EXPECT_EQ(ask(*server, {"", "", file("ca.crt")}, "")->body, "secret");
}

TEST_F(GrpcTlsTest, DoesNotBelieveAnother) {
  auto server = start_server(with_tls(), echo);
  EXPECT_EQ(ask(*server, {"", "", file("other.crt")})->status.code, RpcCode::Unavailable);
  EXPECT_EQ(ask(*server, {})->status.code, RpcCode::Unavailable);
  EXPECT_EQ(ask(*server, {}, "http://")->status.code, RpcCode::Unavailable);
  EXPECT_EQ(server->stats().calls, 0u);
  EXPECT_EQ(ask(*server, {"", "", file("ca.crt")})->status.code, RpcCode::Ok);
}

TEST_F(GrpcTlsTest, AsksClientsForACertificate) {
  auto server = start_server(with_tls("ca.crt"), echo);
  EXPECT_EQ(ask(*server, {"", "", file("ca.crt")})->status.code, RpcCode::Unavailable);
  EXPECT_EQ(ask(*server, {file("other.crt"), file("other.key"), file("ca.crt")})->status.code, RpcCode::Unavailable);
  const auto result = ask(*server, {file("client.crt"), file("client.key"), file("ca.crt")});
  EXPECT_EQ(result->status.code, RpcCode::Ok) << result->status.message;
}

TEST_F(GrpcTlsTest, ServesBesideThoseThatDoNotSpeakIt) {
  auto server = start_server(with_tls(), echo);
  std::vector<RawHttp2> clients;
  for (int i = 0; i < 20; ++i) clients.emplace_back(server->port()).send(i % 2 == 0 ? "" : "GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(ask(*server, {"", "", file("ca.crt")})->status.code, RpcCode::Ok);
}

TEST_F(GrpcTlsTest, NamesTheFileThatCannotWork) {
  const auto start = [](GrpcTls tls) { return GrpcServer::start({.listen = "127.0.0.1:0", .tls = std::move(tls)}, echo); };
  const auto fault = [&](const GrpcTls& tls, const std::string& text) {
    SCOPED_TRACE(tls.certificate_file + " " + tls.key_file + " " + tls.ca_file);
    const auto server = start(tls);
    ASSERT_FALSE(server.ok());
    EXPECT_EQ(server.error().fault, Fault::Configuration);
    EXPECT_THAT(server.error().message, testing::HasSubstr(text));
  };
  fault({}, "certificate_file");
  fault({file("server.crt"), "", ""}, "key_file");
  fault({file("absent.crt"), file("server.key"), ""}, file("absent.crt"));
  fault({file("server.crt"), file("absent.key"), ""}, file("absent.key"));
  fault({file("empty"), file("server.key"), ""}, file("empty"));
  fault({file("server.crt"), file("server.key"), file("empty")}, file("empty"));
  fault({file("server.crt"), file("client.key"), ""}, file("server.crt"));  // not of one pair
  EXPECT_FALSE(GrpcClient::make({.target = "https://localhost:1", .tls = GrpcTls{"", "", file("absent")}}).ok());
  EXPECT_FALSE(GrpcClient::make({.target = "http://localhost:1", .tls = GrpcTls{"", "", file("ca.crt")}}).ok());
}

}  // namespace
}  // namespace tocsin::wire
