// SPDX-License-Identifier: Apache-2.0
#include "agent/api/status.h"

#include <ctime>

#include "agent/api/src/api_answer.h"
#include "agent/version.h"
#include "wire/json_writer.h"

namespace tocsin::agent {

namespace {

using wire::JsonWriter;

std::string rfc3339(Time time) {
  const auto seconds = static_cast<std::time_t>(to_unix_ns(time) / 1'000'000'000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char buffer[32];
  return {buffer, std::strftime(buffer, sizeof buffer, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

double seconds(std::chrono::nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

template <class Counts>
void write_counts(JsonWriter& json, std::string_view key, const Counts& counts) {
  json.key(key);
  json.begin_object();
  for (const auto& [reason, count] : counts) json.field(reason, count);
  json.end();
}

void write_ledger(JsonWriter& json, const std::string& name, const Ledger::Totals& totals) {
  json.key(name);
  json.begin_object();
  json.field("received", totals.received);
  json.field("accepted", totals.accepted);
  write_counts(json, "rejected", totals.rejected);
  json.field("requests", totals.requests);
  write_counts(json, "failedRequests", totals.failed_requests);
  json.field("lastRejection", totals.last_rejection);
  json.end();
}

void write_spans(JsonWriter& json, const traces::SpanLedger& spans, const traces::SpanMeters::Stats& stats) {
  json.key("spans");
  json.begin_object();
  json.field("received", spans.received);
  json.field("accepted", spans.accepted);
  json.key("rejected");
  json.begin_object();
  for (std::size_t i = 0; i < traces::kSpanRejects; ++i)
    json.field(traces::to_text(static_cast<traces::SpanReject>(i)), spans.rejected[i]);
  json.end();
  json.field("server", spans.server);
  json.field("rely", spans.rely);
  json.field("otherKinds", spans.other_kinds);
  json.field("suppressed", spans.suppressed);
  json.field("overflowed", spans.overflowed);
  json.field("senders", stats.senders);
  json.field("suppressedSenders", stats.suppressed_senders);
  json.field("series", stats.series);
  json.end();
}

void write_intake(JsonWriter& json, const ReceiversStatus& receivers) {
  json.key("intake");
  json.begin_object();
  json.field("senders", receivers.intake.targets);
  json.field("meters", receivers.intake.meters);
  json.field("series", receivers.intake.series);
  json.field("bytes", receivers.intake.bytes);
  json.field("overflowed", receivers.intake.overflowed);
  json.field("ended", receivers.intake.ended);
  json.key("conflicts");
  json.begin_array();
  for (const Intake::Conflict& conflict : receivers.conflicts) {
    json.begin_object();
    json.field("job", conflict.job);
    json.field("instance", conflict.instance);
    json.field("meter", conflict.meter);
    json.field("labels", conflict.labels);
    json.field("what", conflict.what);
    json.field("points", conflict.points);
    json.field("first", rfc3339(conflict.first));
    json.field("last", rfc3339(conflict.last));
    json.end();
  }
  json.end();
  json.end();
}

}  // namespace

void send_json(wire::HttpResponder& responder, int status, std::string_view json) {
  responder.send(status, {{"Content-Type", "application/json"}}, json);
}

std::string status_settings(const Config& config) {
  return success_text([&](JsonWriter& json) {
    json.field("file", config.file);
    json.field("toml", to_toml_without_secrets(config));
  });
}

std::string status_ticks(const RuntimeStatus& runtime) {
  return success_text([&](JsonWriter& json) {
    json.field("startTime", rfc3339(runtime.start));
    json.field("dataDir", runtime.data_dir);
    json.field("reloadConfigSuccess", runtime.last_reload_successful);
    json.field("lastConfigTime", rfc3339(runtime.last_reload));
    json.field("timeSeriesCount", runtime.pipeline.series);
    json.field("ticks", runtime.pipeline.ticks);
    json.field("lateTicks", runtime.pipeline.late_ticks);
    json.field("skippedTicks", runtime.pipeline.skipped_ticks);
    json.field("tickIntervalSeconds", seconds(runtime.pipeline.interval));
    json.field("tickSilentSeconds", seconds(runtime.pipeline.silent));
    json.field("lastCollectSeconds", seconds(runtime.pipeline.last_collect));
  });
}

std::string status_receivers(const ReceiversStatus& receivers) {
  return success_text([&](JsonWriter& json) {
    json.key("listeners");
    json.begin_array();
    for (const ListenerState& listener : receivers.listeners) {
      json.begin_object();
      json.field("name", listener.name);
      json.field("address", listener.address);
      json.field("serving", listener.fault.empty());
      json.field("fault", listener.fault);
      write_counts(json, "refused", listener.refused);
      json.end();
    }
    json.end();
    json.key("receivers");
    json.begin_object();
    for (const auto& [name, totals] : receivers.ledgers) write_ledger(json, name, totals);
    json.end();
    json.field("lastMalformedStatsdLine", receivers.last_malformed_statsd);
    write_spans(json, receivers.spans, receivers.span_meters);
    write_intake(json, receivers);
  });
}

namespace {

void write_signal(JsonWriter& json, std::string_view signal, const exporters::SignalStats& stats) {
  json.key(signal);
  json.begin_object();
  json.field("offered", stats.ledger.offered);
  json.field("sent", stats.ledger.sent);
  json.field("queued", stats.ledger.queued);
  json.field("inFlight", stats.ledger.in_flight);
  json.key("dropped");
  json.begin_object();
  for (std::size_t i = 0; i < wire::kDropReasons; ++i)
    json.field(wire::to_text(static_cast<wire::DropReason>(i)), stats.ledger.dropped[i]);
  json.end();
  json.field("requests", stats.requests);
  json.field("retries", stats.retries);
  json.field("queueBytes", stats.queue_bytes);
  json.end();
}

void write_time(JsonWriter& json, std::string_view key, const std::optional<Time>& time) {
  json.field(key, time ? rfc3339(*time) : "");
}

}  // namespace

std::string status_exporters(const std::vector<DestinationState>& destinations) {
  return success_text([&](JsonWriter& json) {
    json.key("destinations");
    json.begin_array();
    for (const DestinationState& destination : destinations) {
      json.begin_object();
      json.field("name", destination.name);
      json.field("protocol", destination.protocol);
      json.field("endpoint", destination.endpoint);
      json.field("fault", destination.fault);
      write_signal(json, "metrics", destination.stats.metrics);
      write_signal(json, "spans", destination.stats.spans);
      json.field("lastError", destination.stats.last_error);
      write_time(json, "lastErrorTime", destination.stats.last_error_time);
      write_time(json, "lastSuccessTime", destination.stats.last_success_time);
      write_time(json, "failingSince", destination.stats.failing_since);
      json.field("lastWarning", destination.stats.last_warning);
      json.field("lastLatencySeconds", seconds(destination.stats.last_latency));
      json.end();
    }
    json.end();
  });
}

std::string status_cardinality(const std::vector<Intake::Cardinality>& received,
                               const std::vector<meters::FamilyCardinality>& own, const LimitsConfig& limits) {
  return success_text([&](JsonWriter& json) {
    json.field("labelSetLimit", limits.label_sets);
    json.field("seriesLimit", limits.series);
    json.key("received");
    json.begin_array();
    for (const Intake::Cardinality& meter : received) {
      json.begin_object();
      json.field("job", meter.job);
      json.field("instance", meter.instance);
      json.field("meter", meter.meter);
      json.field("series", meter.series);
      json.field("limit", meter.limit);
      json.field("overflowed", meter.overflowed);
      json.field("label", meter.label);
      json.field("labelTexts", meter.label_texts);
      json.end();
    }
    json.end();
    json.key("own");
    json.begin_array();
    for (const meters::FamilyCardinality& family : own) {
      json.begin_object();
      json.field("meter", family.name);
      json.field("series", family.series);
      json.field("limit", family.max_series);
      json.field("overflowed", family.overflowed);
      json.field("label", family.labels.empty() ? "" : family.labels.front().name);
      json.field("labelTexts", family.labels.empty() ? 0U : family.labels.front().distinct);
      json.end();
    }
    json.end();
  });
}

}  // namespace tocsin::agent
