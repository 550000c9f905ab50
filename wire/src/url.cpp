// SPDX-License-Identifier: Apache-2.0
#include "wire/url.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "wire/src/hex_digit.h"

namespace tocsin::wire {
namespace {

bool is_unreserved(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return out;
}

// inet_pton wants a terminated string.
bool parses_as(int family, std::string_view text) noexcept {
  char terminated[INET6_ADDRSTRLEN];
  unsigned char address[sizeof(in6_addr)];
  if (text.empty() || text.size() >= sizeof(terminated)) return false;
  terminated[text.copy(terminated, sizeof(terminated) - 1)] = '\0';
  return inet_pton(family, terminated, address) == 1;
}

}  // namespace

std::string percent_decode(std::string_view text, Plus plus) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '+' && plus == Plus::IsSpace) {
      out += ' ';
    } else if (c == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += c;
    }
  }
  return out;
}

std::string percent_encode(std::string_view text, std::string_view keep) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (is_unreserved(c) || keep.find(c) != std::string_view::npos) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

const std::string* QueryParameters::find(std::string_view name) const noexcept {
  for (const Parameter& parameter : parameters_) {
    if (parameter.first == name) return &parameter.second;
  }
  return nullptr;
}

std::string_view QueryParameters::value(std::string_view name, std::string_view fallback) const noexcept {
  const std::string* found = find(name);
  return found ? std::string_view(*found) : fallback;
}

std::vector<std::string_view> QueryParameters::all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const Parameter& parameter : parameters_) {
    if (parameter.first == name) values.push_back(parameter.second);
  }
  return values;
}

QueryParameters parse_query(std::string_view text) {
  QueryParameters query;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(part.size() + 1, text.size()));
    if (part.empty()) continue;
    const std::size_t equals = part.find('=');
    query.add(percent_decode(part.substr(0, equals), Plus::IsSpace),
              equals == std::string_view::npos ? std::string()
                                               : percent_decode(part.substr(equals + 1), Plus::IsSpace));
  }
  return query;
}

Result<Url> parse_url(std::string_view text) {
  const auto fault = [&](std::string_view why) {
    return Error{Fault::Input, "URL \"" + std::string(text) + "\" " + std::string(why)};
  };
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= ' ' || c == '\x7F') return fault("contains a space or a control character");
  }
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos) return fault("has no scheme; write http:// or https://");
  Url url;
  url.scheme = lower(text.substr(0, colon));
  if (url.scheme != "http" && url.scheme != "https") return fault("is neither http nor https");
  std::string_view rest = text.substr(colon + 3);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  rest.remove_prefix(authority.size());
  if (authority.find('@') != std::string_view::npos) return fault("carries a user name; give credentials separately");
  const auto [host, port] = split_host_port(authority);
  if (host.empty()) return fault("has no host");
  url.host = lower(host);
  url.port = url.scheme == "https" ? 443 : 80;
  if (!port.empty()) {
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
    if (error != std::errc{} || end != port.data() + port.size() || url.port == 0) return fault("has an impossible port");
  }
  rest = rest.substr(0, rest.find('#'));
  url.target = rest.starts_with('/') ? std::string(rest) : "/" + std::string(rest);
  return url;
}

bool is_loopback_address(std::string_view address) noexcept {
  return address == "::1" || (address.starts_with("127.") && parses_as(AF_INET, address));
}

bool is_ip_address(std::string_view text) noexcept { return parses_as(AF_INET, text) || parses_as(AF_INET6, text); }

std::pair<std::string_view, std::string_view> split_host_port(std::string_view text) noexcept {
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return {};
    const std::string_view after = text.substr(close + 1);
    return {text.substr(1, close - 1), after.starts_with(':') ? after.substr(1) : std::string_view{}};
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return {text, {}};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

Result<Url> parse_grpc_target(std::string_view text) {
  constexpr const char* kInstead = "write host:port, http://host:port or https://host:port";
  const auto wrong = [&](const std::string& why) { return Error{Fault::Input, '"' + std::string(text) + "\" " + why}; };
  const bool with_scheme = text.find("://") != std::string_view::npos;
  if (!with_scheme && text.find('/') != std::string_view::npos) return wrong(std::string("is not a gRPC target; ") + kInstead);
  auto url = parse_url(with_scheme ? std::string(text) : "http://" + std::string(text));
  if (!url) return url.error();
  if (url->target != "/") return wrong("has a path, and gRPC knows none; write it without, or say another protocol");
  const bool bare_ipv6 = !text.starts_with('[') && std::count(text.begin(), text.end(), ':') > 1;
  if (!with_scheme && (bare_ipv6 || split_host_port(text).second.empty())) return wrong(std::string("has no port; ") + kInstead);
  if (!with_scheme) url->scheme.clear();
  return url;
}

}  // namespace tocsin::wire
