// SPDX-License-Identifier: Apache-2.0
// OTLP over gRPC, for a destination whose protocol is OtlpProtocol::Grpc. A target of its own: only what uses this links gRPC.
//
//   auto transport = make_grpc_transport(options);
//   auto destination = Destination::make(options, *std::move(transport));
//
// Threads: as Transport says; the client's own thread calls back. Costs: a connection for each endpoint that differs.
#pragma once

#include <memory>

#include "exporters/destination.h"

namespace tocsin::exporters {

// An endpoint is "http://host:port" (plain), "https://host:port" (TLS) or "host:port", which is TLS where the options
// have a TLS file and plain otherwise. Errors: Configuration: an endpoint or file that cannot work, zstd, `insecure` TLS.
Result<std::unique_ptr<Transport>> make_grpc_transport(const DestinationOptions& options);

}  // namespace tocsin::exporters
