// SPDX-License-Identifier: Apache-2.0
// The small parsers of header fields and URLs: media types, weighted lists, queries, URLs, timestamps, base64.
#include <cstdint>
#include <cstdlib>

#include "meters/base/text.h"
#include "wire/base64.h"
#include "wire/media_type.h"
#include "wire/timestamp.h"
#include "wire/url.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin;
  using namespace tocsin::wire;
  const std::string_view input(reinterpret_cast<const char*>(data), size);

  if (const auto media = parse_media_type(input)) require(media->type.find('/') != std::string::npos);
  double last = 1;
  for (const Preference& one : parse_accept(input)) {
    require(one.weight >= 0 && one.weight <= last);
    last = one.weight;
  }
  choose_encoding(input, {Encoding::Zstd, Encoding::Gzip});

  std::string again;
  const QueryParameters query = parse_query(input);
  for (const auto& [name, value] : query) again += "&" + percent_encode(name) + "=" + percent_encode(value);
  const QueryParameters twice = parse_query(again);
  std::size_t named = 0;
  for (const auto& [name, value] : query) named += name.empty() && value.empty() ? 0 : 1;
  require(twice.size() >= named);
  require(percent_decode(percent_encode(input)) == input);

  if (const auto url = parse_url(input)) require(!url->host.empty() && url->port != 0 && url->target.starts_with('/'));
  if (const auto time = parse_timestamp(input)) {
    const auto back = parse_timestamp(format_rfc3339(*time));
    require(back && *back == *time);
    require(format_http_date(*time).size() >= 29);
  }
  if (const auto bytes = base64_decode(input)) require(base64_decode(base64(*bytes)) == bytes);
  return 0;
}
