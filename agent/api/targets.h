// SPDX-License-Identifier: Apache-2.0
// GET /api/v1/targets in Prometheus' shape: what is scraped, how it went, and what relabelling dropped.
//
//   send_json(responder, 200, targets_json(scrapes.targets(), request.query));
//
// Parameters as in Prometheus: state=active|dropped|any, scrapePool=<job>.
// Threads: pure.
#pragma once

#include <string>
#include <vector>

#include "agent/receivers/scrape.h"
#include "wire/url.h"

namespace tocsin::agent {

std::string targets_json(const std::vector<ScrapeTargetState>& targets, const wire::QueryParameters& query);

}  // namespace tocsin::agent
