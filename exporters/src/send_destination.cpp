// SPDX-License-Identifier: Apache-2.0
// The loop of one destination: a thread that takes what comes in, keeps at most one export in flight, and waits.
#include <pthread.h>

#include <condition_variable>
#include <exception>
#include <mutex>
#include <random>
#include <thread>

#include "exporters/destination.h"
#include "exporters/src/send_lane.h"
#include "exporters/src/send_metrics.h"
#include "exporters/src/send_spans.h"

namespace tocsin::exporters {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using wire::Verdict;

class Destination::Loop {
 public:
  Loop(DestinationOptions options, std::unique_ptr<Transport> transport, std::unique_ptr<MetricsEncoder> encoder, const Clock& clock)
      : options_(std::move(options)),
        clock_(clock),
        metrics_(std::move(encoder), {options_.encode.max_bytes, options_.interval, options_.max_queue_bytes}, options_.backoff,
                 std::random_device{}()),
        spans_({options_.encode.max_bytes, options_.max_queue_bytes}, options_.backoff, std::random_device{}()),
        held_(options_.held),
        transport_(std::move(transport)),
        thread_([this] { run(); }) {}

  const DestinationOptions& options() const noexcept { return options_; }

  void accept(std::shared_ptr<const meters::Snapshot> snapshot) {
    if (!options_.metrics) return;
    const std::lock_guard lock(mutex_);
    if (stop_at_) return;
    inbox_.push_back(std::move(snapshot));
    wake_.notify_one();
  }

  void forward_spans(std::string_view resource_spans, std::uint64_t spans) {
    if (!options_.spans) return;
    const std::lock_guard lock(mutex_);
    if (ended_) return spans_.refuse(spans);
    spans_.push(resource_spans, spans);
    spans_came_ = true;
    wake_.notify_one();
  }

  bool flush(nanoseconds deadline) {
    const auto until = std::chrono::steady_clock::now() + deadline;
    std::unique_lock lock(mutex_);
    hurry_ = true;
    wake_.notify_one();
    return idle_wake_.wait_until(lock, until, [this] { return ended_ || (idle_ && !has_news()); });
  }

  void stop(nanoseconds deadline) {
    {
      const std::lock_guard lock(mutex_);
      if (!stop_at_) stop_at_ = clock_.monotonic() + deadline;
      hurry_ = true;
      wake_.notify_one();
    }
    const std::lock_guard joining(join_mutex_);
    if (thread_.joinable()) thread_.join();
    // Its threads call back into this.
    transport_.reset();
  }

  // `before` has ended, so that nobody else uses its lanes.
  void release(Loop* before) {
    const std::lock_guard lock(mutex_);
    if (!held_) return;
    if (before != nullptr) metrics_.continue_from(before->metrics_);
    held_ = false;
    hurry_ = true;
    wake_.notify_one();
  }

  DestinationStats stats() const {
    DestinationStats stats;
    {
      const std::lock_guard lock(mutex_);
      stats = told_;
      if (failing_at_) stats.failing_for = clock_.monotonic() - *failing_at_;
    }
    stats.metrics = {metrics_.ledger().counts(), metrics_.requests(), metrics_.retries(), metrics_.queue_bytes()};
    stats.spans = {spans_.ledger().counts(), spans_.requests(), spans_.retries(), spans_.queue_bytes()};
    stats.delta_bytes = metrics_.delta_bytes();
    return stats;
  }

 private:
  // Requires: mutex_ held.
  bool has_news() const { return !inbox_.empty() || answer_ || spans_came_ || hurry_; }

