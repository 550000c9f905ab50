// SPDX-License-Identifier: Apache-2.0
// ScrapeConfig: one [[scrape]] of the configuration: targets that share how they are asked and what becomes of their
// samples. RemoteWriteConfig: [remote_write], those who write to us.
//
//   for (const ScrapeConfig& job : config.scrapes) ...
//
// Threads: values.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "agent/relabel.h"
#include "agent/toml.h"

namespace tocsin::agent {

struct ScrapeConfig {
  std::string name = {};  // becomes the label job
  std::vector<std::string> targets = {};
  std::string scheme = "http", path = "/metrics";
  std::chrono::nanoseconds interval = std::chrono::seconds{15}, timeout = std::chrono::seconds{10};
  std::map<std::string, std::string> params = {}, labels = {};
  bool honor_labels = false, honor_timestamps = true, follow_redirects = true;
  std::vector<RelabelConfig> relabel = {}, metric_relabel = {};
  std::string username = {}, password = {}, password_file = {}, bearer_token = {}, bearer_token_file = {};
  std::string ca_file = {}, certificate_file = {}, key_file = {};
  bool insecure_skip_verify = false;
  std::int64_t sample_limit = 0, label_limit = 0, label_name_length_limit = 0, label_value_length_limit = 0;  // 0: none
  std::uint64_t body_size_limit = 64U << 20;  // decompressed
  bool assume_zero = false;         // a counter that appears between two good scrapes began at zero
  bool native_histograms = false;   // ask for them, by protobuf
  bool classic_histograms = false;  // keep the classic buckets of a native one too
  bool strict_openmetrics = true;   // judge it by all of its specification, not by its syntax alone
  TomlPlace place = {};

  bool operator==(const ScrapeConfig& other) const;  // but for the place
};

struct RemoteWriteConfig {
  bool enabled = true;
  std::uint64_t max_request_bytes = 32U << 20;  // decompressed
  bool operator==(const RemoteWriteConfig&) const = default;
};

// Each [[scrape]] of the root, checked on its own and against the others.
std::vector<ScrapeConfig> read_scrapes(TomlTable& root);
RemoteWriteConfig read_remote_write(TomlTable table);

}  // namespace tocsin::agent
