// SPDX-License-Identifier: Apache-2.0
#include "wire/src/grpc_library.h"

#include <absl/synchronization/mutex.h>
#include <grpc/grpc_security.h>
#include <grpc/support/log.h>
#include <grpcpp/support/config.h>
#include <malloc.h>
#include <pthread.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <mutex>
#include <utility>
#include <vector>

namespace tocsin::wire {
namespace {

thread_local std::string* captured_log = nullptr;

void keep_log_line(gpr_log_func_args* line) {
  if (captured_log == nullptr || line->severity != GPR_LOG_SEVERITY_ERROR || !captured_log->empty()) return;
  *captured_log = line->message;
  if (captured_log->ends_with('.')) captured_log->pop_back();
}

Result<std::string> read_pem(const std::string& path, std::string_view what, std::string_view marker) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{Fault::Configuration, "cannot read the " + std::string(what) + " file " + path};
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (text.find(marker) == std::string::npos) {
    return Error{Fault::Configuration, path + " holds no PEM " + std::string(what)};
  }
  return text;
}

using TextOwner = std::shared_ptr<const std::string>;

void let_go_of_text(void* owner) { delete static_cast<TextOwner*>(owner); }

struct PemFiles {
  std::string certificate;
  std::string key;
  std::string authority;
};

Result<PemFiles> read_files(const GrpcTls& tls) {
  if (tls.certificate_file.empty() != tls.key_file.empty()) {
    return Error{Fault::Configuration, "TLS needs certificate_file and key_file together"};
  }
  PemFiles files;
  if (!tls.certificate_file.empty()) {
    auto certificate = read_pem(tls.certificate_file, "certificate", "-----BEGIN CERTIFICATE-----");
    if (!certificate) return certificate.error();
    auto key = read_pem(tls.key_file, "private key", "PRIVATE KEY-----");
    if (!key) return key.error();
    files.certificate = *std::move(certificate);
    files.key = *std::move(key);
  }
  if (!tls.ca_file.empty()) {
    auto authority = read_pem(tls.ca_file, "certificate", "-----BEGIN CERTIFICATE-----");
    if (!authority) return authority.error();
    files.authority = *std::move(authority);
  }
  return files;
}

}  // namespace

void prepare_grpc_library() {
  static std::once_flag once;
  std::call_once(once, [] {
    absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
    if (std::getenv("GRPC_VERBOSITY") != nullptr || std::getenv("GRPC_TRACE") != nullptr) return;
    gpr_set_log_verbosity(GPR_LOG_SEVERITY_ERROR);
    gpr_set_log_function(keep_log_line);
  });
}

void keep_freed_memory() {
  mallopt(M_MMAP_THRESHOLD, 2 << 20);
  mallopt(M_TRIM_THRESHOLD, 4 << 20);
}

GrpcLogCapture::GrpcLogCapture() {
  prepare_grpc_library();
  captured_log = &text_;
}

GrpcLogCapture::~GrpcLogCapture() { captured_log = nullptr; }

Result<std::shared_ptr<grpc::ServerCredentials>> server_credentials(const GrpcTls& tls) {
  if (tls.certificate_file.empty()) return Error{Fault::Configuration, "TLS of a server needs certificate_file"};
  auto files = read_files(tls);
  if (!files) return files.error();
  grpc::SslServerCredentialsOptions options(files->authority.empty()
                                                ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                                                : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = files->authority;
  options.pem_key_cert_pairs.push_back({files->key, files->certificate});
  return grpc::SslServerCredentials(options);
}

Result<std::shared_ptr<grpc::ChannelCredentials>> client_credentials(const GrpcTls& tls) {
  auto files = read_files(tls);
  if (!files) return files.error();
  GrpcLogCapture log;
  auto credentials = grpc::SslCredentials({files->authority, files->key, files->certificate});
  if (!credentials) return Error{Fault::Configuration, "TLS cannot be set up: " + log.text()};
  return credentials;
}

void name_this_thread(const std::string& name) { pthread_setname_np(pthread_self(), name.substr(0, 15).c_str()); }

grpc::ByteBuffer to_byte_buffer(std::shared_ptr<const std::string> text) {
  if (!text || text->empty()) return to_byte_buffer(std::string_view());
  auto* data = const_cast<char*>(text->data());  // a slice is never written to
  const std::size_t size = text->size();
  const grpc::Slice slice(data, size, let_go_of_text, new TextOwner(std::move(text)));
  return grpc::ByteBuffer(&slice, 1);
}

grpc::ByteBuffer to_byte_buffer(std::string_view text) {
  const grpc::Slice slice(text.data(), text.size());
  return grpc::ByteBuffer(&slice, 1);
}

RpcStatus to_rpc_status(const grpc::Status& status) {
  RpcStatus out{rpc_code(status.error_code()), status.error_message(), std::nullopt};
  if (const std::string details = status.error_details(); !details.empty()) {
    if (const auto parsed = parse_rpc_status(details)) out.retry_delay = parsed.value().retry_delay;
  }
  return out;
}

grpc::Status to_grpc_status(const RpcStatus& status) {
  if (status.ok()) return grpc::Status::OK;
  // A header list is at most 8 KiB for most receivers, and each odd byte is written as three.
  constexpr std::size_t kLongestMessage = 1'000;
  RpcStatus kept = status;
  if (kept.message.size() > kLongestMessage) kept.message.resize(kLongestMessage);
  return {static_cast<grpc::StatusCode>(kept.code), kept.message, kept.retry_delay ? encode_rpc_status(kept) : ""};
}

}  // namespace tocsin::wire
