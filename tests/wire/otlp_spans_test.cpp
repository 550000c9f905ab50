// SPDX-License-Identifier: Apache-2.0
#include "wire/otlp_spans.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include "tests/source_dir.h"
#include "wire/otlp_fields.h"
#include "wire/otlp_json.h"

namespace tocsin::wire {
namespace {

using traces::SpanAttribute;
using traces::SpanBatch;
using traces::SpanKey;

using Write = std::function<void(ProtobufWriter&)>;

std::string message(const Write& write) {
  std::string bytes;
  ProtobufWriter writer(bytes);
  write(writer);
  return bytes;
}

std::string attribute(std::string_view key, const Write& value) {
  return message([&](ProtobufWriter& writer) {
    writer.bytes(otlp::KeyValue::kKey, key);
    writer.bytes(otlp::KeyValue::kValue, message(value));
  });
}
std::string text(std::string_view key, std::string_view value) {
  return attribute(key, [&](ProtobufWriter& writer) { writer.bytes(otlp::AnyValue::kString, value); });
}
std::string integer(std::string_view key, std::int64_t value) {
  return attribute(key,
                   [&](ProtobufWriter& writer) { writer.varint(otlp::AnyValue::kInt, static_cast<std::uint64_t>(value)); });
}

const std::string kTrace(16, '\x11'), kSpan(8, '\x22'), kParent(8, '\x33');

std::string span(const std::vector<std::string>& attributes, std::string_view trace = kTrace,
                 std::string_view id = kSpan) {
  return message([&](ProtobufWriter& writer) {
    writer.bytes(otlp::Span::kTraceId, trace);
    writer.bytes(otlp::Span::kSpanId, id);
    writer.bytes(otlp::Span::kTraceState, "a=b");
    writer.bytes(otlp::Span::kParentSpanId, kParent);
    writer.bytes(otlp::Span::kName, "GET /a");
    writer.varint(otlp::Span::kKind, 2);
    writer.fixed64(otlp::Span::kStartTimeUnixNano, 1000);
    writer.fixed64(otlp::Span::kEndTimeUnixNano, 4000);
    for (const std::string& one : attributes) writer.bytes(otlp::Span::kAttributes, one);
    writer.bytes(otlp::Span::kEvents, message([](ProtobufWriter& event) { event.bytes(otlp::SpanEvent::kName, "x"); }));
    writer.bytes(otlp::Span::kStatus, message([](ProtobufWriter& status) {
                   status.bytes(otlp::SpanStatus::kMessage, "no");
                   status.varint(otlp::SpanStatus::kCode, 2);
                 }));
    writer.fixed32(otlp::Span::kFlags, 0x101);
  });
}

std::string resource_spans(std::string_view service, const std::vector<std::string>& spans) {
  return message([&](ProtobufWriter& writer) {
    writer.bytes(otlp::ResourceItems::kResource, message([&](ProtobufWriter& resource) {
                   resource.bytes(otlp::Resource::kAttributes, text("service.name", service));
                 }));
    writer.bytes(otlp::ResourceItems::kScopes, message([&](ProtobufWriter& scope) {
                   scope.bytes(otlp::ScopeItems::kScope,
                               message([](ProtobufWriter& inside) { inside.bytes(otlp::Scope::kName, "lib"); }));
                   for (const std::string& one : spans) scope.bytes(otlp::ScopeItems::kItems, one);
                   scope.bytes(otlp::ScopeItems::kSchemaUrl, "https://scope");
                 }));
    writer.bytes(otlp::ResourceItems::kSchemaUrl, "https://resource");
  });
}

std::string request(const std::vector<std::string>& resources) {
  return message([&](ProtobufWriter& writer) {
    for (const std::string& one : resources) writer.bytes(otlp::ExportRequest::kResources, one);
  });
}

const SpanAttribute* find(const SpanBatch& batch, const traces::Span& span, SpanKey key) {
  for (const SpanAttribute& attribute : batch.attributes_of(span))
    if (attribute.key == key) return &attribute;
  return nullptr;
}

TEST(SpanDecoder, ReadsEveryField) {
  const std::string one = span({text("http.request.method", "GET"), integer("http.response.status_code", 503),
                                text("url.full", "https://x/?secret")});
  const std::string body = request({resource_spans("shop", {one, one}), resource_spans("cart", {one})});
  SpanDecoder decoder;
  SpanBatch batch;
  ASSERT_TRUE(decoder.decode(body, batch));
  ASSERT_EQ(batch.spans.size(), 3U);
  EXPECT_EQ(batch.received, 3U);
  const traces::Span& first = batch.spans[0];
  EXPECT_EQ(batch.raw(first), one);
  EXPECT_EQ(batch.name(first), "GET /a");
  EXPECT_EQ(batch.trace_id(first)[15], 0x11);
  EXPECT_EQ(batch.span_id(first)[0], 0x22);
  EXPECT_EQ(batch.parent_id(first)[7], 0x33);
  EXPECT_EQ(first.kind, traces::SpanKind::Server);
  EXPECT_EQ(first.status, traces::SpanStatus::Error);
  EXPECT_EQ(first.start_ns, 1000U);
  EXPECT_EQ(first.end_ns, 4000U);
  ASSERT_EQ(first.attributes, 2);
  EXPECT_EQ(batch.text(*find(batch, first, SpanKey::HttpRequestMethod)), "GET");
  EXPECT_EQ(find(batch, first, SpanKey::HttpResponseStatusCode)->bits, 503U);
  ASSERT_EQ(batch.resources.size(), 2U);
  EXPECT_EQ(batch.resources[0].spans, 2U);
  EXPECT_EQ(batch.resources[1].first_span, 2U);
  EXPECT_EQ(meters::text_of(*batch.resources[1].attributes, "service.name"), "cart");
  EXPECT_EQ(batch.resources[0].schema_url, "https://resource");
  EXPECT_EQ(batch.resources[0].envelope, resource_spans("shop", {one, one}));
  EXPECT_EQ(batch.spans[2].scope, 1U);
  EXPECT_EQ(batch.scopes[1].schema_url, "https://scope");
}

TEST(SpanDecoder, CurrentNamesGoBeforeOlderOnes) {
  for (const bool current_first : {true, false}) {
    std::vector<std::string> attributes = {text("http.request.method", "GET"), text("http.method", "OLD")};
    if (!current_first) std::swap(attributes[0], attributes[1]);
    const std::string body = request({resource_spans("s", {span(attributes)})});
    SpanDecoder decoder;
    SpanBatch batch;
    ASSERT_TRUE(decoder.decode(body, batch));
    ASSERT_EQ(batch.spans[0].attributes, 1);
    EXPECT_EQ(batch.text(batch.attributes[0]), "GET");
  }
}

TEST(SpanDecoder, ValuesThatAreNoLabelAreLeftOut) {
  const std::string body = request({resource_spans(
      "s", {span({text("http.route", ""), attribute("error.type", [](ProtobufWriter& value) {
                    value.bytes(otlp::AnyValue::kArray, "");
                  }),
                  attribute("rpc.method", [](ProtobufWriter&) {}),
                  attribute("peer.service", [](ProtobufWriter& value) { value.varint(otlp::AnyValue::kBool, 1); }),
                  attribute("server.address", [](ProtobufWriter& value) { value.fixed_double(otlp::AnyValue::kDouble, 1.5); })})})});
  SpanDecoder decoder;
  SpanBatch batch;
  ASSERT_TRUE(decoder.decode(body, batch));
  ASSERT_EQ(batch.spans[0].attributes, 2);
  EXPECT_EQ(batch.attributes[0].type, SpanAttribute::Type::Bool);
  EXPECT_EQ(batch.attributes[1].type, SpanAttribute::Type::Double);
  EXPECT_EQ(batch.spans[0].keys, bit(SpanKey::PeerService) | bit(SpanKey::ServerAddress));
}

TEST(SpanDecoder, AttributesInAnyOrderWithUnknownFields) {
  const std::string strange = message([](ProtobufWriter& writer) {
    writer.varint(9, 1);
    writer.bytes(otlp::KeyValue::kValue, message([](ProtobufWriter& value) { value.bytes(otlp::AnyValue::kString, "/a"); }));
    writer.bytes(otlp::KeyValue::kKey, "http.route");
  });
  const std::string body = request({resource_spans("s", {span({strange})})});
  SpanDecoder decoder;
  SpanBatch batch;
  ASSERT_TRUE(decoder.decode(body, batch));
  ASSERT_EQ(batch.spans[0].attributes, 1);
  EXPECT_EQ(batch.text(batch.attributes[0]), "/a");
}

// The short way through what SDKs write and the careful way give the same record; an unknown field forces the latter.
TEST(SpanDecoder, BothWaysAgree) {
  const std::vector<std::string> spans = {
      span({text("http.request.method", "GET"), integer("http.response.status_code", 200), text("x", "y")}),
      span({text("http.method", "GET"), text("http.request.method", "PUT"), text("http.route", "")}),
      span({integer("rpc.grpc.status_code", -1), text("rpc.method", std::string(300, 'm')), text(std::string(200, 'k'), "v")}),
      span({attribute("peer.service", [](ProtobufWriter& value) { value.varint(otlp::AnyValue::kBool, 1); }),
            attribute("error.type", [](ProtobufWriter&) {})}),
      span({text("http.route", "/a")}, std::string(16, '\0')),
      message([](ProtobufWriter& writer) {
        writer.bytes(otlp::Span::kTraceId, kTrace);
        writer.bytes(otlp::Span::kSpanId, kSpan);
        writer.bytes(otlp::Span::kParentSpanId, "");
        writer.varint(otlp::Span::kDroppedAttributesCount, 0);
        writer.bytes(otlp::Span::kStatus, "");
      })};
  SpanDecoder decoder;
  for (const std::string& plain : spans) {
    std::string strange = plain;
    ProtobufWriter(strange).varint(100, 1);
    const std::string plain_body = request({resource_spans("s", {plain})});
    const std::string strange_body = request({resource_spans("s", {strange})});
    SpanBatch first, second;
    ASSERT_TRUE(decoder.decode(plain_body, first));
    ASSERT_TRUE(decoder.decode(strange_body, second));
    ASSERT_EQ(first.invalid_ids, second.invalid_ids);
    ASSERT_EQ(first.spans.size(), second.spans.size());
    if (first.spans.empty()) continue;
    const traces::Span &a = first.spans[0], &b = second.spans[0];
    EXPECT_EQ(first.name(a), second.name(b));
    EXPECT_EQ(first.trace_id(a), second.trace_id(b));
    EXPECT_EQ(first.parent_id(a), second.parent_id(b));
    EXPECT_EQ(std::tuple(a.kind, a.status, a.start_ns, a.end_ns, a.keys, a.attributes),
              std::tuple(b.kind, b.status, b.start_ns, b.end_ns, b.keys, b.attributes));
    for (std::size_t i = 0; i < a.attributes; ++i) {
      const SpanAttribute &x = first.attributes[i], &y = second.attributes[i];
      EXPECT_EQ(x.key, y.key);
      EXPECT_EQ(x.type, y.type);
      EXPECT_EQ(x.size, y.size);
      if (x.type == SpanAttribute::Type::Text)
        EXPECT_EQ(first.text(x), second.text(y));
      else
        EXPECT_EQ(x.bits, y.bits);
    }
  }
}

TEST(SpanDecoder, ConfiguredAppId) {
  const std::string body = request({resource_spans("s", {span({text("tenant", "t1")})})});
  SpanDecoder decoder("tenant");
  SpanBatch batch;
  ASSERT_TRUE(decoder.decode(body, batch));
  EXPECT_EQ(batch.spans[0].keys, bit(SpanKey::AppId));
}

TEST(SpanDecoder, InvalidIdsAreCountedAndLeftOut) {
  const std::string zero16(16, '\0'), zero8(8, '\0');
  const std::string body = request({resource_spans("s", {span({text("http.route", "/x")}, zero16), span({}, kTrace, zero8),
                                                         span({}, "short"), span({}, kTrace, std::string(9, 'x')), span({})}),
                                    resource_spans("none", {span({}, "")})});
  SpanDecoder decoder;
  SpanBatch batch;
  ASSERT_TRUE(decoder.decode(body, batch));
  EXPECT_EQ(batch.received, 6U);
  EXPECT_EQ(batch.invalid_ids, 5U);
  ASSERT_EQ(batch.spans.size(), 1U);
  EXPECT_EQ(batch.resources.size(), 1U);
  EXPECT_TRUE(batch.attributes.empty());
}

TEST(SpanDecoder, EmptyMessagesCostNothing) {
  std::string body;
  for (int i = 0; i < 1000; ++i) body += std::string("\x0a\x00", 2) + std::string("\x0a\x02\x12\x00", 4);
  SpanDecoder decoder;
  SpanBatch batch;
  ASSERT_TRUE(decoder.decode(body, batch));
  EXPECT_TRUE(batch.resources.empty());
  EXPECT_TRUE(batch.scopes.empty());
  ASSERT_TRUE(decoder.decode("", batch));
}

// A body cut anywhere is refused whole, unless it ends between two resources.
TEST(SpanDecoder, TruncatedAtEveryByte) {
  const std::string resource = resource_spans("shop", {span({text("http.route", "/a"), integer("http.status_code", 200)})});
  const std::string one = request({resource}), body = request({resource, resource});
  SpanDecoder decoder;
  SpanBatch batch;
  for (std::size_t size = 0; size < body.size(); ++size) {
    const std::string cut = body.substr(0, size);  // its own memory, so that a sanitizer sees a read beyond it
    const auto decoded = decoder.decode(cut, batch);
    if (size == 0 || size == one.size()) {
      ASSERT_TRUE(decoded) << size;
      continue;
    }
    ASSERT_FALSE(decoded) << size;
    EXPECT_EQ(decoded.error().fault, Fault::Input);
    EXPECT_TRUE(batch.spans.empty());
    EXPECT_EQ(batch.received, 0U);
  }
}

TEST(SpanDecoder, MalformedInsideIsRefusedWithItsPlace) {
  std::string broken = text("http.route", "/a");
  broken.back() = '\x7f';                      // still well formed: a text of another letter
  broken[broken.size() - 3] = '\x7f';          // the text's length runs past its end
  SpanDecoder decoder;
  SpanBatch batch;
  const auto decoded = decoder.decode(request({resource_spans("s", {span({broken})})}), batch);
  ASSERT_FALSE(decoded);
  EXPECT_NE(decoded.error().message.find("spans: a length runs past the end at byte"), std::string::npos)
      << decoded.error().message;
  const std::string bad_resource = message([](ProtobufWriter& writer) {
    writer.bytes(otlp::ResourceItems::kResource, message([](ProtobufWriter& resource) {
                   resource.bytes(otlp::Resource::kAttributes, "\x0a\x7f");
                 }));
    writer.bytes(otlp::ResourceItems::kScopes, message([](ProtobufWriter& scope) {
                   scope.bytes(otlp::ScopeItems::kItems, span({}));
                 }));
  });
  EXPECT_FALSE(decoder.decode(request({bad_resource}), batch));
  EXPECT_TRUE(batch.spans.empty());
}

TEST(SpanDecoder, AnAbsurdResourceIsTooLarge) {
  SpanDecoder decoder;
  SpanBatch batch;
  const auto decoded = decoder.decode(request({resource_spans(std::string(300'000, 's'), {span({})})}), batch);
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().fault, Fault::TooLarge);
  EXPECT_TRUE(batch.spans.empty());
}

TEST(SpanDecoder, ManyResourcesThroughOneMemo) {
  SpanDecoder decoder;
  SpanBatch batch;
  for (int i = 0; i < 3000; ++i) {
    const std::string name = "s" + std::to_string(i);
    const std::string body = request({resource_spans(name, {span({})})});
    ASSERT_TRUE(decoder.decode(body, batch));
    ASSERT_EQ(meters::text_of(*batch.resources[0].attributes, "service.name"), name);
  }
}

// OTLP/JSON documents of Jaeger's own storage tests, where they are at hand.
TEST(SpanDecoder, JaegersExamples) {
  const char* given = std::getenv("TOCSIN_CONFORMANCE");
  const std::filesystem::path folder =
      given ? std::filesystem::path(given) / "jaeger/traces"
            : std::filesystem::path(source_dir()) / "../shared/conformance/jaeger/traces";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no conformance data at " << folder;
  SpanDecoder decoder;
  std::size_t spans = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    SCOPED_TRACE(entry.path().string());
    std::ostringstream json;
    json << std::ifstream(entry.path()).rdbuf();
    const auto body = json_to_protobuf(json.str(), OtlpMessage::TraceRequest);
    ASSERT_TRUE(body) << body.error().message;
    SpanBatch batch;
    ASSERT_TRUE(decoder.decode(*body, batch));
    EXPECT_EQ(batch.invalid_ids, 0U);
    EXPECT_FALSE(batch.spans.empty());
    for (const auto& resource : batch.resources) EXPECT_FALSE(meters::text_of(*resource.attributes, "service.name").empty());
    spans += batch.spans.size();
  }
  EXPECT_GT(spans, 10U);
}

}  // namespace
}  // namespace tocsin::wire
