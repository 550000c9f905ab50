// SPDX-License-Identifier: Apache-2.0
// OTLP over gRPC, for a destination whose protocol is Protocol::Grpc. A target of its own: only what uses this links gRPC.
//
//   auto transport = make_grpc_transport(options);
//   auto destination = OtlpDestination::make(options, *std::move(transport));
//
// Threads: as OtlpTransport says; the client's own thread calls back. Costs: a connection for each endpoint that differs.
#pragma once

#include <memory>

#include "exporters/otlp.h"

namespace tocsin::exporters {

// An endpoint is "http://host:port" (plain), "https://host:port" (TLS) or "host:port", which is TLS where the options
// have a TLS file and plain otherwise. Errors: Configuration: an endpoint or file that cannot work, zstd, `insecure` TLS.
Result<std::unique_ptr<OtlpTransport>> make_grpc_transport(const OtlpOptions& options);

}  // namespace tocsin::exporters
