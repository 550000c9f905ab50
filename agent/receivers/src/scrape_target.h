// SPDX-License-Identifier: Apache-2.0
// A target of a scrape: who it is after relabelling, how it is asked, and what its answer is in plain text.
#pragma once

#include <string>

#include "agent/receivers/scrape_series.h"
#include "wire/http_client.h"

namespace tocsin::agent {

struct ScrapeTarget {
  RelabelSet discovered, labels;  // `labels` without those that begin with __
  std::string url;
  bool dropped = false;
  bool operator==(const ScrapeTarget&) const = default;
};

// Errors: Configuration, where relabelling leaves no address that can be called.
Result<ScrapeTarget> make_scrape_target(const ScrapeRules& rules, const std::string& address);

// As Prometheus 3 asks. Files of secrets are read here, so that they may change. Errors: Environment, a file.
Result<wire::HttpCall> make_scrape_call(const ScrapeConfig& config, const std::string& url);

// The body, decompressed into `plain` where it was compressed. Errors: Environment (the status), TooLarge, Input.
Result<std::string_view> scrape_body(const ScrapeConfig& config, const wire::HttpReply& reply, std::string& plain);

}  // namespace tocsin::agent
