// SPDX-License-Identifier: Apache-2.0
// What one series costs in each exposition format, values and labels not in cache: 200,000 series with three labels,
// against prometheus-cpp's TextSerializer over the same series.
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <bit>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "exporters/negotiation.h"
#include "meters/flow.h"
#include "tests/bench/harness.h"

namespace {

using namespace tocsin;

constexpr int kSeries = 200'000;

enum class Labels { Shared, OneUnique };

std::array<std::string, 3> labels_of(int i, Labels labels) {
  return {"GET /api/v1/resource/" + std::to_string(i % 500), "instance-" + std::to_string(i / 2'000),
          labels == Labels::Shared ? std::to_string(i / 500 % 4) : "id-" + std::to_string(i)};
}

std::shared_ptr<const meters::Snapshot> ours(const std::vector<double>& values, meters::NumberType type, Labels kind) {
  meters::LabelSetTable table({{"func", "func"}, {"server_name", "server_name"}, {"ret", "ret"}});
  meters::Scalars points{type, {}};
  for (int i = 0; i < kSeries; ++i) {
    const auto labels = labels_of(i, kind);
    std::array<meters::ValueId, 3> ids{};
    for (std::size_t c = 0; c < 3; ++c) ids[c] = table.intern(c, labels[c], meters::LabelType::String);
    table.find_or_append(ids);
    points.bits.push_back(type == meters::NumberType::Integer
                              ? std::bit_cast<std::uint64_t>(static_cast<std::int64_t>(values[i]))
                              : std::bit_cast<std::uint64_t>(values[i]));
  }
  auto origin = std::make_shared<meters::Origin>();
  origin->resource = std::make_shared<meters::Resource>();
  meters::Family family;
  family.descriptor = std::make_shared<meters::Descriptor>(
      meters::Descriptor{"server_request", "server_request_total", "{request}", "Requests.", meters::Kind::Counter});
  family.origin = origin;
  family.labels = table.view();
  family.states.assign(table.rows(), meters::RowState::Live);
  family.points = std::move(points);
  meters::SnapshotBuilder builder(from_unix_ns(1));
  builder.add(std::move(family));
  return std::move(builder).finish(1);
}

std::vector<prometheus::MetricFamily> theirs(const std::vector<double>& values, Labels kind) {
  prometheus::MetricFamily family;
  family.name = "server_request_total";
  family.help = "Requests.";
  family.type = prometheus::MetricType::Counter;
  for (int i = 0; i < kSeries; ++i) {
    const auto labels = labels_of(i, kind);
    prometheus::ClientMetric metric;
    metric.label = {{"func", labels[0]}, {"server_name", labels[1]}, {"ret", labels[2]}};
    metric.counter.value = values[i];
    family.metric.push_back(std::move(metric));
  }
  return {family};
}

// Other memory is walked between rounds, so that neither side finds its data in cache.
void cool() {
  static std::vector<std::uint64_t> other(16 << 20);
  for (std::size_t i = 0; i < other.size(); i += 8) ++other[i];
}

template <class Work>
bool measure(bench::Timing& timing, const Work& work) {
  cool();
  const double start = bench::cpu_ns();
  const bool right = work();
  timing.set((bench::cpu_ns() - start) / kSeries);
  return right;
}

bool encode_all(exporters::Format format, const meters::Snapshot& snapshot) {
  const auto report = exporters::encode(format, snapshot, {}, [](std::string_view block) {
    bench::keep(block);
    return true;
  });
  return report.rows == kSeries && report.left_out() == 0 && report.complete;
}

bool serialize_all(const std::vector<prometheus::MetricFamily>& families) {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families);
  return out.tellp() > 10 * kSeries;
}

// The bar of product.md is for text; the other formats and label sets have bars of their own, to be noticed.
void run(bench::Bench& bench, const std::string& what, meters::NumberType type, Labels labels, double bar) {
  std::mt19937_64 random(7);
  std::vector<double> values(kSeries);
  for (double& value : values)
    value = type == meters::NumberType::Integer ? static_cast<double>(random() % 100'000'000)
                                                : static_cast<double>(random()) / 3e13;
  const auto snapshot = ours(values, type, labels);
  const auto families = theirs(values, labels);
  const auto row = [&](const char* name, exporters::Format format, double limit) {
    bench.compare(
        {"exposition of a series, " + what + ", " + name, "ns", limit},
        [&](bench::Timing& t) { return measure(t, [&] { return encode_all(format, *snapshot); }); },
        [&](bench::Timing& t) { return measure(t, [&] { return serialize_all(families); }); });
  };
  row("text", exporters::Format::Text, bar);
  if (labels != Labels::Shared) return;
  row("OpenMetrics", exporters::Format::OpenMetrics, bar);
  row("protobuf", exporters::Format::Protobuf, 3 * bar);
}

}  // namespace

int main(int argc, char** argv) {
  bench::Bench bench(argc, argv);
  run(bench, "integers", meters::NumberType::Integer, Labels::Shared, 40);
  run(bench, "doubles", meters::NumberType::Double, Labels::Shared, 65);
  run(bench, "integers, a label unique", meters::NumberType::Integer, Labels::OneUnique, 40);
  return bench.finish();
}
