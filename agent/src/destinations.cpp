// SPDX-License-Identifier: Apache-2.0
#include "agent/destinations.h"

#include <pthread.h>

#include <algorithm>
#include <cstdlib>

#include "agent/src/own_address.h"
#include "exporters/otlp_environment.h"
#include "exporters/otlp_grpc.h"
#include "exporters/remote_write.h"

namespace tocsin::agent {

using namespace std::chrono_literals;

namespace {

exporters::OtlpTemporality temporality_of(const std::string& text) {
  if (text == "delta") return exporters::OtlpTemporality::Delta;
  return text == "lowmemory" ? exporters::OtlpTemporality::LowMemory : exporters::OtlpTemporality::Cumulative;
}

wire::Encoding encoding_of(const std::string& text) {
  if (text == "none") return wire::Encoding::Identity;
  return text == "zstd" ? wire::Encoding::Zstd : wire::Encoding::Gzip;
}

exporters::DestinationOptions options_of(const ExportConfig& config) {
  exporters::DestinationOptions options;
  options.name = config.name;
  // The configuration has checked the word.
  if (config.protocol != kRemoteWrite) options.protocol = *exporters::parse_otlp_protocol(config.protocol);
  options.endpoint = config.endpoint;
  options.metrics_endpoint = config.metrics_endpoint;
  options.traces_endpoint = config.traces_endpoint;
  options.metrics = config.metrics;
  options.spans = config.spans;
  options.interval = config.interval;
  options.timeout = config.timeout;
  options.compression = encoding_of(config.compression);
  options.headers.assign(config.headers.begin(), config.headers.end());
  options.tls = {config.ca_file, config.certificate_file, config.key_file, config.insecure_skip_verify};
  options.encode.temporality = temporality_of(config.temporality);
  options.encode.histograms = config.histogram_aggregation == "base2_exponential_bucket_histogram"
                                  ? exporters::OtlpHistograms::Exponential
                                  : exporters::OtlpHistograms::Explicit;
  for (const auto& [key, value] : config.resource_attributes) options.encode.resource_attributes.push_back({key, value});
  meters::normalize(options.encode.resource_attributes);
  options.max_queue_bytes = config.max_queue_bytes;
  options.backoff.give_up_after = config.max_retry_time;
  return options;
}

void add(exporters::SignalStats& to, const exporters::SignalStats& from) {
  to.ledger.offered += from.ledger.offered;
  to.ledger.sent += from.ledger.sent;
  to.ledger.queued += from.ledger.queued;
  to.ledger.in_flight += from.ledger.in_flight;
  for (std::size_t i = 0; i < wire::kDropReasons; ++i) to.ledger.dropped[i] += from.ledger.dropped[i];
  to.requests += from.requests;
  to.retries += from.retries;
  to.queue_bytes += from.queue_bytes;
}

// Both say the same of the same points: what one has told the other need not tell.
bool continues(const ExportConfig& one, const ExportConfig& next) {
  return one.metrics && next.metrics && (one.protocol == kRemoteWrite) == (next.protocol == kRemoteWrite) && one.labels == next.labels &&
         one.temporality == next.temporality &&
         one.histogram_aggregation == next.histogram_aggregation && one.endpoint == next.endpoint &&
         one.metrics_endpoint == next.metrics_endpoint;
}

std::string endpoint_of(const ExportConfig& config) {
  for (const std::string* endpoint : {&config.endpoint, &config.metrics_endpoint, &config.traces_endpoint})
    if (!endpoint->empty()) return shown_url(*endpoint);
  return {};
}

exporters::RemoteWriteOptions write_options_of(const ExportConfig& config) {
  exporters::RemoteWriteOptions options;
  options.labels.assign(config.labels.begin(), config.labels.end());
  options.histograms = options_of(config).encode.histograms;
  return options;
}

// A warning quotes the variable that it is about.
std::string shown_warning(std::string warning) {
  for (const char* variable : {"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"})
    if (const char* url = std::getenv(variable); url != nullptr) warning = with_shown_url(std::move(warning), url);
  return warning;
}

bool points_at(const ExportConfig& config, const std::vector<std::string>& own) {
  for (const std::string* endpoint : {&config.endpoint, &config.metrics_endpoint, &config.traces_endpoint})
    if (is_own_address(*endpoint, own)) return true;
  return false;
}

}  // namespace

class Destinations::Past {
 public:
  void leaving(const Sender& sender) {
    const std::lock_guard lock(mutex_);
    leaving_.push_back(sender);
  }
  void left(const Sender& sender) {
    const std::lock_guard lock(mutex_);
    std::erase(leaving_, sender);
    add_all(sender->stats(), ended_);
  }
  void add_to(exporters::DestinationStats& stats) const {
    const std::lock_guard lock(mutex_);
    add_all(ended_, stats);
    for (const Sender& sender : leaving_) add_all(sender->stats(), stats);
  }

