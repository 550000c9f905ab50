// SPDX-License-Identifier: Apache-2.0
// Span traffic for benchmarks: request bodies as an SDK's batch processor sends them, of one service each, spread evenly
// over a number of request series; and the sums that must come out.
#pragma once

#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "wire/otlp_fields.h"
#include "wire/protobuf.h"

namespace tocsin::bench {

class SpanTraffic {
 public:
  // `series` over as many senders as are needed for at most 1,000 each.
  SpanTraffic(std::uint32_t series, std::uint32_t spans_a_body, std::uint32_t bodies, std::uint64_t end_ns) {
    const std::uint32_t senders = (series + 999) / 1000;
    std::mt19937_64 random(42);
    std::lognormal_distribution<double> latency(std::log(3e6), 0.7);  // nanoseconds: 3 ms, a tail to 30
    for (std::uint32_t body = 0; body < bodies; ++body) {
      const std::uint32_t sender = body % senders;
      std::string spans;
      for (std::uint32_t i = 0; i < spans_a_body; ++i) {
        const auto func = static_cast<std::uint32_t>(random() % (series / senders));
        std::string span = make_span(sender, func, random, end_ns - i * 1000, static_cast<std::uint64_t>(latency(random)));
        span_bytes_ += span.size();
        ++spans_;
        wire::ProtobufWriter(spans).bytes(wire::otlp::ScopeItems::kItems, span);
      }
      bodies_.push_back(make_body(sender, spans));
    }
  }

  const std::vector<std::string>& bodies() const noexcept { return bodies_; }
  double bytes_a_span() const noexcept { return static_cast<double>(span_bytes_) / static_cast<double>(spans_); }
  std::uint64_t spans() const noexcept { return spans_; }      // in all bodies together
  double microseconds() const noexcept { return microseconds_; }  // their durations

 private:
  static void text(wire::ProtobufWriter& writer, std::uint32_t field, std::string_view key, std::string_view value) {
    std::string pair, inner;
    wire::ProtobufWriter(inner).bytes(wire::otlp::AnyValue::kString, value);
    wire::ProtobufWriter in_pair(pair);
    in_pair.bytes(wire::otlp::KeyValue::kKey, key);
    in_pair.bytes(wire::otlp::KeyValue::kValue, inner);
    writer.bytes(field, pair);
  }
  static void integer(wire::ProtobufWriter& writer, std::uint32_t field, std::string_view key, std::uint64_t value) {
    std::string pair, inner;
    wire::ProtobufWriter(inner).varint(wire::otlp::AnyValue::kInt, value);
    wire::ProtobufWriter in_pair(pair);
    in_pair.bytes(wire::otlp::KeyValue::kKey, key);
    in_pair.bytes(wire::otlp::KeyValue::kValue, inner);
    writer.bytes(field, pair);
  }

  // As the instrumentation of an HTTP server writes it: 260 bytes, one text of them in no other span.
  std::string make_span(std::uint32_t sender, std::uint32_t func, std::mt19937_64& random, std::uint64_t end_ns,
                        std::uint64_t duration_ns) {
    using Field = wire::otlp::Span;
    const std::string route = "/api/v1/items" + std::to_string(func) + "/{id}";
    const auto id = [&](std::size_t size) {
      std::string bytes;
      while (bytes.size() < size) bytes.push_back(static_cast<char>(random() | 1));
      return bytes;
    };
    std::string span;
    wire::ProtobufWriter writer(span);
    writer.bytes(Field::kTraceId, id(16));
    writer.bytes(Field::kSpanId, id(8));
    writer.bytes(Field::kParentSpanId, id(8));
    writer.bytes(Field::kName, "GET " + route);
    writer.varint(Field::kKind, 2);
    writer.fixed64(Field::kStartTimeUnixNano, end_ns - duration_ns);
    writer.fixed64(Field::kEndTimeUnixNano, end_ns);
    text(writer, Field::kAttributes, "http.request.method", "GET");
    text(writer, Field::kAttributes, "url.path", "/api/v1/items/" + std::to_string(random() % 1'000'000));
    text(writer, Field::kAttributes, "http.route", route);
    integer(writer, Field::kAttributes, "http.response.status_code", func % 20 == 7 ? 500 : 200);
    integer(writer, Field::kAttributes, "server.port", 8080 + sender);
    writer.bytes(Field::kStatus, "");
    writer.fixed32(Field::kFlags, 0x101);
    microseconds_ += static_cast<double>(duration_ns) / 1000.0;
    return span;
  }

  static std::string make_body(std::uint32_t sender, const std::string& spans) {
    using wire::otlp::ResourceItems;
    std::string resource, scope, scope_spans, resource_spans, body;
    wire::ProtobufWriter resource_writer(resource);
    text(resource_writer, wire::otlp::Resource::kAttributes, "service.name", "shop-" + std::to_string(sender));
    text(resource_writer, wire::otlp::Resource::kAttributes, "service.instance.id", "5b2b1e6f-4a0c-4a57-9f5f-0f6a");
    text(resource_writer, wire::otlp::Resource::kAttributes, "telemetry.sdk.language", "cpp");
    wire::ProtobufWriter(scope).bytes(wire::otlp::Scope::kName, "http-server");
    wire::ProtobufWriter(scope_spans).bytes(wire::otlp::ScopeItems::kScope, scope);
    scope_spans += spans;
    wire::ProtobufWriter writer(resource_spans);
    writer.bytes(ResourceItems::kResource, resource);
    writer.bytes(ResourceItems::kScopes, scope_spans);
    wire::ProtobufWriter(body).bytes(wire::otlp::ExportRequest::kResources, resource_spans);
    return body;
  }

  std::vector<std::string> bodies_;
  std::uint64_t spans_ = 0, span_bytes_ = 0;
  double microseconds_ = 0;
};

}  // namespace tocsin::bench
