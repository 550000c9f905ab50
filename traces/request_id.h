// SPDX-License-Identifier: Apache-2.0
// RequestIds: request ids that a person can read and a program can take apart: who made it, where, and when.
//
//   auto ids = RequestIds::make({.sub = "spf", .location = "hf", .port = 7860});
//   std::string id = ids->next();                       // "spf00d2004c@hf18bcfe568000a14782"
//   auto parts = parse_request_id(id);                  // parts->pid, parts->time ...
//
// {sub}{pid, 4 hex}{index, 4 hex}@{location}{unix ms, 11 hex}{last two bytes of the IPv4 address, 4 hex}{port, first 2
// digits of 4 or 5}2, or where it is `wide`
// {sub}{pid, 8 hex}{index, 4 hex}@{location}{unix ms, 11 hex}{IPv4 address, 8 hex}{port, 4 hex}3
//
// Time and index are one counter that only grows, so that two ids of one generator are never equal: not in one
// millisecond, not after the clock stepped back, not beyond 65,536 in a millisecond (it then runs ahead of the clock).
// Threads: thread-safe; a child of a fork has its own pid in its ids. Costs about 150 ns and a string.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "meters/base/clock.h"
#include "meters/base/result.h"

namespace tocsin::traces {

struct RequestIdOptions {
  std::string sub = "svc";       // letters and digits; what kind of service
  std::string location = "src";  // letters and digits; data centre
  // Of this machine: the first interface that is up and no loopback; 127.0.0.1 where there is none. No packet is sent.
  std::optional<std::uint32_t> ipv4 = std::nullopt;  // host order: 0x0A000001 is 10.0.0.1
  std::uint16_t port = 0;
  bool wide = false;  // all of pid, address and port: no two processes share ids
};

struct RequestIdParts {
  std::string sub, location;
  std::uint32_t pid = 0;   // its last 16 bits, unless wide
  std::uint16_t index = 0;
  Time time;               // to the millisecond
  std::uint32_t ipv4 = 0;  // its last 16 bits, unless wide
  std::uint16_t port = 0;  // its first two digits, unless wide
  bool wide = false;
  bool operator==(const RequestIdParts&) const = default;
};

class RequestIds {
 public:
  // Errors: Configuration, where sub or location has another character or is empty.
  // The clock must outlive it.
  static Result<RequestIds> make(RequestIdOptions options = {}, const Clock& clock = SystemClock::instance());
  RequestIds(RequestIds&& other) noexcept;

  std::string next();

 private:
  RequestIds(RequestIdOptions options, const Clock& clock);
  std::uint64_t next_tick() noexcept;

  // Fixed after construction.
  RequestIdOptions options_;
  const Clock* clock_;
  // Own synchronisation.
  std::atomic<std::uint64_t> last_{0};  // milliseconds, then 16 bits of index
};

// Errors: Input, with what is wrong.
Result<RequestIdParts> parse_request_id(std::string_view id);

}  // namespace tocsin::traces
