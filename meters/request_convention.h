// SPDX-License-Identifier: Apache-2.0
// The request convention: which meters a side has and how codes become status classes. Names, labels, buckets and the
// classes themselves are generated from meters/catalogue/request.toml. The RAII scope (meters/request_meters.h), the
// conversion of spans, the rules and the dashboards all speak it.
//
//   std::string_view name = request_meter_names(Side::Server).total.name;   // "server_request_total"
//   Status status = status_of_http(404, Side::Server);          // Status::ClientError
//   std::string_view word = to_text(status);                    // "client_error"
//
// Threads: constants and pure functions. Costs nothing at run time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "meters/generated/request.h"

namespace tocsin::meters {

// Whose view of a request: the one that answers it, or the one that waits for the answer.
enum class Side : std::uint8_t { Server, Rely };

inline constexpr std::size_t kStatuses = kStatusWords.size();
inline constexpr std::string_view kRetSuccess = "0";

struct RequestMeterNames {
  const DeclaredMeter& total;  // counter, {request}
  const DeclaredMeter& time;   // histogram, us, classic and native
  const DeclaredMeter& conc;   // up-down counter, {request}: in flight
};

constexpr const RequestMeterNames& request_meter_names(Side side) noexcept;

// The class of an HTTP status code. 408 is a timeout only for the side that waits: a server that answers it tells of a
// slow client. 499 is how proxies write "the client went away".
constexpr Status status_of_http(int code, Side side) noexcept {
  if (code == 499) return Status::Cancelled;
  if (code == 504 || (code == 408 && side == Side::Rely)) return Status::Timeout;
  if (code >= 500) return Status::ServerError;
  return code >= 400 ? Status::ClientError : Status::Ok;
}

// The class of a gRPC status code, by the OpenTelemetry conventions for servers: UNKNOWN, UNIMPLEMENTED, INTERNAL,
// UNAVAILABLE and DATA_LOSS are the server's fault, the others but CANCELLED and DEADLINE_EXCEEDED the caller's.
constexpr Status status_of_grpc(int code) noexcept {
  switch (code) {
    case 0: return Status::Ok;
    case 1: return Status::Cancelled;
    case 4: return Status::Timeout;
    case 2:
    case 12:
    case 13:
    case 14:
    case 15: return Status::ServerError;
    default: return code < 0 || code > 16 ? Status::ServerError : Status::ClientError;
  }
}

namespace detail {
inline constexpr RequestMeterNames kServerNames = {kServerRequestTotal, kServerRequestTimeMicroseconds, kServerConc};
inline constexpr RequestMeterNames kRelyNames = {kRelyServerRequestTotal, kRelyServerRequestTimeMicroseconds,
                                                 kRelyServerConc};
}  // namespace detail

constexpr const RequestMeterNames& request_meter_names(Side side) noexcept {
  return side == Side::Server ? detail::kServerNames : detail::kRelyNames;
}

}  // namespace tocsin::meters
