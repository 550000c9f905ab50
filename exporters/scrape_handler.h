// SPDX-License-Identifier: Apache-2.0
// ScrapeHandler: answers GET and HEAD of a scrape endpoint: negotiation, ?name[]= and ?match[]= filters, gzip and zstd,
// streamed in blocks while it is encoded.
//
//   ScrapeHandler scrape([&] { return pipeline.snapshot(1s); });
//   router.get("/metrics", [&](const auto& request, auto& responder) { scrape.handle(request, responder); });
//
// A selector that cannot be read is answered 400 with its position; no Snapshot yet, 503.
// Threads: thread-safe; each request is encoded on the thread that handles it. Costs a block of 64 KiB a request, and
// what the compressor holds; whatever the number of series.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "exporters/exposition.h"
#include "exporters/negotiation.h"
#include "exporters/selector.h"
#include "wire/http_message.h"

namespace tocsin::exporters {

struct ScrapeOptions {
  ExpositionOptions exposition = {};    // escaping and filter come from each request
  CompilePattern compile_pattern = {};  // empty: =~ and !~ are refused
};

struct ScrapeTotals {
  std::uint64_t scrapes = 0;        // answered whole
  std::uint64_t cut_off = 0;        // the peer went away, or was too slow
  std::uint64_t refused = 0;        // 400 and 405
  std::uint64_t unavailable = 0;    // 503
  std::uint64_t bytes = 0;          // before compression
  std::uint64_t by_format[3] = {};  // whole answers, by Format
  ExpositionReport last;            // of the last whole answer without filters
};

class ScrapeHandler {
 public:
  using Snapshots = std::function<std::shared_ptr<const meters::Snapshot>()>;

  // `snapshots` gives the state to show, at most a second old; it is called on the requests' threads.
  explicit ScrapeHandler(Snapshots snapshots, ScrapeOptions options = {});

  // From the next request on.
  void configure(ScrapeOptions options);

  void handle(const wire::HttpRequest& request, wire::HttpResponder& responder);

  ScrapeTotals totals() const;

 private:
  void answer(const wire::HttpRequest& request, const meters::Snapshot& snapshot, const ExpositionOptions& exposition,
              const SeriesFilter& filter, wire::HttpResponder& responder);

  // Fixed after construction.
  const Snapshots snapshots_;

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::shared_ptr<const ScrapeOptions> options_;
  ScrapeTotals totals_;
};

}  // namespace tocsin::exporters
