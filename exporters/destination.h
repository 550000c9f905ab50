// SPDX-License-Identifier: Apache-2.0
// Destination: sends metrics periodically, and forwards spans, to one place, by OTLP unless told otherwise (remote_write.h).
//
//   auto destination = Destination::make({.name = "collector", .endpoint = "http://collector:4318"});
//   (*destination)->accept(snapshot);                        // at each tick; taken every `interval`
//   (*destination)->forward_spans(resource_spans, 17);       // one ResourceSpans message, sent on unchanged
//   (*destination)->stop(10s);                               // sends what there is, as long as there is time
//
// One export at a time; another destination never waits for this one, nor does a caller. Retried as OTLP says, within
// limits; what does not fit the queue is dropped, the oldest first, and counted. With delta temporality Snapshots that
// wait become one, and points are offered when they are made.
// Threads: thread-safe; two threads a destination (this and its transport). Costs: the queue's bytes for each signal, one
// encoded request, and for deltas OtlpEncoder's state. A Snapshot in the queue is shared with whoever else holds it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exporters/otlp_encode.h"
#include "exporters/transport.h"
#include "meters/base/clock.h"
#include "meters/flow.h"
#include "wire/compression.h"
#include "wire/delivery.h"
#include "wire/http_client.h"

namespace tocsin::exporters {

enum class OtlpProtocol : std::uint8_t { Grpc, HttpProtobuf, HttpJson };
// "grpc", "http/protobuf", "http/json". Errors: Input, with the list.
Result<OtlpProtocol> parse_otlp_protocol(std::string_view text);
std::string_view to_text(OtlpProtocol protocol) noexcept;

struct DestinationOptions {
  std::string name = "otlp";
  OtlpProtocol protocol = OtlpProtocol::HttpProtobuf;
  std::string endpoint{};          // HTTP: v1/metrics and v1/traces are appended
  std::string metrics_endpoint{};  // in place of that, as it is
  std::string traces_endpoint{};
  bool metrics = true, spans = true;
  std::chrono::nanoseconds interval = std::chrono::seconds{15};
  std::chrono::nanoseconds timeout = std::chrono::seconds{10};
  wire::Encoding compression = wire::Encoding::Gzip;
  std::vector<std::pair<std::string, std::string>> headers{};
  wire::HttpClientTls tls{};  // for gRPC too
  OtlpEncodeOptions encode{};
  std::size_t max_queue_bytes = std::size_t{64} << 20;  // of each signal; the newest Snapshot is kept even if it is larger
  wire::BackoffOptions backoff{};
  bool held = false;  // takes in, but sends nothing before release() or stop()
  // Told what went wrong, and that it is right again; on the destination's thread. May be empty.
  std::function<void(const std::string&)> report{};
};

struct SignalStats {
  wire::LedgerCounts ledger;  // data points, or spans
  std::uint64_t requests = 0;  // attempts
  std::uint64_t retries = 0;   // of which were not the first
  std::size_t queue_bytes = 0;
};

struct DestinationStats {
  SignalStats metrics, spans;
  std::string last_error;    // of the destination or of the way to it, as it was said
  std::string last_warning;  // with a partial or a full success
  std::optional<Time> last_error_time, last_success_time;
  std::optional<Time> failing_since;  // no success since this first failure
  std::chrono::nanoseconds failing_for{0};  // since then, by a clock that does not step
  std::chrono::nanoseconds last_latency{0};
  std::size_t delta_bytes = 0;
};

class Destination final : public meters::Sink {
 public:
  // `transport`: null makes OTLP's over HTTP; OtlpProtocol::Grpc needs one. `encoder`: null makes OTLP's; with another, and its
  // transport, the same queue and account serve another format (remote_write.h). Errors: Configuration, naming the setting.
  static Result<std::unique_ptr<Destination>> make(DestinationOptions options,
                                                       std::unique_ptr<Transport> transport = nullptr,
                                                       const Clock& clock = SystemClock::instance(),
                                                       std::unique_ptr<MetricsEncoder> encoder = nullptr);
  ~Destination() override;  // stops at once

  const DestinationOptions& options() const noexcept;

  void accept(std::shared_ptr<const meters::Snapshot> snapshot) override;

  // One ResourceSpans message with that many spans; kept and sent as it is. Nothing when `spans` is off.
  void forward_spans(std::string_view resource_spans, std::uint64_t spans);

  // Sends what waits, without pauses of our own making; true when nothing is left before the deadline.
  bool flush(std::chrono::nanoseconds deadline);

  // Of one that is held. `before`: the one in whose place it is, stopped by now: its deltas begin where those ended; null
  // where they do not go on.
  void release(Destination* before);

  // Takes no more, flushes, counts the rest as dropped, ends the threads. Safe twice.
  void stop(std::chrono::nanoseconds deadline);

  DestinationStats stats() const;

 private:
  class Loop;
  explicit Destination(std::unique_ptr<Loop> loop);
  std::unique_ptr<Loop> loop_;
};

}  // namespace tocsin::exporters
