// SPDX-License-Identifier: Apache-2.0
#include "agent/config.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>

#include "agent/src/crypt_hash.h"
#include "agent/src/toml_files.h"
#include "meters/buckets.h"

namespace tocsin::agent {

using namespace std::chrono_literals;

namespace {

constexpr const char* kUsualFile = "tocsin.toml";
constexpr std::array<std::string_view, 4> kLogLevels{"debug", "info", "warning", "error"};
constexpr std::array<std::string_view, 3> kLogFormats{"automatic", "text", "json"};

// A name, an IPv4 address, or an IPv6 address in brackets.
bool can_be_a_host(const std::string& host) {
  in6_addr room{};
  if (host.starts_with('[') && host.ends_with(']')) return ::inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &room) == 1;
  const bool digits = host.find_first_not_of("0123456789.") == std::string::npos;
  return digits ? ::inet_pton(AF_INET, host.c_str(), &room) == 1 : host.find_first_of(":/[] ") == std::string::npos;
}

// "host:port" with a port from 0 to 65535; empty where `optional`.
void check_address(TomlTable& table, std::string_view key, const std::string& address, bool optional) {
  if (address.empty() && optional) return;
  const auto colon = address.rfind(':');
  const std::string port = colon == std::string::npos ? "" : address.substr(colon + 1);
  const bool number = !port.empty() && port.size() <= 5 && port.find_first_not_of("0123456789") == std::string::npos;
  if (number && std::atoi(port.c_str()) <= 65535 && colon > 0 && can_be_a_host(address.substr(0, colon))) return;
  table.fault(key, "must be address:port, like \"127.0.0.1:9464\", but is \"" + address + '"');
}

// Of a listener that speaks HTTP, besides.
void check_http_address(TomlTable& table, std::string_view key, const std::string& address, bool optional) {
  check_address(table, key, address, optional);
  if (std::count(address.begin(), address.end(), ':') > 1)
    table.fault(key, "cannot be an IPv6 address: the HTTP library of Debian 12 is built without; use an IPv4 address");
}

void read_access(TomlTable table, AccessConfig& into) {
  table.read("users", into.users);
  table.read("bearer_tokens", into.bearer_tokens);
  for (const auto& [name, secret] : into.users)
    if (name.empty() || name.find(':') != std::string::npos || secret.empty())
      table.fault("users", "a name must not be empty or hold a colon, and a password must not be empty");
  for (const auto& [name, secret] : into.users)
    if (secret.starts_with('$') && !is_crypt_hash(secret))
      table.fault("users", "what stands for \"" + name + "\" is not a valid hash of crypt(3); a password must not begin with $");
  for (const std::string& token : into.bearer_tokens)
    if (token.empty()) table.fault("bearer_tokens", "a token must not be empty");
}

void read_tls(TomlTable table, TlsConfig& into) {
  const std::array<std::pair<std::string_view, std::string*>, 3> files{
      {{"certificate_file", &into.certificate_file}, {"key_file", &into.key_file}, {"client_ca_file", &into.client_ca_file}}};
  for (const auto& [key, file] : files) read_file_name(table, key, *file);
  if (into.certificate_file.empty() != into.key_file.empty())
    table.fault("certificate_file", "certificate_file and key_file go together");
  if (!into.client_ca_file.empty() && into.certificate_file.empty() && into.key_file.empty())
    table.fault("client_ca_file", "needs certificate_file and key_file: without TLS nobody shows a certificate");
}

void read_http(TomlTable table, HttpConfig& into) {
  table.read("listen", into.listen);
  check_http_address(table, "listen", into.listen, false);
  table.read("allowed_hosts", into.allowed_hosts);
  table.read("workers", into.workers, 2, 512);
  read_access(table.table("access"), into.access);
  read_tls(table.table("tls"), into.tls);
}

void read_otlp(TomlTable table, OtlpConfig& into) {
  table.read("grpc_listen", into.grpc_listen);
  check_address(table, "grpc_listen", into.grpc_listen, true);
  table.read("http_listen", into.http_listen);
  check_http_address(table, "http_listen", into.http_listen, true);
  table.read("allowed_hosts", into.allowed_hosts);
  table.read("workers", into.workers, 2, 512);
  table.read_bytes("max_request", into.max_request_bytes, 1'024, 1U << 30);
  table.read_bytes("max_in_flight", into.max_in_flight_bytes, 1U << 20, std::uint64_t{16} << 30);
  table.read("promote", into.promote);
  std::size_t strategy = 0;
  if (table.read_choice("translation_strategy", strategy, {meters::kNameStrategies.begin(), meters::kNameStrategies.end()}))
    into.translation_strategy = static_cast<meters::NameStrategy>(strategy);
  table.read("span_meters", into.span_meters);
  table.read("namespace_in_server_name", into.namespace_in_server_name);
  table.read("dc_attribute", into.dc_attribute);
  table.read("server_host_attribute", into.server_host_attribute);
  table.read("app_id_attribute", into.app_id_attribute);
  read_access(table.table("access"), into.access);
  read_tls(table.table("tls"), into.tls);
}

void read_statsd(TomlTable table, StatsdConfig& into) {
  table.read("udp_listen", into.udp_listen);
  check_address(table, "udp_listen", into.udp_listen, true);
  table.read("tcp_listen", into.tcp_listen);
  check_address(table, "tcp_listen", into.tcp_listen, true);
  table.read("unix_socket", into.unix_socket);
  table.read("timer_bounds", into.timer_bounds);
  if (auto buckets = meters::Buckets::make(into.timer_bounds); !buckets) table.fault("timer_bounds", buckets.error().message);
}

void read_limits(TomlTable table, LimitsConfig& into) {
  table.read("label_sets", into.label_sets, 1, 1'000'000);
  table.read("series", into.series, 100, 100'000'000);
  table.read("span_series", into.span_series, 100, 100'000'000);
  table.read_duration("silent_after", into.silent_after, 1s, 24h * 7);
  table.read_duration("idle_after", into.idle_after, 1s, 24h * 365);
}

void read_history(TomlTable table, HistoryConfig& into) {
  table.read_duration("retention", into.retention, 1min, 24h * 7);
  table.read_duration("recorded_retention", into.recorded_retention, 1min, 24h * 400);
  table.read_bytes("max_memory", into.max_bytes, 1U << 20, std::uint64_t{256} << 30);
  table.read_duration("checkpoint", into.checkpoint, 1s, 24h);
}

void read_query(TomlTable table, QueryConfig& into) {
  table.read_duration("lookback", into.lookback, 1s, 24h);
  table.read_duration("timeout", into.timeout, 100ms, 1h);
  table.read("max_samples", into.max_samples, 1000, 10'000'000'000);
  table.read("experimental_functions", into.experimental);
}

void read_exposition(TomlTable table, ExpositionConfig& into) {
  table.read("created_lines", into.created_lines);
  table.read("scope_labels", into.scope_labels);
  table.read("target_info", into.target_info);
}

// One that paths are put behind.
void read_base_url(TomlTable& root, const char* key, std::string& url) {
  read_url(root, key, url);
  while (url.ends_with('/')) url.pop_back();
}

// Where the agent is reached if nobody says so: the listener, by this machine's name where it listens on every address.
std::string listener_url(const HttpConfig& http) {
  const auto colon = http.listen.rfind(':');
  if (colon == std::string::npos || http.listen.substr(colon) == ":0") return {};
  std::string host = http.listen.substr(0, colon);
  if (std::array<char, 256> name{}; (host.empty() || host == "0.0.0.0" || host == "[::]" || host == "*") && gethostname(name.data(), name.size() - 1) == 0)
    host = name.data();
  return (http.tls.certificate_file.empty() ? "http://" : "https://") + host + http.listen.substr(colon);
}

// Two listeners of one address: the second would never open.
void check_listeners(TomlTable& root, const Config& config) {
  struct Listener {
    const char *table, *key;
    const std::string& address;
  };
  const std::array<Listener, 4> all{{{"http", "listen", config.http.listen}, {"otlp", "grpc_listen", config.otlp.grpc_listen},
                                     {"otlp", "http_listen", config.otlp.http_listen}, {"statsd", "tcp_listen", config.statsd.tcp_listen}}};
  for (auto one = all.begin(); one != all.end(); ++one)
    for (auto before = all.begin(); before != one; ++before)
      if (!one->address.empty() && one->address == before->address && !one->address.ends_with(":0"))
        root.fault(root.has(one->table) ? one->table : before->table, std::string(one->table) + '.' + one->key + " and " + before->table + '.' +
                                                                          before->key + " are both \"" + one->address + '"');
}

void read_root(TomlTable& root, Config& config) {
  root.read("data_dir", config.data_dir);
  read_base_url(root, "external_url", config.external_url);
  read_base_url(root, "dashboards_url", config.dashboards_url);
  read_base_url(root, "trace_url", config.trace_url);
  if (!config.trace_url.empty() && config.trace_url.find("{trace_id}") == std::string::npos)
    root.fault("trace_url", "must hold {trace_id}, like \"http://127.0.0.1:16686/trace/{trace_id}\"");
  root.read_duration("tick", config.tick, 100ms, 1h);
  root.read_duration("stop_timeout", config.stop_timeout, 100ms, 10min);
  root.read("host_meters", config.host_meters);
  TomlTable log = root.table("log");
  std::size_t index = 0;
  if (log.read_choice("level", index, {kLogLevels.begin(), kLogLevels.end()}))
    config.log_level = static_cast<LogLevel>(index);
  if (log.read_choice("format", index, {kLogFormats.begin(), kLogFormats.end()}))
    config.log_format = static_cast<LogOptions::Format>(index);
  read_http(root.table("http"), config.http);
  read_otlp(root.table("otlp"), config.otlp);
  read_statsd(root.table("statsd"), config.statsd);
  read_limits(root.table("limits"), config.limits);
  read_history(root.table("history"), config.history);
  read_query(root.table("query"), config.query);
  read_exposition(root.table("exposition"), config.exposition);
  config.scrapes = read_scrapes(root);
  config.remote_write = read_remote_write(root.table("remote_write"));
  check_listeners(root, config);
  config.exports = read_exports(root, {config.otlp.grpc_listen, config.otlp.http_listen, config.http.listen});
  read_notify(root, config.notify);
  read_rules(root.table("rules"), config.rules);
  root.table("dashboards").read("files", config.dashboards);
  config.thresholds = read_thresholds(root);
  using std::chrono::milliseconds;
  config.slos = read_slos(root, {std::chrono::duration_cast<milliseconds>(config.tick),
                                 std::chrono::duration_cast<milliseconds>(config.history.recorded_retention)});
}

// $STATE_DIRECTORY as systemd sets it (the first of a list), else the XDG state directory.
std::string default_data_dir() {
  if (const char* state = std::getenv("STATE_DIRECTORY"); state != nullptr && *state != '\0')
    return std::string(state).substr(0, std::string(state).find(':'));
  if (const char* xdg = std::getenv("XDG_STATE_HOME"); xdg != nullptr && *xdg == '/') return std::string(xdg) + "/tocsin";
  if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/')
    return std::string(home) + "/.local/state/tocsin";
  return "/var/lib/tocsin";
}

}  // namespace

Config read_config(std::string_view text, const std::string& file, const ConfigOptions& options, TomlFaults& faults) {
  Config config;
  config.file = file;
  const std::size_t before = faults.size();
  TomlTable root = parse_toml(text, file, faults);
  if (faults.size() > before) return config;  // what a syntax error leaves would only bring false faults
  for (const std::string& setting : options.settings) set_toml(root, setting, faults);
  read_root(root, config);
  root.finish();
  if (options.data_dir) config.data_dir = *options.data_dir;
  if (config.data_dir.empty()) config.data_dir = default_data_dir();
  if (config.external_url.empty()) config.external_url = listener_url(config.http);
  if (config.dashboards_url.empty()) config.dashboards_url = config.external_url;
  return config;
}

std::string folder_of(const Config& config) {
  std::error_code ignored;
  return config.file.empty() ? "" : std::filesystem::absolute(config.file, ignored).lexically_normal().parent_path().string();
}

std::vector<std::string> config_keys() {
  TomlFaults faults;
  TomlTable root = parse_toml("[[export]]\nendpoint = \"http://127.0.0.1:1\"\n[[alertmanager]]\n[[alertmanager.alert_relabel]]\n[[webhook]]\n[[webhook.alert_relabel]]\n[[notify.alert_relabel]]\n[[rules.missing_data]]\n"
                                "[[scrape]]\n[[scrape.relabel]]\n[[scrape.metric_relabel]]\n[[threshold]]\n[[slo]]\n[[slo.burn]]\n[[slo]]\nlatency = \"x\"\n[[slo.burn]]\n", "", faults);
  Config config;
  read_root(root, config);
  return root.known_keys();
}

Config load_config(const ConfigOptions& options, TomlFaults& faults) {
  std::string file = options.file.value_or("");
  std::error_code unseen;
  // One that is there and cannot be read is a fault, not the wish for the defaults.
  if (!options.file && std::filesystem::symlink_status(kUsualFile, unseen).type() != std::filesystem::file_type::not_found) file = kUsualFile;
  std::string text;
  if (!file.empty()) {
    std::error_code ignored;
    errno = 0;
    std::ifstream stream(file, std::ios::binary);
    if (!stream || std::filesystem::is_directory(file, ignored)) {
      faults.push_back({{file, 0, 0}, std::string("cannot be read: ") + (stream ? "is a folder" : std::strerror(errno == 0 ? EIO : errno))});
      return {};
    }
    std::ostringstream content;
    content << stream.rdbuf();
    text = std::move(content).str();
  }
  return read_config(text, file, options, faults);
}

}  // namespace tocsin::agent
