// SPDX-License-Identifier: Apache-2.0
// Spans into request meters: batches of 1,000 spans of 250 to 260 B, by processor time of the process that takes them. First
// decoding and counting alone, then the agent over OTLP/HTTP and OTLP/gRPC beside a Collector with the spanmetrics
// connector, in turns.
//
//   spans_bench [--json] [--rounds N] [--only TEXT] [--agent PROGRAM] [--collector PROGRAM] [--folder FOLDER]
//
// Checks that every span was counted, once.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/bench/harness.h"
#include "tests/bench/peer_run.h"
#include "tests/bench/span_traffic.h"
#include "traces/span_meters.h"
#include "wire/grpc_client.h"
#include "wire/otlp_spans.h"

namespace {

using namespace tocsin;

constexpr std::uint32_t kBodies = 200;

// Decoding and counting in this process; what the sums must be is known.
class InProcess {
 public:
  explicit InProcess(const bench::SpanTraffic& traffic) : traffic_(traffic) {}

  bool round(bench::Timing& timing) {
    const double start = bench::cpu_ns();
    for (const std::string& body : traffic_.bodies()) {
      if (!decoder_.decode(body, batch_)) return false;
      span_meters_.apply(batch_);
    }
    timing.set(bench::rate(traffic_.spans(), bench::cpu_ns() - start));
    ++rounds_;
    return counted();
  }

 private:
  bool counted() {
    meters::SnapshotBuilder builder(SystemClock::instance().now());
    span_meters_.collect(builder);
    const auto snapshot = std::move(builder).finish(1);
    double total = 0, microseconds = 0;
    for (const auto& family : snapshot->families) {
      if (const auto* scalars = std::get_if<meters::Scalars>(&family->points))
        for (meters::Row row = 0; row < family->rows(); ++row) total += scalars->as_double(row);
      else
        for (const double sum : std::get<meters::Histograms>(family->points).sums) microseconds += sum;
    }
    return total == static_cast<double>(traffic_.spans()) * rounds_ &&
           std::abs(microseconds / (traffic_.microseconds() * rounds_) - 1) < 1e-9;
  }

  const bench::SpanTraffic& traffic_;
  wire::SpanDecoder decoder_;
  traces::SpanMeters span_meters_{SystemClock::instance(), {}};
  traces::SpanBatch batch_;
  int rounds_ = 0;
};

enum class Transport { Http, Grpc };

// A program that takes spans and shows counts to a scraper.
struct Subject {
  std::unique_ptr<bench::Program> program = nullptr;
  bench::Ports ports = {};
  std::string counter;
  int passes = 1;  // over the bodies, a round
  std::uint64_t sent = 0;

  void send_http(const bench::SpanTraffic& traffic) const {
    bench::HttpConnection connection(ports.http);
    for (int pass = 0; pass < passes; ++pass)
      for (const std::string& body : traffic.bodies()) connection.post_protobuf("/v1/traces", body);
  }
  void send_grpc(const bench::SpanTraffic& traffic) const {
    auto client = wire::GrpcClient::make({.target = "127.0.0.1:" + std::to_string(ports.grpc)});
    if (!client) bench::give_up(client.error().message);
    for (int pass = 0; pass < passes; ++pass)
      for (const std::string& body : traffic.bodies()) {
        std::promise<std::string> answer;
        (*client)->call({.method = "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
                         .message = std::make_shared<const std::string>(body)},
                        [&](Result<wire::GrpcResult> result) {
                          answer.set_value(!result               ? result.error().message
                                           : result->status.ok() ? std::string()
                                                                 : "refused: " + result->status.message);
                        });
        if (const std::string fault = answer.get_future().get(); !fault.empty()) bench::give_up(fault);
      }
  }
  double round(const bench::SpanTraffic& traffic, Transport transport) {
    const double start = program->cpu_ns();
    transport == Transport::Http ? send_http(traffic) : send_grpc(traffic);
    const std::uint64_t spans = traffic.spans() * static_cast<std::uint64_t>(passes);
    sent += spans;
    return bench::rate(spans, program->cpu_ns() - start);
  }
  void check() const {
    bench::await_total(static_cast<double>(sent), counter,
                       [&] { return bench::sum_of(bench::HttpConnection(ports.scrape).get_and_close("/metrics"), counter); });
  }
};

Subject start_agent(const bench::PeerOptions& options) {
  Subject agent{.counter = "server_request_total", .passes = 4};
  agent.program = bench::start_agent(options, agent.ports);
  return agent;
}

Subject start_collector(const bench::PeerOptions& options) {
  Subject collector{.counter = "traces_span_metrics_calls_total"};
  collector.program = bench::start_collector(
      options, "receivers: {otlp: {protocols: {http: {endpoint: '" + bench::address(collector.ports.http) + "'}, grpc: {endpoint: '" +
                   bench::address(collector.ports.grpc) +
                   "'}}}}\n"
                   "connectors: {spanmetrics: {metrics_flush_interval: 1s, exemplars: {enabled: true}}}\n"
                   "exporters: {prometheus: {endpoint: '" +
                   bench::address(collector.ports.scrape) +
                   "'}}\n"
                   "service:\n  telemetry: {metrics: {level: none}, logs: {level: warn}}\n  pipelines:\n"
                   "    traces: {receivers: [otlp], exporters: [spanmetrics]}\n"
                   "    metrics: {receivers: [spanmetrics], exporters: [prometheus]}\n");
  return collector;
}

void against_collector(bench::Bench& bench, const bench::PeerOptions& options, const bench::SpanTraffic& traffic,
                       Transport transport, const bench::RowSpec& row) {
  Subject agent = start_agent(options);
  std::optional<Subject> collector;
  if (!options.collector.empty()) collector = start_collector(options);
  for (Subject* subject : {&agent, collector ? &*collector : nullptr}) {
    if (!subject) continue;
    bench::HttpConnection(subject->ports.http).post_protobuf("/v1/traces", "");  // it listens
    subject->round(traffic, transport);                                          // until everything was seen once
  }
  const auto measure = [&](Subject& subject) {
    return [&](bench::Timing& timing) {
      timing.set(subject.round(traffic, transport));
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
  const auto options = bench::PeerOptions::parse(argc, argv, TOCSIN_BINARY_DIR, "spans_bench");
  const auto now = static_cast<std::uint64_t>(to_unix_ns(SystemClock::instance().now()));
  const bench::SpanTraffic few(100, 1000, kBodies, now), many(5000, 1000, kBodies, now);
  const auto row = [](const char* name, double bar) { return bench::RowSpec{name, "M spans/s a core", -bar}; };
  InProcess few_here(few), many_here(many);
  bench.compare(row("spans decoded and counted, 100 series", 5), [&](bench::Timing& t) { return few_here.round(t); });
  bench.compare(row("spans decoded and counted, 5,000 series", 3), [&](bench::Timing& t) { return many_here.round(t); });
  against_collector(bench, options, few, Transport::Http, row("spans over OTLP/HTTP, 100 series", 5));
  against_collector(bench, options, many, Transport::Http, row("spans over OTLP/HTTP, 5,000 series", 3));
  against_collector(bench, options, few, Transport::Grpc, row("spans over OTLP/gRPC, 100 series", 3));
  return bench.finish();
}
