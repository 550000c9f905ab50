// SPDX-License-Identifier: Apache-2.0
#include "exporters/src/send_metrics.h"

#include <algorithm>
#include <cassert>
#include <iterator>

namespace tocsin::exporters {

using wire::DropReason;

// Families with ended rows that are remembered between two exports; beyond it the oldest are forgotten.
constexpr std::size_t kMaxEnded = 10'000;

MetricsLane::MetricsLane(std::unique_ptr<MetricsEncoder> encoder, const Options& options, const wire::BackoffOptions& backoff,
                                 std::uint64_t seed)
    : Lane(Signal::Metrics, options.max_request_bytes, backoff, seed), options_(options), encoder_(std::move(encoder)) {}

bool MetricsLane::is_due(Time time) const noexcept {
  if (!last_taken_ || time < *last_taken_) return true;  // the wall clock may step back
  // Ticks come a little early or late: a tenth of the interval does not make it wait for another tick.
  return time - *last_taken_ >= options_.interval - options_.interval / 10;
}

void MetricsLane::offer(std::shared_ptr<const meters::Snapshot> snapshot) {
  if (untaken_) append_ended(*untaken_, ended_);
  if (ended_.size() > kMaxEnded)
    ended_.erase(ended_.begin(), ended_.begin() + static_cast<std::ptrdiff_t>(ended_.size() - kMaxEnded));
  untaken_.reset();
  if (is_due(snapshot->time)) {
    take(std::move(snapshot));
  } else {
    untaken_ = std::move(snapshot);
  }
}

void MetricsLane::take_latest() {
  if (untaken_) take(std::exchange(untaken_, nullptr));
}

void MetricsLane::take(std::shared_ptr<const meters::Snapshot> snapshot) {
  last_taken_ = snapshot->time;
  Pending taken{{snapshot, std::exchange(previous_, snapshot), std::exchange(ended_, {})}, 0, bytes_of(*snapshot)};
  if (encoder_->merges()) {
    if (!pending_.empty()) {
      inherit(pending_.front().load, taken.load);
      queue_bytes_ -= pending_.front().bytes;
      pending_.clear();
    }
  } else {
    taken.points = encoder_->points_of(taken.load);
    ledger_.offer(taken.points);
  }
  queue_bytes_ += taken.bytes;
  pending_.push_back(std::move(taken));
  while (queue_bytes_ > options_.max_queue_bytes && pending_.size() > 1) drop_first();
}

void MetricsLane::inherit(ExportLoad& from, ExportLoad& to) {
  to.previous = std::move(from.previous);
  std::vector<EndedFamily> ended = std::move(from.ended);
  append_ended(*from.snapshot, ended);
  ended.insert(ended.end(), std::make_move_iterator(to.ended.begin()), std::make_move_iterator(to.ended.end()));
  to.ended = std::move(ended);
}

void MetricsLane::drop_first() {
  Pending first = std::move(pending_.front());
  pending_.pop_front();
  queue_bytes_ -= first.bytes;
  ledger_.drop(first.points, DropReason::QueueFull);
  Pending& next = pending_.front();
  inherit(first.load, next.load);
  const std::uint64_t points = encoder_->points_of(next.load);
  assert(points >= next.points);
  ledger_.offer(points - next.points);
  next.points = points;
}

std::optional<ExportRequest> MetricsLane::form(std::size_t limit) {
  for (;;) {
    if (encoding_) {
      if (auto request = encoder_->next(limit)) {
        if (encoder_->merges()) {
          ledger_.offer(request->points);
        } else {
          assert(unformed_ >= request->points);
          unformed_ -= request->points;
        }
        return request;
      }
      assert(unformed_ == 0);
      encoding_ = false;
      queue_bytes_ -= std::exchange(encoding_bytes_, 0);
      delta_bytes_ = encoder_->state_bytes();
    }
    if (pending_.empty()) return std::nullopt;
    Pending next = std::move(pending_.front());
    pending_.pop_front();
    unformed_ = next.points;
    encoding_bytes_ = next.bytes;
    encoder_->load(std::move(next.load));
    encoding_ = true;
  }
}

void MetricsLane::delivered(const ExportRequest& request) { encoder_->acknowledge(request); }

void MetricsLane::abandon_waiting() {
  ledger_.drop(std::exchange(unformed_, 0), DropReason::Stopped);
  for (const Pending& pending : pending_) ledger_.drop(pending.points, DropReason::Stopped);
  pending_.clear();
  encoding_ = false;
  queue_bytes_ = 0;
}

}  // namespace tocsin::exporters
