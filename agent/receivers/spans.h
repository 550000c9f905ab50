// SPDX-License-Identifier: Apache-2.0
// SpanReceiver: what the agent does with an ExportTraceServiceRequest: request meters from its spans, and the request
// as it came, a ResourceSpans message at a time, to whoever takes spans.
//
//   SpanReceiver receiver(span_meters, {.count = true, .app_id_attribute = ""});
//   receiver.forward_to([&](std::string_view resource_spans, std::uint64_t spans) { ...; return true; });
//   Result<Ledger::Account> account = receiver.accept(request);
//
// A span that cannot be measured (no ids, ends before it starts, ...) is rejected where nobody else takes it. Where it is
// forwarded it is accepted, and the account's words are a warning.
// Threads: thread-safe, a scratch a request at work. Costs what decoding and counting cost, about 150 ns a span.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "agent/ledger.h"
#include "meters/base/result.h"
#include "traces/span_meters.h"

namespace tocsin::agent {

class SpanReceiver {
 public:
  // Gets each ResourceSpans message as it came, and how many spans are in it; whether anybody takes spans, which it is also
  // asked with no spans at all.
  using Forward = std::function<bool(std::string_view resource_spans, std::uint64_t spans)>;

  struct Options {
    bool count = true;             // false: spans are only forwarded
    std::string app_id_attribute;  // as for wire::SpanDecoder
  };

  SpanReceiver(traces::SpanMeters& meters, Options options);
  ~SpanReceiver();

  // From the next request on.
  void configure(Options options);

  // Before the first request.
  void forward_to(Forward forward) { forward_ = std::move(forward); }

  // Errors: Input and TooLarge, as decoding; then nothing was counted and nothing forwarded.
  Result<Ledger::Account> accept(std::string_view request);

 private:
  struct Scratch;
  class Lease;
  bool forward(std::string_view request) const;

  traces::SpanMeters& meters_;
  Forward forward_;
  std::mutex mutex_;
  std::shared_ptr<const Options> options_;      // guarded by mutex_
  std::vector<std::unique_ptr<Scratch>> idle_;  // guarded by mutex_
};

}  // namespace tocsin::agent
