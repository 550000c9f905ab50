// SPDX-License-Identifier: Apache-2.0
// PeerRun: what the benchmarks beside a Collector share: their options, an agent and a Collector, and the wait for a total.
//
//   const PeerOptions options = PeerOptions::parse(argc, argv, TOCSIN_BINARY_DIR, "spans_bench");
//   auto program = start_agent(options, Ports{});
//   await_total(sent, "spans", [&] { return sum_of(scraped(), "server_request_total"); });
//
// --agent PROGRAM --collector PROGRAM --folder FOLDER. Threads: one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "tests/bench/program.h"

namespace tocsin::bench {

struct PeerOptions {
  std::string agent, collector, folder;

  // Makes the folder.
  static PeerOptions parse(int argc, char** argv, const std::string& binaries, const std::string& name) {
    PeerOptions options{binaries + "/tocsin", "", binaries + '/' + name};
    for (int i = 1; i + 1 < argc; ++i) {
      const std::string word = argv[i];
      if (word == "--agent") options.agent = argv[i + 1];
      if (word == "--collector") options.collector = argv[i + 1];
      if (word == "--folder") options.folder = argv[i + 1];
    }
    std::filesystem::create_directories(options.folder);
    return options;
  }
};

inline std::string address(std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); }

// Millions a second of processor time.
inline double rate(std::uint64_t done, double cpu_ns) { return static_cast<double>(done) * 1e3 / cpu_ns; }

// Where a program listens.
struct Ports {
  std::uint16_t http = free_port(), grpc = free_port(), scrape = free_port();
};

inline std::unique_ptr<Program> start_agent(const PeerOptions& options, const Ports& ports) {
  std::filesystem::remove_all(options.folder + "/data");
  std::filesystem::create_directories(options.folder + "/data");
  std::ofstream(options.folder + "/tocsin.toml") << "";
  return std::make_unique<Program>(
      std::vector<std::string>{options.agent, "run", "--config", options.folder + "/tocsin.toml", "--data-dir", options.folder + "/data",
                               "--set", "http.listen=" + address(ports.scrape), "--set", "otlp.http_listen=" + address(ports.http), "--set",
                               "otlp.grpc_listen=" + address(ports.grpc), "--set", "statsd.udp_listen="},
      options.folder + "/agent.log");
}

inline std::unique_ptr<Program> start_collector(const PeerOptions& options, const std::string& configuration) {
  const std::string file = options.folder + "/collector.yaml";
  std::ofstream(file) << configuration;
  return std::make_unique<Program>(std::vector<std::string>{options.collector, "--config=" + file}, options.folder + "/collector.log");
}

// What is scraped until it is `wanted`, ten seconds at most; gives up where it never is.
template <class Scraped>
void await_total(double wanted, const std::string& what, const Scraped& scraped) {
  double total = 0;
  for (int attempt = 0; attempt < 100 && total != wanted; ++attempt) {
    if (attempt > 0) std::this_thread::sleep_for(std::chrono::milliseconds(100));  // until it shows what it has
    total = scraped();
  }
  if (total != wanted) give_up(what + ": " + std::to_string(total) + " scraped, " + std::to_string(wanted) + " sent");
}

}  // namespace tocsin::bench
