// SPDX-License-Identifier: Apache-2.0
// History: the window in the agent: restored at start, fed at each tick, saved every few minutes and at stop.
//
//   History history(config, log, clock);
//   history.start();                            // restores; a damaged checkpoint is put aside and told, as is a folder that
//                                               // cannot be written
//   pipeline.add_sink(history.window());        // ahead of what reads it
//   auto view = history.window()->view();
//   history.stop();                             // after the last tick
//
// Threads: thread-safe; one thread, "checkpoint", saves. See rules/window.h. Costs a file of about the window's size.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>

#include "agent/config.h"
#include "agent/log.h"
#include "meters/base/clock.h"
#include "rules/window.h"

namespace tocsin::agent {

struct HistoryStats {
  rules::WindowStats window;
  std::uint64_t checkpoints = 0, failed_checkpoints = 0;
  std::uint64_t damaged_checkpoints = 0;  // put aside at start
  std::optional<Time> last_checkpoint;
  std::string last_failure;  // empty: the last checkpoint succeeded, or none failed yet
};

class History {
 public:
  // Without a data directory nothing is saved or restored.
  History(const Config& config, Log& log, const Clock& clock);
  ~History() { stop(); }

  const std::shared_ptr<rules::Window>& window() const noexcept { return window_; }

  void start();
  // Safe twice and without start.
  void stop();
  // After a tick: tells of names that are not kept any more, and of a clock that was set back.
  void tell();
  HistoryStats stats() const;

 private:
  void restore();
  void save();
  Result<void> write();
  void run(const std::stop_token& stop);

  // Fixed after construction.
  Log& log_;
  const Clock& clock_;
  const std::string file_;  // empty: none
  const std::chrono::nanoseconds interval_;
  const std::shared_ptr<rules::Window> window_;  // own synchronisation

  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  // Guarded by mutex_.
  HistoryStats stats_;             // but for the window's
  std::set<std::string> refused_;  // told
  std::uint64_t set_back_ = 0;     // times of the window's that were told
  bool started_ = false;

  std::jthread thread_;
};

}  // namespace tocsin::agent
