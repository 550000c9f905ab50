// SPDX-License-Identifier: Apache-2.0
// What an answer means for the sender (OTLP 1.11, "Failures" of OTLP/HTTP and OTLP/gRPC).
// Threads: pure.
#pragma once

#include <string_view>

#include "exporters/transport.h"
#include "meters/base/clock.h"
#include "wire/delivery.h"
#include "wire/http_client.h"
#include "wire/rpc_status.h"

namespace tocsin::exporters {

// `now` is for a Retry-After that is a date.
wire::Verdict judge(Signal signal, const wire::HttpReply& reply, Time now);
wire::Verdict judge(Signal signal, const wire::RpcStatus& status, std::string_view body);
// There was no answer.
wire::Verdict judge(const Error& error);

}  // namespace tocsin::exporters