 private:
  static void add_all(const exporters::DestinationStats& from, exporters::DestinationStats& to) {
    add(to.metrics, from.metrics);
    add(to.spans, from.spans);
  }

  mutable std::mutex mutex_;
  std::vector<Sender> leaving_;  // guarded by mutex_
  exporters::DestinationStats ended_;   // guarded by mutex_; only what can be added up
};

Destinations::Destinations(Pipeline& pipeline, Log& log, const Clock& clock)
    : pipeline_(pipeline), log_(log), clock_(clock), all_(std::make_shared<const All>()) {}

Destinations::~Destinations() { stop(0s); }

std::shared_ptr<const Destinations::All> Destinations::all() const {
  const std::lock_guard lock(mutex_);
  return all_;
}

Destinations::Entry Destinations::make(const ExportConfig& config, const Entry* before) {
  Entry made;
  made.config = config;
  made.past = before != nullptr ? before->past : std::make_shared<Past>();
  exporters::DestinationOptions options = options_of(config);
  options.held = before != nullptr && before->sender != nullptr;
  open(made, std::move(options));
  return made;
}

// Makes the sender and tells of it; where that cannot be, destination.fault says why.
void Destinations::open(Entry& destination, exporters::DestinationOptions options) {
  const std::string name = destination.config.name;
  options.report = [this, name](const std::string& what) {
    log_.warning("export", {{"destination", name}, {"what", what}});
  };
  std::unique_ptr<exporters::Transport> transport;
  std::unique_ptr<exporters::MetricsEncoder> encoder;
  const bool remote_write = destination.config.protocol == kRemoteWrite;
  if (remote_write) encoder = exporters::make_remote_write_encoder(write_options_of(destination.config));
  if (remote_write || options.protocol == exporters::OtlpProtocol::Grpc) {
    if (auto made = remote_write ? exporters::make_remote_write_transport(options) : exporters::make_grpc_transport(options)) {
      transport = std::move(*made);
    } else {
      destination.fault = made.error().message;
    }
  }
  if (destination.fault.empty()) {
    auto sender = exporters::Destination::make(std::move(options), std::move(transport), clock_, std::move(encoder));
    if (sender) {
      destination.sender = std::move(*sender);
    } else {
      destination.fault = sender.error().message;
    }
  }
  for (const std::string* url : {&destination.config.endpoint, &destination.config.metrics_endpoint, &destination.config.traces_endpoint})
    destination.fault = with_shown_url(std::move(destination.fault), *url);
  if (destination.sender) {
    pipeline_.add_sink(destination.sender);
    log_.info("exporting", {{"destination", name},
                            {"protocol", destination.config.protocol},
                            {"endpoint", endpoint_of(destination.config)}});
  } else {
    log_.error("cannot export", {{"destination", name}, {"reason", destination.fault}});
  }
}

void Destinations::apply_environment(const std::vector<std::string>& own) {
  exporters::OtlpEnvironment environment = exporters::read_otlp_environment();
  for (const std::string& warning : environment.warnings) log_.warning("environment", {{"what", shown_warning(warning)}});
  if (environment.disabled) return;
  // The specification's default is where this agent listens itself.
  if (!environment.metrics_endpoint_given) environment.metrics.reset();
  if (!environment.traces_endpoint_given) environment.traces.reset();
  auto now = std::make_shared<All>(*all());
  std::size_t number = 0;
  for (exporters::DestinationOptions& options : environment.destinations()) {
    Entry made;
    made.of_environment = true;
    made.config.name = ++number == 1 ? "environment" : "environment-" + std::to_string(number);
    made.config.protocol = exporters::to_text(options.protocol);
    const bool base = (options.metrics && options.metrics_endpoint.empty()) || (options.spans && options.traces_endpoint.empty());
    if (base) made.config.endpoint = options.endpoint;
    made.config.metrics_endpoint = options.metrics_endpoint;
    made.config.traces_endpoint = options.traces_endpoint;
    made.config.metrics = options.metrics;
    made.config.spans = options.spans;
    made.config.interval = options.interval;
    if (points_at(made.config, own)) {
      log_.error("refused", {{"destination", made.config.name},
                             {"endpoint", endpoint_of(made.config)},
                             {"reason", "OTEL_EXPORTER_OTLP_*ENDPOINT points at this agent itself: it would feed itself"}});
      continue;
    }
    if (now->contains(made.config.name)) {
      log_.error("refused", {{"destination", made.config.name},
                             {"reason", "an [[export]] has the name of the destination of OTEL_EXPORTER_OTLP_*: call it otherwise"}});
      continue;
    }
    options.name = made.config.name;
    options.encode.resource_attributes = environment.resource;
    open(made, std::move(options));
    now->emplace(made.config.name, std::move(made));
  }
  const std::lock_guard lock(mutex_);
  all_ = std::move(now);
}

void Destinations::apply(const std::vector<ExportConfig>& exports, std::chrono::nanoseconds deadline) {
  const std::shared_ptr<const All> before = all();
  auto now = std::make_shared<All>();
  std::vector<const Entry*> gone;
  for (const auto& [name, destination] : *before) {
    if (destination.of_environment || std::find(exports.begin(), exports.end(), destination.config) != exports.end()) {
      now->emplace(name, destination);
      continue;
    }
    if (destination.sender) pipeline_.remove_sink(*destination.sender);
    gone.push_back(&destination);
  }
  for (const ExportConfig& config : exports) {
    if (now->contains(config.name)) continue;
    const auto was = before->find(config.name);
    now->emplace(config.name, make(config, was == before->end() ? nullptr : &was->second));
  }
  {
    const std::lock_guard lock(mutex_);
    all_ = now;
  }
  std::erase_if(flushes_, [](const Flush& flush) { return flush.done->load(); });
  for (const Entry* destination : gone) {
    const auto next = now->find(destination->config.name);
    if (destination->sender) flush(*destination, next == now->end() ? nullptr : &next->second, deadline);
  }
}

// On a thread of its own, so that one that hangs holds up neither the others nor the reload.
void Destinations::flush(const Entry& gone, const Entry* next, std::chrono::nanoseconds deadline) {
  const Sender after = next == nullptr ? nullptr : next->sender;
  const bool same = next != nullptr && continues(gone.config, next->config);
  auto done = std::make_shared<std::atomic<bool>>(false);
  gone.past->leaving(gone.sender);
  std::jthread thread([this, gone, after, same, deadline, done] {
    gone.sender->stop(deadline);
    const exporters::DestinationStats stats = gone.sender->stats();
    const auto stopped = [](const exporters::SignalStats& signal) {
      return std::to_string(signal.ledger.dropped_for(wire::DropReason::Stopped));
    };
    log_.info("flushed", {{"destination", gone.config.name},
                          {"points dropped", stopped(stats.metrics)},
                          {"spans dropped", stopped(stats.spans)}});
    gone.past->left(gone.sender);
    if (after) after->release(same ? gone.sender.get() : nullptr);
    done->store(true);
  });
  pthread_setname_np(thread.native_handle(), "flush");
  flushes_.push_back({std::move(done), std::move(thread)});
}

bool Destinations::forward(std::string_view resource_spans, std::uint64_t spans) {
  bool taken = false;
  for (const auto& [name, destination] : *all()) {
    if (!destination.sender || !destination.sender->options().spans) continue;
    destination.sender->forward_spans(resource_spans, spans);
    taken = true;
  }
  return taken;
}

// Side by side, so that a destination that hangs takes nothing from the others' deadline.
void Destinations::stop_all(std::vector<std::shared_ptr<exporters::Destination>> senders,
                            std::chrono::nanoseconds deadline) {
  std::vector<std::jthread> stopping;
  for (const auto& sender : senders) stopping.emplace_back([sender, deadline] { sender->stop(deadline); });
}

void Destinations::stop(std::chrono::nanoseconds deadline) {
  std::vector<std::shared_ptr<exporters::Destination>> senders;
  for (const auto& [name, destination] : *all()) {
    if (!destination.sender) continue;
    pipeline_.remove_sink(*destination.sender);
    senders.push_back(destination.sender);
  }
  stop_all(std::move(senders), deadline);
  flushes_.clear();  // each has a deadline of its own, from a reload before
}

std::vector<DestinationState> Destinations::states() const {
  std::vector<DestinationState> states;
  for (const auto& [name, destination] : *all()) {
    DestinationState state{name, destination.config.protocol, endpoint_of(destination.config), destination.fault, {}};
    if (destination.sender) state.stats = destination.sender->stats();
    if (destination.past) destination.past->add_to(state.stats);
    states.push_back(std::move(state));
  }
  return states;
}

std::chrono::nanoseconds Destinations::shortest_interval(std::chrono::nanoseconds otherwise) const {
  for (const auto& [name, destination] : *all())
    if (destination.sender && destination.config.metrics) otherwise = std::min(otherwise, destination.config.interval);
  return otherwise;
}

}  // namespace tocsin::agent
