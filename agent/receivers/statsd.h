// SPDX-License-Identifier: Apache-2.0
// StatsdReceiver: StatsD lines become series in the intake, at once: there is no flush interval to wait for.
//
//   StatsdReceiver receiver(intake, {}, clock);
//   receiver.take("requests:1|c|#env:prod\nlatency:12|ms");      // from StatsdSockets
//   receiver.flush_sets(now);                                    // at each tick
//
// counter -> counter; gauge -> gauge, +/- relative to what it is; timer (unit ms), histogram and distribution ->
// histograms with explicit bounds; set -> a gauge: how many different members there were since the flush before. Tags are
// labels. All of it has job="statsd" and the listener as instance. A sample rate multiplies.
// Threads: thread-safe. Costs about 1 us a line.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "agent/intake.h"
#include "agent/ledger.h"
#include "agent/metric_writer.h"
#include "agent/receivers/statsd_line.h"
#include "meters/base/clock.h"

namespace tocsin::agent {

struct StatsdOptions {
  std::string instance = "local";
  std::vector<double> timer_bounds = {};  // milliseconds; empty: the request meters' ladder
  std::size_t max_set_members = 100'000;  // of all sets between two flushes
};

class StatsdReceiver {
 public:
  StatsdReceiver(Intake& intake, StatsdOptions options, const Clock& clock);

  // From the next line on. A timer whose bounds change begins anew under the new ones.
  void configure_timers(std::vector<double> bounds);

  // Whole lines, separated by line feeds.
  void take(std::string_view lines);

  // Reports each set's size and begins anew.
  void flush_sets(Time now);

  Ledger& ledger() noexcept { return ledger_; }  // of lines
  // The last line that could not be taken, at most 200 bytes of it, with the reason; empty while there was none.
  std::string last_malformed() const;

 private:
  struct Set {
    std::string name;
    std::vector<std::pair<std::string, std::string>> tags;
    std::unordered_set<std::string> members;
  };

  void read_labels(const StatsdLine& line);
  void write(const StatsdLine& line, std::uint64_t now_ns);
  bool add_to_set(const StatsdLine& line);
  std::string reject(Ledger::Entry& entry, StatsdFault fault, std::string_view text);

  // Fixed after construction.
  Intake& intake_;
  const Clock& clock_;
  const std::size_t max_set_members_;

  Ledger ledger_{"statsd"};

  std::mutex write_mutex_;  // held while lines are taken or sets flushed
  // Guarded by write_mutex_.
  std::vector<double> timer_bounds_;
  StatsdLine line_;
  std::vector<MetricWriter::Label> labels_;
  MetricWriter writer_;
  std::map<std::string, Set> sets_;
  std::size_t set_members_ = 0;

  mutable std::mutex mutex_;
  std::string last_malformed_;  // guarded by mutex_
};

}  // namespace tocsin::agent