  void run() {
    pthread_setname_np(pthread_self(), ("export-" + options_.name).substr(0, 15).c_str());
    std::unique_lock lock(mutex_);
    for (;;) {
      const auto inbox = std::exchange(inbox_, {});
      const auto answer = std::exchange(answer_, std::nullopt);
      const bool hurry = std::exchange(hurry_, false);
      const auto stop_at = stop_at_;
      if (stop_at) held_ = false;
      const bool held = held_;
      spans_came_ = false;
      idle_ = false;  // what was taken is not done: flush() must not look meanwhile and find nothing
      lock.unlock();
      for (const auto& snapshot : inbox) metrics_.offer(snapshot);
      if (answer) settle(*answer);
      if (hurry) metrics_.take_latest(), metrics_.hurry(), spans_.hurry();
      const Monotonic now = clock_.monotonic();
      // Asked to stop: pauses that end after the deadline are not worth waiting for.
      const bool sends = !held && !(stop_at && now >= *stop_at);
      const Monotonic wake = sends ? send_next(now, stop_at) : Monotonic::max();
      lock.lock();
      const bool over = stop_at && (now >= *stop_at || (flying_ == nullptr && wake > *stop_at && !has_news()));
      idle_ = !held && flying_ == nullptr && wake == Monotonic::max();
      ended_ = over;
      if (idle_ || ended_) idle_wake_.notify_all();
      if (over) return lock.unlock(), abandon();
      const Monotonic until = std::min(wake, stop_at_.value_or(Monotonic::max()));
      const auto ready = [&] { return has_news() || stop_at_ != stop_at; };
      if (until == Monotonic::max()) {
        wake_.wait(lock, ready);
      } else {
        wake_.wait_for(lock, until - clock_.monotonic(), ready);
      }
    }
  }

  // Sends from the lane whose turn it is, if one may. Returns when to look again: never while one is in flight.
  Monotonic send_next(Monotonic now, std::optional<Monotonic> stop_at) {
    if (flying_ != nullptr) return Monotonic::max();
    Monotonic wake = Monotonic::max();
    for (int tries = 0; tries < 2; ++tries) {
      Lane& lane = metrics_turn_ ? static_cast<Lane&>(metrics_) : spans_;
      metrics_turn_ = !metrics_turn_;
      if (!lane.has_work()) continue;
      if (lane.not_before() > now) {
        wake = std::min(wake, lane.not_before());
        continue;
      }
      if (Lane::Parcel* parcel = lane.begin(now)) {
        send(lane, *parcel, now, stop_at);
        return Monotonic::max();
      }
    }
    return wake;
  }

  void send(Lane& lane, Lane::Parcel& parcel, Monotonic now, std::optional<Monotonic> stop_at) {
    if (!parcel.prepared)
      parcel.prepared = std::make_shared<const std::string>(transport_->prepare(lane.signal(), parcel.request.body));
    auto timeout = std::chrono::duration_cast<milliseconds>(options_.timeout);
    if (stop_at) timeout = std::min(timeout, std::chrono::ceil<milliseconds>(*stop_at - now));
    flying_ = &lane;
    sent_at_ = now;
    transport_->send(lane.signal(), parcel.prepared, std::max(timeout, milliseconds{1}), [this](Verdict verdict) {
      const std::lock_guard lock(mutex_);
      answer_ = std::move(verdict);
      wake_.notify_one();
    });
  }

  void settle(const Verdict& verdict) {
    if (flying_ == nullptr) return;
    const Monotonic now = clock_.monotonic();
    const std::uint64_t dropped_before = flying_->ledger().counts().dropped_total();
    flying_->settle(verdict, now);
    const std::uint64_t dropped = flying_->ledger().counts().dropped_total() - dropped_before;
    const char* items = flying_->signal() == Signal::Metrics ? " data points" : " spans";
    flying_ = nullptr;
    std::string report;
    const bool success = verdict.kind == Verdict::Kind::Accepted;
    {
      const std::lock_guard lock(mutex_);
      told_.last_latency = now - sent_at_;
      if (success) {
        if (told_.failing_since) report = "delivers again";
        told_.failing_since.reset();
        failing_at_.reset();
        told_.last_success_time = clock_.now();
        if (!verdict.message.empty()) told_.last_warning = verdict.message;
      } else {
        if (!told_.failing_since) report = verdict.message;
        told_.last_error = verdict.message;
        told_.last_error_time = clock_.now();
        if (!told_.failing_since) told_.failing_since = told_.last_error_time;
        if (!failing_at_) failing_at_ = now;
      }
    }
    if (dropped > 0) report = "dropped " + std::to_string(dropped) + items + ": " + verdict.message;
    if (success && dropped == 0 && !verdict.message.empty()) report = "warned: " + verdict.message;
    if (!report.empty() && options_.report) options_.report(report);
  }

