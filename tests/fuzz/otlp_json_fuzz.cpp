// SPDX-License-Identifier: Apache-2.0
// OTLP/JSON of anyone's making: no crash, and what is accepted is stable from the second pass on.
#include <cstdint>
#include <cstdlib>

#include "wire/otlp_json.h"

using tocsin::wire::OtlpMessage;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto kind = static_cast<OtlpMessage>(data[0] % 5);
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  // The bytes as protobuf: any answer, no crash.
  (void)tocsin::wire::protobuf_to_json(text, kind);
  const auto protobuf = tocsin::wire::json_to_protobuf(text, kind);
  if (!protobuf) return 0;
  const auto json = tocsin::wire::protobuf_to_json(*protobuf, kind);
  if (!json) std::abort();
  const auto again = tocsin::wire::json_to_protobuf(*json, kind);
  if (!again) std::abort();
  const auto same = tocsin::wire::protobuf_to_json(*again, kind);
  if (!same || *same != *json) std::abort();
  return 0;
}
