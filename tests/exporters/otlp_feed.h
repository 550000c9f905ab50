// SPDX-License-Identifier: Apache-2.0
// What the tests of a destination feed it, and an auditor that reads its ledgers all the time.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "exporters/destination.h"
#include "tests/exporters/otlp_sample.h"
#include "wire/otlp_fields.h"
#include "wire/protobuf.h"

namespace tocsin::exporters {

inline DestinationOptions options_for(const std::string& endpoint) {
  DestinationOptions options;
  options.name = "test";
  options.endpoint = endpoint;
  options.interval = std::chrono::nanoseconds{1};  // every Snapshot is taken
  options.timeout = std::chrono::seconds{5};
  options.backoff.initial = std::chrono::milliseconds{1};
  options.backoff.longest = std::chrono::milliseconds{4};
  options.backoff.give_up_after = std::chrono::seconds{10};
  return options;
}

inline std::unique_ptr<Destination> make(DestinationOptions options) {
  auto destination = Destination::make(std::move(options));
  EXPECT_TRUE(destination.ok()) << (destination.ok() ? "" : destination.error().message);
  return destination ? std::move(*destination) : nullptr;
}

// A counter with `rows` series; each snapshot has larger values.
struct Feed {
  Meter meter{"c", meters::Kind::Counter};
  std::vector<std::int64_t> values, starts;
  std::int64_t time = 1'000;

  explicit Feed(int rows) : values(static_cast<std::size_t>(rows)), starts(static_cast<std::size_t>(rows), 10) {
    for (int row = 0; row < rows; ++row) meter.row("r" + std::to_string(row));
  }
  std::shared_ptr<const meters::Snapshot> next() {
    for (auto& value : values) ++value;
    return snapshot_at(time += 1'000, {meter.integers(values, starts)});
  }
};

inline std::string resource_spans(int spans, std::string_view name = "s") {
  std::string out;
  wire::ProtobufWriter writer(out);
  writer.bytes(wire::otlp::ResourceItems::kSchemaUrl, "schema");  // an odd order stays as it is
  const auto scope = writer.begin(wire::otlp::ResourceItems::kScopes);
  for (int i = 0; i < spans; ++i) {
    const auto span = writer.begin(wire::otlp::ScopeItems::kItems);
    writer.bytes(wire::otlp::Span::kSpanId, "12345678");
    writer.bytes(wire::otlp::Span::kName, std::string(name) + std::to_string(i));
    writer.end(span);
  }
  writer.end(scope);
  return out;
}

// Reads the ledgers as fast as it can while a test runs; every read must add up.
class Auditor {
 public:
  explicit Auditor(const Destination& destination)
      : thread_([this, &destination](const std::stop_token& stop) {
          while (!stop.stop_requested()) {
            const DestinationStats stats = destination.stats();
            if (!stats.metrics.ledger.balanced() || !stats.spans.ledger.balanced()) ++faults_;
            ++reads_;
          }
        }) {}
  ~Auditor() {
    thread_.request_stop();
    thread_.join();
    EXPECT_EQ(faults_, 0u);
    EXPECT_GT(reads_, 0u);
  }

 private:
  std::atomic<std::uint64_t> faults_ = 0, reads_ = 0;
  std::jthread thread_;
};

}  // namespace tocsin::exporters
