// SPDX-License-Identifier: Apache-2.0
// ScrapeSeries: what one target exposes over time. Turns each scrape into samples: the target's labels, relabelling,
// limits, timestamps, staleness markers for what vanished, and the target's own `up` and scrape_* series.
//
//   ScrapeSeries series(rules, {{"job", "shop"}, {"instance", "a:1"}}, stream);
//   auto taken = series.take(exposition, now_ms);                    // or series.fail(now_ms)
//   series.report(now_ms, taken.ok(), seconds, taken ? *taken : ScrapeCounts{});
//   stream.flush();
//
// As Prometheus 3 does it (scrape/scrape.go). Knows no socket and no clock.
// Threads: one. Costs about 150 ns a sample of a known series, and 100 bytes a series besides those of its stream.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/raw_hash.h"
#include "agent/relabel.h"
#include "agent/sample_stream.h"
#include "agent/scrape_config.h"
#include "rules/promql/float_histogram.h"
#include "wire/exposition_parser.h"

namespace tocsin::agent {

// How a job's samples are treated.
struct ScrapeRules {
  ScrapeConfig config;
  std::vector<RelabelRule> relabel, metric_relabel;

  // Requires: the configuration was checked. Rules that cannot be made are left out.
  static std::shared_ptr<const ScrapeRules> make(const ScrapeConfig& config);
};

struct ScrapeCounts {
  std::uint64_t scraped = 0;  // samples
  std::uint64_t kept = 0;     // after metric relabelling
  std::uint64_t added = 0;    // series that were not there in the scrape before
  std::uint64_t ahead = 0;    // of the kept: not taken, since their own time is more than ten minutes ahead
};

class ScrapeSeries {
 public:
  ScrapeSeries(std::shared_ptr<const ScrapeRules> rules, RelabelSet target_labels, SampleStream& stream);

  // From the next scrape on. A series that is the same by these rules too goes on; one that is not ends with that scrape.
  void use(std::shared_ptr<const ScrapeRules> rules);

  // Samples of a scrape that began at time_ms. Errors: TooLarge, over a limit; Input, a series without a name: nothing of
  // the scrape was taken, and what was there before has ended. `read`: how far it came, as Prometheus reports it of a scrape that fails.
  Result<ScrapeCounts> take(const wire::Exposition& scraped, std::int64_t time_ms, ScrapeCounts* read = nullptr);
  // Of a body that can be read in part only: what stood before the fault.
  ScrapeCounts count(const wire::Exposition& part) const;
  // There was no answer, or none that can be read: all series end.
  void fail(std::int64_t time_ms);
  void report(std::int64_t time_ms, bool up, double seconds, const ScrapeCounts& counts);
  // The target is gone for good: its own series end too.
  void end(std::int64_t time_ms);

  std::size_t known() const noexcept { return known_.size(); }

 private:
  struct HashOf {
    std::size_t operator()(const RawHash& hash) const noexcept { return hash.low; }
  };
  struct Known {
    rules::BatchBuilder::Place place;
    std::uint64_t scrape = 0;        // the last that had it
    std::int64_t assumed_ms = 0;     // since when it is taken to count
    bool dropped = false, timed = false, live = false;
  };
  struct Described {
    std::shared_ptr<const meters::Descriptor> descriptor;
    bool changed = false;
  };

  Result<Known*> find(const wire::Exposition& scraped, const wire::ExpositionSample& sample);
  RelabelSet labels_of(const wire::Exposition& scraped, const wire::ExpositionSample& sample) const;
  Result<void> settle(const wire::Exposition& scraped, const wire::ExpositionSample& sample, Known& known);
  Result<void> check_limits(const RelabelSet& labels) const;
  void merge_target_labels(RelabelSet& labels) const;
  void describe(const wire::Exposition& scraped);
  // False where its own time is too far ahead.
  bool add(const wire::Exposition& scraped, std::size_t sample, Known& known, std::int64_t time_ms);
  void add_exemplars(const wire::Exposition& scraped, std::int64_t time_ms);
  void end_vanished(std::int64_t time_ms);
  void end_replaced(std::int64_t time_ms);
  void forget_old();

  std::shared_ptr<const ScrapeRules> rules_;
  const RelabelSet target_labels_;
  SampleStream& stream_;
  std::unordered_map<RawHash, Known, HashOf> known_;
  std::vector<Known> replaced_;  // that lived by the rules before
  std::unordered_map<std::string, Described> described_;    // by family
  std::vector<const Described*> of_family_;                 // of the scrape
  std::vector<Known*> found_;                               // a sample of the scrape; null: passed over
  std::vector<rules::promql::HistogramPtr> natives_;        // by the scrape's histogram; null: passed over
  std::vector<rules::BatchBuilder::Place> reports_;
  std::uint64_t scrape_ = 0;
  std::uint64_t placed_ = 0;        // places that the stream remembers
  std::int64_t previous_ms_ = 0;    // when the scrape before was; 0: it failed
};

}  // namespace tocsin::agent
