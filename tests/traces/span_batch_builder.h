// SPDX-License-Identifier: Apache-2.0
// Makes SpanBatches for tests, as a decoder would, without a wire format.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "traces/span.h"

namespace tocsin::traces {

struct TestSpan {
  SpanKind kind = SpanKind::Server;
  std::vector<std::pair<SpanKey, std::string>> texts;
  std::vector<std::pair<SpanKey, std::int64_t>> integers;
  SpanStatus status = SpanStatus::Unset;
  std::string name = "span";
  std::uint64_t duration_ns = 1'000'000;
  std::uint64_t end_ns = 1'700'000'000'000'000'000;
  std::uint8_t id = 1;  // the first byte of trace and span id
};

class SpanBatchBuilder {
 public:
  SpanBatchBuilder() { body_ = '\n'; }  // place 0 means "not there" to a Span

  SpanBatchBuilder& resource(meters::Attributes attributes) {
    meters::normalize(attributes);
    SpanResource resource;
    std::string& bytes = resource_bytes_.emplace_back();
    for (const auto& attribute : attributes) bytes += attribute.key + '=' + meters::to_text(attribute.value) + '\n';
    resource.bytes = bytes;
    resource.attributes = std::make_shared<const meters::Attributes>(std::move(attributes));
    resource.first_span = static_cast<std::uint32_t>(batch_.spans.size());
    batch_.resources.push_back(std::move(resource));
    return *this;
  }

  SpanBatchBuilder& span(const TestSpan& given) {
    if (batch_.resources.empty()) resource({{"service.name", "shop"}, {"service.instance.id", "1"}});
    Span span;
    span.kind = given.kind;
    span.status = given.status;
    span.end_ns = given.end_ns;
    span.start_ns = given.end_ns - given.duration_ns;
    span.resource = static_cast<std::uint32_t>(batch_.resources.size() - 1);
    span.name_at = place(given.name);
    span.name_size = static_cast<std::uint32_t>(given.name.size());
    span.trace_id_at = place(std::string(1, static_cast<char>(given.id)) + std::string(15, '\0'));
    span.span_id_at = place(std::string(1, static_cast<char>(given.id)) + std::string(7, '\0'));
    span.first_attribute = static_cast<std::uint32_t>(batch_.attributes.size());
    for (const auto& [key, text] : given.texts)
      add(span, {place(text), static_cast<std::uint32_t>(text.size()), key, SpanAttribute::Type::Text});
    for (const auto& [key, number] : given.integers)
      add(span, {static_cast<std::uint64_t>(number), 0, key, SpanAttribute::Type::Integer});
    batch_.spans.push_back(span);
    ++batch_.resources.back().spans;
    ++batch_.received;
    return *this;
  }

  // Valid as long as the builder, until the next span() or resource().
  const SpanBatch& batch() {
    batch_.body = body_;
    return batch_;
  }

 private:
  std::uint32_t place(const std::string& text) {
    const auto at = static_cast<std::uint32_t>(body_.size());
    body_ += text;
    return at;
  }
  void add(Span& span, const SpanAttribute& attribute) {
    batch_.attributes.push_back(attribute);
    span.keys |= bit(attribute.key);
    ++span.attributes;
  }

  std::string body_;
  std::deque<std::string> resource_bytes_;
  SpanBatch batch_;
};

}  // namespace tocsin::traces
