// SPDX-License-Identifier: Apache-2.0
#include "traces/request_id.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "traces/ids.h"

namespace tocsin::traces {

namespace {

constexpr std::uint32_t kLoopback = 0x7F000001;
constexpr std::size_t kTimeDigits = 11;
constexpr std::uint64_t kLatestMilliseconds = 9'223'372'036'854;  // what a Time can hold

// What stands after the location, and after sub.
constexpr std::size_t right_size(bool wide) noexcept { return kTimeDigits + (wide ? 8 + 4 : 4 + 2) + 1; }
constexpr std::size_t left_size(bool wide) noexcept { return (wide ? 8U : 4U) + 4U; }

std::uint32_t local_ipv4() {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return kLoopback;
  std::uint32_t found = kLoopback;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (!entry->ifa_addr || entry->ifa_addr->sa_family != AF_INET) continue;
    if ((entry->ifa_flags & IFF_UP) == 0 || (entry->ifa_flags & IFF_LOOPBACK) != 0) continue;
    found = ntohl(reinterpret_cast<const sockaddr_in*>(entry->ifa_addr)->sin_addr.s_addr);
    break;
  }
  freeifaddrs(list);
  return found;
}

bool is_word(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  });
}

void append_hex(std::string& out, std::uint64_t value, std::size_t digits) {
  const std::size_t at = out.size();
  out.resize(at + digits);
  for (char* digit = out.data() + at + digits; digit != out.data() + at; value >>= 4)
    *--digit = "0123456789abcdef"[value & 15];
}

std::string four_digits(std::uint16_t port) {
  std::string text = std::to_string(port);
  return text.size() < 4 ? std::string(4 - text.size(), '0') + text : text;
}

std::optional<std::uint64_t> hex(std::string_view text) noexcept {
  std::uint64_t value = 0;
  for (const char c : text) {
    const int digit = lower_hex_digit(c);
    if (digit < 0) return std::nullopt;
    value = value << 4 | static_cast<std::uint64_t>(digit);
  }
  return value;
}

Error bad(std::string_view id, const char* reason) {
  return {Fault::Input, "request id \"" + std::string(id.substr(0, 80)) + "\": " + reason};
}

}  // namespace

RequestIds::RequestIds(RequestIdOptions options, const Clock& clock) : options_(std::move(options)), clock_(&clock) {
  if (!options_.ipv4) options_.ipv4 = local_ipv4();
}

RequestIds::RequestIds(RequestIds&& other) noexcept
    : options_(std::move(other.options_)), clock_(other.clock_), last_(other.last_.load(std::memory_order_relaxed)) {}

Result<RequestIds> RequestIds::make(RequestIdOptions options, const Clock& clock) {
  for (const std::string* word : {&options.sub, &options.location})
    if (!is_word(*word)) return Error{Fault::Configuration, "request ids: \"" + *word + "\" is not letters and digits"};
  return RequestIds(std::move(options), clock);
}

std::uint64_t RequestIds::next_tick() noexcept {
  const std::uint64_t now = static_cast<std::uint64_t>(std::max<std::int64_t>(0, to_unix_ns(clock_->now())) / 1'000'000) << 16;
  std::uint64_t last = last_.load(std::memory_order_relaxed), next = 0;
  do {
    next = std::max(now, last + 1);
  } while (!last_.compare_exchange_weak(last, next, std::memory_order_relaxed));
  return next;
}

std::string RequestIds::next() {
  const std::uint64_t tick = next_tick();
  const auto pid = static_cast<std::uint32_t>(getpid());
  std::string id = options_.sub;
  append_hex(id, pid, options_.wide ? 8 : 4);
  append_hex(id, tick & 0xFFFF, 4);
  id += '@';
  id += options_.location;
  append_hex(id, tick >> 16, kTimeDigits);
  append_hex(id, *options_.ipv4, options_.wide ? 8 : 4);
  if (options_.wide)
    append_hex(id, options_.port, 4);
  else
    id += four_digits(options_.port).substr(0, 2);
  id += options_.wide ? '3' : '2';
  return id;
}

Result<RequestIdParts> parse_request_id(std::string_view id) {
  const std::size_t at = id.find('@');
  if (at == std::string_view::npos || id.find('@', at + 1) != std::string_view::npos) return bad(id, "needs one '@'");
  if (id.back() != '2' && id.back() != '3') return bad(id, "its version is neither 2 nor 3");
  RequestIdParts parts;
  parts.wide = id.back() == '3';
  std::string_view left = id.substr(0, at), right = id.substr(at + 1);
  if (left.size() <= left_size(parts.wide) || right.size() <= right_size(parts.wide)) return bad(id, "is too short");
  parts.sub = left.substr(0, left.size() - left_size(parts.wide));
  parts.location = right.substr(0, right.size() - right_size(parts.wide));
  if (!is_word(parts.sub) || !is_word(parts.location)) return bad(id, "has a character that is no letter or digit");
  left.remove_prefix(parts.sub.size());
  right.remove_prefix(parts.location.size());

  const std::size_t pid_digits = parts.wide ? 8 : 4, ip_digits = parts.wide ? 8 : 4, port_digits = parts.wide ? 4 : 2;
  const auto pid = hex(left.substr(0, pid_digits)), index = hex(left.substr(pid_digits));
  const auto time = hex(right.substr(0, kTimeDigits)), ipv4 = hex(right.substr(kTimeDigits, ip_digits));
  const std::string_view port_text = right.substr(kTimeDigits + ip_digits, port_digits);
  auto port = hex(port_text);
  if (!parts.wide && port) {  // decimal
    const bool decimal = *port <= 0x99 && (*port & 0xF) <= 9;
    port = decimal ? std::optional<std::uint64_t>((*port >> 4) * 10 + (*port & 0xF)) : std::nullopt;
  }
  if (time && *time > kLatestMilliseconds) return bad(id, "its time is beyond the year 2262");
  if (!pid || !index || !time || !ipv4 || !port) return bad(id, "a number is not in lower-case hex digits");
  parts.pid = static_cast<std::uint32_t>(*pid);
  parts.index = static_cast<std::uint16_t>(*index);
  parts.time = from_unix_ns(static_cast<std::int64_t>(*time) * 1'000'000);
  parts.ipv4 = static_cast<std::uint32_t>(*ipv4);
  parts.port = static_cast<std::uint16_t>(*port);
  return parts;
}

}  // namespace tocsin::traces
