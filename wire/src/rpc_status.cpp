// SPDX-License-Identifier: Apache-2.0
#include "wire/rpc_status.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "wire/protobuf.h"

namespace tocsin::wire {
namespace {

constexpr std::string_view kRetryInfo = "type.googleapis.com/google.rpc.RetryInfo";

constexpr std::array<std::string_view, 17> kNames = {
    "OK",        "CANCELLED",           "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED", "NOT_FOUND",
    "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED",       "OUT_OF_RANGE",
    "UNIMPLEMENTED", "INTERNAL",         "UNAVAILABLE",       "DATA_LOSS",          "UNAUTHENTICATED"};

// google.protobuf.Duration{seconds = 1, nanos = 2}. Ten thousand years stay inside the milliseconds of 64 bits.
std::chrono::milliseconds parse_duration(ProtobufReader& reader) {
  constexpr std::int64_t kMostSeconds = 315'576'000'000;
  std::int64_t seconds = 0;
  std::int64_t nanos = 0;
  while (reader.next()) {
    switch (reader.tag()) {
      case protobuf_tag(1, WireType::Varint): seconds = static_cast<std::int64_t>(reader.varint()); break;
      case protobuf_tag(2, WireType::Varint): nanos = static_cast<std::int32_t>(reader.varint()); break;
      default: reader.skip();
    }
  }
  seconds = std::clamp<std::int64_t>(seconds, 0, kMostSeconds);
  return std::chrono::milliseconds(std::max<std::int64_t>(seconds * 1000 + nanos / 1'000'000, 0));
}

// google.rpc.RetryInfo{retry_delay = 1}.
std::optional<std::chrono::milliseconds> parse_retry_info(ProtobufReader& reader) {
  std::optional<std::chrono::milliseconds> delay;
  while (reader.next()) {
    if (reader.tag() != protobuf_tag(1, WireType::Length)) {
      reader.skip();
      continue;
    }
    ProtobufReader duration = reader.message();
    delay = parse_duration(duration);
    reader.adopt(duration);
  }
  return delay;
}

// google.protobuf.Any{type_url = 1, value = 2}.
void parse_detail(ProtobufReader& reader, RpcStatus& status) {
  std::string_view type;
  ProtobufReader value;
  while (reader.next()) {
    switch (reader.tag()) {
      case protobuf_tag(1, WireType::Length): type = reader.bytes(); break;
      case protobuf_tag(2, WireType::Length): value = reader.message(); break;
      default: reader.skip();
    }
  }
  if (!reader.ok() || type.substr(type.rfind('/') + 1) != kRetryInfo.substr(kRetryInfo.rfind('/') + 1)) return;
  const auto delay = parse_retry_info(value);
  reader.adopt(value);
  if (value.ok()) status.retry_delay = delay;
}

}  // namespace

std::string_view rpc_code_name(RpcCode code) noexcept {
  const auto number = static_cast<std::size_t>(code);
  return number < kNames.size() ? kNames[number] : kNames[2];
}

RpcCode rpc_code(std::int64_t number) noexcept {
  return number >= 0 && number < static_cast<std::int64_t>(kNames.size()) ? static_cast<RpcCode>(number)
                                                                          : RpcCode::Unknown;
}

std::string encode_rpc_status(const RpcStatus& status) {
  std::string out;
  ProtobufWriter writer(out);
  if (!status.ok()) writer.varint(1, static_cast<std::uint64_t>(status.code));
  if (!status.message.empty()) writer.bytes(2, status.message);
  if (status.retry_delay) {
    const auto ms = std::max<std::int64_t>(status.retry_delay->count(), 0);
    const auto detail = writer.begin(3);
    writer.bytes(1, kRetryInfo);
    const auto info = writer.begin(2);
    const auto duration = writer.begin(1);
    if (ms >= 1000) writer.varint(1, static_cast<std::uint64_t>(ms / 1000));
    if (ms % 1000 != 0) writer.varint(2, static_cast<std::uint64_t>(ms % 1000 * 1'000'000));
    writer.end(duration);
    writer.end(info);
    writer.end(detail);
  }
  return out;
}

Result<RpcStatus> parse_rpc_status(std::string_view protobuf) {
  RpcStatus status;
  ProtobufReader reader(protobuf);
  while (reader.next()) {
    switch (reader.tag()) {
      case protobuf_tag(1, WireType::Varint):
        status.code = rpc_code(static_cast<std::int32_t>(reader.varint()));
        break;
      case protobuf_tag(2, WireType::Length): status.message = reader.bytes(); break;
      case protobuf_tag(3, WireType::Length): {
        ProtobufReader detail = reader.message();
        parse_detail(detail, status);
        reader.adopt(detail);
        break;
      }
      default: reader.skip();
    }
  }
  if (!reader.ok()) return reader.error("google.rpc.Status");
  return status;
}

}  // namespace tocsin::wire
