// SPDX-License-Identifier: Apache-2.0
// Window: the embedded history. Keeps the last hours of every series at its own timestamps, with staleness markers,
// native histograms and exemplars: what rules and the page read. Series are named as on /metrics.
//
//   Window window({.retention = 2h});
//   window.append(*snapshot);                          // rows whose time advanced; ended rows get a staleness marker
//   window.append(batch);                              // samples at their own times
//   std::shared_ptr<const WindowView> view = window.view();
//   auto rows = view->select(matchers, range);         // see promql/series_reader.h
//
// A cumulative series that states its start begins with a zero sample at the later of that start and the time of its
// sender's export before, so that `increase` sees its first increment. Rows that came as a Batch are not taken from a
// Snapshot again. See docs/decisions on the window's layout and its byte limit.
// Threads: append() and the other changes by one thread at a time (they lock); view() and stats() on any. A view is
// immutable: it is read while appends go on. Costs about 1 byte a sample that is older than `raw`, 2 to 8 a newer one,
// 100 bytes a series besides its label texts; 30 ns a sample to append.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "meters/base/clock.h"
#include "meters/flow.h"
#include "rules/batch.h"
#include "rules/promql/series_reader.h"

namespace tocsin::rules {

struct WindowOptions {
  std::chrono::nanoseconds retention = std::chrono::hours{2};
  // Of series that were recorded (Batch::recorded); what is older than `retention` is thinned to a sample a minute.
  std::chrono::nanoseconds recorded_retention = std::chrono::hours{24 * 35};
  std::chrono::nanoseconds raw = std::chrono::minutes{6};  // what is newer is not compressed: rules look at it
  std::size_t max_bytes = std::size_t{512} << 20;
  std::size_t max_exemplars = 10'000;  // of all series together; the newest stay
  // As [exposition] says for /metrics.
  bool scope_labels = true, target_info = true;
  // Labels of what this process registered itself, where a scraper would add its own.
  std::string own_job = {}, own_instance = {};
};

// Samples that append() did not take, and why.
struct AppendOutcome {
  std::uint64_t appended = 0;
  std::uint64_t not_newer = 0;  // than the series' last sample, with another value
  std::uint64_t too_old = 0;    // older than the window
  std::uint64_t refused = 0;    // of a name for which there is no room
  std::uint64_t repeated = 0;   // another source sends the same series: the first counts
  AppendOutcome& operator+=(const AppendOutcome& other) noexcept;
};

// A name whose series are not kept because the byte limit was reached.
struct WindowRefusal {
  std::string name;
  std::uint64_t bytes = 0;    // what it held then
  std::uint64_t samples = 0;  // refused since
  Time since;
};

struct WindowStats {
  std::uint64_t series = 0, names = 0, bytes = 0;
  AppendOutcome outcome;  // since start
  std::vector<WindowRefusal> refusals;
  std::uint64_t set_back = 0;  // times that the clock went back by more than a minute, and what it had called later was let go
};

struct WindowExemplar {
  std::int64_t time_ms = 0;
  double value = 0;
  std::vector<std::pair<std::string, std::string>> labels;  // trace_id, span_id and others
};

struct SeriesExemplars {
  promql::SeriesRow row = 0;
  std::vector<WindowExemplar> exemplars;  // by time
};

// How much time a view spans; both 0 where it has no sample.
struct WindowExtent {
  std::int64_t oldest_ms = 0, newest_ms = 0;
  std::uint64_t chunks = 0;  // compressed blocks and columns
};

// What is known of each metric, by the name it has on /metrics.
using Metadata = std::map<std::string, std::shared_ptr<const meters::Descriptor>, std::less<>>;

class WindowView;
class WindowCheckpoint;
struct RestoredWindow;

class Window final : public meters::Sink {
 public:
  explicit Window(WindowOptions options);
  ~Window() override;
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;

  void accept(std::shared_ptr<const meters::Snapshot> snapshot) override;
  // Also lets go what is older than retention at the Snapshot's time, and, where that went back by more than a minute,
  // what is later: it would keep new samples out.
  AppendOutcome append(const meters::Snapshot& snapshot);
  AppendOutcome append(const Batch& batch);
  // For who has no Snapshots: lets go what is older than retention.
  void expire(Time now);

  // The same object while nothing was appended.
  std::shared_ptr<const WindowView> view();

  // What is there now, to be saved; see window_checkpoint.h.
  std::shared_ptr<const WindowCheckpoint> checkpoint();
  // Requires: nothing was appended. What is later than `now`
  // because the clock was set back since is left out. Errors: Input: damaged; nothing changes.
  Result<RestoredWindow> restore(std::string_view checkpoint, Time now);

  // How far back the samples of that name go: for a rule that looks back further.
  std::chrono::nanoseconds kept(std::string_view name) const;
  // Of names that are recorded, whether or not there is a series of them yet.
  std::chrono::nanoseconds kept_of_recorded() const noexcept;
  // Names that rules read: refused last when there is no room.
  void set_rule_inputs(std::vector<std::string> names);
  WindowStats stats() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class WindowView final : public promql::SeriesReader {
 public:
  struct State;
  explicit WindowView(std::unique_ptr<const State> state);
  ~WindowView() override;

  std::string_view text(promql::Symbol symbol) const noexcept override;
  promql::Symbol symbol(std::string_view text) const noexcept override;
  Result<std::vector<promql::SeriesRow>> select(std::span<const promql::Matcher> matchers,
                                                promql::TimeRange range) const override;
  std::span<const promql::LabelId> labels(promql::SeriesRow row) const noexcept override;
  Result<void> read(std::span<const promql::SeriesRow> rows, promql::TimeRange range,
                    promql::Block& into) const override;
  Result<void> read_newest(std::span<const promql::SeriesRow> rows, promql::TimeRange range,
                           promql::Block& into) const override;
  promql::ColumnsRead read_columns(std::span<const promql::SeriesRow> rows, promql::TimeRange range,
                                   promql::ColumnSink& sink) const override;

  // Exemplars in the range of series that all matchers take.
  Result<std::vector<SeriesExemplars>> exemplars(std::span<const promql::Matcher> matchers, promql::TimeRange range) const;
  const Metadata& metadata() const noexcept;
  WindowExtent extent() const noexcept;

 private:
  friend class WindowCheckpoint;
  std::unique_ptr<const State> state_;
};

}  // namespace tocsin::rules
