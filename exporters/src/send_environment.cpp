// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdlib>
#include <utility>

#include "exporters/otlp_environment.h"
#include "meters/base/number.h"
#include "meters/base/text.h"
#include "wire/url.h"

namespace tocsin::exporters {

namespace {

using std::chrono::milliseconds;
using Pairs = std::vector<std::pair<std::string, std::string>>;

// A '%' that two hexadecimal digits do not follow makes the text unreadable.
bool is_percent_encoded(std::string_view text) {
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); };
  for (std::size_t at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 1))
    if (at + 2 >= text.size() || !is_hex(text[at + 1]) || !is_hex(text[at + 2])) return false;
  return true;
}

// Reads variables and keeps what was wrong with them.
class Variables {
 public:
  Variables(const EnvironmentReader& reader, std::vector<std::string>& warnings) : reader_(reader), warnings_(warnings) {}

  std::optional<std::string> text(const std::string& name) const {
    const char* value = reader_ ? reader_(name.c_str()) : std::getenv(name.c_str());
    const std::string_view trimmed = value == nullptr ? std::string_view() : trim(value);
    return trimmed.empty() ? std::nullopt : std::optional<std::string>(trimmed);
  }

  bool flag(const std::string& name) {
    const auto value = text(name);
    if (!value) return false;
    if (equal_ignoring_case(*value, "true")) return true;
    if (!equal_ignoring_case(*value, "false")) warn(name, *value, "only \"true\" is true");
    return false;
  }

  // A number of milliseconds. More than `kLongest` is as good as that, so that no clock overflows.
  std::optional<milliseconds> duration(const std::string& name) { return milliseconds_of(name, 1, "of at least 1"); }

  // The same, where zero means no limit.
  std::optional<milliseconds> timeout(const std::string& name) {
    const auto read = milliseconds_of(name, 0, "that is not negative");
    return read && read->count() == 0 ? std::optional(kLongest) : read;
  }

  // The choice that the value names, in any case.
  template <class T>
  std::optional<T> choice(const std::string& name, std::initializer_list<std::pair<std::string_view, T>> choices) {
    const auto value = text(name);
    if (!value) return std::nullopt;
    std::string known;
    for (const auto& [word, meaning] : choices) {
      if (equal_ignoring_case(*value, word)) return meaning;
      known += (known.empty() ? "" : ", ") + std::string(word);
    }
    warn(name, *value, "it is one of " + known);
    return std::nullopt;
  }

  // key=value,key=value with percent-encoded values (W3C Baggage). An entry without a key or with a broken value is
  // left out, or spoils all where `whole`.
  Pairs list(const std::string& name, bool whole) {
    Pairs pairs;
    const auto value = text(name);
    if (!value) return pairs;
    for (const std::string_view item : split(*value, ',')) {
      const std::string_view entry = trim(item);
      const std::size_t equals = entry.find('=');
      const std::string_view key = trim(entry.substr(0, equals));
      if (entry.empty()) continue;
      if (equals == std::string_view::npos || key.empty() || !is_percent_encoded(entry.substr(equals + 1))) {
        warnings_.push_back(name + ": \"" + std::string(entry) + "\" is not key=value with a percent-encoded value; " +
                            (whole ? "all of it" : "this entry") + " is ignored");
        if (whole) return {};
        continue;
      }
      pairs.emplace_back(wire::percent_decode(key), wire::percent_decode(trim(entry.substr(equals + 1))));
    }
    return pairs;
  }

  void warn(const std::string& name, const std::string& value, const std::string& reason) {
    warnings_.push_back(name + "=\"" + value + "\" is ignored: " + reason);
  }

 private:
  static constexpr milliseconds kLongest = std::chrono::hours{24 * 365};

  std::optional<milliseconds> milliseconds_of(const std::string& name, std::int64_t least, const char* which) {
    const auto value = text(name);
    if (!value) return std::nullopt;
    const auto number = parse_integer<std::int64_t>(*value);
    if (number && *number >= least) return std::min(milliseconds(*number), kLongest);
    warn(name, *value, std::string("it is a whole number of milliseconds ") + which);
    return std::nullopt;
  }

  const EnvironmentReader& reader_;
  std::vector<std::string>& warnings_;
};

