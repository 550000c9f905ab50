// SPDX-License-Identifier: Apache-2.0
#include "agent/receivers/src/scrape_target.h"

#include <fstream>
#include <sstream>

#include "agent/url_toml.h"
#include "agent/version.h"
#include "meters/base/text.h"
#include "wire/compression.h"
#include "wire/url.h"

namespace tocsin::agent {
namespace {

// prometheus/scrape, acceptHeader: without and with native histograms.
constexpr std::string_view kAccept =
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
constexpr std::string_view kAcceptNative =
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,"
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1";

constexpr unsigned kMostRedirects = 10;  // as Go's client

std::string seconds_text(std::chrono::nanoseconds duration) {
  std::ostringstream out;
  out << std::chrono::duration<double>(duration).count();
  return out.str();
}

std::string value_or_empty(const RelabelSet& labels, std::string_view name) {
  const auto found = labels.find(name);
  return found == labels.end() ? std::string() : found->second;
}

Result<std::string> secret(const std::string& given, const std::string& file) {
  if (file.empty()) return given;
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream content;
  if (!stream || !(content << stream.rdbuf())) return Error{Fault::Environment, "cannot read \"" + file + '"'};
  return std::string(trim(content.str()));
}

}  // namespace

Result<ScrapeTarget> make_scrape_target(const ScrapeRules& rules, const std::string& address) {
  const ScrapeConfig& config = rules.config;
  ScrapeTarget target;
  RelabelSet labels(config.labels.begin(), config.labels.end());
  labels.try_emplace("job", config.name);
  labels.insert_or_assign("__address__", address);
  labels.insert_or_assign("__scheme__", config.scheme);
  labels.insert_or_assign("__metrics_path__", config.path);
  labels.insert_or_assign("__scrape_interval__", seconds_text(config.interval) + "s");
  labels.insert_or_assign("__scrape_timeout__", seconds_text(config.timeout) + "s");
  for (const auto& [name, text] : config.params) labels.insert_or_assign("__param_" + name, text);
  std::erase_if(labels, [](const auto& label) { return label.second.empty(); });
  target.discovered = labels;
  if (!relabel(rules.relabel, labels)) {
    target.dropped = true;
    return target;
  }
  const std::string host = value_or_empty(labels, "__address__");
  labels.try_emplace("instance", host);
  target.url = value_or_empty(labels, "__scheme__") + "://" + host + value_or_empty(labels, "__metrics_path__");
  char separator = target.url.find('?') == std::string::npos ? '?' : '&';
  for (const auto& [name, text] : labels) {
    if (!name.starts_with("__param_")) continue;
    target.url += separator + wire::percent_encode(name.substr(8)) + '=' + wire::percent_encode(text);
    separator = '&';
  }
  std::erase_if(labels, [](const auto& label) { return label.first.starts_with("__"); });
  target.labels = std::move(labels);
  if (auto url = wire::parse_url(target.url); !url)
    return Error{Fault::Configuration, "cannot be asked: " + with_shown_url(url.error().message, target.url)};
  return target;
}

Result<wire::HttpCall> make_scrape_call(const ScrapeConfig& config, const std::string& url) {
  wire::HttpCall call;
  call.url = url;
  call.timeout = std::chrono::duration_cast<std::chrono::milliseconds>(config.timeout);
  call.max_reply_bytes = config.body_size_limit;
  call.max_redirects = config.follow_redirects ? kMostRedirects : 0;
  call.tls = {config.ca_file, config.certificate_file, config.key_file, config.insecure_skip_verify};
  call.headers.add("Accept", std::string(config.native_histograms ? kAcceptNative : kAccept));
  call.headers.add("Accept-Encoding", "gzip");
  call.headers.add("User-Agent", "tocsin/" + std::string(kVersion));
  call.headers.add("X-Prometheus-Scrape-Timeout-Seconds", seconds_text(config.timeout));
  const auto password = secret(config.password, config.password_file);
  if (!password) return password.error();
  const auto token = secret(config.bearer_token, config.bearer_token_file);
  if (!token) return token.error();
  if (!config.username.empty() || !password->empty())
    call.headers.add("Authorization", "Basic " + base64(config.username + ':' + *password));
  else if (!token->empty())
    call.headers.add("Authorization", "Bearer " + *token);
  return call;
}

Result<std::string_view> scrape_body(const ScrapeConfig& config, const wire::HttpReply& reply, std::string& plain) {
  if (reply.status != 200)
    return Error{Fault::Environment, "the target answered " + std::to_string(reply.status) + ' ' +
                                         std::string(wire::http_reason(reply.status))};
  const auto encoding = wire::parse_encoding(trim(reply.headers.value("Content-Encoding")));
  if (!encoding) return encoding.error();
  if (*encoding == wire::Encoding::Identity) return std::string_view(reply.body);
  auto body = wire::decompress(*encoding, reply.body, config.body_size_limit);
  if (!body && body.error().fault == Fault::TooLarge)
    return Error{Fault::TooLarge, "body_size_limit: the answer is over " + std::to_string(config.body_size_limit) + " bytes"};
  if (!body) return body.error();
  plain = std::move(*body);
  return std::string_view(plain);
}

}  // namespace tocsin::agent
