// SPDX-License-Identifier: Apache-2.0
// Who may reach a listener: credentials, the Host header (DNS rebinding), the Origin header (web pages).
//
// Threads: thread-safe. Costs a few string compares.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "wire/credentials.h"
#include "wire/http_message.h"
#include "wire/http_server.h"

namespace tocsin::wire {

class HttpAccess {
 public:
  enum class Verdict { Allowed, NoCredentials, WrongHost, WrongOrigin };

  // `bound_host` is the address that is listened on.
  HttpAccess(Credentials credentials, std::vector<std::string> allowed_hosts, std::string_view bound_host);

  // Also sets request.authenticated.
  Verdict check(HttpRequest& request);

  // For a refused request: what it is told, and the WWW-Authenticate value.
  static std::string reason(Verdict verdict, const HttpRequest& request);
  std::string challenge() const { return credentials_.challenge(); }

 private:
  bool answers_to(std::string_view host) const;

  CredentialCheck credentials_;
  const std::vector<std::string> hosts_;
  const bool any_host_;
};

}  // namespace tocsin::wire
