// SPDX-License-Identifier: Apache-2.0
// URLs: percent-encoding, query strings, and the parts of an http URL.
//
//   QueryParameters query = parse_query("match[]=up&match[]=x%7Ba%3D%22b%22%7D&time=5");
//   query.value("time");                      // "5"
//   for (std::string_view m : query.all("match[]")) ...
//   Result<Url> url = parse_url("http://localhost:4318/v1/metrics");
//
// A form body (application/x-www-form-urlencoded) is a query string too. Follows RFC 3986 and, for '+', the URL standard.
// Threads: pure functions and value types. Costs one string a part.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "meters/base/result.h"

namespace tocsin::wire {

enum class Plus : std::uint8_t { AsIs, IsSpace };

// "%41" becomes "A"; a '%' without two hex digits after it stays as it is.
std::string percent_decode(std::string_view text, Plus plus = Plus::AsIs);
// Encodes everything but letters, digits, "-._~" and the characters in `keep`.
std::string percent_encode(std::string_view text, std::string_view keep = {});

// Decoded names and values in their order; a name may come several times.
class QueryParameters {
 public:
  using Parameter = std::pair<std::string, std::string>;

  void add(std::string name, std::string value) { parameters_.emplace_back(std::move(name), std::move(value)); }

  // The first of that name; null when there is none.
  const std::string* find(std::string_view name) const noexcept;
  std::string_view value(std::string_view name, std::string_view fallback = {}) const noexcept;
  bool contains(std::string_view name) const noexcept { return find(name) != nullptr; }
  std::vector<std::string_view> all(std::string_view name) const;

  auto begin() const noexcept { return parameters_.begin(); }
  auto end() const noexcept { return parameters_.end(); }
  bool empty() const noexcept { return parameters_.empty(); }
  std::size_t size() const noexcept { return parameters_.size(); }

 private:
  std::vector<Parameter> parameters_;
};

QueryParameters parse_query(std::string_view text);

struct Url {
  std::string scheme;  // lower case: "http", "https"
  std::string host;    // lower case, an IPv6 address without its brackets
  std::uint16_t port;  // 80 or 443 where the text has none
  std::string target;  // path and query, at least "/"

  bool operator==(const Url&) const = default;
};

// Errors: Input, when the text is not an http or https URL with a host. User and password are refused.
Result<Url> parse_url(std::string_view text);

// "host:port", "http://host:port" or "https://host:port": what gRPC goes to. The scheme is empty where the text has none.
// Errors: Input, with what to write instead.
Result<Url> parse_grpc_target(std::string_view text);

// "127.0.0.1", "::1" and the rest of 127/8: an address, not a name.
bool is_loopback_address(std::string_view address) noexcept;
bool is_ip_address(std::string_view text) noexcept;

// "host:port", "[::1]:port", "host" into host (brackets removed) and port text (empty when absent).
std::pair<std::string_view, std::string_view> split_host_port(std::string_view text) noexcept;

}  // namespace tocsin::wire