// Variables that exist for all signals and for one; the latter counts where it is set and can be read.
class SignalVariables {
 public:
  SignalVariables(Variables& variables, std::string signal) : variables_(variables), signal_(std::move(signal)) {}

  std::string own(std::string_view what) const { return "OTEL_EXPORTER_OTLP_" + signal_ + "_" + std::string(what); }
  static std::string general(std::string_view what) { return "OTEL_EXPORTER_OTLP_" + std::string(what); }

  template <class Read>
  auto first(std::string_view what, const Read& read) {
    auto value = read(own(what));
    return value ? value : read(general(what));
  }
  std::string text(std::string_view what) {
    return first(what, [&](const std::string& name) { return variables_.text(name); }).value_or("");
  }

  // Headers of a signal take the place of the general ones.
  Pairs headers() { return variables_.list(variables_.text(own("HEADERS")) ? own("HEADERS") : general("HEADERS"), false); }

  bool insecure() {
    return variables_.text(own("INSECURE")) ? variables_.flag(own("INSECURE")) : variables_.flag(general("INSECURE"));
  }

 private:
  Variables& variables_;
  const std::string signal_;
};

// Nothing, after a warning, where the variable names no place.
std::optional<std::string> endpoint(Variables& variables, const std::string& name, OtlpProtocol protocol, bool insecure) {
  auto value = variables.text(name);
  if (!value) return std::nullopt;
  std::string url = *value;
  if (protocol == OtlpProtocol::Grpc && url.find("://") == std::string::npos)
    url = (insecure ? "http://" : "https://") + url;
  const auto parsed = wire::parse_url(url);
  if (parsed) return url;
  variables.warn(name, *value, parsed.error().message);
  return std::nullopt;
}

// The protocol that the variables name; one that this program does not have is told, and the default taken.
OtlpProtocol protocol_of(Variables& variables, SignalVariables& own, bool has_grpc) {
  const auto named = own.first("PROTOCOL", [&](const std::string& name) {
    return variables.choice<OtlpProtocol>(name, {{"grpc", OtlpProtocol::Grpc},
                                                 {"http/protobuf", OtlpProtocol::HttpProtobuf},
                                                 {"http/json", OtlpProtocol::HttpJson}});
  });
  if (named != OtlpProtocol::Grpc || has_grpc) return named.value_or(OtlpProtocol::HttpProtobuf);
  variables.warn(variables.text(own.own("PROTOCOL")) ? own.own("PROTOCOL") : SignalVariables::general("PROTOCOL"), "grpc",
                 "there is no gRPC in this program: http/protobuf is used");
  return OtlpProtocol::HttpProtobuf;
}

