// SPDX-License-Identifier: Apache-2.0
#include "exporters/negotiation.h"

#include <algorithm>
#include <array>

#include "exporters/open_metrics.h"
#include "exporters/prometheus_protobuf.h"
#include "exporters/prometheus_text.h"
#include "wire/media_type.h"

namespace tocsin::exporters {

namespace {

using Encode = ExpositionReport (*)(const meters::Snapshot&, const ExpositionOptions&, const BlockSink&);

struct FormatRow {
  std::string_view media_type;
  std::string_view version;  // that must be asked for
  bool without_version;      // this is what is meant when no version is asked for
  Format format;
  std::string_view content_type;  // before the escaping parameter
};

constexpr std::string_view kMetricFamily = "io.prometheus.client.MetricFamily";

constexpr std::array kFormats = std::to_array<FormatRow>({
    {"text/plain", "0.0.4", true, Format::Text, "text/plain; version=0.0.4; charset=utf-8"},
    {"text/plain", "1.0.0", false, Format::Text, "text/plain; version=1.0.0; charset=utf-8"},
    {"application/openmetrics-text", "1.0.0", false, Format::OpenMetrics,
     "application/openmetrics-text; version=1.0.0; charset=utf-8"},
    // What 0.0.1 asks for, 1.0.0 has.
    {"application/openmetrics-text", "0.0.1", true, Format::OpenMetrics,
     "application/openmetrics-text; version=0.0.1; charset=utf-8"},
    {"application/vnd.google.protobuf", "", true, Format::Protobuf,
     "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"},
});

struct EncoderRow {
  Format format;
  Encode encode;
};
constexpr std::array kEncoders = std::to_array<EncoderRow>({
    {Format::Text, encode_text},
    {Format::OpenMetrics, encode_open_metrics},
    {Format::Protobuf, encode_protobuf},
});

bool matches(const wire::MediaType& media, const FormatRow& row) {
  if (media.type != row.media_type) return false;
  if (row.format == Format::Protobuf)
    return media.parameter("proto") == kMetricFamily && media.parameter("encoding") == "delimited";
  const std::string_view version = media.parameter("version");
  return version.empty() ? row.without_version : version == row.version;
}

// What is named with a weight of 0 is not meant by a wildcard.
bool is_refused(const FormatRow& row, const std::vector<wire::Preference>& wanted) {
  return std::any_of(wanted.begin(), wanted.end(), [&](const wire::Preference& one) {
    return one.weight <= 0 && (matches(one.media, row) || (one.media.type == row.media_type && one.media.parameters.empty()));
  });
}

const FormatRow* find_format(const wire::MediaType& media, const std::vector<wire::Preference>& wanted) {
  for (const FormatRow& row : kFormats)
    if (matches(media, row)) return &row;
  if (media.type != "*/*" && media.type != "text/*") return nullptr;
  for (const FormatRow& row : kFormats)
    if ((media.type == "*/*" || row.media_type.starts_with("text/")) && !is_refused(row, wanted)) return &row;
  return nullptr;
}

}  // namespace

Exposition negotiate(std::string_view accept, std::string_view accept_encoding) {
  Exposition choice;
  const FormatRow* row = kFormats.data();
  const std::vector<wire::Preference> all = wire::parse_accept(accept);
  for (const wire::Preference& wanted : all) {
    if (wanted.weight <= 0) break;
    const FormatRow* found = find_format(wanted.media, all);
    if (found == nullptr) continue;
    row = found;
    choice.escaping = wire::parse_escaping(wanted.media.parameter("escaping")).value_or(wire::Escaping::Underscores);
    break;
  }
  choice.format = row->format;
  choice.content_type.append(row->content_type).append("; escaping=").append(wire::to_text(choice.escaping));
  choice.encoding = wire::choose_encoding(accept_encoding, {wire::Encoding::Zstd, wire::Encoding::Gzip});
  return choice;
}

ExpositionReport encode(Format format, const meters::Snapshot& snapshot, const ExpositionOptions& options,
                        const BlockSink& sink) {
  for (const EncoderRow& row : kEncoders)
    if (row.format == format) return row.encode(snapshot, options, sink);
  return {};
}

}  // namespace tocsin::exporters
