// SPDX-License-Identifier: Apache-2.0
// Negotiation: which format, escaping and compression a scraper gets for what its headers ask (RFC 9110 section 12,
// Prometheus "Content negotiation"). The highest weight of what we have wins, the earlier among equals.
//
//   Exposition choice = negotiate(headers.joined("Accept"), headers.joined("Accept-Encoding"));
//   responder.begin(200, {{"Content-Type", choice.content_type}});
//   encode(choice.format, snapshot, {.escaping = choice.escaping}, sink);
//
// Nothing acceptable, or no header at all: text 0.0.4, underscores, identity. A format is a row in one table.
// Threads: pure. Costs about a microsecond a request.
#pragma once

#include <string>
#include <string_view>

#include "exporters/exposition.h"
#include "wire/compression.h"
#include "wire/escaping.h"

namespace tocsin::exporters {

enum class Format : std::uint8_t { Text, OpenMetrics, Protobuf };

struct Exposition {
  Format format = Format::Text;
  wire::Escaping escaping = wire::Escaping::Underscores;
  wire::Encoding encoding = wire::Encoding::Identity;
  std::string content_type;  // "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"
};

// Faults in a header are passed over: an unknown parameter counts for nothing, a bad weight for 1.
Exposition negotiate(std::string_view accept, std::string_view accept_encoding);

// By the format's encoder; options.escaping is the caller's to set.
ExpositionReport encode(Format format, const meters::Snapshot& snapshot, const ExpositionOptions& options,
                        const BlockSink& sink);

}  // namespace tocsin::exporters
