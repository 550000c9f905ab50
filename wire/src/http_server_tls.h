// SPDX-License-Identifier: Apache-2.0
// TLS over a socket that does not block: the server's side. Knows certificates, but no HTTP.
//
// Threads: a context is immutable and thread-safe; a session belongs to one thread. Costs: about 40 KiB a session.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "meters/base/result.h"
#include "wire/http_server.h"

namespace tocsin::wire {

enum class TlsStep : std::uint8_t { Done, WantRead, WantWrite, Ended };  // Ended: closed by the peer, or broken

class TlsSession {
 public:
  virtual ~TlsSession() = default;
  virtual TlsStep handshake() = 0;
  // Appends at most `room` bytes. Done: some came.
  virtual TlsStep read(std::string& into, std::size_t room) = 0;
  // Done: `taken` bytes went.
  virtual TlsStep write(std::string_view bytes, std::size_t& taken) = 0;
  // Says that nothing more will come.
  virtual void end() = 0;
  // The peer's certificate was asked for, shown and verified.
  virtual bool peer_certified() const = 0;
};

class TlsContext {
 public:
  // Errors: Configuration, with the file: one that is missing or is no PEM, a key that wants a passphrase or does not
  // belong to the certificate.
  static Result<std::shared_ptr<const TlsContext>> make(const HttpServerTls& files);

  virtual ~TlsContext() = default;
  // The socket stays the caller's.
  virtual std::unique_ptr<TlsSession> session(int socket) const = 0;
};

}  // namespace tocsin::wire
