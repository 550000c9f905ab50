// SPDX-License-Identifier: Apache-2.0
// The window under product.md's load: 100,000 counter series, 2 h at 15 s, counters that grow as requests come (Poisson, a
// fifth of them idle). Resident bytes are those of this whole process, the series' own label table among them. There is no
// peer in this run: product.md has Prometheus' figures.
//
// Checks that samples come back as they went in.
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "rules/window.h"
#include "tests/bench/harness.h"

namespace {

using namespace tocsin;
using namespace std::chrono_literals;

constexpr std::size_t kSeries = 100'000;
constexpr std::int64_t kStartMs = 1'700'000'000'000, kStepMs = 15'000;
constexpr int kTicks = 480;

double resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  double total = 0, resident = 0;
  statm >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

class Fleet {
 public:
  Fleet() {
    for (const char* name : {"server_name", "func", "ret", "server_host"}) table_.add_column({name, name});
    std::vector<meters::ValueId> ids(4);
    for (std::size_t i = 0; i < kSeries; ++i) {
      const std::string texts[] = {"service-" + std::to_string(i % 50), "GET /api/v1/resource/" + std::to_string(i / 50 % 100),
                                   std::to_string(i / 5'000 % 4 * 100), "host-" + std::to_string(i / 20'000)};
      for (std::size_t c = 0; c < 4; ++c) ids[c] = table_.intern(c, texts[c], meters::LabelType::String);
      table_.find_or_append(ids);
      rates_.push_back(i % 5 == 0 ? 0 : 1 << (i % 11));
    }
    family_.descriptor = std::make_shared<const meters::Descriptor>(
        meters::Descriptor{"server_request_total", "server_request_total", "{request}", "", meters::Kind::Counter});
    auto origin = std::make_shared<meters::Origin>();
    origin->resource = std::make_shared<const meters::Resource>();
    family_.origin = origin;
    family_.labels = table_.view();
    family_.states.assign(kSeries, meters::RowState::Live);
    family_.start_ns.assign(kSeries, kStartMs * 1'000'000);
    family_.points = meters::Scalars{meters::NumberType::Integer, std::vector<std::uint64_t>(kSeries)};
  }

  std::shared_ptr<const meters::Snapshot> next() {
    now_ms_ += kStepMs;
    auto& bits = std::get<meters::Scalars>(family_.points).bits;
    for (std::size_t i = 0; i < kSeries; ++i) {
      if (rates_[i] == 0) continue;
      // A Poisson number of its mean and width, cheaply.
      const double mean = rates_[i];
      const double grown = mean + std::sqrt(mean) * normal_(random_);
      bits[i] += grown > 0 ? static_cast<std::uint64_t>(grown) : 0;
    }
    meters::SnapshotBuilder builder(from_unix_ns(now_ms_ * 1'000'000));
    builder.add(family_);
    return std::move(builder).finish(++sequence_);
  }

  std::int64_t now_ms() const { return now_ms_; }
  double value(std::size_t row) const { return std::get<meters::Scalars>(family_.points).as_double(static_cast<meters::Row>(row)); }
  double sum() const {
    double sum = 0;
    for (std::size_t i = 0; i < kSeries; ++i) sum += value(i);
    return sum;
  }

 private:
  meters::LabelSetTable table_;
  meters::Family family_;
  std::vector<double> rates_;
  std::mt19937 random_{1};
  std::normal_distribution<double> normal_;
  std::int64_t now_ms_ = kStartMs;
  std::uint64_t sequence_ = 0;
};

std::vector<rules::promql::SeriesRow> all_rows(const rules::WindowView& view, std::int64_t from_ms, std::int64_t to_ms) {
  const std::vector matchers{*rules::promql::Matcher::make("__name__", rules::promql::MatchType::Equal, "server_request_total")};
  return *view.select(matchers, {from_ms, to_ms});
}

}  // namespace

int main(int argc, char** argv) {
  bench::Bench bench(argc, argv);
  const double before = resident_bytes();
  Fleet fleet;
  rules::Window window({});
  double append_ns = 0, worst_ns = 0;
  for (int tick = 0; tick < kTicks; ++tick) {
    const auto snapshot = fleet.next();
    const double start = bench::cpu_ns();
    window.append(*snapshot);
    const double spent = bench::cpu_ns() - start;
    append_ns += spent;
    if (tick > 0) worst_ns = std::max(worst_ns, spent);
    (void)window.view();
  }
  const double resident = resident_bytes();
  bench.compare({"window: 100,000 series, 2 h at 15 s, resident", "MB", 130}, [&](bench::Timing& t) {
    t.set(resident / 1e6);
    return resident > before;
  });
  bench.compare({"window: what it says it holds", "MB", 130}, [&](bench::Timing& t) {
    t.set(static_cast<double>(window.stats().bytes) / 1e6);
    return window.stats().series == kSeries;
  });
  bench.compare({"window: append of a sample", "ns", 40}, [&](bench::Timing& t) {
    t.set(append_ns / kTicks / static_cast<double>(kSeries));
    return true;
  });
  bench.compare({"window: the slowest tick of 100,000 series", "ms", 20}, [&](bench::Timing& t) {
    t.set(worst_ns / 1e6);
    return true;
  });

  const auto view = window.view();
  const std::int64_t now = fleet.now_ms();
  rules::promql::Block block;
  const auto read = [&](bench::Timing& timing, std::int64_t from_ms, std::size_t samples) {
    const double start = bench::cpu_ns();
    const auto rows = all_rows(*view, from_ms, now);
    double newest = 0;
    std::size_t seen = 0;
    for (std::size_t first = 0; first < rows.size(); first += 1024) {
      const auto some = std::span(rows).subspan(first, std::min<std::size_t>(1024, rows.size() - first));
      if (!view->read(some, {from_ms, now}, block)) return false;
      seen += block.values.size();
      for (const std::uint32_t end : block.ends) newest += block.values[end - 1];
    }
    timing.set((bench::cpu_ns() - start) / 1e6);
    return rows.size() == kSeries && seen == kSeries * samples && newest == fleet.sum();
  };
  bench.compare({"window: select and read the last minute of 100,000 series", "ms", 2},
                [&](bench::Timing& t) { return read(t, now - 60'000 + 1, 4); });
  bench.compare({"window: select and read the last 5 minutes of 100,000 series", "ms", 10},
                [&](bench::Timing& t) { return read(t, now - 300'000 + 1, 20); });
  bench.compare({"window: select and read the last 2 h of 100,000 series", "ms", 400},
                [&](bench::Timing& t) { return read(t, now - 7'200'000 + kStepMs, 480); });
  return bench.finish();
}
