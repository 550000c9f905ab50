// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/src/demo_reporting.h"

#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <utility>
#include <vector>

#include "agent/commands/src/demo_spans.h"
#include "exporters/destination.h"
#include "meters/generated/process.h"
#include "meters/identity.h"
#include "meters/registry.h"

namespace tocsin::agent {

using namespace std::chrono_literals;
using meters::Observer;
using meters::Status;

namespace {

std::shared_ptr<const meters::Resource> resource_of(const std::string& service) {
  return std::make_shared<const meters::Resource>(
      meters::identify({{"service.name", service},
                        {"service.instance.id", service + '-' + std::to_string(getpid())},
                        {"deployment.environment.name", "demo"}},
                       ""));
}

// Of this process: pages that are resident, files that are open.
double resident_bytes() {
  std::ifstream file("/proc/self/statm");
  double mapped = 0, resident = 0;
  file >> mapped >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}
double open_files() {
  std::error_code ignored;
  const std::filesystem::directory_iterator files("/proc/self/fd", ignored);
  return ignored ? 0 : static_cast<double>(std::distance(begin(files), end(files)));
}
double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

class MeterReporting final : public DemoReporting {
 public:
  MeterReporting(const FleetService& of, const std::string& name) : of_(of), registry_({.resource = resource_of(name)}) {}

  Result<bool> declare(const std::string& name) {
    auto meters = meters::RequestMeters::make(registry_, {.server_name = name, .dc = "demo"});
    if (!meters) return meters.error();
    for (const FleetFunc& func : of_.funcs)
      funcs_.push_back(meters->func(func.name, {{"404", Status::ClientError}, {"500", Status::ServerError}, {"503", Status::ServerError},
                                                {"504", Status::Timeout}, {kRetCancelled, Status::Cancelled}}));
    for (const FleetCall& call : of_.calls)
      calls_.push_back(meters->rely(call.peer, call.name, {{"503", Status::ServerError}, {kRetCancelled, Status::Cancelled}}));
    for (const FleetNode& node : of_.nodes) nodes_.push_back(meters->workflow_node(node.workflow, node.type));
    for (const FleetModel& model : of_.models) tokens_.push_back(meters->llm_tokens(model.name));
    return declare_process();
  }

  Result<bool> connect(const std::string& name, const std::string& endpoint) {
    exporters::DestinationOptions options;
    options.name = name;
    options.endpoint = endpoint;
    options.interval = kDemoSendEvery;
    options.spans = false;
    auto destination = exporters::Destination::make(std::move(options));
    if (!destination) return destination.error();
    destination_ = std::move(*destination);
    return true;
  }

  DemoMeasured begin(const DemoWork& work) override {
    switch (work.kind) {
      case DemoWorkKind::Request: return {std::make_shared<meters::Request>(funcs_[work.index]), nullptr};
      case DemoWorkKind::Call: return {std::make_shared<meters::Request>(calls_[work.index]), nullptr};
      case DemoWorkKind::Node: break;
    }
    return {nullptr, std::make_shared<meters::NodeExecution>(nodes_[work.index])};
  }
  std::chrono::nanoseconds finished(const DemoWork& work, DemoMeasured& measured, Time, std::chrono::nanoseconds) override {
    if (measured.request) work.status == Status::Ok ? measured.request->succeed() : measured.request->fail(work.ret, work.status);
    if (measured.node) work.status == Status::Ok ? measured.node->succeed() : measured.node->fail(work.status);
    const auto reported = measured.request ? measured.request->elapsed() : measured.node->elapsed();
    measured = {};
    return reported;
  }
  void used(const DemoTokens& tokens) override {
    tokens_[tokens.model].prompt.add(tokens.prompt);
    tokens_[tokens.model].completion.add(tokens.completion);
  }
  void send(std::stop_token) override {
    meters::SnapshotBuilder builder(SystemClock::instance().now());
    registry_.collect(builder);
    destination_->accept(std::move(builder).finish(++sequence_));
  }
  void stop(std::chrono::nanoseconds deadline) override { destination_->stop(deadline); }
  std::string fault() const override {
    const auto stats = destination_->stats();
    return stats.failing_since ? stats.last_error : "";
  }

 private:
  // All services are one process, so what they use is what that uses; each tells when it began itself.
  Result<bool> declare_process() {
    const double start = static_cast<double>(to_unix_ns(SystemClock::instance().now())) / 1e9, before = cpu_seconds();
    const double most_files = static_cast<double>(sysconf(_SC_OPEN_MAX));
    const auto observe = [this](const meters::DeclaredMeter& meter, std::function<double()> value) -> Result<bool> {
      auto made = meters::observe(registry_, meter, [value = std::move(value)](Observer& observer) { observer.observe({}, value()); });
      if (!made) return made.error();
      observations_.push_back(std::move(*made));
      return true;
    };
    for (auto& [meter, value] : std::initializer_list<std::pair<const meters::DeclaredMeter&, std::function<double()>>>{
             {meters::kProcessStartTimeSeconds, [start] { return start; }},
             {meters::kProcessCpuSecondsTotal, [before] { return cpu_seconds() - before; }},
             {meters::kProcessResidentMemoryBytes, resident_bytes},
             {meters::kProcessOpenFds, open_files},
             {meters::kProcessMaxFds, [most_files] { return most_files; }}})
      if (auto observed = observe(meter, value); !observed) return observed.error();
    return true;
  }

  const FleetService& of_;
  meters::Registry registry_;
  std::vector<meters::RequestFunc> funcs_, calls_, nodes_;
  std::vector<meters::LlmTokens> tokens_;
  std::vector<meters::Observation> observations_;
  std::unique_ptr<exporters::Destination> destination_;
  std::uint64_t sequence_ = 0;
};

class SpanReporting final : public DemoReporting {
 public:
  SpanReporting(const FleetService& of, const std::string& name, const std::string& endpoint, std::uint64_t seed)
      : spans_(of, name, endpoint + "/v1/traces", seed) {}
  DemoMeasured begin(const DemoWork&) override { return {}; }
  std::chrono::nanoseconds finished(const DemoWork& work, DemoMeasured&, Time start, std::chrono::nanoseconds took) override {
    spans_.add(work, start, start + took);
    return took;
  }
  void used(const DemoTokens&) override {}
  void send(std::stop_token stop) override { spans_.flush(std::move(stop)); }
  void stop(std::chrono::nanoseconds) override { spans_.flush({}); }
  std::string fault() const override { return spans_.dropped() > 0 ? "spans were dropped" : ""; }

 private:
  DemoSpans spans_;
};

}  // namespace

Result<std::unique_ptr<DemoReporting>> demo_meters(const FleetService& of, const std::string& name, const std::string& endpoint) {
  auto made = std::make_unique<MeterReporting>(of, name);
  if (auto declared = made->declare(name); !declared) return declared.error();
  if (auto connected = made->connect(name, endpoint); !connected) return connected.error();
  return std::unique_ptr<DemoReporting>(std::move(made));
}

std::unique_ptr<DemoReporting> demo_spans(const FleetService& of, const std::string& name, const std::string& endpoint, std::uint64_t seed) {
  return std::make_unique<SpanReporting>(of, name, endpoint, seed);
}

}  // namespace tocsin::agent
