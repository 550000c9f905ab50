// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/src/demo_spans.h"

#include <unistd.h>

#include <utility>

#include "meters/base/number.h"
#include "wire/otlp_fields.h"
#include "wire/protobuf.h"

namespace tocsin::agent {

namespace otlp = wire::otlp;
using wire::ProtobufWriter;

namespace {

constexpr std::uint64_t kMostWaiting = 10'000;
constexpr std::uint64_t kKindServer = 2, kKindClient = 3, kStatusError = 2;

void write_text(ProtobufWriter& writer, otlp::Field attributes, std::string_view key, std::string_view text) {
  const auto pair = writer.begin(attributes);
  writer.bytes(otlp::KeyValue::kKey, key);
  const auto value = writer.begin(otlp::KeyValue::kValue);
  writer.bytes(otlp::AnyValue::kString, text);
  writer.end(value);
  writer.end(pair);
}

void write_integer(ProtobufWriter& writer, otlp::Field attributes, std::string_view key, std::int64_t number) {
  const auto pair = writer.begin(attributes);
  writer.bytes(otlp::KeyValue::kKey, key);
  const auto value = writer.begin(otlp::KeyValue::kValue);
  writer.varint(otlp::AnyValue::kInt, static_cast<std::uint64_t>(number));
  writer.end(value);
  writer.end(pair);
}

std::string id(std::mt19937_64& random, std::size_t bytes) {
  std::string out;
  ProtobufWriter writer(out);
  for (std::size_t i = 0; i < bytes; i += 8) writer.raw(random() | 1);  // never all zero
  return out;
}

}  // namespace

DemoSpans::DemoSpans(const FleetService& of, std::string service, std::string traces_url, std::uint64_t seed)
    : of_(of),
      service_(std::move(service)),
      url_(std::move(traces_url)),
      instance_(service_ + '-' + std::to_string(getpid())),
      client_({.thread_name = "demo-spans"}),
      ids_(seed ^ static_cast<std::uint64_t>(to_unix_ns(SystemClock::instance().now()))) {}

void DemoSpans::add(const DemoWork& work, Time start, Time end) {
  const bool call = work.kind == DemoWorkKind::Call;
  const std::string_view func = call ? of_.calls[work.index].name : of_.funcs[work.index].name;
  const std::string_view method = func.substr(0, func.find(' ')), route = func.substr(func.find(' ') + 1);
  const bool failed = work.status == meters::Status::ServerError || work.status == meters::Status::Timeout;
  const std::int64_t code = work.ret == meters::kRetSuccess ? 200 : parse_integer<std::int64_t>(work.ret).value_or(500);

  const std::lock_guard lock(mutex_);
  if (waiting_ >= kMostWaiting) {
    ++dropped_;
    return;
  }
  ProtobufWriter writer(spans_);
  const auto span = writer.begin(otlp::ScopeItems::kItems, 256);
  writer.bytes(otlp::Span::kTraceId, id(ids_, 16));
  writer.bytes(otlp::Span::kSpanId, id(ids_, 8));
  writer.bytes(otlp::Span::kName, func);
  writer.varint(otlp::Span::kKind, call ? kKindClient : kKindServer);
  writer.fixed64(otlp::Span::kStartTimeUnixNano, static_cast<std::uint64_t>(to_unix_ns(start)));
  writer.fixed64(otlp::Span::kEndTimeUnixNano, static_cast<std::uint64_t>(to_unix_ns(end)));
  write_text(writer, otlp::Span::kAttributes, "http.request.method", method);
  write_text(writer, otlp::Span::kAttributes, call ? "url.template" : "http.route", route);
  if (call) write_text(writer, otlp::Span::kAttributes, "peer.service", of_.calls[work.index].peer);
  write_integer(writer, otlp::Span::kAttributes, "http.response.status_code", code);
  if (failed) {
    const auto status = writer.begin(otlp::Span::kStatus);
    writer.varint(otlp::SpanStatus::kCode, kStatusError);
    writer.end(status);
  }
  writer.end(span);
  ++waiting_;
}

std::string DemoSpans::request_body(std::string_view spans) const {
  std::string body;
  ProtobufWriter writer(body);
  const auto resource_spans = writer.begin(otlp::ExportRequest::kResources, spans.size() + 256);
  const auto resource = writer.begin(otlp::ResourceItems::kResource);
  write_text(writer, otlp::Resource::kAttributes, "service.name", service_);
  write_text(writer, otlp::Resource::kAttributes, "service.instance.id", instance_);
  write_text(writer, otlp::Resource::kAttributes, "deployment.environment.name", "demo");
  writer.end(resource);
  const auto scope_spans = writer.begin(otlp::ResourceItems::kScopes, spans.size() + 32);
  const auto scope = writer.begin(otlp::ScopeItems::kScope);
  writer.bytes(otlp::Scope::kName, "tocsin.demo");
  writer.end(scope);
  body.append(spans);
  writer.end(scope_spans);
  writer.end(resource_spans);
  return body;
}

void DemoSpans::flush(std::stop_token stop) {
  std::string spans;
  std::uint64_t count = 0;
  {
    const std::lock_guard lock(mutex_);
    spans.swap(spans_);
    count = std::exchange(waiting_, 0);
  }
  if (count == 0) return;
  const auto reply = client_.call({.method = "POST",
                                   .url = url_,
                                   .headers = {{"Content-Type", "application/x-protobuf"}},
                                   .body = request_body(spans),
                                   .timeout = std::chrono::seconds{5}},
                                  std::move(stop));
  const std::lock_guard lock(mutex_);
  if (reply && reply->success()) {
    sent_ += count;
    return;
  }
  spans_.insert(0, spans);
  waiting_ += count;
}

std::uint64_t DemoSpans::sent() const {
  const std::lock_guard lock(mutex_);
  return sent_;
}

std::uint64_t DemoSpans::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

}  // namespace tocsin::agent
