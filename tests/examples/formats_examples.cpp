// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "meters/attributes.h"
#include "meters/base/clock.h"
#include "meters/base/result.h"
#include "tests/examples/reader.h"
#include "traces/span.h"
#include "traces/span_meters.h"
#include "wire/base64.h"
#include "wire/escaping.h"
#include "wire/exposition_parser.h"
#include "wire/http_client.h"
#include "wire/json_writer.h"
#include "wire/otlp_attributes.h"
#include "wire/otlp_check.h"
#include "wire/otlp_fields.h"
#include "wire/otlp_json.h"
#include "wire/otlp_spans.h"
#include "wire/protobuf.h"
#include "wire/remote_write_codec.h"
#include "wire/remote_write_writer.h"
#include "wire/snappy.h"
#include "wire/sparse_histogram.h"
#include "wire/text_arena.h"
#include "wire/timestamp.h"
#include "wire/url.h"

namespace tocsin::examples {

using namespace wire;

void base64_example() {
  std::optional<std::string> bytes = base64_decode("dXNlcjpwYXNz");
}

void escaping_example(std::string& out) {
  escape_name("http.status", Escaping::Underscores);
  escape_name("http.status", Escaping::Dots);
  escape_name("http.status", Escaping::Values);
  append_quoted_text(out, "a\"b");
}

Result<void> exposition_parser_example(const HttpReply& reply) {
  Exposition scraped;
  auto format = exposition_format(reply.headers.value("Content-Type"));
  if (auto parsed = parse_exposition(*format, reply.body, scraped); !parsed) return parsed.error();
  for (const ExpositionSample& sample : scraped.samples) use(sample.name, scraped.labels_of(sample), sample.value);
  return {};
}

void json_writer_example() {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.field("status", "success");
  json.key("series"); json.begin_array(); json.value(3); json.end();
  json.end();
}

Result<void> otlp_attributes_example(std::string_view key_value_bytes, std::string_view resource_bytes) {
  meters::Attributes attributes;
  if (auto read = decode_attribute(key_value_bytes, attributes); !read) return read.error();
  normalize(attributes);

  auto resource = decode_attributes(resource_bytes, otlp::Resource::kAttributes);
  return {};
}

Result<void> otlp_check_example(std::string_view body) {
  if (auto checked = check_otlp(body, OtlpMessage::TraceRequest); !checked) return checked.error();
  return {};
}

void otlp_fields_example(ProtobufReader& reader) {
  using otlp::NumberDataPoint;
  if (reader.field() == NumberDataPoint::kStartTimeUnixNano) use(reader.fixed64());
}

void otlp_json_example(std::string_view body, std::string_view answer) {
  Result<std::string> protobuf = json_to_protobuf(body, OtlpMessage::MetricsRequest);
  Result<std::string> json = protobuf_to_json(answer, OtlpMessage::MetricsResponse);
}

Result<void> otlp_spans_example(std::string_view body, traces::SpanBatch& batch, traces::SpanMeters& span_meters) {
  SpanDecoder decoder;
  if (auto decoded = decoder.decode(body, batch); !decoded)
    return decoded.error();
  span_meters.apply(batch);
  return {};
}

struct NamedSpan {
  std::string_view name;
  std::uint64_t kind;
};

Result<void> protobuf_example(std::string_view body, NamedSpan& span) {
  ProtobufReader reader(body);
  while (reader.next()) switch (reader.tag()) {
    case protobuf_tag(1, WireType::Length): span.name = reader.bytes(); break;
    case protobuf_tag(2, WireType::Varint): span.kind = reader.varint(); break;
    default: reader.skip();
  }
  if (!reader.ok()) return reader.error("span");
  return {};
}

Result<void> remote_write_codec_example(std::string_view body, std::size_t limit) {
  WriteRequest request;
  auto message = uncompress_snappy(body, limit);
  if (!message) return message.error();
  if (auto read = decode_write_request(*message, request); !read) return read.error();
  for (const WriteSeries& series : request.series)
    if (series.fault.empty()) use(request.labels_of(series), request.samples_of(series));
  return {};
}

void remote_write_writer_example(std::span<const WriteRequestWriter::Label> labels, std::int64_t time_ms) {
  std::string message;
  WriteRequestWriter writer(message);
  writer.begin_series(labels);
  writer.sample(1.5, time_ms);
  writer.end_series();
  writer.metadata("requests", ExpositionType::Counter, "Requests that ended.", "");
}

void snappy_example(const HttpRequest& request) {
  Result<std::string> body = uncompress_snappy(request.body, 64 << 20);
}

Result<void> sparse_histogram_example(ProtobufReader& reader) {
  SparseHistograms kept;
  if (auto read = read_sparse_histogram(reader, kRemoteWriteHistogram, kept); !read) return read.error();
  const SparseHistogram& last = kept.all.back();
  kept.numbers_of(last.positive);
  return {};
}

void text_arena_example(TextArena& arena) {
  std::string_view kept = arena.keep("x_bucket");
}

void timestamp_example(Time time) {
  format_rfc3339(time);
  Result<Time> t = parse_timestamp("1700000000.5");
  format_http_date(time);
}

void url_example() {
  QueryParameters query = parse_query("match[]=up&match[]=x%7Ba%3D%22b%22%7D&time=5");
  query.value("time");
  for (std::string_view m : query.all("match[]")) use(m);
  Result<Url> url = parse_url("http://localhost:4318/v1/metrics");
}

}  // namespace tocsin::examples
