// SPDX-License-Identifier: Apache-2.0
#include "wire/src/http_server_access.h"

#include <unistd.h>

#include <algorithm>

#include "meters/base/text.h"
#include "wire/url.h"

namespace tocsin::wire {
namespace {

std::vector<std::string> hosts_to_answer_to(std::vector<std::string> configured, std::string_view bound_host) {
  configured.emplace_back("localhost");
  configured.emplace_back(bound_host);
  if (!is_loopback_address(bound_host)) {
    char name[256] = {};
    if (gethostname(name, sizeof(name) - 1) == 0 && name[0] != '\0') configured.emplace_back(name);
  }
  return configured;
}

}  // namespace

HttpAccess::HttpAccess(Credentials credentials, std::vector<std::string> allowed_hosts, std::string_view bound_host)
    : credentials_(std::move(credentials)),
      hosts_(hosts_to_answer_to(std::move(allowed_hosts), bound_host)),
      any_host_(std::find(hosts_.begin(), hosts_.end(), "*") != hosts_.end()) {}

HttpAccess::Verdict HttpAccess::check(HttpRequest& request) {
  if (credentials_.asks()) {
    if (!credentials_.accepts(request.headers.value("Authorization"))) return Verdict::NoCredentials;
    request.authenticated = true;
  }
  const std::string_view host = request.headers.value("Host");
  // A page that was rebound to our address has its own name in Host, and no credentials of ours.
  if (!request.authenticated && !any_host_ && !host.empty() && !answers_to(split_host_port(host).first)) {
    return Verdict::WrongHost;
  }
  if (const std::string* origin = request.headers.find("Origin")) {
    const std::size_t scheme = origin->find("://");
    if (scheme == std::string::npos || !equal_ignoring_case(std::string_view(*origin).substr(scheme + 3), host)) {
      return Verdict::WrongOrigin;
    }
  }
  return Verdict::Allowed;
}

bool HttpAccess::answers_to(std::string_view host) const {
  // An address in Host means that no name was resolved, so nothing was rebound.
  if (is_ip_address(host)) return true;
  return std::any_of(hosts_.begin(), hosts_.end(),
                     [&](const std::string& name) { return equal_ignoring_case(name, host); });
}

std::string HttpAccess::reason(Verdict verdict, const HttpRequest& request) {
  switch (verdict) {
    case Verdict::Allowed: return "";
    case Verdict::NoCredentials: return "missing or wrong credentials\n";
    case Verdict::WrongHost:
      return "this listener does not answer to the host \"" + std::string(request.headers.value("Host")) +
             "\"; add it to allowed_hosts\n";
    case Verdict::WrongOrigin:
      return "requests from web pages of another origin (\"" + std::string(request.headers.value("Origin")) +
             "\") are refused\n";
  }
  return "";
}

}  // namespace tocsin::wire
