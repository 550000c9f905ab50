// SPDX-License-Identifier: Apache-2.0
// ExportConfig: a destination as [[export]] says it.
//
//   std::vector<ExportConfig> exports = read_exports(root, {"127.0.0.1:4317"});    // every mistake is a fault with its place
//
// Threads: a value.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "agent/toml.h"

namespace tocsin::agent {

// The protocol that is not OTLP: Prometheus' remote write 1.0, metrics only.
inline constexpr std::string_view kRemoteWrite = "remote_write";

struct ExportConfig {
  std::string name;
  std::string protocol = "grpc";  // grpc, http/protobuf, http/json, or kRemoteWrite
  std::string endpoint, metrics_endpoint, traces_endpoint;
  bool metrics = true, spans = true;
  std::chrono::nanoseconds interval = std::chrono::seconds{15};
  std::chrono::nanoseconds timeout = std::chrono::seconds{10};
  std::chrono::nanoseconds max_retry_time = std::chrono::minutes{5};
  std::string compression = "gzip";         // none, gzip, zstd
  std::map<std::string, std::string> headers;
  std::string temporality = "cumulative";   // cumulative, delta, lowmemory
  std::string histogram_aggregation = "explicit_bucket_histogram";
  std::map<std::string, std::string> resource_attributes;
  std::map<std::string, std::string> labels;  // of remote write: on every series that has no such label
  std::uint64_t max_queue_bytes = 64U << 20;
  std::string ca_file, certificate_file, key_file;
  bool insecure_skip_verify = false;
  TomlPlace place;

  bool operator==(const ExportConfig& other) const;  // but for the place
};

// Each [[export]] of the root. None may lead to one of `listening`, addresses of this agent.
std::vector<ExportConfig> read_exports(TomlTable& root, const std::vector<std::string>& listening);

}  // namespace tocsin::agent