DestinationOptions signal_options(Variables& variables, Signal signal, bool has_grpc, bool& endpoint_given) {
  const bool is_metrics = signal == Signal::Metrics;
  SignalVariables own(variables, is_metrics ? "METRICS" : "TRACES");
  DestinationOptions options;
  options.name = "environment";
  options.metrics = is_metrics;
  options.spans = !is_metrics;
  options.protocol = protocol_of(variables, own, has_grpc);
  options.compression = own.first("COMPRESSION", [&](const std::string& name) {
    return variables.choice<wire::Encoding>(name, {{"none", wire::Encoding::Identity}, {"gzip", wire::Encoding::Gzip}});
  }).value_or(wire::Encoding::Identity);
  options.timeout = own.first("TIMEOUT", [&](const std::string& name) { return variables.timeout(name); })
                        .value_or(milliseconds{10'000});
  options.headers = own.headers();
  options.tls.ca_file = own.text("CERTIFICATE");
  options.tls.certificate_file = own.text("CLIENT_CERTIFICATE");
  options.tls.key_file = own.text("CLIENT_KEY");
  const bool insecure = own.insecure();
  const auto base = endpoint(variables, "OTEL_EXPORTER_OTLP_ENDPOINT", options.protocol, insecure);
  const auto direct = endpoint(variables, own.own("ENDPOINT"), options.protocol, insecure);
  endpoint_given = base || direct;
  options.endpoint =
      base.value_or(options.protocol == OtlpProtocol::Grpc ? "http://localhost:4317" : "http://localhost:4318");
  (is_metrics ? options.metrics_endpoint : options.traces_endpoint) = direct.value_or("");
  return options;
}

void read_metric_settings(Variables& variables, DestinationOptions& options) {
  options.encode.temporality =
      variables.choice<OtlpTemporality>("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
                                        {{"cumulative", OtlpTemporality::Cumulative},
                                         {"delta", OtlpTemporality::Delta},
                                         {"lowmemory", OtlpTemporality::LowMemory}})
          .value_or(OtlpTemporality::Cumulative);
  options.encode.histograms =
      variables.choice<OtlpHistograms>("OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
                                       {{"explicit_bucket_histogram", OtlpHistograms::Explicit},
                                        {"base2_exponential_bucket_histogram", OtlpHistograms::Exponential}})
          .value_or(OtlpHistograms::Explicit);
  options.interval = variables.duration("OTEL_METRIC_EXPORT_INTERVAL").value_or(milliseconds{60'000});
  options.backoff.give_up_after = variables.timeout("OTEL_METRIC_EXPORT_TIMEOUT").value_or(milliseconds{30'000});
}

// OTEL_*_EXPORTER is a list; what we do not have is no mistake of the person who set it for another program.
bool names_otlp(Variables& variables, const std::string& name) {
  const auto value = variables.text(name);
  if (!value) return true;
  bool otlp = false;
  for (const std::string_view word : split(*value, ',')) {
    const std::string_view exporter = trim(word);
    otlp = otlp || equal_ignoring_case(exporter, "otlp");
    bool known = exporter.empty();
    for (const std::string_view other : {"otlp", "none", "prometheus", "console", "logging", "zipkin"})
      known = known || equal_ignoring_case(exporter, other);
    if (!known) variables.warn(name, *value, "\"" + std::string(exporter) + "\" is no exporter");
  }
  return otlp;
}

}  // namespace

OtlpEnvironment read_otlp_environment(const EnvironmentReader& reader, bool has_grpc) {
  OtlpEnvironment environment;
  Variables variables(reader, environment.warnings);
  for (auto& [key, value] : variables.list("OTEL_RESOURCE_ATTRIBUTES", true))
    environment.resource.push_back({std::move(key), std::move(value)});
  if (auto name = variables.text("OTEL_SERVICE_NAME")) environment.resource.push_back({"service.name", *std::move(name)});
  normalize(environment.resource);
  environment.disabled = variables.flag("OTEL_SDK_DISABLED");
  if (environment.disabled) return environment;
  if (names_otlp(variables, "OTEL_METRICS_EXPORTER")) {
    environment.metrics = signal_options(variables, Signal::Metrics, has_grpc, environment.metrics_endpoint_given);
    read_metric_settings(variables, *environment.metrics);
  }
  const std::size_t told = environment.warnings.size();
  if (names_otlp(variables, "OTEL_TRACES_EXPORTER")) {
    environment.traces = signal_options(variables, Signal::Traces, has_grpc, environment.traces_endpoint_given);
    // What is wrong with a variable of both signals is told once.
    auto& warnings = environment.warnings;
    for (std::size_t i = told; i < warnings.size();) {
      const auto end = warnings.begin() + static_cast<std::ptrdiff_t>(told);
      if (std::find(warnings.begin(), end, warnings[i]) == end) {
        ++i;
      } else {
        warnings.erase(warnings.begin() + static_cast<std::ptrdiff_t>(i));
      }
    }
  }
  return environment;
}

std::vector<DestinationOptions> OtlpEnvironment::destinations() const {
  std::vector<DestinationOptions> all;
  if (metrics) all.push_back(*metrics);
  if (!traces) return all;
  const auto same_tls = [](const wire::HttpClientTls& a, const wire::HttpClientTls& b) {
    return a.ca_file == b.ca_file && a.certificate_file == b.certificate_file && a.key_file == b.key_file;
  };
  if (metrics && metrics->protocol == traces->protocol && metrics->endpoint == traces->endpoint &&
      metrics->compression == traces->compression && metrics->timeout == traces->timeout &&
      metrics->headers == traces->headers && same_tls(metrics->tls, traces->tls)) {
    all.front().spans = true;
    all.front().traces_endpoint = traces->traces_endpoint;
    return all;
  }
  all.push_back(*traces);
  if (metrics) all.front().name = "environment-metrics", all.back().name = "environment-traces";
  return all;
}

}  // namespace tocsin::exporters
