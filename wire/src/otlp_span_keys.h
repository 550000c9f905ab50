// SPDX-License-Identifier: Apache-2.0
// Which attribute keys of a span decide its labels: a switch on the length, then a compare of whole words.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "traces/span.h"

namespace tocsin::wire {

struct KnownKey {
  traces::SpanKey key{};
  bool known = false;
  bool current = true;  // false: an older name, which yields to the current one
};

namespace detail {

inline std::uint64_t word_at(const char* at) noexcept {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// True where the N - 1 bytes at `at` are the name. Overlapping words, so that no byte outside is read.
template <std::size_t N>
inline bool same(const char* at, const char (&name)[N]) noexcept {
  constexpr std::size_t kSize = N - 1;
  static_assert(kSize >= 8 && kSize <= 32);
  std::uint64_t differs = word_at(at) ^ word_at(name);
  if constexpr (kSize > 16) differs |= word_at(at + 8) ^ word_at(name + 8);
  if constexpr (kSize > 24) differs |= word_at(at + 16) ^ word_at(name + 16);
  differs |= word_at(at + kSize - 8) ^ word_at(name + kSize - 8);
  return differs == 0;
}

}  // namespace detail

inline KnownKey known_span_key(std::string_view key) noexcept {
  using detail::same;
  using Key = traces::SpanKey;
  const char* at = key.data();
  constexpr KnownKey kNone{};
  const auto is = [](Key found, bool current = true) { return KnownKey{found, true, current}; };
  switch (key.size()) {
    case 10:
      if (same(at, "http.route")) return is(Key::HttpRoute);
      if (same(at, "rpc.method")) return is(Key::RpcMethod);
      if (same(at, "error.type")) return is(Key::ErrorType);
      return kNone;
    case 11:
      if (same(at, "http.method")) return is(Key::HttpRequestMethod, false);
      if (same(at, "rpc.service")) return is(Key::RpcService);
      return kNone;
    case 12:
      if (same(at, "peer.service")) return is(Key::PeerService, false);
      if (same(at, "url.template")) return is(Key::UrlTemplate);
      if (same(at, "db.operation")) return is(Key::DbOperation, false);
      if (same(at, "db.sql.table")) return is(Key::DbCollection, false);
      return kNone;
    case 13: return same(at, "net.peer.name") ? is(Key::ServerAddress, false) : kNone;
    case 14: return same(at, "server.address") ? is(Key::ServerAddress) : kNone;
    case 16:
      if (same(at, "http.status_code")) return is(Key::HttpResponseStatusCode, false);
      if (same(at, "db.query.summary")) return is(Key::DbQuerySummary);
      return kNone;
    case 17:
      if (same(at, "db.operation.name")) return is(Key::DbOperation);
      if (same(at, "service.peer.name")) return is(Key::PeerService);
      return kNone;
    case 18: return same(at, "db.collection.name") ? is(Key::DbCollection) : kNone;
    case 19:
      if (same(at, "http.request.method")) return is(Key::HttpRequestMethod);
      if (same(at, "messaging.operation")) return is(Key::MessagingOperation, false);
      return kNone;
    case 20: return same(at, "rpc.grpc.status_code") ? is(Key::RpcStatusCode, false) : kNone;
    case 21:
      if (same(at, "messaging.destination")) return is(Key::MessagingDestination, false);
      if (same(at, "db.mongodb.collection")) return is(Key::DbCollection, false);
      return kNone;
    case 24:
      if (same(at, "messaging.operation.name")) return is(Key::MessagingOperation);
      if (same(at, "messaging.operation.type")) return is(Key::MessagingOperationType);
      if (same(at, "rpc.response.status_code")) return is(Key::RpcStatusCode);
      return kNone;
    case 25: return same(at, "http.response.status_code") ? is(Key::HttpResponseStatusCode) : kNone;
    case 26: return same(at, "messaging.destination.name") ? is(Key::MessagingDestination) : kNone;
    case 30: return same(at, "messaging.destination.template") ? is(Key::MessagingDestinationTemplate) : kNone;
    case 31:
      if (same(at, "messaging.destination.temporary")) return is(Key::MessagingDestinationUnstable);
      if (same(at, "messaging.destination.anonymous")) return is(Key::MessagingDestinationUnstable);
      return kNone;
    default: return kNone;
  }
}

}  // namespace tocsin::wire
