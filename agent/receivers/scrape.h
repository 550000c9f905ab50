// SPDX-License-Identifier: Apache-2.0
// ScrapeReceiver: asks targets for what they expose, each on its own beat: a little ahead of a tick where its interval is in
// step with ticks, so that rules see it fresh; else spread over the interval.
//
//   ScrapeReceiver scrapes(window, intake, log, clock, [&] { return pipeline.next_tick(); });
//   scrapes.apply(config.scrapes);           // also on a reload: a target that is the same goes on, by the new rules
//   for (const ScrapeTargetState& target : scrapes.targets()) ...
//   scrapes.stop();
//
// A scrape is taken whole or not at all: one that fails ends the target's series (staleness markers) and sets `up` to 0.
// Threads: apply and stop from one owner, the queries from any. One thread, from the first target on, parses; HttpClient's one
// sends. Nothing is applied after stop().
// Costs one connection a target that is being asked, and its answer in memory, at most body_size_limit.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "agent/ledger.h"
#include "agent/log.h"
#include "agent/pipeline.h"
#include "agent/receivers/scrape_series.h"
#include "meters/base/clock.h"
#include "wire/http_client.h"

namespace tocsin::agent {

struct ScrapeTargetState {
  std::string job, url;
  RelabelSet discovered, labels;  // before and after relabelling
  bool dropped = false;           // by relabelling: it is never asked
  bool asked = false;             // at least once
  bool up = false;
  std::string last_error;         // of the last scrape; empty: it was good
  Time last_scrape;
  std::chrono::nanoseconds last_duration{0}, interval{0}, timeout{0};
  ScrapeCounts last;
  std::uint64_t scrapes = 0, failed = 0;
};

// Over all targets since start, those that are gone included.
struct ScrapeReceiverStats {
  std::uint64_t targets = 0, up = 0;  // now
  std::uint64_t scrapes = 0, failed = 0;
  std::uint64_t skipped = 0;          // beats that were missed since the one before was not done
  double seconds = 0;                 // spent waiting for answers
  std::uint64_t bytes = 0;            // of answers, decompressed
};

class ScrapeReceiver {
 public:
  ScrapeReceiver(rules::Window& window, Intake& intake, Log& log, const Clock& clock, std::function<Beat()> next_tick = {});
  ~ScrapeReceiver();
  ScrapeReceiver(const ScrapeReceiver&) = delete;
  ScrapeReceiver& operator=(const ScrapeReceiver&) = delete;

  void apply(const std::vector<ScrapeConfig>& jobs);
  // Cancels what is being asked; series are left as they are. Safe twice.
  void stop();

  std::vector<ScrapeTargetState> targets() const;
  ScrapeReceiverStats stats() const;
  const Ledger& ledger() const noexcept { return ledger_; }  // of samples

 private:
  class Target;
  struct Done;
  using Jobs = std::vector<std::pair<ScrapeConfig, std::vector<std::shared_ptr<Target>>>>;

  std::vector<std::shared_ptr<Target>> make_targets(const ScrapeConfig& job);
  static Monotonic beat_about(Monotonic when, const Target& target, const ScrapeConfig& job, const Beat& tick);
  Beat next_tick() const;  // with nothing locked
  static void keep_same(std::vector<std::shared_ptr<Target>>& targets, std::vector<std::shared_ptr<Target>>& before);
  std::shared_ptr<const ScrapeRules> rules_of(const Target& target) const;
  void run(const std::stop_token& stop);
  void ask(const std::shared_ptr<Target>& target);
  void take(Done done);
  // `counts`: also of one that failed.
  Result<void> read(Target& target, const Done& done, ScrapeCounts& counts);
  void note(Target& target, const Done& done, const Result<void>& taken, const ScrapeCounts& counts, double seconds);
  void flush(Target& target, std::uint64_t ahead = 0);

  // Fixed after construction.
  rules::Window& window_;
  Intake& intake_;
  Log& log_;
  const Clock& clock_;
  const std::function<Beat()> next_tick_;

  Ledger ledger_{"scrape"};     // own synchronisation
  wire::Exposition exposition_;  // the scrape thread's
  std::string body_;             // the scrape thread's

  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  // Guarded by mutex_.
  Jobs jobs_;
  std::deque<Done> done_;
  std::deque<std::shared_ptr<Target>> gone_;  // their series are to be ended
  ScrapeReceiverStats stats_;
  std::uint64_t changes_ = 0;  // of jobs_

  wire::HttpClient client_;
  std::jthread thread_;  // last: it uses all above
};

}  // namespace tocsin::agent
