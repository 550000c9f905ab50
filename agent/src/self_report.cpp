// SPDX-License-Identifier: Apache-2.0
#include "agent/self_report.h"

#include <string>
#include <utility>

#include "agent/version.h"
#include "meters/generated/tocsin.h"

namespace tocsin::agent {

using meters::Observer;

namespace {

// What it is, is in meters/catalogue/tocsin.toml; here is where its values come from.
struct Meter {
  const meters::DeclaredMeter& declared;
  void (*observe)(const SelfReport::Facts&, Observer&);
};

double number(std::uint64_t value) { return static_cast<double>(value); }
double seconds(Time time) { return static_cast<double>(to_unix_ns(time)) / 1e9; }
double seconds(std::chrono::nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

using Facts = SelfReport::Facts;

constexpr std::string_view kMetrics = to_text(meters::Signal::Metrics), kSpans = to_text(meters::Signal::Spans);

void received(const Facts& facts, Observer& observer) {
  for (const auto& [name, totals] : facts.receivers.ledgers) observer.observe({name}, number(totals.received));
}

void accepted(const Facts& facts, Observer& observer) {
  for (const auto& [name, totals] : facts.receivers.ledgers) observer.observe({name}, number(totals.accepted));
}

void rejected(const Facts& facts, Observer& observer) {
  for (const auto& [name, totals] : facts.receivers.ledgers)
    for (const auto& [reason, count] : totals.rejected) observer.observe({name, reason}, number(count));
}

void unmeasured_spans(const Facts& facts, Observer& observer) {
  for (std::size_t i = 0; i < traces::kSpanRejects; ++i)
    observer.observe({traces::to_text(static_cast<traces::SpanReject>(i))}, number(facts.receivers.spans.rejected[i]));
}

void failed_requests(const Facts& facts, Observer& observer) {
  for (const auto& [name, totals] : facts.receivers.ledgers)
    for (const auto& [reason, count] : totals.failed_requests) observer.observe({name, reason}, number(count));
}

void listeners(const Facts& facts, Observer& observer) {
  for (const ListenerState& listener : facts.receivers.listeners)
    observer.observe({listener.name}, listener.fault.empty() ? 1 : 0);
}

void refused(const Facts& facts, Observer& observer) {
  for (const ListenerState& listener : facts.receivers.listeners)
    for (const auto& [reason, count] : listener.refused) observer.observe({listener.name, reason}, number(count));
}

// One figure of each destination and signal.
template <class Figure>
void each_signal(const Facts& facts, Observer& observer, Figure figure) {
  for (const DestinationState& destination : facts.destinations) {
    observer.observe({destination.name, kMetrics}, number(figure(destination.stats.metrics)));
    observer.observe({destination.name, kSpans}, number(figure(destination.stats.spans)));
  }
}

void dropped(const Facts& facts, Observer& observer) {
  for (const DestinationState& destination : facts.destinations) {
    for (std::size_t i = 0; i < wire::kDropReasons; ++i) {
      const auto reason = wire::to_text(static_cast<wire::DropReason>(i));
      observer.observe({destination.name, kMetrics, reason}, number(destination.stats.metrics.ledger.dropped[i]));
      observer.observe({destination.name, kSpans, reason}, number(destination.stats.spans.ledger.dropped[i]));
    }
  }
}

void last_success(const Facts& facts, Observer& observer) {
  for (const DestinationState& destination : facts.destinations)
    if (destination.stats.last_success_time) observer.observe({destination.name}, seconds(*destination.stats.last_success_time));
}

void scrapes(const Facts& facts, Observer& observer) {
  const exporters::ScrapeTotals& totals = facts.scrapes;
  for (std::size_t i = 0; i < meters::kScrapeFormatWords.size(); ++i)
    observer.observe({meters::kScrapeFormatWords[i]}, number(totals.by_format[i]));
}

const std::vector<Meter>& receiver_meters() {
  static const std::vector<Meter> meters{
      {meters::kTocsinReceiverReceivedTotal, received},
      {meters::kTocsinReceiverAcceptedTotal, accepted},
      {meters::kTocsinReceiverRejectedTotal, rejected},
      {meters::kTocsinReceiverFailedRequestsTotal, failed_requests},
      {meters::kTocsinSpansUnmeasuredTotal, unmeasured_spans},
      {meters::kTocsinScrapeTargets, [](const Facts& f, Observer& o) { o.observe({}, number(f.receivers.scrapes.targets)); }},
      {meters::kTocsinScrapeTargetsUp, [](const Facts& f, Observer& o) { o.observe({}, number(f.receivers.scrapes.up)); }},
      {meters::kTocsinTargetScrapesTotal,
       [](const Facts& f, Observer& o) { o.observe({}, number(f.receivers.scrapes.scrapes)); }},
      {meters::kTocsinTargetScrapesFailedTotal,
       [](const Facts& f, Observer& o) { o.observe({}, number(f.receivers.scrapes.failed)); }},
      {meters::kTocsinTargetScrapesSkippedTotal,
       [](const Facts& f, Observer& o) { o.observe({}, number(f.receivers.scrapes.skipped)); }},
      {meters::kTocsinTargetScrapeBytesTotal,
       [](const Facts& f, Observer& o) { o.observe({}, number(f.receivers.scrapes.bytes)); }},
      {meters::kTocsinListenerUp, listeners},
      {meters::kTocsinListenerRefusedTotal, refused},
      {meters::kTocsinIntakeSenders,
       [](const Facts& f, Observer& o) { o.observe({}, number(f.receivers.intake.targets)); }},
      {meters::kTocsinIntakeSeries,
       [](const Facts& f, Observer& o) { o.observe({}, number(f.receivers.intake.series)); }},
      {meters::kTocsinIntakeMemoryBytes,
       [](const Facts& f, Observer& o) { o.observe({}, number(f.receivers.intake.bytes)); }},
      {meters::kTocsinIntakeOverflowedTotal,
       [](const Facts& f, Observer& o) { o.observe({}, number(f.receivers.intake.overflowed)); }},
      {meters::kTocsinIntakeConflictsTotal,
       [](const Facts& f, Observer& o) { o.observe({}, number(f.receivers.intake.conflicts)); }},
  };
  return meters;
}

const std::vector<Meter>& delivery_meters() {
  using Signal = exporters::SignalStats;
  static const std::vector<Meter> meters{
      {meters::kTocsinExportOfferedTotal,
       [](const Facts& f, Observer& o) { each_signal(f, o, [](const Signal& x) { return x.ledger.offered; }); }},
      {meters::kTocsinExportSentTotal,
       [](const Facts& f, Observer& o) { each_signal(f, o, [](const Signal& x) { return x.ledger.sent; }); }},
      {meters::kTocsinExportQueued,
       [](const Facts& f, Observer& o) { each_signal(f, o, [](const Signal& x) { return x.ledger.queued; }); }},
      {meters::kTocsinExportInFlight,
       [](const Facts& f, Observer& o) { each_signal(f, o, [](const Signal& x) { return x.ledger.in_flight; }); }},
      {meters::kTocsinExportDroppedTotal, dropped},
      {meters::kTocsinExportRequestsTotal,
       [](const Facts& f, Observer& o) { each_signal(f, o, [](const Signal& x) { return x.requests; }); }},
      {meters::kTocsinExportLastSuccessTimestampSeconds, last_success},
  };
  return meters;
}

const std::vector<Meter>& process_meters() {
  static const std::vector<Meter> meters{
      {meters::kTocsinAlertThreshold,
       [](const Facts& f, Observer& o) {
         for (const Threshold& one : f.thresholds) o.observe({one.alert, one.server_name, one.host}, one.value);
       }},
      {meters::kTocsinBuildInfo, [](const Facts&, Observer& o) { o.observe({kVersion}, 1); }},
      {meters::kTocsinLinksInfo,
       [](const Facts& f, Observer& o) { o.observe({f.runtime.runbooks_url, f.runtime.dashboards_url}, 1); }},
      {meters::kTocsinConfigLastReloadSuccessful,
       [](const Facts& f, Observer& o) { o.observe({}, f.runtime.last_reload_successful ? 1 : 0); }},
      {meters::kTocsinConfigLastReloadSuccessTimestampSeconds,
       [](const Facts& f, Observer& o) { o.observe({}, seconds(f.runtime.last_reload)); }},
      {meters::kTocsinScrapesTotal, scrapes},
      {meters::kTocsinTicksTotal,
       [](const Facts& f, Observer& o) { o.observe({}, number(f.runtime.pipeline.ticks)); }},
      {meters::kTocsinTicksLateTotal,
       [](const Facts& f, Observer& o) { o.observe({}, number(f.runtime.pipeline.late_ticks)); }},
      {meters::kTocsinTicksSkippedTotal,
       [](const Facts& f, Observer& o) { o.observe({}, number(f.runtime.pipeline.skipped_ticks)); }},
      {meters::kTocsinSeries,
       [](const Facts& f, Observer& o) { o.observe({}, number(f.runtime.pipeline.series)); }},
      {meters::kTocsinSnapshotDurationSeconds,
       [](const Facts& f, Observer& o) { o.observe({}, seconds(f.runtime.pipeline.last_collect)); }},
      {meters::kTocsinLogLinesHeldBackTotal,
       [](const Facts& f, Observer& o) { o.observe({}, number(f.log_lines_held_back)); }},
  };
  return meters;
}

void history_rejected(const Facts& facts, Observer& observer) {
  const rules::AppendOutcome& outcome = facts.history.window.outcome;
  observer.observe({"not_newer"}, number(outcome.not_newer));
  observer.observe({"too_old"}, number(outcome.too_old));
  observer.observe({"no_room"}, number(outcome.refused));
  observer.observe({"repeated"}, number(outcome.repeated));
}

const std::vector<Meter>& history_meters() {
  static const std::vector<Meter> meters{
      {meters::kTocsinHistorySeries, [](const Facts& f, Observer& o) { o.observe({}, number(f.history.window.series)); }},
      {meters::kTocsinHistoryMemoryBytes, [](const Facts& f, Observer& o) { o.observe({}, number(f.history.window.bytes)); }},
      {meters::kTocsinHistorySamplesTotal,
       [](const Facts& f, Observer& o) { o.observe({}, number(f.history.window.outcome.appended)); }},
      {meters::kTocsinHistoryRejectedTotal, history_rejected},
      {meters::kTocsinHistoryRefusedNames,
       [](const Facts& f, Observer& o) { o.observe({}, number(f.history.window.refusals.size())); }},
      {meters::kTocsinHistoryCheckpointFailuresTotal,
       [](const Facts& f, Observer& o) { o.observe({}, number(f.history.failed_checkpoints)); }},
      {meters::kTocsinHistoryLastCheckpointTimestampSeconds,
       [](const Facts& f, Observer& o) {
         if (f.history.last_checkpoint) o.observe({}, seconds(*f.history.last_checkpoint));
       }},
  };
  return meters;
}

}  // namespace

SelfReport::Facts::Facts(const Sources& sources)
    : receivers(sources.receivers()),
      destinations(sources.destinations()),
      runtime(sources.runtime()),
      scrapes(sources.scrapes()),
      log_lines_held_back(sources.log_lines_held_back()),
      history(sources.history()),
      thresholds(sources.thresholds()) {}

Result<void> SelfReport::start(meters::Registry& registry, Sources sources) {
  sources_ = std::move(sources);
  for (const auto* group : {&receiver_meters(), &delivery_meters(), &process_meters(), &history_meters()}) {
    for (const Meter& meter : *group) {
      auto observation = meters::observe(registry, meter.declared, [this, observe = meter.observe](Observer& observer) {
        observe(facts_.get(observer, sources_), observer);
      });
      if (!observation) return observation.error();
      observations_.push_back(std::move(*observation));
    }
  }
  return {};
}

}  // namespace tocsin::agent
