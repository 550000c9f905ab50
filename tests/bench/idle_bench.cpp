// SPDX-License-Identifier: Apache-2.0
// What the agent costs where nothing happens: memory and processor time, with every default listener open, beside a
// Collector that listens for OTLP and serves a scrape endpoint.
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>

#include "tests/bench/harness.h"
#include "tests/bench/program.h"

namespace {

using namespace tocsin;

constexpr auto kSettle = std::chrono::seconds(3), kIdle = std::chrono::seconds(3);

struct Options {
  std::string agent, collector, folder = "idle_bench";
};

std::string address(std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); }

std::unique_ptr<bench::Program> start_agent(const Options& options) {
  const std::uint16_t http = bench::free_port(), otlp = bench::free_port(), grpc = bench::free_port();
  std::ofstream(options.folder + "/tocsin.toml") << "";
  auto program = std::make_unique<bench::Program>(
      std::vector<std::string>{options.agent, "run", "--config", options.folder + "/tocsin.toml", "--data-dir",
                               options.folder + "/data", "--set", "http.listen=" + address(http), "--set",
                               "otlp.http_listen=" + address(otlp), "--set", "otlp.grpc_listen=" + address(grpc), "--set",
                               "statsd.udp_listen=127.0.0.1:0"},
      options.folder + "/agent.log");
  const std::string ready = bench::HttpConnection(http).get_and_close("/-/ready");
  if (ready.find(" 200 ") == std::string::npos) bench::give_up("the agent is not ready: " + ready);
  return program;
}

std::unique_ptr<bench::Program> start_collector(const Options& options) {
  const std::uint16_t otlp = bench::free_port();
  const std::string file = options.folder + "/collector.yaml";
  std::ofstream(file) << "receivers: {otlp: {protocols: {http: {endpoint: '" << address(otlp) << "'}, grpc: {endpoint: '"
                      << address(bench::free_port()) << "'}}}}\n"
                      << "exporters: {prometheus: {endpoint: '" << address(bench::free_port()) << "'}}\n"
                      << "service:\n  telemetry: {metrics: {level: none}, logs: {level: warn}}\n  pipelines:\n"
                      << "    metrics: {receivers: [otlp], exporters: [prometheus]}\n";
  auto program = std::make_unique<bench::Program>(std::vector<std::string>{options.collector, "--config=" + file},
                                                  options.folder + "/collector.log");
  bench::HttpConnection(otlp).post_protobuf("/v1/metrics", "");
  return program;
}

bench::Bench::Side resident(const bench::Program& program) {
  return [&](bench::Timing& timing) {
    timing.set(program.resident_mib());
    return timing.value() > 1;
  };
}

bench::Bench::Side share_of_a_core(const bench::Program& program) {
  return [&](bench::Timing& timing) {
    const double before = program.cpu_ns();
    std::this_thread::sleep_for(kIdle);
    timing.set((program.cpu_ns() - before) / std::chrono::duration<double, std::nano>(kIdle).count() * 100);
    return true;
  };
}

}  // namespace

int main(int argc, char** argv) {
  bench::Bench bench(argc, argv);
  Options options;
  for (int i = 1; i + 1 < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--agent") options.agent = argv[i + 1];
    if (word == "--collector") options.collector = argv[i + 1];
    if (word == "--folder") options.folder = argv[i + 1];
  }
  std::filesystem::create_directories(options.folder);
  const auto agent = start_agent(options);
  const auto collector = options.collector.empty() ? nullptr : start_collector(options);
  std::this_thread::sleep_for(kSettle);
  bench.compare({"idle agent, resident memory", "MiB", 20}, resident(*agent),
                collector ? resident(*collector) : bench::Bench::Side());
  // No peer: a Collector without telemetry of its own has no tick and does nothing at all.
  bench.compare({"idle agent, share of a core", "%", 0.2}, share_of_a_core(*agent));
  return bench.finish();
}
