// SPDX-License-Identifier: Apache-2.0
// The status pages under /api/v1/status/, in the envelope of Prometheus' API: {"status":"success","data":{...}}. What
// Prometheus has too is in prometheus_status.h.
//
//   send_json(responder, 200, status_receivers(receivers));
//
// Each is a pure function of values that its caller read. Threads: pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/app.h"
#include "agent/config.h"
#include "agent/destinations.h"
#include "agent/intake.h"
#include "agent/ledger.h"
#include "agent/pipeline.h"
#include "agent/receivers/scrape.h"
#include "meters/registry.h"
#include "traces/span_meters.h"
#include "wire/http_message.h"

namespace tocsin::agent {

struct ReceiversStatus {
  std::vector<ListenerState> listeners;
  std::vector<std::pair<std::string, Ledger::Totals>> ledgers;  // by receiver
  std::string last_malformed_statsd;  // with the reason; empty while there was none
  traces::SpanLedger spans;
  traces::SpanMeters::Stats span_meters;
  Intake::Stats intake;
  std::vector<Intake::Conflict> conflicts;
  ScrapeReceiverStats scrapes;
};

struct RuntimeStatus {
  Time start, now;
  Pipeline::Stats pipeline;
  std::string data_dir;
  std::string runbooks_url, dashboards_url;  // behind which /runbooks/ and /d/ are
  bool last_reload_successful = true;
  Time last_reload;
  std::uint64_t damaged_checkpoints = 0;
};

std::string status_settings(const Config& config);  // as TOML, without secrets
std::string status_ticks(const RuntimeStatus& runtime);
std::string status_receivers(const ReceiversStatus& receivers);
std::string status_exporters(const std::vector<DestinationState>& destinations);
std::string status_cardinality(const std::vector<Intake::Cardinality>& received,
                               const std::vector<meters::FamilyCardinality>& own, const LimitsConfig& limits);

// Answers with JSON that is whole already.
void send_json(wire::HttpResponder& responder, int status, std::string_view json);

}  // namespace tocsin::agent
