// SPDX-License-Identifier: Apache-2.0
#include "agent/src/own_address.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>

#include "meters/base/text.h"
#include "wire/url.h"

namespace tocsin::agent {

namespace {

struct Place {
  std::string host, port;
};

Place place_of(std::string_view endpoint) {
  std::string_view default_port;
  if (const auto scheme = endpoint.find("://"); scheme != std::string_view::npos) {
    default_port = equal_ignoring_case(endpoint.substr(0, scheme), "https") ? "443" : "80";
    endpoint.remove_prefix(scheme + 3);
  }
  const auto [host, port] = wire::split_host_port(endpoint.substr(0, endpoint.find_first_of("/?")));
  return {to_lower(host), std::string(port.empty() ? default_port : port)};
}

bool is_loopback(const std::string& host) { return host == "localhost" || wire::is_loopback_address(host); }
bool is_any(const std::string& host) { return host == "0.0.0.0" || host == "::"; }

// The addresses of this machine's interfaces, and its name.
std::vector<std::string> names_of_this_machine() {
  std::vector<std::string> names;
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) == 0) names.push_back(to_lower(name.data()));
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return names;
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owned(list, ::freeifaddrs);
  for (const ifaddrs* one = list; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr) continue;
    const auto family = one->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    std::array<char, NI_MAXHOST> text{};
    const socklen_t size = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    if (::getnameinfo(one->ifa_addr, size, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) == 0) names.emplace_back(text.data());
  }
  return names;
}

}  // namespace

bool is_own_address(std::string_view endpoint, const std::vector<std::string>& listening) {
  const Place there = place_of(endpoint);
  if (there.host.empty() || there.port.empty() || there.port == "0") return false;
  return std::any_of(listening.begin(), listening.end(), [&](const std::string& listener) {
    const Place here = place_of(listener);
    if (here.port != there.port) return false;
    if (here.host == there.host) return true;
    if (is_loopback(there.host) || is_any(there.host)) return is_loopback(here.host) || is_any(here.host);
    if (!is_any(here.host)) return false;
    const std::vector<std::string> names = names_of_this_machine();
    return std::find(names.begin(), names.end(), there.host) != names.end();
  });
}

}  // namespace tocsin::agent
