// SPDX-License-Identifier: Apache-2.0
// Headers and request ids of anyone's making: what is accepted is written as it was read.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "traces/context.h"
#include "traces/request_id.h"

using namespace tocsin::traces;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto context = parse_traceparent(text)) {
    const auto again = parse_traceparent(format_traceparent(*context));
    if (!context->valid() || again != context) std::abort();
  }
  if (const auto state = TraceState::parse(std::array{text})) {
    const std::string written = state->text();
    if (TraceState::parse(std::array{std::string_view(written)}) != state) std::abort();
  }
  if (const auto parts = parse_request_id(text); parts && (parts->sub.empty() || parts->location.empty())) std::abort();
  return 0;
}
