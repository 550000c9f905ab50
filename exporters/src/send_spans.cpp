// SPDX-License-Identifier: Apache-2.0
#include "exporters/src/send_spans.h"

#include "wire/otlp_fields.h"
#include "wire/protobuf.h"

namespace tocsin::exporters {

namespace otlp = wire::otlp;
using wire::DropReason;
using wire::ProtobufReader;
using wire::ProtobufWriter;

void SpansLane::push(std::string_view resource_spans, std::uint64_t spans) {
  if (spans == 0) return;
  const std::lock_guard lock(mutex_);
  ledger_.offer(spans);
  const bool fits = !batches_.empty() && batches_.back().body.size() + resource_spans.size() <= options_.max_request_bytes;
  if (!fits) batches_.emplace_back();
  Batch& batch = batches_.back();
  const std::size_t before = batch.body.size();
  ProtobufWriter(batch.body).bytes(otlp::ExportRequest::kResources, resource_spans);
  batch.spans += spans;
  queue_bytes_ += batch.body.size() - before;
  while (queue_bytes_ > options_.max_queue_bytes) {
    ledger_.drop(batches_.front().spans, DropReason::QueueFull);
    queue_bytes_ -= batches_.front().body.size();
    batches_.pop_front();
  }
}

std::size_t SpansLane::queue_bytes() const {
  const std::lock_guard lock(mutex_);
  return queue_bytes_;
}

bool SpansLane::waiting() const {
  const std::lock_guard lock(mutex_);
  return !batches_.empty();
}

std::optional<ExportRequest> SpansLane::form(std::size_t limit) {
  const std::lock_guard lock(mutex_);
  if (batches_.empty()) return std::nullopt;
  ExportRequest request;
  request.body = std::move(batches_.front().body);
  request.points = batches_.front().spans;
  queue_bytes_ -= request.body.size();
  batches_.pop_front();
  while (request.body.size() > limit) {
    auto parts = halve(request);
    if (parts.empty()) break;
    queue_bytes_ += parts[1].body.size();
    batches_.push_front({std::move(parts[1].body), parts[1].points});
    request = std::move(parts[0]);
  }
  return request;
}

std::vector<ExportRequest> SpansLane::halve(const ExportRequest& request) {
  auto parts = split_trace_request(request.body);
  // The count came with the spans; where it was wrong, the ledger still must add up.
  if (parts.size() == 2 && parts[0].points + parts[1].points != request.points) {
    if (request.points < 2) return {};
    parts[0].points = request.points / 2;
    parts[1].points = request.points - parts[0].points;
  }
  return parts;
}

void SpansLane::abandon_waiting() {
  const std::lock_guard lock(mutex_);
  for (const Batch& batch : batches_) ledger_.drop(batch.spans, DropReason::Stopped);
  batches_.clear();
  queue_bytes_ = 0;
}

namespace {

// A message with its repeated `field` taken out: what is left, as it stood, and the elements.
struct Opened {
  std::string rest;
  std::vector<std::string_view> elements;
};

bool open(std::string_view message, otlp::Field field, Opened& out) {
  ProtobufReader reader(message);
  std::size_t from = 0;
  while (reader.next()) {
    const bool element = reader.tag() == wire::protobuf_tag(field, wire::WireType::Length);
    if (element) {
      out.elements.push_back(reader.bytes());
    } else {
      reader.skip();
    }
    const std::size_t to = message.size() - reader.remaining();
    if (reader.ok() && !element) out.rest.append(message.substr(from, to - from));
    from = to;
  }
  return reader.ok();
}

// Spans in order, each with the place of its scope and resource.
struct Flat {
  std::vector<Opened> resources, scopes;
  struct Span {
    std::size_t resource, scope;
    std::string_view bytes;
  };
  std::vector<Span> spans;
};

bool flatten(std::string_view body, Flat& flat) {
  Opened request;
  if (!open(body, otlp::ExportRequest::kResources, request)) return false;
  for (const std::string_view resource : request.elements) {
    flat.resources.emplace_back();
    if (!open(resource, otlp::ResourceItems::kScopes, flat.resources.back())) return false;
    const std::vector<std::string_view> scopes = flat.resources.back().elements;
    for (const std::string_view scope : scopes) {
      flat.scopes.emplace_back();
      if (!open(scope, otlp::ScopeItems::kItems, flat.scopes.back())) return false;
      for (const std::string_view span : flat.scopes.back().elements)
        flat.spans.push_back({flat.resources.size() - 1, flat.scopes.size() - 1, span});
    }
  }
  return true;
}

ExportRequest assemble(const Flat& flat, std::size_t begin, std::size_t end) {
  ExportRequest request;
  request.points = end - begin;
  ProtobufWriter writer(request.body);
  constexpr std::size_t kLargeMessage = std::size_t{1} << 20;
  for (std::size_t at = begin; at < end;) {
    const std::size_t resource = flat.spans[at].resource;
    const auto resource_mark = writer.begin(otlp::ExportRequest::kResources, kLargeMessage);
    request.body += flat.resources[resource].rest;
    while (at < end && flat.spans[at].resource == resource) {
      const std::size_t scope = flat.spans[at].scope;
      const auto scope_mark = writer.begin(otlp::ResourceItems::kScopes, kLargeMessage);
      request.body += flat.scopes[scope].rest;
      for (; at < end && flat.spans[at].scope == scope; ++at) writer.bytes(otlp::ScopeItems::kItems, flat.spans[at].bytes);
      writer.end(scope_mark);
    }
    writer.end(resource_mark);
  }
  return request;
}

}  // namespace

std::vector<ExportRequest> split_trace_request(std::string_view body) {
  Flat flat;
  if (!flatten(body, flat) || flat.spans.size() < 2) return {};
  const std::size_t half = (flat.spans.size() + 1) / 2;
  std::vector<ExportRequest> parts;
  parts.push_back(assemble(flat, 0, half));
  parts.push_back(assemble(flat, half, flat.spans.size()));
  return parts;
}

}  // namespace tocsin::exporters
