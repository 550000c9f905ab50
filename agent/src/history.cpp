// SPDX-License-Identifier: Apache-2.0
#include "agent/history.h"

#include <pthread.h>

#include <utility>

#include "agent/store/replaced_file.h"
#include "rules/window_checkpoint.h"

namespace tocsin::agent {

namespace {

rules::WindowOptions window_options(const Config& config) {
  rules::WindowOptions options;
  options.retention = config.history.retention;
  options.recorded_retention = config.history.recorded_retention;
  options.max_bytes = config.history.max_bytes;
  options.scope_labels = config.exposition.scope_labels;
  options.target_info = config.exposition.target_info;
  options.own_job = "tocsin";
  options.own_instance = config.http.listen;
  return options;
}

std::string seconds(std::chrono::nanoseconds duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(duration).count()) + " s";
}

}  // namespace

History::History(const Config& config, Log& log, const Clock& clock)
    : log_(log), clock_(clock), file_(config.data_dir.empty() ? "" : config.data_dir + "/window.checkpoint"),
      interval_(config.history.checkpoint), window_(std::make_shared<rules::Window>(window_options(config))) {}

void History::start() {
  if (file_.empty()) return;
  restore();
  // What would fail in minutes is told now.
  const auto probe = ReplacedFile::open(file_);
  if (!probe) log_.error("history will not be saved", {{"reason", probe.error().message}});
  {
    const std::lock_guard lock(mutex_);
    if (!probe) stats_.last_failure = probe.error().message;
    started_ = true;
  }
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  pthread_setname_np(thread_.native_handle(), "checkpoint");
}

void History::restore() {
  auto bytes = read_whole_file(file_);
  if (!bytes) return log_.error("history not restored", {{"reason", bytes.error().message}});
  if (!*bytes) return;
  auto restored = window_->restore(**bytes, clock_.now());
  if (restored) {
    log_.info("history restored", {{"series", std::to_string(restored->series)},
                                   {"age", seconds(clock_.now() - restored->newest)}});
    if (restored->set_back) log_.warning("the clock was set back: what lay in the future is not restored");
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    ++stats_.damaged_checkpoints;
  }
  const auto aside = put_aside(file_);
  log_.error("history not restored", {{"file", file_},
                                      {"reason", restored.error().message},
                                      {"put aside as", aside ? *aside : aside.error().message}});
}

void History::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    wake_.wait_for(lock, stop, interval_, [] { return false; });
    if (stop.stop_requested()) return;
    lock.unlock();
    save();
    lock.lock();
  }
}

Result<void> History::write() {
  auto file = ReplacedFile::open(file_);
  if (!file) return file.error();
  if (auto saved = window_->checkpoint()->save(**file); !saved) return saved;
  return (*file)->commit();
}

void History::save() {
  const auto written = write();
  if (!written) log_.error("history not saved", {{"reason", written.error().message}});
  const std::lock_guard lock(mutex_);
  ++(written ? stats_.checkpoints : stats_.failed_checkpoints);
  stats_.last_failure = written ? "" : written.error().message;
  if (written) stats_.last_checkpoint = clock_.now();
}

void History::stop() {
  {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(started_, false)) return;
  }
  thread_.request_stop();
  thread_.join();
  save();
}

void History::tell() {
  const rules::WindowStats stats = window_->stats();
  std::set<std::string> refused;
  for (const rules::WindowRefusal& refusal : stats.refusals) refused.insert(refusal.name);
  std::set<std::string> before;
  {
    const std::lock_guard lock(mutex_);
    before = std::exchange(refused_, refused);
    if (std::exchange(set_back_, stats.set_back) != stats.set_back)
      log_.warning("the clock was set back: history that lay in the future is let go");
  }
  for (const rules::WindowRefusal& refusal : stats.refusals)
    if (!before.contains(refusal.name))
      log_.warning("history full: a name is not kept", {{"name", refusal.name}, {"bytes", std::to_string(refusal.bytes)}});
  for (const std::string& name : before)
    if (!refused.contains(name)) log_.info("history keeps a name again", {{"name", name}});
}

HistoryStats History::stats() const {
  HistoryStats stats;
  {
    const std::lock_guard lock(mutex_);
    stats = stats_;
  }
  stats.window = window_->stats();
  return stats;
}

}  // namespace tocsin::agent
