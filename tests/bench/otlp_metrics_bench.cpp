// SPDX-License-Identifier: Apache-2.0
// OTLP metric points: requests of 1,000 points with 4 attributes among 1,000 and among 100,000 series. First through the
// receiver into the intake in this process, then to the scrape endpoint of the agent beside that of a Collector, over
// OTLP/HTTP, in turns, by processor time of the process that takes them.
//
//   otlp_metrics_bench [--json] [--rounds N] [--only TEXT] [--agent PROGRAM] [--collector PROGRAM] [--folder FOLDER]
//
// Checks that the scraped total is what was sent.
#include <cmath>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/intake.h"
#include "agent/receivers/otlp.h"
#include "tests/bench/harness.h"
#include "tests/bench/peer_run.h"
#include "tests/bench/point_traffic.h"

namespace {

using namespace tocsin;

std::uint64_t now_ns() { return static_cast<std::uint64_t>(to_unix_ns(SystemClock::instance().now())); }

// Decoding and applying in this process.
class InProcess {
 public:
  explicit InProcess(int series) : traffic_(series, now_ns()), passes_(std::max(1, 200'000 / series)) { pass(); }

  bool round(bench::Timing& timing) {
    double spent = 0;
    bool taken = true;
    for (int i = 0; i < passes_; ++i) {
      traffic_.next();
      const double start = bench::cpu_ns();
      taken = pass() && taken;
      spent += bench::cpu_ns() - start;
    }
    timing.set(bench::rate(traffic_.points() * static_cast<std::uint64_t>(passes_), spent));
    return taken && total() == traffic_.total();
  }

 private:
  bool pass() {
    bool taken = true;
    for (const std::string& body : traffic_.bodies()) {
      const auto answer = receiver_.accept_metrics(body);
      taken = taken && answer && answer->rejected_sum() == 0;
    }
    return taken;
  }
  double total() {
    meters::SnapshotBuilder builder(SystemClock::instance().now());
    intake_.collect(builder);
    const auto snapshot = std::move(builder).finish(1);
    double sum = 0;
    for (const auto& family : snapshot->families)
      for (meters::Row row = 0; row < family->rows(); ++row)
        sum += std::get<meters::Scalars>(family->points).as_double(row);
    return sum;
  }

  bench::PointTraffic traffic_;
  const int passes_;
  agent::Intake intake_{{}, SystemClock::instance()};
  agent::OtlpReceiver receiver_{intake_, {}};
};

// A program that takes points and shows them to a scraper.
struct Subject {
  std::unique_ptr<bench::Program> program;
  bench::Ports ports;
  int passes = 1;  // a round
  std::unique_ptr<bench::PointTraffic> traffic;

  void pass() const {
    bench::HttpConnection connection(ports.http);
    pass(connection);
  }
  void pass(bench::HttpConnection& connection) const {
    for (const std::string& body : traffic->bodies()) connection.post_protobuf("/v1/metrics", body);
  }
  // Over one connection, as a sender keeps it.
  double round() const {
    bench::HttpConnection connection(ports.http);
    double spent = 0;
    for (int i = 0; i < passes; ++i) {
      traffic->next();
      const double start = program->cpu_ns();
      pass(connection);
      spent += program->cpu_ns() - start;
    }
    return bench::rate(traffic->points() * static_cast<std::uint64_t>(passes), spent);
  }
  void check() const {
    bench::await_total(traffic->total(), "points", [&] {
      const std::string text = bench::HttpConnection(ports.scrape).get_and_close("/metrics");
      double total = 0;
      for (int metric = 0; metric < 100; ++metric) total += bench::sum_of(text, "bench_requests_" + std::to_string(metric) + "_total");
      return total;
    });
  }
};

Subject start_agent(const bench::PeerOptions& options) {
  Subject agent;
  agent.program = bench::start_agent(options, agent.ports);
  return agent;
}

Subject start_collector(const bench::PeerOptions& options) {
  Subject collector;
  collector.program = bench::start_collector(
      options, "receivers: {otlp: {protocols: {http: {endpoint: '" + bench::address(collector.ports.http) +
                   "'}}}}\n"
                   "exporters: {prometheus: {endpoint: '" +
                   bench::address(collector.ports.scrape) +
                   "'}}\n"
                   "service:\n  telemetry: {metrics: {level: none}, logs: {level: warn}}\n  pipelines:\n"
                   "    metrics: {receivers: [otlp], exporters: [prometheus]}\n");
  return collector;
}

void against_collector(bench::Bench& bench, const bench::PeerOptions& options, int series, const bench::RowSpec& row) {
  Subject agent = start_agent(options);
  std::optional<Subject> collector;
  if (!options.collector.empty()) collector = start_collector(options);
  agent.passes = std::max(1, 400'000 / series);
  if (collector) collector->passes = std::max(1, 40'000 / series);
  for (Subject* subject : {&agent, collector ? &*collector : nullptr}) {
    if (!subject) continue;
    subject->traffic = std::make_unique<bench::PointTraffic>(series, now_ns());
    subject->pass();  // it listens, and has seen every series
  }
  const auto measure = [](const Subject& subject) {
    return [&subject](bench::Timing& timing) {
      timing.set(subject.round());
      return true;
    };
  };
  bench.compare(row, measure(agent), collector ? bench::Bench::Side(measure(*collector)) : nullptr);
  agent.check();
  if (collector) collector->check();
}

}  // namespace

int main(int argc, char** argv) {
  bench::Bench bench(argc, argv);
  const auto options = bench::PeerOptions::parse(argc, argv, TOCSIN_BINARY_DIR, "otlp_metrics_bench");
  const auto row = [](const char* name, double bar) { return bench::RowSpec{name, "M points/s a core", -bar}; };
  InProcess few(1'000), many(100'000);
  bench.compare(row("OTLP points decoded and applied, 1,000 series", 10), [&](bench::Timing& t) { return few.round(t); });
  bench.compare(row("OTLP points decoded and applied, 100,000 series", 5), [&](bench::Timing& t) { return many.round(t); });
  against_collector(bench, options, 1'000, row("OTLP points over HTTP to the scrape endpoint, 1,000 series", 10));
  against_collector(bench, options, 100'000, row("OTLP points over HTTP to the scrape endpoint, 100,000 series", 5));
  return bench.finish();
}
