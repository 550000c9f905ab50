// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <set>
#include <tuple>
#include <utility>

#include "agent/export_config.h"
#include "agent/src/own_address.h"
#include "agent/src/toml_files.h"
#include "agent/url_toml.h"
#include "meters/descriptor.h"

namespace tocsin::agent {

using namespace std::chrono_literals;

namespace {

void read_word(TomlTable& table, std::string_view key, std::string& into, const std::vector<std::string_view>& words) {
  std::size_t index = 0;
  if (table.read_choice(key, index, words)) into = words[index];
}

void check_endpoint(TomlTable& table, std::string_view key, const std::string& endpoint, bool grpc) {
  if (!grpc) return check_url(table, key, endpoint);
  check_grpc_target(table, key, endpoint);
  if (!endpoint.starts_with("http://")) return;
  for (const std::string_view file : {"ca_file", "certificate_file", "key_file"})
    if (table.has(file)) table.fault(file, std::string(key) + " is plain text: write https://");
}

// Each key that the other protocols know and this one does not, where it is said.
void check_what_the_protocol_has(TomlTable& table, const ExportConfig& config) {
  const bool remote_write = config.protocol == kRemoteWrite;
  const auto not_of_it = [&](std::string_view key, std::string_view why) {
    if (table.has(key)) table.fault(key, std::string(remote_write ? "remote write" : "OTLP") + " has none: " + std::string(why));
  };
  if (!remote_write) return not_of_it("labels", "say resource_attributes");
  not_of_it("traces_endpoint", "it knows metrics only");
  not_of_it("metrics_endpoint", "say the whole URL as endpoint");
  not_of_it("temporality", "samples are totals");
  not_of_it("compression", "it is snappy always");
  not_of_it("resource_attributes", "say labels");
  if (config.spans) table.fault("spans", "remote write knows metrics only");
  if (!config.metrics) table.fault("metrics", "nothing would be sent");
  for (const auto& [name, text] : config.labels) {
    if (name == "le" || name == "quantile") table.fault("labels", '"' + name + "\" is the format's own");
    if (const auto good = meters::check_label_name(name); !good) table.fault("labels", good.error().message);
  }
}

ExportConfig read_export(TomlTable& table, const std::vector<std::string>& listening) {
  ExportConfig into;
  into.place = table.place();
  table.read("name", into.name);
  read_word(table, "protocol", into.protocol, {"grpc", "http/protobuf", "http/json", kRemoteWrite});
  const bool grpc = into.protocol == "grpc", remote_write = into.protocol == kRemoteWrite;
  const std::array<std::pair<std::string_view, std::string*>, 3> endpoints{{{"endpoint", &into.endpoint},
                                                                           {"metrics_endpoint", &into.metrics_endpoint},
                                                                           {"traces_endpoint", &into.traces_endpoint}}};
  for (const auto& [key, endpoint] : endpoints) {
    table.read(key, *endpoint);
    check_endpoint(table, key, *endpoint, grpc);
    if (is_own_address(*endpoint, listening))
      table.fault(key, "\"" + shown_url(*endpoint) + "\" is where this agent itself listens ([otlp], [http]): it would feed itself without end; if "
                       "another program is meant to have that port, give otlp.grpc_listen, otlp.http_listen or http.listen another one");
  }
  if (into.endpoint.empty() && into.metrics_endpoint.empty() && into.traces_endpoint.empty())
    table.fault("endpoint", "must be given, like \"http://127.0.0.1:14317\"");
  into.spans = !remote_write;
  table.read("metrics", into.metrics);
  table.read("spans", into.spans);
  table.read_duration("interval", into.interval, 100ms, 24h);
  table.read_duration("timeout", into.timeout, 1ms, 1h);
  table.read_duration("max_retry_time", into.max_retry_time, 0s, 24h);
  read_word(table, "compression", into.compression, {"none", "gzip", "zstd"});
  if (grpc && into.compression == "zstd") table.fault("compression", "gRPC has no zstd here: use gzip or none");
  table.read("headers", into.headers);
  read_word(table, "temporality", into.temporality, {"cumulative", "delta", "lowmemory"});
  read_word(table, "histogram_aggregation", into.histogram_aggregation,
            {"explicit_bucket_histogram", "base2_exponential_bucket_histogram"});
  table.read("resource_attributes", into.resource_attributes);
  table.read("labels", into.labels);
  table.read_bytes("max_queue", into.max_queue_bytes, 1U << 16, std::uint64_t{16} << 30);
  read_file_name(table, "ca_file", into.ca_file);
  read_file_name(table, "certificate_file", into.certificate_file);
  read_file_name(table, "key_file", into.key_file);
  table.read("insecure_skip_verify", into.insecure_skip_verify);
  if (grpc && into.insecure_skip_verify)
    table.fault("insecure_skip_verify", "gRPC always checks whom it talks to: name its certificate in ca_file, or use http/protobuf");
  check_what_the_protocol_has(table, into);
  return into;
}

}  // namespace

std::vector<ExportConfig> read_exports(TomlTable& root, const std::vector<std::string>& listening) {
  std::vector<ExportConfig> exports;
  std::set<std::string> names;
  for (TomlTable& table : root.tables("export")) {
    ExportConfig read = read_export(table, listening);
    if (read.name.empty()) read.name = read.endpoint.empty() ? read.protocol : shown_url(read.endpoint);
    if (!names.insert(read.name).second)
      table.fault("name", "another [[export]] has the name \"" + read.name + "\": give each its own");
    exports.push_back(std::move(read));
  }
  return exports;
}

bool ExportConfig::operator==(const ExportConfig& other) const {
  const auto fields = [](const ExportConfig& config) {
    return std::tie(config.name, config.protocol, config.endpoint, config.metrics_endpoint, config.traces_endpoint,
                    config.metrics, config.spans, config.interval, config.timeout, config.max_retry_time,
                    config.compression, config.headers, config.temporality, config.histogram_aggregation,
                    config.resource_attributes, config.labels, config.max_queue_bytes, config.ca_file, config.certificate_file,
                    config.key_file, config.insecure_skip_verify);
  };
  return fields(*this) == fields(other);
}

}  // namespace tocsin::agent
