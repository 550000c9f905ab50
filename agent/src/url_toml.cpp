// SPDX-License-Identifier: Apache-2.0
#include "agent/url_toml.h"

#include "wire/url.h"

namespace tocsin::agent {

namespace {

// A name or address, and a port where there is a colon.
bool may_be_a_host(std::string_view authority) {
  const auto colon = authority.rfind(':');
  if (colon == std::string_view::npos || authority.ends_with(']')) return true;
  return colon + 1 < authority.size() && authority.find_first_not_of("0123456789", colon + 1) == std::string_view::npos;
}

}  // namespace

void read_url(TomlTable& table, std::string_view key, std::string& into) {
  table.read(key, into);
  check_url(table, key, into);
}

void check_url(TomlTable& table, std::string_view key, const std::string& url) {
  if (url.empty()) return;
  if (const auto parsed = wire::parse_url(url); !parsed) table.fault(key, with_shown_url(parsed.error().message, url));
}

void check_grpc_target(TomlTable& table, std::string_view key, const std::string& target) {
  if (target.empty()) return;
  if (const auto parsed = wire::parse_grpc_target(target); !parsed) table.fault(key, with_shown_url(parsed.error().message, target));
}

std::string shown_url(std::string_view url) {
  const std::size_t scheme = url.find("://");
  const std::size_t begin = scheme == std::string_view::npos ? 0 : scheme + 3;
  std::size_t host = begin;
  const std::string_view authority = url.substr(begin, url.find_first_of("/?#", begin) - begin);
  if (const auto user = authority.rfind('@'); user != std::string_view::npos) {
    host = begin + user + 1;
  } else if (const auto at = url.rfind('@'); at != std::string_view::npos && at > begin && !may_be_a_host(authority)) {
    host = at + 1;  // of a password with a character that ends a host
  }
  return std::string(url.substr(0, begin)) + std::string(url.substr(host, url.find_first_of("?#", host) - host));
}

std::string with_shown_url(std::string message, const std::string& url) {
  if (url.empty()) return message;
  const std::string shown = shown_url(url);
  for (std::size_t at = message.find(url); at != std::string::npos; at = message.find(url, at + shown.size())) message.replace(at, url.size(), shown);
  return message;
}

}  // namespace tocsin::agent