  void abandon() {
    if (flying_ != nullptr) transport_->cancel();
    flying_ = nullptr;
    metrics_.abandon();
    spans_.abandon();
  }

  // Fixed after construction.
  const DestinationOptions options_;
  const Clock& clock_;

  // The loop's thread only; spans_.push() and what is counted have their own synchronisation.
  MetricsLane metrics_;
  SpansLane spans_;
  Lane* flying_ = nullptr;
  Monotonic sent_at_{};
  bool metrics_turn_ = true;

  mutable std::mutex mutex_;
  std::condition_variable wake_, idle_wake_;
  // Guarded by mutex_.
  std::vector<std::shared_ptr<const meters::Snapshot>> inbox_;
  std::optional<Verdict> answer_;
  std::optional<Monotonic> stop_at_;
  bool spans_came_ = false, hurry_ = false, idle_ = true, ended_ = false;
  bool held_;  // meanwhile the loop does not touch the encoder
  std::optional<Monotonic> failing_at_;
  DestinationStats told_;  // errors and times; the rest is read where it is counted

  std::mutex join_mutex_;
  std::unique_ptr<Transport> transport_;
  std::jthread thread_;  // last: it uses all the others
};

Result<OtlpProtocol> parse_otlp_protocol(std::string_view text) {
  for (const auto protocol : {OtlpProtocol::Grpc, OtlpProtocol::HttpProtobuf, OtlpProtocol::HttpJson})
    if (text == to_text(protocol)) return protocol;
  return Error{Fault::Input, "unknown OTLP protocol \"" + std::string(text) +
                                 "\": it is \"grpc\", \"http/protobuf\" or \"http/json\""};
}

std::string_view to_text(OtlpProtocol protocol) noexcept {
  switch (protocol) {
    case OtlpProtocol::Grpc: return "grpc";
    case OtlpProtocol::HttpJson: return "http/json";
    case OtlpProtocol::HttpProtobuf: break;
  }
  return "http/protobuf";
}

Result<std::unique_ptr<Destination>> Destination::make(DestinationOptions options,
                                                               std::unique_ptr<Transport> transport, const Clock& clock,
                                                               std::unique_ptr<MetricsEncoder> encoder) {
  const auto wrong = [&](std::string_view reason) {
    return Error{Fault::Configuration, "export \"" + options.name + "\": " + std::string(reason)};
  };
  if (!options.metrics && !options.spans) return wrong("neither metrics nor spans are to be sent");
  if (options.interval <= nanoseconds{0} || options.timeout <= nanoseconds{0})
    return wrong("interval and timeout must be longer than zero");
  if (transport == nullptr) {
    if (options.protocol == OtlpProtocol::Grpc) return wrong("this program has no gRPC: use http/protobuf");
    auto made = make_http_transport(options);
    if (!made) return std::move(made).error();
    transport = *std::move(made);
  }
  normalize(options.encode.resource_attributes);
  if (encoder == nullptr) encoder = std::make_unique<OtlpEncoder>(options.encode);
  return std::unique_ptr<Destination>(
      new Destination(std::make_unique<Loop>(std::move(options), std::move(transport), std::move(encoder), clock)));
}

Destination::Destination(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}
Destination::~Destination() { stop(nanoseconds{0}); }

const DestinationOptions& Destination::options() const noexcept { return loop_->options(); }
void Destination::accept(std::shared_ptr<const meters::Snapshot> snapshot) { loop_->accept(std::move(snapshot)); }
void Destination::forward_spans(std::string_view resource_spans, std::uint64_t spans) {
  loop_->forward_spans(resource_spans, spans);
}
void Destination::release(Destination* before) { loop_->release(before ? before->loop_.get() : nullptr); }
bool Destination::flush(nanoseconds deadline) { return loop_->flush(deadline); }
void Destination::stop(nanoseconds deadline) { loop_->stop(deadline); }
DestinationStats Destination::stats() const { return loop_->stats(); }

}  // namespace tocsin::exporters
