// SPDX-License-Identifier: Apache-2.0
// RpcStatus: how a call ended, in gRPC's codes, and when to come back. Its protobuf form is google.rpc.Status, the
// body of every OTLP/HTTP error and the value of gRPC's grpc-status-details-bin.
//
//   RpcStatus full{RpcCode::Unavailable, "queue is full", std::chrono::seconds(2)};
//   std::string body = encode_rpc_status(full);            // carries a google.rpc.RetryInfo
//   Result<RpcStatus> same = parse_rpc_status(body);
//
// Threads: a value type and pure functions. Costs one string; nothing here is for a hot path.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "meters/base/result.h"

namespace tocsin::wire {

// The numbers are those on the wire (grpc/grpc, doc/statuscodes.md).
enum class RpcCode : std::uint8_t {
  Ok = 0,
  Cancelled = 1,
  Unknown = 2,
  InvalidArgument = 3,
  DeadlineExceeded = 4,
  NotFound = 5,
  AlreadyExists = 6,
  PermissionDenied = 7,
  ResourceExhausted = 8,
  FailedPrecondition = 9,
  Aborted = 10,
  OutOfRange = 11,
  Unimplemented = 12,
  Internal = 13,
  Unavailable = 14,
  DataLoss = 15,
  Unauthenticated = 16,
};

struct RpcStatus {
  RpcCode code = RpcCode::Ok;
  std::string message;
  std::optional<std::chrono::milliseconds> retry_delay;  // the receiver asks for this much patience

  bool ok() const noexcept { return code == RpcCode::Ok; }
};

// "UNAVAILABLE", as gRPC writes it; a number outside the list is "UNKNOWN".
std::string_view rpc_code_name(RpcCode code) noexcept;

// The code for a number off the wire; what is not in the list is Unknown.
RpcCode rpc_code(std::int64_t number) noexcept;

// google.rpc.Status, with a google.rpc.RetryInfo among its details when there is a retry_delay.
std::string encode_rpc_status(const RpcStatus& status);

// Details of other types are passed over; a delay below zero counts as zero. Errors: Input for broken protobuf.
Result<RpcStatus> parse_rpc_status(std::string_view protobuf);

}  // namespace tocsin::wire
