// SPDX-License-Identifier: Apache-2.0
// Harness: ours and the peer's in one run, in turns, as medians; each row checks its answer.
//
//   Bench bench(argc, argv);
//   bench.compare({"counter add, 1 thread", "ns", 1.5},
//                 [&](Timing& t) { t.run(1, n, [&](std::size_t) { counter.add(); }); return counted() == t.done(); },
//                 [&](Timing& t) { ... });
//   return bench.finish();
//
// --json prints a line a row ({"row", "ours", "peer", "bar", "unit", "met"}); --rounds N; --only TEXT.
// Times are those of the measured threads' own CPU time an operation, so that a machine with fewer cores than threads
// shows contention and not waiting. Costs nothing in what is measured but the loop.
#pragma once

#include <time.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace tocsin::bench {

inline double cpu_ns() noexcept {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

template <class T>
void keep(T& value) noexcept {
  asm volatile("" : "+m"(value) : : "memory");
}

inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0 : values[values.size() / 2];
}

// One side's measurement in one round.
class Timing {
 public:
  // Runs work(i) n times on each of `threads` threads that begin together; notes the time of one, in ns.
  template <class Work>
  void run(std::size_t threads, std::size_t n, Work work) {
    std::atomic<std::size_t> waiting{threads};
    std::vector<double> spent(threads);
    const auto body = [&](std::size_t thread) {
      waiting.fetch_sub(1);
      while (waiting.load() != 0) std::this_thread::yield();
      const double start = cpu_ns();
      for (std::size_t i = 0; i < n; ++i) {
        work(i);
        asm volatile("" : : : "memory");
      }
      spent[thread] = (cpu_ns() - start) / static_cast<double>(n);
    };
    {
      std::vector<std::jthread> others;
      for (std::size_t i = 1; i < threads; ++i) others.emplace_back(body, i);
      body(0);
    }
    for (const double ns : spent) value_ += ns / static_cast<double>(threads);
    done_ += threads * n;
  }
  // For what is not a time.
  void set(double value) noexcept { value_ = value; }
  double value() const noexcept { return value_; }
  std::size_t done() const noexcept { return done_; }

 private:
  double value_ = 0;
  std::size_t done_ = 0;
};

struct RowSpec {
  std::string name;
  std::string unit;
  double bar;  // at most; negative: at least
};

class Bench {
 public:
  using Side = std::function<bool(Timing&)>;  // measures once; false where its answer is wrong

  Bench(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
      const std::string argument = argv[i];
      if (argument == "--json") json_ = true;
      if (argument == "--rounds" && i + 1 < argc) rounds_ = std::max(1, std::atoi(argv[++i]));
      if (argument == "--only" && i + 1 < argc) only_ = argv[++i];
    }
  }

  void compare(const RowSpec& row, const Side& ours, const Side& peer = nullptr) {
    if (row.name.find(only_) == std::string::npos) return;
    std::vector<double> our_values, peer_values;
    for (int round = 0; round < rounds_; ++round) {
      measure(row, ours, our_values);
      if (peer) measure(row, peer, peer_values);
    }
    print(row, median(our_values), peer ? std::optional(median(peer_values)) : std::nullopt);
  }

  // 1 where an answer was wrong; a bar that is missed is told, not failed: machines differ.
  int finish() const { return wrong_ ? 1 : 0; }

 private:
  void measure(const RowSpec& row, const Side& side, std::vector<double>& values) {
    Timing timing;
    if (!side(timing)) {
      std::fprintf(stderr, "%s: wrong answer\n", row.name.c_str());
      wrong_ = true;
    }
    values.push_back(timing.value());
  }

  void print(const RowSpec& row, double ours, std::optional<double> peer) const {
    const bool met = row.bar < 0 ? ours >= -row.bar : ours <= row.bar;
    if (json_) {
      std::printf("{\"row\":\"%s\",\"ours\":%.4g,\"peer\":%s,\"bar\":%.4g,\"unit\":\"%s\",\"met\":%s}\n", row.name.c_str(),
                  ours, peer ? number(*peer).c_str() : "null", std::abs(row.bar), row.unit.c_str(), met ? "true" : "false");
    } else {
      std::printf("%-64s %10s %-4s  bar %8s  peer %10s  %s\n", row.name.c_str(), number(ours).c_str(), row.unit.c_str(),
                  number(std::abs(row.bar)).c_str(), peer ? number(*peer).c_str() : "-", met ? "" : "MISSED");
    }
    std::fflush(stdout);
  }

  static std::string number(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.4g", value);
    return text;
  }

  bool json_ = false, wrong_ = false;
  int rounds_ = 11;
  std::string only_;
};

}  // namespace tocsin::bench
