// SPDX-License-Identifier: Apache-2.0
#include "traces/request_labels.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <limits>
#include <string_view>

#include "meters/base/number.h"
#include "meters/base/text.h"

namespace tocsin::traces {

namespace {

using meters::Side;
using meters::Status;

constexpr std::uint32_t kHttpKeys = bit(SpanKey::HttpRequestMethod) | bit(SpanKey::HttpRoute);
constexpr std::uint32_t kRpcKeys = bit(SpanKey::RpcService) | bit(SpanKey::RpcMethod);
constexpr std::uint32_t kMessagingKeys = bit(SpanKey::MessagingOperation) | bit(SpanKey::MessagingOperationType) |
                                         bit(SpanKey::MessagingDestination) |
                                         bit(SpanKey::MessagingDestinationTemplate);
constexpr std::uint32_t kDbKeys = bit(SpanKey::DbQuerySummary) | bit(SpanKey::DbOperation);
constexpr std::uint32_t kOutcomeKeys =
    bit(SpanKey::HttpResponseStatusCode) | bit(SpanKey::RpcStatusCode) | bit(SpanKey::ErrorType);

enum class FuncFrom : std::uint8_t { Http, Rpc, Messaging, Db, Name };

constexpr FuncFrom func_from(std::uint32_t keys, Side side) noexcept {
  if (keys & kHttpKeys) return FuncFrom::Http;
  if (keys & kRpcKeys) return FuncFrom::Rpc;
  if (keys & kMessagingKeys) return FuncFrom::Messaging;
  if (side == Side::Rely && (keys & kDbKeys)) return FuncFrom::Db;
  return FuncFrom::Name;
}

// Cut at a character's start.
std::string bounded(std::string_view text, std::size_t limit) {
  std::string clean = is_utf8(text) ? std::string(text) : to_utf8(text.substr(0, std::min(text.size(), 2 * limit)));
  if (clean.size() <= limit) return clean;
  std::size_t end = limit;
  while (end > 0 && (static_cast<unsigned char>(clean[end]) & 0xC0) == 0x80) --end;
  clean.resize(end);
  return clean;
}

std::string to_text(const SpanBatch& batch, const SpanAttribute& attribute) {
  std::string text;
  switch (attribute.type) {
    case SpanAttribute::Type::Text: return std::string(batch.text(attribute));
    case SpanAttribute::Type::Integer: append_integer(text, static_cast<std::int64_t>(attribute.bits)); break;
    case SpanAttribute::Type::Double: append_double(text, std::bit_cast<double>(attribute.bits)); break;
    case SpanAttribute::Type::Bool: text = attribute.bits != 0 ? "true" : "false"; break;
  }
  return text;
}

std::string joined(std::string first, char separator, std::string_view second) {
  if (!first.empty() && !second.empty()) first += separator;
  return first += second;
}

// The span's attributes as texts, by key; empty where there is none.
using Texts = std::array<std::string, kSpanKeys>;

std::string http_method(std::string_view method) {
  static constexpr std::array<std::string_view, 10> kMethods = {"GET",     "POST",  "PUT",   "DELETE",  "HEAD",
                                                                "OPTIONS", "PATCH", "TRACE", "CONNECT", "QUERY"};
  const auto known = std::find_if(kMethods.begin(), kMethods.end(),
                                  [&](std::string_view candidate) { return equal_ignoring_case(candidate, method); });
  return std::string(known == kMethods.end() ? std::string_view("_OTHER") : *known);
}

struct Func {
  std::string text;
  bool is_name = false;
};

Func func_of(const Texts& texts, std::string_view name, std::uint32_t keys, Side side) {
  const auto text = [&](SpanKey key) -> const std::string& { return texts[static_cast<std::size_t>(key)]; };
  const auto first = [&](SpanKey one, SpanKey other) -> const std::string& {
    return text(one).empty() ? text(other) : text(one);
  };
  switch (func_from(keys, side)) {
    case FuncFrom::Http: {
      const std::string& route = side == Side::Rely ? first(SpanKey::UrlTemplate, SpanKey::HttpRoute) : text(SpanKey::HttpRoute);
      const std::string& method = text(SpanKey::HttpRequestMethod);
      return {joined(method.empty() ? "" : http_method(method), ' ', route)};
    }
    case FuncFrom::Rpc: {
      const std::string& service = text(SpanKey::RpcService);
      const std::string& method = text(SpanKey::RpcMethod);
      // Current conventions put the service into rpc.method.
      if (!service.empty() && method.starts_with(service + '/')) return {method};
      return {joined(service, '/', method)};
    }
    case FuncFrom::Messaging: {
      std::string destination = text(SpanKey::MessagingDestinationTemplate);
      if (destination.empty() && (keys & bit(SpanKey::MessagingDestinationUnstable))) destination = "(temporary)";
      if (destination.empty()) destination = text(SpanKey::MessagingDestination);
      return {joined(first(SpanKey::MessagingOperation, SpanKey::MessagingOperationType), ' ', destination)};
    }
    case FuncFrom::Db: {
      if (!text(SpanKey::DbQuerySummary).empty()) return {text(SpanKey::DbQuerySummary)};
      return {joined(text(SpanKey::DbOperation), ' ', text(SpanKey::DbCollection))};
    }
    case FuncFrom::Name: break;
  }
  return {name.empty() ? "unknown" : std::string(name), true};
}

std::optional<int> whole_number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<int> grpc_code(std::string_view text) {
  static constexpr std::array<std::string_view, 17> kNames = {
      "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
      "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
      "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"};
  if (const auto number = whole_number(text)) return *number >= 0 && *number <= 16 ? number : std::nullopt;
  for (std::size_t code = 0; code < kNames.size(); ++code)
    if (equal_ignoring_case(text, kNames[code])) return static_cast<int>(code);
  if (equal_ignoring_case(text, "CANCELED")) return 1;
  return std::nullopt;
}

bool mentions(std::string_view lower, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return lower.find(word) != std::string_view::npos; });
}

