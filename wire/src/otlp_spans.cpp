// SPDX-License-Identifier: Apache-2.0
#include "wire/otlp_spans.h"

#include <cstdint>
#include <limits>

#include "wire/otlp_attributes.h"
#include "wire/otlp_fields.h"
#include "wire/src/otlp_span_reader.h"

namespace tocsin::wire {

namespace {

using traces::SpanBatch;

constexpr std::uint32_t length_tag(otlp::Field field) noexcept { return protobuf_tag(field, WireType::Length); }

// A scope without a span is not kept: a body of empty messages must not cost more memory than it has bytes.
void read_scope_spans(ProtobufReader& parent, OtlpSpanReader& spans, SpanBatch& batch) {
  ProtobufReader reader = parent.message();
  const std::size_t spans_before = batch.spans.size();
  const auto resource = static_cast<std::uint32_t>(batch.resources.size() - 1);
  const auto index = static_cast<std::uint32_t>(batch.scopes.size());
  traces::SpanScope scope;
  while (reader.next()) {
    switch (reader.tag()) {
      case length_tag(otlp::ScopeItems::kScope): scope.bytes = reader.bytes(); break;
      case length_tag(otlp::ScopeItems::kItems): spans.read(reader, resource, index); break;
      case length_tag(otlp::ScopeItems::kSchemaUrl): scope.schema_url = reader.bytes(); break;
      default: reader.skip();
    }
  }
  parent.adopt(reader);
  if (batch.spans.size() != spans_before) batch.scopes.push_back(scope);
}

}  // namespace

Result<std::shared_ptr<const meters::Attributes>> SpanDecoder::attributes_of(std::string_view resource) {
  if (const auto found = memo_.find(resource); found != memo_.end()) return found->second;
  if (resource.size() > kMaxResourceBytes)
    return Error{Fault::TooLarge, std::to_string(resource.size()) + " bytes, " + std::to_string(kMaxResourceBytes) + " allowed"};
  auto decoded = decode_attributes(resource, otlp::Resource::kAttributes);
  if (!decoded) return std::move(decoded).error();
  auto shared = std::make_shared<const meters::Attributes>(std::move(*decoded));
  if (memo_.size() >= kMemoEntries || memo_bytes_ + resource.size() > kMemoBytes) {
    memo_.clear();
    memo_bytes_ = 0;
  }
  memo_.emplace(resource, shared);
  memo_bytes_ += resource.size();
  return shared;
}

void SpanDecoder::decode_resource_spans(ProtobufReader& request, SpanBatch& batch) {
  ProtobufReader reader = request.message();
  const std::string_view envelope = reader.rest();
  const std::size_t first = batch.spans.size();
  batch.resources.emplace_back();
  traces::SpanResource& resource = batch.resources.back();
  resource.envelope = envelope;
  OtlpSpanReader spans(batch, app_id_attribute_);
  while (reader.next()) {
    switch (reader.tag()) {
      case length_tag(otlp::ResourceItems::kResource): resource.bytes = reader.bytes(); break;
      case length_tag(otlp::ResourceItems::kScopes): read_scope_spans(reader, spans, batch); break;
      case length_tag(otlp::ResourceItems::kSchemaUrl): resource.schema_url = reader.bytes(); break;
      default: reader.skip();
    }
  }
  request.adopt(reader);
  resource.first_span = static_cast<std::uint32_t>(first);
  resource.spans = static_cast<std::uint32_t>(batch.spans.size() - first);
  if (resource.spans == 0) batch.resources.pop_back();
}

Result<void> SpanDecoder::decode(std::string_view body, SpanBatch& batch) {
  batch.clear();
  if (body.size() > std::numeric_limits<std::uint32_t>::max())
    return Error{Fault::TooLarge, "spans: a body of 4 GiB or more"};
  batch.body = body;
  ProtobufReader request(body);
  while (request.next()) {
    if (request.tag() == length_tag(otlp::ExportRequest::kResources))
      decode_resource_spans(request, batch);
    else
      request.skip();
  }
  if (!request.ok()) {
    batch.clear();
    return request.error("spans");
  }
  for (traces::SpanResource& resource : batch.resources) {
    auto attributes = attributes_of(resource.bytes);
    if (!attributes) {
      batch.clear();
      return Error{attributes.error().fault, "spans: resource: " + attributes.error().message};
    }
    resource.attributes = std::move(*attributes);
  }
  return {};
}

}  // namespace tocsin::wire
