// SPDX-License-Identifier: Apache-2.0
// Transport: one way to hand a request to a destination and to hear what became of it. OTLP over HTTP is here; gRPC is
// in otlp_grpc.h, which only a program that links gRPC uses.
//
//   auto transport = make_http_transport(options);
//   auto body = std::make_shared<const std::string>((*transport)->prepare(Signal::Metrics, request));
//   (*transport)->send(Signal::Metrics, body, 10s, [](wire::Verdict verdict) { ... });
//
// Threads: send() and cancel() from any one; `done` is called exactly once, on a thread of the transport. One call at a
// time. Costs: a thread, and a copy of the body for each attempt.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "meters/base/result.h"
#include "wire/delivery.h"

namespace tocsin::exporters {

struct DestinationOptions;

enum class Signal : std::uint8_t { Metrics, Traces };

class Transport {
 public:
  using Done = std::function<void(wire::Verdict)>;

  virtual ~Transport() = default;
  // A request (protobuf) as it goes out: perhaps as JSON, perhaps compressed. Done once a request, not once an attempt.
  virtual std::string prepare(Signal signal, std::string request) = 0;
  virtual void send(Signal signal, std::shared_ptr<const std::string> prepared, std::chrono::milliseconds timeout,
                    Done done) = 0;
  // What is in flight ends soon, with Retry.
  virtual void cancel() = 0;
};

// For OtlpProtocol::HttpProtobuf and HttpJson. Errors: Configuration.
Result<std::unique_ptr<Transport>> make_http_transport(const DestinationOptions& options);

}  // namespace tocsin::exporters
