// SPDX-License-Identifier: Apache-2.0
// The lane of metrics: Snapshots wait as they are and become requests one at a time, when they are sent.
#pragma once

#include <deque>

#include "exporters/src/send_lane.h"

namespace tocsin::exporters {

class MetricsLane final : public Lane {
 public:
  struct Options {
    std::size_t max_request_bytes;
    std::chrono::nanoseconds interval;
    std::size_t max_queue_bytes;
  };
  MetricsLane(std::unique_ptr<MetricsEncoder> encoder, const Options& options, const wire::BackoffOptions& backoff, std::uint64_t seed);

  // Takes it when an interval has passed since the last that was taken; of one that is not, the ends are remembered.
  void offer(std::shared_ptr<const meters::Snapshot> snapshot);
  // Takes the last one that was offered if it was not, whatever its time.
  void take_latest();

  // Before the first request is formed.
  void continue_from(MetricsLane& before) { encoder_->continue_from(*before.encoder_); }

  std::size_t queue_bytes() const noexcept { return queue_bytes_; }
  std::size_t delta_bytes() const noexcept { return delta_bytes_; }

 protected:
  bool waiting() const override { return encoding_ || !pending_.empty(); }
  std::optional<ExportRequest> form(std::size_t limit) override;
  std::vector<ExportRequest> halve(const ExportRequest& request) override { return encoder_->halve(request); }
  void delivered(const ExportRequest& request) override;
  void abandon_waiting() override;

 private:
  struct Pending {
    ExportLoad load;
    std::uint64_t points = 0;  // 0 for deltas: they are made, and offered, when they are sent
    std::size_t bytes = 0;
  };

  bool is_due(Time time) const noexcept;
  void take(std::shared_ptr<const meters::Snapshot> snapshot);
  // The first is dropped; what only it would have told is told by the second.
  void drop_first();
  static void inherit(ExportLoad& from, ExportLoad& to);

  const Options options_;
  const std::unique_ptr<MetricsEncoder> encoder_;
  std::optional<Time> last_taken_;
  std::shared_ptr<const meters::Snapshot> previous_;  // the one taken last
  std::vector<EndedFamily> ended_;                      // since then
  std::shared_ptr<const meters::Snapshot> untaken_;   // the last one offered, if it was not taken
  std::deque<Pending> pending_;
  bool encoding_ = false;       // the encoder is in the middle of a load
  std::uint64_t unformed_ = 0;  // points of that load that are still to be formed
  std::size_t encoding_bytes_ = 0;
  std::atomic<std::size_t> queue_bytes_ = 0, delta_bytes_ = 0;
};

}  // namespace tocsin::exporters
