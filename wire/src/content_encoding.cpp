// SPDX-License-Identifier: Apache-2.0
#include "wire/content_encoding.h"

#include <string>

#include "meters/base/text.h"

namespace tocsin::wire {

std::string_view encoding_name(Encoding encoding) noexcept {
  switch (encoding) {
    case Encoding::Identity: return "identity";
    case Encoding::Gzip: return "gzip";
    case Encoding::Deflate: return "deflate";
    case Encoding::Zstd: return "zstd";
  }
  return "identity";
}

Result<Encoding> parse_encoding(std::string_view name) {
  const std::string lower = to_lower(trim(name));
  if (lower.empty() || lower == "identity" || lower == "none") return Encoding::Identity;
  if (lower == "gzip" || lower == "x-gzip") return Encoding::Gzip;
  if (lower == "deflate") return Encoding::Deflate;
  if (lower == "zstd") return Encoding::Zstd;
  return Error{Fault::Unsupported,
               "encoding \"" + std::string(name) + "\" is not understood; gzip, deflate, zstd and identity are"};
}

}  // namespace tocsin::wire
