// SPDX-License-Identifier: Apache-2.0
// The instruments beside prometheus-cpp's (Debian's package): the rows of product.md's table that meters/ answers for.
#include <malloc.h>
#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <fstream>
#include <memory>

#include "meters/registry.h"
#include "meters/request_meters.h"
#include "tests/bench/harness.h"

namespace {

using namespace tocsin::meters;
using tocsin::bench::Bench;
using tocsin::bench::Timing;

constexpr std::string_view kLinked = TOCSIN_BENCH_LINKED;  // given by CMakeLists.txt: this is built twice
constexpr double kAddBar = kLinked == "in a program" ? 1.5 : 3, kObserveBar = 5, kScopeBar = 100;

std::string named(std::string_view what) { return std::string(what) + ", " + std::string(kLinked); }

double collected(Source& source, std::string_view name) {
  SnapshotBuilder builder{tocsin::Time{}};
  source.collect(builder);
  const auto snapshot = std::move(builder).finish(1);
  double total = 0;
  for (const auto& family : snapshot->families) {
    if (family->descriptor->prometheus_name != name) continue;
    if (const auto* scalars = std::get_if<Scalars>(&family->points))
      for (Row row = 0; row < family->rows(); ++row) total += scalars->as_double(row);
    if (const auto* histograms = std::get_if<Histograms>(&family->points))
      for (Row row = 0; row < family->rows(); ++row) total += static_cast<double>(histograms->count(row));
  }
  return total;
}

void counter_add(Bench& bench, std::size_t threads) {
  constexpr std::size_t kAdds = 5'000'000;
  bench.compare({named("counter add, bound handle, " + std::to_string(threads) + " threads"), "ns", kAddBar},
                [&](Timing& timing) {
                  Registry registry;
                  const Counter counter = registry.counter({.name = "c_total", .labels = {"x"}}).value().with({"1"});
                  timing.run(threads, kAdds, [&](std::size_t) { counter.add(); });
                  return collected(registry, "c_total") == static_cast<double>(timing.done());
                },
                [&](Timing& timing) {
                  prometheus::Registry registry;
                  auto& counter = prometheus::BuildCounter().Name("c_total").Register(registry).Add({{"x", "1"}});
                  timing.run(threads, kAdds / 5, [&](std::size_t) { counter.Increment(); });
                  return counter.Value() == static_cast<double>(timing.done());
                });
}

// Values that fall into every bucket, in an order the branch predictor does not learn.
std::vector<double> latencies() {
  std::vector<double> values;
  std::uint64_t state = 88172645463325252ULL;
  for (int i = 0; i < 4096; ++i) {
    state ^= state << 13U;
    state ^= state >> 7U;
    state ^= state << 17U;
    values.push_back(static_cast<double>(state % 12'000));
  }
  return values;
}

void histogram_observe(Bench& bench, std::size_t threads) {
  constexpr std::size_t kObservations = 3'000'000;
  const std::vector<double> values = latencies();
  bench.compare({named("histogram observe, 15 bounds, " + std::to_string(threads) + " threads"), "ns", kObserveBar},
                [&](Timing& timing) {
                  Registry registry;
                  const Histogram histogram = registry.histogram({.name = "h"}).value().with({});
                  timing.run(threads, kObservations, [&](std::size_t i) { histogram.observe(values[i % 4096]); });
                  return collected(registry, "h") == static_cast<double>(timing.done());
                },
                [&](Timing& timing) {
                  prometheus::Registry registry;
                  auto& histogram = prometheus::BuildHistogram().Name("h").Register(registry).Add(
                      {}, prometheus::Histogram::BucketBoundaries(std::begin(kDefaultBounds), std::end(kDefaultBounds)));
                  timing.run(threads, kObservations / 5, [&](std::size_t i) { histogram.Observe(values[i % 4096]); });
                  return histogram.Collect().histogram.sample_count == timing.done();
                });
}

void native_observe(Bench& bench) {
  const std::vector<double> values = latencies();
  bench.compare({named("histogram observe, classic and native"), "ns", 20}, [&](Timing& timing) {
    Registry registry;
    const auto meter = registry.histogram({.name = "h"}, {.native = true}).value();
    const Histogram histogram = meter.with({});
    timing.run(1, 3'000'000, [&](std::size_t i) { histogram.observe(values[i % 4096]); });
    return collected(registry, "h") == static_cast<double>(timing.done());
  });
}

void request_scope(Bench& bench) {
  bench.compare({named("request scope: clocks, counter, histograms, in flight"), "ns", kScopeBar}, [&](Timing& timing) {
    Registry registry;
    const RequestMeters meters = RequestMeters::make(registry, {.server_name = "shop"}).value();
    const RequestFunc func = meters.func("GET /items");
    timing.run(1, 1'000'000, [&](std::size_t) {
      Request request(func);
      request.succeed();
    });
    return collected(registry, "server_request_total") == static_cast<double>(timing.done()) &&
           collected(registry, "server_request_time_microseconds") == static_cast<double>(timing.done()) &&
           collected(registry, "server_conc") == 0;
  });
}

// `series` label sets of three labels, as a service has them: every combination of a few texts each.
struct LabelTexts {
  explicit LabelTexts(std::size_t count) : series(count) {
    for (std::size_t i = 0; i < 10; ++i) servers.push_back("server" + std::to_string(i));
    for (std::size_t i = 0; i < count / 20; ++i) funcs.push_back("GET /api/v1/func" + std::to_string(i));
  }
  std::array<std::string_view, 3> operator[](std::size_t i) const { return at(place(i)); }

  struct Place {
    std::uint16_t server, func, status;
  };
  Place place(std::size_t i) const {
    return {static_cast<std::uint16_t>(i % 10), static_cast<std::uint16_t>(i / 20), static_cast<std::uint16_t>(i / 10 % 2)};
  }
  std::array<std::string_view, 3> at(Place place) const {
    return {servers[place.server], funcs[place.func], place.status != 0 ? "ok" : "failed"};
  }
  double bytes() const {
    double total = 8;
    for (const std::string& text : servers) total += static_cast<double>(text.size());
    for (const std::string& text : funcs) total += static_cast<double>(text.size());
    return total;
  }
  std::size_t series;
  std::vector<std::string> servers, funcs;
};

prometheus::Labels peer_labels(const std::array<std::string_view, 3>& set) {
  return {{"server", std::string(set[0])}, {"func", std::string(set[1])}, {"status", std::string(set[2])}};
}

void add_by_labels(Bench& bench, std::size_t series, double bar) {
  constexpr std::size_t kAdds = 2'000'000;
  const LabelTexts sets(series);
  std::vector<LabelTexts::Place> order;
  for (std::size_t i = 0; i < 1U << 16U; ++i) order.push_back(sets.place((i * 2'654'435'761U >> 7U) % series));
  bench.compare({named("add with three labels by value, " + std::to_string(series) + " series"), "ns", bar},
                [&](Timing& timing) {
                  Registry registry;
                  const auto meter = registry.counter({.name = "c_total", .labels = {"server", "func", "status"}, .max_series = 20'000}).value();
                  for (std::size_t i = 0; i < series; ++i) meter.declare(sets[i]);
                  timing.run(1, kAdds, [&](std::size_t i) {
                    const LabelTexts::Place at = order[i & 0xFFFFU];
                    meter.add({sets.servers[at.server], sets.funcs[at.func], at.status != 0 ? "ok" : "failed"});
                  });
                  return collected(registry, "c_total") == static_cast<double>(timing.done());
                },
                [&](Timing& timing) {
                  prometheus::Registry registry;
                  auto& family = prometheus::BuildCounter().Name("c_total").Register(registry);
                  for (std::size_t i = 0; i < series; ++i) family.Add(peer_labels(sets[i]));
                  timing.run(1, kAdds / 10, [&](std::size_t i) {
                    family.Add(peer_labels(sets.at(order[i & 0xFFFFU]))).Increment();
                  });
                  double total = 0;
                  for (const auto& family_seen : registry.Collect())
                    for (const auto& metric : family_seen.metric) total += metric.counter.value;
                  return total == static_cast<double>(timing.done());
                });
}

// Resident memory, which has our mappings as well as what malloc gave out.
double resident_bytes() {
  malloc_trim(0);
  std::ifstream status("/proc/self/smaps_rollup");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("Pss_Anon:")) return std::strtod(line.c_str() + 9, nullptr) * 1024;
  return 0;
}

void series_memory(Bench& bench) {
  constexpr std::size_t kSeries = 100'000;
  const LabelTexts sets(kSeries);
  bench.compare({named("memory of a counter series, three labels, besides label text"), "B", 100},
                [&](Timing& timing) {
                  const double before = resident_bytes();
                  const auto registry = std::make_unique<Registry>();
                  const auto meter = registry->counter({.name = "c_total", .labels = {"server", "func", "status"}, .max_series = kSeries}).value();
                  for (std::size_t i = 0; i < kSeries; ++i) meter.record(sets[i], 1);
                  timing.set((resident_bytes() - before - sets.bytes()) / kSeries);
                  return collected(*registry, "c_total") == kSeries;
                },
                [&](Timing& timing) {
                  const double before = resident_bytes();
                  prometheus::Registry registry;
                  auto& family = prometheus::BuildCounter().Name("c_total").Register(registry);
                  for (std::size_t i = 0; i < kSeries; ++i) family.Add(peer_labels(sets[i])).Increment();
                  timing.set((resident_bytes() - before) / kSeries);
                  return registry.Collect()[0].metric.size() == kSeries;
                });
}

}  // namespace

int main(int argc, char** argv) {
  Bench bench(argc, argv);
  series_memory(bench);
  for (const std::size_t threads : {1, 2, 4}) counter_add(bench, threads);
  for (const std::size_t threads : {1, 2}) histogram_observe(bench, threads);
  native_observe(bench);
  request_scope(bench);
  add_by_labels(bench, 1'000, 35);
  add_by_labels(bench, 10'000, 50);
  return bench.finish();
}
