// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "agent/commands/arguments.h"
#include "agent/commands/commands.h"
#include "agent/commands/src/demo_ledger.h"
#include "agent/commands/src/demo_service.h"
#include "agent/commands/src/signals.h"
#include "meters/base/quantity.h"

namespace tocsin::agent {

namespace {

using namespace std::chrono_literals;

struct DemoOptions {
  std::optional<std::string> endpoint, duration, phase, ledger_file;
  std::uint64_t rate = 60, services = 4, seed = 1;
  bool json = false;
};

constexpr std::string_view kEndpoint = "http://127.0.0.1:4318";
// What a process takes to come back: whoever collects has seen its last counts by then.
constexpr auto kRestart = std::chrono::seconds(2);

Result<nanoseconds> duration_of(const std::optional<std::string>& text, nanoseconds otherwise) {
  if (!text) return otherwise;
  return parse_duration(*text);
}

// Whole or not at all, for whoever reads it meanwhile.
void write_ledger(const std::string& file, const std::string& json) {
  const std::string draft = file + ".new";
  std::ofstream(draft, std::ios::binary) << json;
  std::rename(draft.c_str(), file.c_str());
}

class Demo {
 public:
  Demo(const DemoOptions& options, nanoseconds duration, nanoseconds phase_length)
      : options_(options), duration_(duration), phase_length_(phase_length), ledger_(clock_.now(), phase_length) {}

  int run();

 private:
  Result<std::unique_ptr<DemoService>> start(std::size_t service);
  void wait(const sigset_t& signals);
  void enter(DemoPhase phase);
  void come_back();
  void tell_faults();

