// SPDX-License-Identifier: Apache-2.0
// Process meters: what this process uses, a Source.
//
//   ProcessMeters process;
//   process.collect(builder);      // process_cpu_seconds_total, process_resident_memory_bytes, ...
//
// Names as Prometheus' client libraries have them. What cannot be read is left out.
// Threads: collect() one call at a time. Costs one open and read of /proc/self/stat and three system calls, about 20 us
// (before Linux 6.2 a listing of the open files besides).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "meters/base/clock.h"
#include "meters/flow.h"

namespace tocsin::meters {

// What /proc/[pid]/stat says, by its field names in proc(5).
struct ProcessStat {
  std::uint64_t majflt = 0, utime = 0, stime = 0, num_threads = 0, starttime = 0, vsize = 0, rss = 0;
};
// Nothing where the text is not such a line. The command's name may hold anything, spaces and brackets too.
std::optional<ProcessStat> parse_process_stat(std::string_view text) noexcept;

class ProcessMeters final : public Source {
 public:
  // `origin` null: this process, without resource attributes.
  explicit ProcessMeters(std::shared_ptr<const Origin> origin = nullptr, const Clock& clock = SystemClock::instance());
  void collect(SnapshotBuilder& builder) override;

 private:
  void add(SnapshotBuilder& builder, std::size_t which, double value) const;

  std::shared_ptr<const Origin> origin_;
  const Clock& clock_;
  std::shared_ptr<const LabelSets> one_row_;  // without labels
  std::int64_t pid_ = 0;                      // whose start this is: a forked child has another
  std::int64_t start_ns_ = 0;
};

}  // namespace tocsin::meters
