// SPDX-License-Identifier: Apache-2.0
// The one place of the HTTP server that knows OpenSSL.
#include "wire/src/http_server_tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <new>

namespace tocsin::wire {
namespace {

struct FreeContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct FreeSession {
  void operator()(SSL* session) const { SSL_free(session); }
};
using Context = std::unique_ptr<SSL_CTX, FreeContext>;

std::string openssl_reason() {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = ERR_reason_error_string(code);
  ERR_clear_error();
  return reason != nullptr ? reason : "unknown reason";
}

Error file_fault(std::string_view what, const std::string& file) {
  if (file.empty()) return {Fault::Configuration, "TLS needs a " + std::string(what) + " file"};
  return {Fault::Configuration, "TLS " + std::string(what) + " " + file + ": " + openssl_reason()};
}

// Without it OpenSSL would ask at the terminal.
int no_passphrase(char*, int, int, void*) { return 0; }

int choose_http_1_1(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in, unsigned in_size, void*) {
  static constexpr unsigned char kOurs[] = "\x08http/1.1";
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, kOurs, sizeof(kOurs) - 1, in, in_size) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

class OpenSslSession final : public TlsSession {
 public:
  OpenSslSession(SSL_CTX* context, int socket) : ssl_(SSL_new(context)) {
    if (ssl_ == nullptr || SSL_set_fd(ssl_.get(), socket) != 1) throw std::bad_alloc();
    SSL_set_accept_state(ssl_.get());
  }

  TlsStep handshake() override { return step(SSL_accept(ssl_.get())); }

  TlsStep read(std::string& into, std::size_t room) override {
    std::array<char, std::size_t{16} << 10> record;
    const int got = SSL_read(ssl_.get(), record.data(), static_cast<int>(std::min(room, record.size())));
    if (got > 0) into.append(record.data(), static_cast<std::size_t>(got));
    return step(got);
  }

  TlsStep write(std::string_view bytes, std::size_t& taken) override {
    return step(SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &taken));
  }

  void end() override {
    if (SSL_is_init_finished(ssl_.get()) != 0) SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }

  bool peer_certified() const override {
    return SSL_get0_peer_certificate(ssl_.get()) != nullptr && SSL_get_verify_result(ssl_.get()) == X509_V_OK;
  }

 private:
  TlsStep step(int result) {
    if (result > 0) return TlsStep::Done;
    const int why = SSL_get_error(ssl_.get(), result);
    ERR_clear_error();
    if (why == SSL_ERROR_WANT_READ) return TlsStep::WantRead;
    if (why == SSL_ERROR_WANT_WRITE) return TlsStep::WantWrite;
    return TlsStep::Ended;
  }

  std::unique_ptr<SSL, FreeSession> ssl_;
};

class OpenSslContext final : public TlsContext {
 public:
  explicit OpenSslContext(Context context) : context_(std::move(context)) {}
  std::unique_ptr<TlsSession> session(int socket) const override {
    return std::make_unique<OpenSslSession>(context_.get(), socket);
  }

 private:
  Context context_;
};

}  // namespace

Result<std::shared_ptr<const TlsContext>> TlsContext::make(const HttpServerTls& files) {
  ERR_clear_error();
  Context context(SSL_CTX_new(TLS_server_method()));
  if (context == nullptr) return Error{Fault::Environment, "OpenSSL does not start: " + openssl_reason()};
  SSL_CTX* tls = context.get();
  SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
  SSL_CTX_set_options(tls, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                               SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_default_passwd_cb(tls, no_passphrase);
  SSL_CTX_set_alpn_select_cb(tls, choose_http_1_1, nullptr);
  if (files.certificate_file.empty() || SSL_CTX_use_certificate_chain_file(tls, files.certificate_file.c_str()) != 1) {
    return file_fault("certificate", files.certificate_file);
  }
  if (files.key_file.empty() || SSL_CTX_use_PrivateKey_file(tls, files.key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return file_fault("key", files.key_file);
  }
  if (SSL_CTX_check_private_key(tls) != 1) return file_fault("key", files.key_file);
  if (!files.client_ca_file.empty()) {
    STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(files.client_ca_file.c_str());
    if (names == nullptr || SSL_CTX_load_verify_locations(tls, files.client_ca_file.c_str(), nullptr) != 1) {
      return file_fault("client CA", files.client_ca_file);
    }
    SSL_CTX_set_client_CA_list(tls, names);
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    static constexpr unsigned char kSessions[] = "tocsin";
    SSL_CTX_set_session_id_context(tls, kSessions, sizeof(kSessions) - 1);
  }
  return std::shared_ptr<const TlsContext>(std::make_shared<OpenSslContext>(std::move(context)));
}

}  // namespace tocsin::wire