  const DemoOptions& options_;
  const nanoseconds duration_, phase_length_;
  const SystemClock& clock_ = SystemClock::instance();
  const Monotonic began_ = clock_.monotonic();
  DemoLedger ledger_;
  std::vector<std::unique_ptr<DemoService>> services_;
  std::string fault_;  // that was told last
  std::optional<Monotonic> back_at_;  // the failing service restarts
};

Result<std::unique_ptr<DemoService>> Demo::start(std::size_t service) {
  DemoServiceOptions options;
  options.plan.seed = options_.seed;
  options.plan.service = service;
  options.plan.requests_per_second = static_cast<double>(options_.rate) / static_cast<double>(options_.services);
  options.plan.phase_length = phase_length_;
  options.began = began_;
  options.endpoint = options_.endpoint.value_or(std::string(kEndpoint));
  options.spans_only = service == kSpanService;
  return DemoService::start(std::move(options), ledger_);
}

void Demo::enter(DemoPhase phase) {
  const std::string_view what = what_happens(phase);
  if (!options_.json)
    std::fprintf(stderr, "demo: %s%s%s\n", std::string(to_text(phase)).c_str(), what.empty() ? "" : ": ", std::string(what).c_str());
  if (phase != DemoPhase::CalmAgain) return;
  // What failed is mended: a new process in its place, with counters that begin at zero.
  std::unique_ptr<DemoService>& service = services_[kFailingService];
  service->stop(3s);
  back_at_ = clock_.monotonic() + kRestart;
}

void Demo::come_back() {
  back_at_.reset();
  std::unique_ptr<DemoService>& service = services_[kFailingService];
  auto started = start(kFailingService);
  if (!started) return void(std::fprintf(stderr, "demo: %s\n", started.error().message.c_str()));
  service = std::move(*started);
  ledger_.restarted(service->name(), clock_.now());
}

void Demo::tell_faults() {
  for (const auto& service : services_) {
    std::string now = service->fault();
    if (now.empty() || now == fault_) continue;
    fault_ = std::move(now);
    std::fprintf(stderr, "demo: %s: %s\n", service->name().c_str(), fault_.c_str());
  }
}

// Until a signal comes or the time is over; writes the ledger and tells a change of phase meanwhile.
void Demo::wait(const sigset_t& signals) {
  std::optional<DemoPhase> now;
  for (;;) {
    const auto elapsed = clock_.monotonic() - began_;
    if (duration_ > 0s && elapsed >= duration_) return;
    const DemoPhase phase = phase_at(elapsed, phase_length_);
    if (now != phase) enter(phase);
    now = phase;
    if (back_at_ && clock_.monotonic() >= *back_at_) come_back();
    if (options_.ledger_file) write_ledger(*options_.ledger_file, ledger_.json(clock_.now()));
    tell_faults();
    if (wait_for_signal(signals, 500ms) != 0) return;
  }
}

int Demo::run() {
  const sigset_t signals = block_signals();
  for (std::size_t i = 0; i < options_.services; ++i) {
    auto started = start(i);
    if (!started) return std::fprintf(stderr, "tocsin demo: %s\n", started.error().message.c_str()), kExitMisuse;
    services_.push_back(std::move(*started));
  }
  if (!options_.json)
    std::fprintf(stderr, "demo: %llu services, %llu requests a second, to %s, phases of %s\n",
                 static_cast<unsigned long long>(options_.services), static_cast<unsigned long long>(options_.rate),
                 options_.endpoint.value_or(std::string(kEndpoint)).c_str(), tocsin::to_text(phase_length_).c_str());
  wait(signals);
  // All at once: a service that hangs delays none, and all last counts are of the same moment.
  std::vector<std::jthread> stopping;
  for (const auto& service : services_) stopping.emplace_back([&service] { service->stop(3s); });
  stopping.clear();
  const std::string json = ledger_.json(clock_.now());
  if (options_.ledger_file) write_ledger(*options_.ledger_file, json);
  std::fputs(options_.json ? json.c_str() : ledger_.table().c_str(), stdout);
  if (std::any_of(services_.begin(), services_.end(), [](const auto& service) { return service->fault().empty(); })) return kExitOk;
  std::fprintf(stderr, "demo: nobody took this in the end: %s\n", services_.front()->fault().c_str());
  return kExitFindings;
}

}  // namespace

int demo_command(Words words) {
  DemoOptions options;
  Arguments arguments("demo",
                      "Behaves like a small fleet: requests, calls, workflows and tokens with slow and failing phases, sent over "
                      "OTLP. The same seed makes the same requests.");
  arguments.text("endpoint", "URL", "where OTLP/HTTP is taken (default: http://127.0.0.1:4318)", options.endpoint);
  arguments.number("rate", "N", "requests a second of all services together (default: 60)", options.rate, 1, 10'000);
  arguments.number("services", "N", "how many services; the third sends spans, the others metrics (default: 4)",
                   options.services, 1, 100);
  arguments.text("for", "DURATION", "how long (default: until it is stopped)", options.duration);
  arguments.text("phase", "DURATION", "length of each of the seven phases (default: 20s)", options.phase);
  arguments.number("seed", "N", "chooses the requests (default: 1)", options.seed, 0, UINT64_MAX);
  arguments.text("ledger", "FILE", "keeps a file of what was done, as JSON, up to date", options.ledger_file);
  arguments.flag("json", "prints the ledger as JSON at the end, and nothing else", options.json);
  const auto parsed = arguments.parse(words);
  if (parsed && !*parsed) return std::fputs(arguments.help().c_str(), stdout), kExitOk;
  const auto duration = duration_of(options.duration, 0s), phase = duration_of(options.phase, 20s);
  const Error* wrong = !parsed ? &parsed.error() : !duration ? &duration.error() : !phase ? &phase.error() : nullptr;
  if (wrong == nullptr && *phase >= 1s) return Demo(options, *duration, *phase).run();
  std::fprintf(stderr, "tocsin demo: %s\n\n%s", wrong == nullptr ? "--phase must be at least 1s" : wrong->message.c_str(),
               arguments.help().c_str());
  return kExitMisuse;
}

}  // namespace tocsin::agent
