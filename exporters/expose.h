// SPDX-License-Identifier: Apache-2.0
// Expose: a service's own scrape endpoint, without an agent.
//
//   auto endpoint = tocsin::exporters::Expose::start(registry, {.listen = "127.0.0.1:9464"});
//   if (!endpoint) log(endpoint.error().message);   // "cannot listen on ...": the service runs on, unharmed
//
// Serves /metrics in every format a Prometheus asks for, gzip and zstd, with ?name[]= and ?match[]= (=~ and !~ are
// refused unless compile_pattern is given: see patterns.h). A source that throws is answered with 500. The registry must outlive it. Stops when destroyed.
// Threads: its own, `workers` and two more; start and stop from one owner. The source is collected by one thread at a
// time, at most once in max_age. Costs one collection each tick between scrapes, none where nothing can expire.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "exporters/scrape_handler.h"
#include "meters/base/result.h"
#include "meters/flow.h"

namespace tocsin::exporters {

struct ExposeOptions {
  std::string listen = "127.0.0.1:9464";  // an IPv4 address or "localhost", and a port; port 0 takes a free one
  std::string path = "/metrics";
  std::vector<std::string> allowed_hosts = {};  // names by which scrapers reach it, besides IP addresses and localhost
  std::chrono::milliseconds max_age{1'000};     // scrapes within it share one collection
  unsigned workers = 4;                         // scrapes at once
  // Idle series expire by it, whether or not somebody scrapes; 0: they do not.
  std::chrono::nanoseconds tick = std::chrono::minutes{1};
  ScrapeOptions scrape = {};
};

class Expose {
 public:
  // Errors: Configuration (address, options), Environment (the port is taken).
  static Result<std::unique_ptr<Expose>> start(meters::Source& source, ExposeOptions options = {});

  virtual ~Expose() = default;  // stops; in a forked child, which serves nothing, it does nothing

  // Lets running scrapes finish for up to two seconds. Safe twice.
  virtual void stop() = 0;

  virtual std::string address() const = 0;  // "127.0.0.1:9464", with the port that was taken
  virtual int port() const = 0;
  virtual ScrapeTotals totals() const = 0;
};

}  // namespace tocsin::exporters
