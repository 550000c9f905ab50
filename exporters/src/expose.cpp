// SPDX-License-Identifier: Apache-2.0
#include "exporters/expose.h"

#include <pthread.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

#include "meters/base/clock.h"
#include "wire/http_server.h"

namespace tocsin::exporters {

namespace {

// Collects a source at most once in max_age, whoever asks; and on a timer, so that its series end unasked too.
class SharedSnapshots {
 public:
  SharedSnapshots(meters::Source& source, std::chrono::nanoseconds max_age)
      : source_(source), follower_(source.follow()), max_age_(max_age) {}

  std::shared_ptr<const meters::Snapshot> newest() {
    const std::lock_guard lock(mutex_);
    if (newest_ && SystemClock::instance().monotonic() - collected_at_ < max_age_) return newest_;
    collect();
    return newest_;
  }

  void start_ticks(std::chrono::nanoseconds interval) {
    if (!follower_ || interval <= interval.zero()) return;
    ticks_ = std::jthread([this, interval](const std::stop_token& stop) { run(stop, interval); });
  }
  void stop_ticks() {
    if (!ticks_.joinable()) return;
    ticks_.request_stop();
    ticks_.join();
  }

 private:
  void run(const std::stop_token& stop, std::chrono::nanoseconds interval) {
    pthread_setname_np(pthread_self(), "expose tick");
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      const Monotonic due = SystemClock::instance().monotonic() + interval;
      wake_.wait_until(lock, stop, due, [] { return false; });
      if (stop.stop_requested()) return;
      tick();
    }
  }

  // A source that throws is told to who scrapes it; here it only ends nothing.
  void tick() noexcept try {
    follower_->expire();
    collect();
    follower_->seen();
  } catch (...) {
  }

  // Requires: mutex_ is held.
  void collect() {
    const Clock& clock = SystemClock::instance();
    meters::SnapshotBuilder builder(clock.now());
    source_.collect(builder);
    newest_ = std::move(builder).finish(++sequence_);
    collected_at_ = clock.monotonic();
  }

  meters::Source& source_;
  const std::unique_ptr<meters::Follower> follower_;  // null: the source needs none
  const std::chrono::nanoseconds max_age_;
  std::condition_variable_any wake_;
  std::mutex mutex_;
  // Guarded by mutex_.
  std::shared_ptr<const meters::Snapshot> newest_;
  Monotonic collected_at_;
  std::uint64_t sequence_ = 0;
  std::jthread ticks_;  // last: it uses all above
};

class Endpoint final : public Expose {
 public:
  Endpoint(meters::Source& source, ExposeOptions options)
      : path_(std::move(options.path)),
        tick_(options.tick),
        snapshots_(source, options.max_age),
        scrape_([this] { return snapshots_.newest(); }, std::move(options.scrape)) {}
  ~Endpoint() override { Endpoint::stop(); }

  Result<void> open(wire::HttpServerOptions options) {
    auto server = wire::HttpServer::start(std::move(options),
                                          [this](const auto& request, auto& responder) { handle(request, responder); });
    if (!server) return server.error();
    server_ = *std::move(server);
    snapshots_.start_ticks(tick_);
    return {};
  }

  void stop() override {
    if (server_) server_->stop();
    snapshots_.stop_ticks();
  }
  std::string address() const override { return server_->address(); }
  int port() const override { return server_->port(); }
  ScrapeTotals totals() const override { return scrape_.totals(); }

 private:
  void handle(const wire::HttpRequest& request, wire::HttpResponder& responder) {
    if (request.path == path_) return scrape_.handle(request, responder);
    responder.send_text(404, "metrics are at " + path_ + '\n');
  }

  const std::string path_;
  const std::chrono::nanoseconds tick_;
  SharedSnapshots snapshots_;
  ScrapeHandler scrape_;
  std::unique_ptr<wire::HttpServer> server_;  // last: its threads use all above
};

// A forked child has none of the threads: it serves nothing, and must not wait for them.
class OfThisProcess final : public Expose {
 public:
  explicit OfThisProcess(std::unique_ptr<Endpoint> endpoint) : endpoint_(std::move(endpoint)) {}
  ~OfThisProcess() override {
    if (is_child()) (void)endpoint_.release();
  }
  void stop() override {
    if (!is_child()) endpoint_->stop();
  }
  std::string address() const override { return endpoint_->address(); }
  int port() const override { return endpoint_->port(); }
  ScrapeTotals totals() const override { return endpoint_->totals(); }

 private:
  bool is_child() const noexcept { return ::getpid() != started_by_; }

  std::unique_ptr<Endpoint> endpoint_;
  const pid_t started_by_ = ::getpid();
};

}  // namespace

Result<std::unique_ptr<Expose>> Expose::start(meters::Source& source, ExposeOptions options) {
  if (options.tick < options.tick.zero() || options.max_age < options.max_age.zero())
    return Error{Fault::Configuration, "tick and max_age cannot be negative"};
  if (!options.path.starts_with('/'))
    return Error{Fault::Configuration, "path \"" + options.path + "\" must start with '/'"};
  wire::HttpServerOptions http;
  http.listen = options.listen;
  http.thread_name = "expose";
  http.workers = options.workers;
  http.max_body_bytes = 0;
  http.allowed_hosts = options.allowed_hosts;
  auto endpoint = std::make_unique<Endpoint>(source, std::move(options));
  if (auto opened = endpoint->open(std::move(http)); !opened) return opened.error();
  return std::unique_ptr<Expose>(std::make_unique<OfThisProcess>(std::move(endpoint)));
}

}  // namespace tocsin::exporters
