// SPDX-License-Identifier: Apache-2.0
// Accept and Accept-Encoding of anyone's making: always an answer that says its version and escaping.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "exporters/negotiation.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto half = text.find('\n');
  const auto choice = tocsin::exporters::negotiate(
      text.substr(0, half), half == std::string_view::npos ? std::string_view{} : text.substr(half + 1));
  if (choice.content_type.find("; escaping=") == std::string::npos) std::abort();
  if (choice.content_type.find('\n') != std::string::npos) std::abort();
  return 0;
}
