// SPDX-License-Identifier: Apache-2.0
#include "wire/exposition_parser.h"

#include <string>

#include "meters/base/text.h"
#include "wire/media_type.h"
#include "wire/src/exposition_formats.h"

namespace tocsin::wire {

void Exposition::clear() noexcept {
  families.clear();
  samples.clear();
  labels.clear();
  exemplars.clear();
  histograms.clear();
  texts.clear();
}

Result<ExpositionFormat> exposition_format(std::string_view content_type) {
  const auto media = parse_media_type(content_type);
  if (!media) return Error{Fault::Unsupported, "the answer has no Content-Type"};
  if (media->type == "text/plain") return ExpositionFormat::Text;
  if (media->type == "application/openmetrics-text") return ExpositionFormat::OpenMetrics;
  if (media->type == "application/vnd.google.protobuf") {
    const auto is = [&](std::string_view name, std::string_view wanted) {
      const std::string_view given = media->parameter(name);
      return given.empty() || given == wanted;
    };
    if (is("proto", "io.prometheus.client.MetricFamily") && is("encoding", "delimited")) return ExpositionFormat::Protobuf;
  }
  return Error{Fault::Unsupported, "not a format of exposition: Content-Type \"" + to_utf8(content_type.substr(0, 120)) + '"'};
}

Result<void> parse_exposition(ExpositionFormat format, std::string_view body, Exposition& into,
                              const ExpositionOptions& options) {
  into.clear();
  // Places are kept in 32 bits.
  if (body.size() > UINT32_MAX / 4) return Error{Fault::TooLarge, "the body is over 1 GiB"};
  switch (format) {
    case ExpositionFormat::Text: return parse_text_exposition(body, into, options);
    case ExpositionFormat::OpenMetrics: return parse_open_metrics(body, into, options);
    case ExpositionFormat::Protobuf: return parse_protobuf_exposition(body, into, options);
  }
  return Error{Fault::Unsupported, "not a format of exposition"};
}

}  // namespace tocsin::wire
