// SPDX-License-Identifier: Apache-2.0
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include "meters/base/result.h"
#include "tests/examples/reader.h"
#include "wire/compression.h"
#include "wire/content_encoding.h"
#include "wire/credentials.h"
#include "wire/delivery.h"
#include "wire/descriptor.h"
#include "wire/grpc_client.h"
#include "wire/grpc_server.h"
#include "wire/grpc_tls.h"
#include "wire/http_client.h"
#include "wire/http_message.h"
#include "wire/http_server.h"
#include "wire/media_type.h"
#include "wire/rpc_status.h"

namespace tocsin::examples {

using namespace wire;

std::string answer(std::string_view message);
std::optional<std::string> next_block();
bool next_block(std::string& block);
void refuse(const std::string& challenge);
void send(const std::string& bytes);

void compression_example(const HttpRequest& request, const std::string& text, std::string block) {
  Result<std::string> body = decompress(Encoding::Gzip, request.body, 64 << 20);
  std::string small = compress(Encoding::Zstd, text);

  auto compressor = Compressor::make(Encoding::Gzip);
  std::string out;
  while (next_block(block)) compressor->append(block, out), send(out), out.clear();
  compressor->finish(out), send(out);
}

void content_encoding_example(const HttpRequest& request) {
  Result<Encoding> encoding = parse_encoding(request.headers.value("Content-Encoding"));
}

void credentials_example(std::string_view authorization) {
  CredentialCheck check({.users = {{"ann", "$6$..."}}, .bearer_tokens = {"t0ken"}});
  if (!check.accepts(authorization)) return refuse(check.challenge());
}

void delivery_example(std::uint64_t seed, Monotonic first, Monotonic now, const Verdict& reply) {
  Ledger ledger;
  ledger.offer(100);
  ledger.begin(100);
  ledger.finish(97, 3, DropReason::Rejected);
  Backoff backoff({}, seed);
  if (auto at = backoff.again(first, now, reply.retry_after)) use(*at);
  backoff.succeeded();
}

int descriptor_example() {
  Descriptor socket(::socket(AF_INET, SOCK_STREAM, 0));
  if (!socket.open()) return errno;
  return 0;
}

void grpc_client_example(const std::string& body) {
  auto client = GrpcClient::make({.target = "http://127.0.0.1:4317"});
  GrpcRequest request{"/pkg.Service/Export", std::make_shared<const std::string>(body)};
  (*client)->call(std::move(request), [](Result<GrpcResult> result) { use(result); });
}

Result<void> grpc_server_example() {
  auto server = GrpcServer::start({.listen = "127.0.0.1:0", .methods = {"/pkg.Service/Export"}},
                                  [](const GrpcCall& call) { return GrpcReply{{}, answer(call.message)}; });
  if (!server) return server.error();
  (*server)->stop(std::chrono::seconds(5));
  return {};
}

void grpc_tls_example() {
  GrpcTls server{"agent.crt", "agent.key", ""};
  GrpcTls mutual{"agent.crt", "agent.key", "ca.crt"};
  GrpcTls client{"", "", "ca.crt"};
}

void http_client_example(const std::string& encoded, const std::string& url, const std::stop_token& stop_token) {
  HttpClient client({.thread_name = "otlp-out"});
  client.send({.method = "POST", .url = "http://localhost:4318/v1/metrics", .body = encoded},
              [](Result<HttpReply> reply) { use(reply); });
  Result<HttpReply> reply = client.call({.url = url}, stop_token);
}

void handle(const HttpRequest& request, HttpResponder& responder) {
  if (!request.is_read()) return responder.send_text(405, "only GET and HEAD\n");
  if (!responder.begin(200, {{"Content-Type", "text/plain"}})) return;
  while (auto block = next_block()) if (!responder.write(*block)) return;
  responder.end();
}

Result<void> http_server_example() {
  HttpServerOptions options;
  options.listen = "127.0.0.1:9464";
  auto server = HttpServer::start(options, [](const HttpRequest& request, HttpResponder& responder) {
    responder.send_text(200, "hello " + request.path + "\n");
  });
  if (!server) return server.error();
  (*server)->stop();
  return {};
}

void media_type_example(std::string_view header, const HttpRequest& request) {
  auto type = parse_media_type("Text/Plain; Version=0.0.4; charset=utf-8");
  type->parameter("version");
  for (const Preference& p : parse_accept(header)) use(p);
  Encoding e = choose_encoding(request.headers.joined("Accept-Encoding"), {Encoding::Zstd, Encoding::Gzip});
}

void rpc_status_example() {
  RpcStatus full{RpcCode::Unavailable, "queue is full", std::chrono::seconds(2)};
  std::string body = encode_rpc_status(full);
  Result<RpcStatus> same = parse_rpc_status(body);
}

}  // namespace tocsin::examples
