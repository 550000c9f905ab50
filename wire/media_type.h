// SPDX-License-Identifier: Apache-2.0
// Media types, and the lists with weights by which a client says what it would like (RFC 9110, 8.3 and 12.5).
//
//   auto type = parse_media_type("Text/Plain; Version=0.0.4; charset=utf-8");   // "text/plain"
//   type->parameter("version");                                                 // "0.0.4"
//   for (const Preference& p : parse_accept(header)) ...                        // best first
//   Encoding e = choose_encoding(request.headers.joined("Accept-Encoding"), {Encoding::Zstd, Encoding::Gzip});
//
// Elements that cannot be read are left out, a weight that cannot be read counts as 1; a list is read up to its 64th element.
// Threads: pure. Costs about a microsecond a header.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wire/content_encoding.h"

namespace tocsin::wire {

struct MediaType {
  std::string type;  // lower case: "application/json", "text/*", "*/*"
  std::vector<std::pair<std::string, std::string>> parameters;  // names in lower case, values unquoted

  // Empty when there is none.
  std::string_view parameter(std::string_view name) const noexcept;
  bool operator==(const MediaType&) const = default;
};

// Nothing when there is no "type/subtype" to read.
std::optional<MediaType> parse_media_type(std::string_view text);

struct Preference {
  MediaType media;      // without "q"
  double weight = 1.0;  // 0 to 1; 0 is "not this"
};

// Heaviest first, of equal weight in the order they were written.
std::vector<Preference> parse_accept(std::string_view header);

struct WeightedToken {
  std::string token;  // lower case
  double weight = 1.0;
};

// Accept-Encoding, Accept-Charset and the like; ordered as parse_accept.
std::vector<WeightedToken> parse_weighted_list(std::string_view header);

// The offered encoding of the greatest weight, of equal weight the one offered first. Identity when none is wanted, and
// when the header is empty.
Encoding choose_encoding(std::string_view accept_encoding, std::initializer_list<Encoding> offered);

}  // namespace tocsin::wire
