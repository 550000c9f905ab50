// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <set>
#include <tuple>

#include "agent/relabel_toml.h"
#include "agent/scrape_config.h"
#include "agent/src/toml_files.h"
#include "agent/url_toml.h"
#include "wire/url.h"

namespace tocsin::agent {

using namespace std::chrono_literals;

namespace {

void read_access(TomlTable& table, ScrapeConfig& into) {
  table.read("username", into.username);
  table.read("password", into.password);
  read_file_name(table, "password_file", into.password_file);
  table.read("bearer_token", into.bearer_token);
  read_file_name(table, "bearer_token_file", into.bearer_token_file);
  const bool basic = !into.username.empty() || !into.password.empty() || !into.password_file.empty();
  const bool bearer = !into.bearer_token.empty() || !into.bearer_token_file.empty();
  if (basic && bearer) table.fault("username", "a username or a bearer token, not both");
  if (!into.password.empty() && !into.password_file.empty()) table.fault("password_file", "password or password_file, not both");
  if (!into.bearer_token.empty() && !into.bearer_token_file.empty())
    table.fault("bearer_token_file", "bearer_token or bearer_token_file, not both");
  const std::array<std::pair<std::string_view, std::string*>, 3> files{
      {{"ca_file", &into.ca_file}, {"certificate_file", &into.certificate_file}, {"key_file", &into.key_file}}};
  for (const auto& [key, file] : files) read_file_name(table, key, *file);
  if (into.certificate_file.empty() != into.key_file.empty())
    table.fault("certificate_file", "certificate_file and key_file go together");
  table.read("insecure_skip_verify", into.insecure_skip_verify);
}

void read_limits(TomlTable& table, ScrapeConfig& into) {
  constexpr std::int64_t kMost = 100'000'000;
  table.read("sample_limit", into.sample_limit, 0, kMost);
  table.read("label_limit", into.label_limit, 0, kMost);
  table.read("label_name_length_limit", into.label_name_length_limit, 0, kMost);
  table.read("label_value_length_limit", into.label_value_length_limit, 0, kMost);
  table.read_bytes("body_size_limit", into.body_size_limit, 1'024, 1U << 30);
}

void check_targets(TomlTable& table, const ScrapeConfig& config) {
  if (config.targets.empty()) table.fault("targets", "must be given, like [\"127.0.0.1:9100\"]");
  for (const std::string& target : config.targets) {
    if (target.find("://") != std::string::npos || target.find('/') != std::string::npos)
      table.fault("targets", "\"" + shown_url(target) + "\" must be host:port; scheme and path have keys of their own");
    else if (!wire::parse_url("http://" + target))
      table.fault("targets", "\"" + shown_url(target) + "\" is not host:port");
  }
}

ScrapeConfig read_scrape(TomlTable& table) {
  ScrapeConfig into;
  into.place = table.place();
  table.read("name", into.name);
  if (into.name.empty()) table.fault("name", "must be given: it becomes the label job");
  table.read("targets", into.targets);
  std::size_t scheme = 0;
  const std::array<std::string_view, 2> schemes{"http", "https"};
  if (table.read_choice("scheme", scheme, {schemes.begin(), schemes.end()})) into.scheme = schemes[scheme];
  check_targets(table, into);
  table.read("path", into.path);
  if (!into.path.starts_with('/')) table.fault("path", "must start with /");
  table.read_duration("interval", into.interval, 100ms, 24h);
  into.timeout = std::min(into.timeout, into.interval);
  table.read_duration("timeout", into.timeout, 10ms, 24h);
  if (into.timeout > into.interval) table.fault("timeout", "must not be longer than interval");
  table.read("params", into.params);
  table.read("labels", into.labels);
  for (const auto& [name, text] : into.labels)
    if (name.empty() || name == "__name__") table.fault("labels", "a label must have a name, and __name__ is none of a target");
  table.read("honor_labels", into.honor_labels);
  table.read("honor_timestamps", into.honor_timestamps);
  table.read("follow_redirects", into.follow_redirects);
  into.relabel = read_relabel(table, "relabel");
  into.metric_relabel = read_relabel(table, "metric_relabel");
  read_access(table, into);
  read_limits(table, into);
  table.read("assume_zero", into.assume_zero);
  table.read("native_histograms", into.native_histograms);
  table.read("classic_histograms", into.classic_histograms);
  table.read("strict_openmetrics", into.strict_openmetrics);
  return into;
}

}  // namespace

bool ScrapeConfig::operator==(const ScrapeConfig& other) const {
  const auto fields = [](const ScrapeConfig& c) {
    return std::tie(c.name, c.targets, c.scheme, c.path, c.interval, c.timeout, c.params, c.labels, c.honor_labels,
                    c.honor_timestamps, c.follow_redirects, c.relabel, c.metric_relabel, c.username, c.password, c.password_file, c.bearer_token,
                    c.bearer_token_file, c.ca_file, c.certificate_file, c.key_file, c.insecure_skip_verify, c.sample_limit,
                    c.label_limit, c.label_name_length_limit, c.label_value_length_limit, c.body_size_limit, c.assume_zero,
                    c.native_histograms, c.classic_histograms, c.strict_openmetrics);
  };
  return fields(*this) == fields(other);
}

std::vector<ScrapeConfig> read_scrapes(TomlTable& root) {
  std::vector<ScrapeConfig> all;
  std::set<std::string> names;
  for (TomlTable& table : root.tables("scrape")) {
    ScrapeConfig read = read_scrape(table);
    if (!names.insert(read.name).second)
      table.fault("name", "another [[scrape]] has the name \"" + read.name + "\": give each its own");
    all.push_back(std::move(read));
  }
  return all;
}

RemoteWriteConfig read_remote_write(TomlTable table) {
  RemoteWriteConfig into;
  table.read("enabled", into.enabled);
  table.read_bytes("max_request", into.max_request_bytes, 1'024, 1U << 30);
  return into;
}

}  // namespace tocsin::agent