// What an error.type tells: names of exceptions and errno in any spelling.
Status status_of_error_type(std::string_view error_type) {
  const std::string lower = to_lower(error_type);
  if (mentions(lower, {"timeout", "timed_out", "timedout", "timed out", "deadline"})) return Status::Timeout;
  if (mentions(lower, {"cancel", "aborterror"})) return Status::Cancelled;
  return Status::ServerError;
}

Status status_of_code(const Texts& texts, Side side) {
  const std::string& http = texts[static_cast<std::size_t>(SpanKey::HttpResponseStatusCode)];
  if (!http.empty()) return meters::status_of_http(whole_number(http).value_or(0), side);
  const std::string& rpc = texts[static_cast<std::size_t>(SpanKey::RpcStatusCode)];
  return rpc.empty() ? Status::Ok : meters::status_of_grpc(grpc_code(rpc).value_or(0));
}

void set_outcome(RequestLabels& labels, const Texts& texts, SpanStatus span_status, Side side) {
  const std::string& error_type = texts[static_cast<std::size_t>(SpanKey::ErrorType)];
  labels.status = status_of_code(texts, side);
  if (labels.status == Status::Ok || labels.status == Status::ServerError) {
    if (!error_type.empty())
      labels.status = status_of_error_type(error_type);
    else if (span_status == SpanStatus::Error)
      labels.status = Status::ServerError;
  }
  if (labels.status == Status::Ok) {
    labels.ret = meters::kRetSuccess;
  } else if (!error_type.empty()) {
    labels.ret = error_type;
  } else {
    const bool http_fails = status_of_code(texts, side) != Status::Ok;
    const std::string& http = texts[static_cast<std::size_t>(SpanKey::HttpResponseStatusCode)];
    const std::string& rpc = texts[static_cast<std::size_t>(SpanKey::RpcStatusCode)];
    const std::string& code = http.empty() ? rpc : http;
    labels.ret = http_fails && !code.empty() ? code : "_OTHER";
  }
}

}  // namespace

LabelInputs label_inputs(const Span& span, Side side) noexcept {
  LabelInputs inputs;
  inputs.keys = kOutcomeKeys | bit(SpanKey::AppId);
  if (side == Side::Rely) inputs.keys |= bit(SpanKey::PeerService) | bit(SpanKey::ServerAddress);
  switch (func_from(span.keys, side)) {
    case FuncFrom::Http: inputs.keys |= kHttpKeys | (side == Side::Rely ? bit(SpanKey::UrlTemplate) : 0); break;
    case FuncFrom::Rpc: inputs.keys |= kRpcKeys; break;
    case FuncFrom::Messaging: inputs.keys |= kMessagingKeys | bit(SpanKey::MessagingDestinationUnstable); break;
    case FuncFrom::Db: inputs.keys |= kDbKeys | bit(SpanKey::DbCollection); break;
    case FuncFrom::Name: inputs.name = true; break;
  }
  return inputs;
}

RequestLabels request_labels(const SpanBatch& batch, const Span& span, Side side) {
  Texts texts;
  const std::uint32_t wanted = label_inputs(span, side).keys;
  for (const SpanAttribute& attribute : batch.attributes_of(span))
    if (bit(attribute.key) & wanted) texts[static_cast<std::size_t>(attribute.key)] = to_text(batch, attribute);
  const auto text = [&](SpanKey key) -> const std::string& { return texts[static_cast<std::size_t>(key)]; };

  RequestLabels labels;
  Func func = func_of(texts, batch.name(span), span.keys, side);
  labels.func = bounded(func.text, kMaxFuncBytes);
  labels.func_is_name = func.is_name;
  set_outcome(labels, texts, span.status, side);
  labels.ret = bounded(labels.ret, kMaxRetBytes);
  labels.app_id = bounded(text(SpanKey::AppId), kMaxPeerBytes);
  if (side == Side::Rely) {
    labels.peer_is_address = text(SpanKey::PeerService).empty() && !text(SpanKey::ServerAddress).empty();
    labels.peer = bounded(labels.peer_is_address ? text(SpanKey::ServerAddress) : text(SpanKey::PeerService), kMaxPeerBytes);
  }
  return labels;
}

}  // namespace tocsin::traces
