// SPDX-License-Identifier: Apache-2.0
// The status pages that Prometheus has, in its shapes: /api/v1/status/config, runtimeinfo, buildinfo, flags, walreplay;
// and what of the configuration has an address of its own there.
//
//   send_json(responder, 200, prometheus_flags(config));
//
// Members that speak of what a Go program has are there and empty or zero, since clients read them; `buildinfo` has no
// `features`, by which Grafana would take us for Mimir. Threads: pure.
#pragma once

#include <string>

#include "agent/api/status.h"
#include "agent/config.h"

namespace tocsin::agent {

// {"yaml": ...}: what of the configuration has a counterpart in Prometheus', and all of it as comments; without secrets.
std::string prometheus_config(const Config& config);
std::string prometheus_runtime(const Config& config, const RuntimeStatus& runtime);
std::string prometheus_build();
std::string prometheus_flags(const Config& config);
std::string prometheus_walreplay();  // there is none: done
// /api/v1/alertmanagers and /api/v1/scrape_pools: the names of [[scrape]].
std::string prometheus_alertmanagers(const Config& config);
std::string prometheus_scrape_pools(const Config& config);

}  // namespace tocsin::agent
