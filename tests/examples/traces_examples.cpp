// SPDX-License-Identifier: Apache-2.0
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "meters/base/result.h"
#include "meters/flow.h"
#include "tests/examples/reader.h"
#include "traces/context.h"
#include "traces/ids.h"
#include "traces/request_id.h"
#include "traces/request_labels.h"
#include "traces/span.h"
#include "traces/span_meters.h"
#include "wire/otlp_spans.h"

namespace tocsin::examples {

using namespace traces;

struct OutgoingRequest {
  void set(std::string_view name, std::string_view value);
};

void context_example(std::span<const std::string_view> traceparents, std::span<const std::string_view> tracestates,
                     OutgoingRequest& request) {
  std::optional<SpanContext> caller = extract(traceparents, tracestates);
  SpanContext mine = caller ? child_of(*caller) : new_root(true);
  request.set("traceparent", format_traceparent(mine));
  if (!mine.state.empty()) request.set("tracestate", mine.state.text());
}

void ids_example() {
  TraceId trace = new_trace_id();
  std::string text = to_hex(trace);
  std::optional<TraceId> back = parse_hex<TraceId>(text);
}

void request_id_example() {
  auto ids = RequestIds::make({.sub = "spf", .location = "hf", .port = 7860});
  std::string id = ids->next();
  auto parts = parse_request_id(id);
}

void request_labels_example(const SpanBatch& batch, const Span& span) {
  if (auto side = side_of(span.kind)) {
    RequestLabels labels = request_labels(batch, span, *side);
    labels.func;
    labels.ret;
  }
}

Result<void> span_example(wire::SpanDecoder& decoder, std::string_view body) {
  SpanBatch batch;
  if (auto decoded = decoder.decode(body, batch); !decoded) return decoded.error();
  for (const Span& span : batch.spans) use(batch.name(span), batch.raw(span));
  return {};
}

void span_meters_example(const Clock& clock, SpanMetersOptions options, const SpanBatch& batch,
                         meters::SnapshotBuilder& builder) {
  SpanMeters span_meters(clock, options);
  SpanMeters::Applied applied = span_meters.apply(batch);
  span_meters.tick();
  span_meters.collect(builder);
  span_meters.sinks_saw();
}

}  // namespace tocsin::examples
