// SPDX-License-Identifier: Apache-2.0
// The lane of spans: ResourceSpans messages as they came, gathered into requests.
#pragma once

#include <deque>
#include <mutex>

#include "exporters/src/send_lane.h"

namespace tocsin::exporters {

class SpansLane final : public Lane {
 public:
  struct Options {
    std::size_t max_request_bytes;
    std::size_t max_queue_bytes;
  };
  SpansLane(Options options, const wire::BackoffOptions& backoff, std::uint64_t seed)
      : Lane(Signal::Traces, options.max_request_bytes, backoff, seed), options_(options) {}

  // From any thread.
  void push(std::string_view resource_spans, std::uint64_t spans);
  std::size_t queue_bytes() const;

 protected:
  bool waiting() const override;
  std::optional<ExportRequest> form(std::size_t limit) override;
  std::vector<ExportRequest> halve(const ExportRequest& request) override;
  void abandon_waiting() override;

 private:
  struct Batch {
    std::string body;  // an ExportTraceServiceRequest
    std::uint64_t spans = 0;
  };

  const Options options_;
  mutable std::mutex mutex_;
  std::deque<Batch> batches_;    // guarded by mutex_; the last one grows
  std::size_t queue_bytes_ = 0;  // guarded by mutex_
};

// A trace request as two of about as many spans each; resources and scopes stand in both where they have spans in both.
// Empty when there are fewer than two spans, or the bytes are no request.
std::vector<ExportRequest> split_trace_request(std::string_view body);

}  // namespace tocsin::exporters
