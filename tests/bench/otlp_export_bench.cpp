// SPDX-License-Identifier: Apache-2.0
// What one series costs on its way out by OTLP and by remote write: a Snapshot of 200,000 series with three labels as requests. There is no
// peer in this run: no C++ SDK is packaged. tests/e2e compares values with the Collector and Prometheus.
#include <array>
#include <bit>
#include <memory>
#include <string>
#include <vector>

#include "exporters/otlp_encode.h"
#include "exporters/remote_write.h"
#include "meters/flow.h"
#include "tests/bench/harness.h"
#include "wire/otlp_json.h"

namespace {

using namespace tocsin;
using exporters::OtlpEncodeOptions;
using exporters::OtlpEncoder;
using exporters::OtlpTemporality;

constexpr int kSeries = 200'000;
constexpr std::size_t kBuckets = 15;

std::array<std::string, 3> labels_of(int i) {
  return {"GET /api/v1/resource/" + std::to_string(i % 500), "instance-" + std::to_string(i / 2'000),
          std::to_string(i / 500 % 4)};
}

class Traffic {
 public:
  Traffic(bool histograms, int series) : histograms_(histograms) {
    for (int i = 0; i < series; ++i) {
      const auto labels = labels_of(i);
      std::array<meters::ValueId, 3> ids{};
      for (std::size_t c = 0; c < 3; ++c) ids[c] = table_.intern(c, labels[c], meters::LabelType::String);
      table_.find_or_append(ids);
    }
    auto origin = std::make_shared<meters::Origin>();
    auto resource = std::make_shared<meters::Resource>();
    resource->attributes = {{"service.name", "shop"}};
    origin->resource = resource;
    origin_ = std::move(origin);
    descriptor_ = std::make_shared<meters::Descriptor>(
        meters::Descriptor{"server_request_total", "server_request_total", "{request}", "Requests.",
                           histograms ? meters::Kind::Histogram : meters::Kind::Counter});
    std::vector<double> bounds;
    for (std::size_t i = 1; i < kBuckets + 1; ++i) bounds.push_back(static_cast<double>(i) * 100);
    bounds_ = std::make_shared<const std::vector<double>>(std::move(bounds));
  }

  // Every value one larger than in the Snapshot before.
  std::shared_ptr<const meters::Snapshot> next() {
    ++round_;
    meters::Family family;
    family.descriptor = descriptor_;
    family.origin = origin_;
    family.labels = table_.view();
    family.states.assign(table_.rows(), meters::RowState::Live);
    family.start_ns.assign(table_.rows(), 1'700'000'000'000'000'000);
    if (histograms_) {
      meters::Histograms points;
      points.bounds = bounds_;
      points.counts.assign(table_.rows() * (kBuckets + 1), round_);
      points.sums.assign(table_.rows(), static_cast<double>(round_) * 1'000);
      family.points = std::move(points);
    } else {
      meters::Scalars points{meters::NumberType::Integer, {}};
      for (std::uint32_t row = 0; row < table_.rows(); ++row) points.bits.push_back(row + round_);
      family.points = std::move(points);
    }
    meters::SnapshotBuilder builder(from_unix_ns(1'700'000'000'000'000'000 + static_cast<std::int64_t>(round_) * 15'000'000'000));
    builder.add(std::move(family));
    return std::move(builder).finish(round_);
  }

 private:
  const bool histograms_;
  meters::LabelSetTable table_{{{"func", "func"}, {"server_name", "server_name"}, {"ret", "ret"}}};
  std::shared_ptr<const meters::Origin> origin_;
  std::shared_ptr<const meters::Descriptor> descriptor_;
  std::shared_ptr<const std::vector<double>> bounds_;
  std::uint64_t round_ = 0;
};

// Encodes all of a Snapshot; the time is that of one series.
bool encode(bench::Timing& timing, exporters::MetricsEncoder& encoder, const std::shared_ptr<const meters::Snapshot>& snapshot, int series) {
  std::uint64_t points = 0;
  std::size_t bytes = 0;
  const double begin = bench::cpu_ns();
  encoder.load({snapshot});
  while (const auto request = encoder.next(SIZE_MAX)) {
    points += request->points;
    bytes += request->body.size();
    encoder.acknowledge(*request);
  }
  timing.set((bench::cpu_ns() - begin) / series);
  return points == static_cast<std::uint64_t>(series) && bytes > static_cast<std::size_t>(series) * 40;
}

OtlpEncodeOptions options_of(OtlpTemporality temporality) {
  OtlpEncodeOptions options;
  options.temporality = temporality;
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  bench::Bench bench(argc, argv);
  Traffic counters(false, kSeries), histograms(true, kSeries / 10);
  OtlpEncoder cumulative({}), delta(options_of(OtlpTemporality::Delta)), buckets({});
  bench.compare({"OTLP out: a counter series, 3 labels", "ns", 150},
                [&](bench::Timing& t) { return encode(t, cumulative, counters.next(), kSeries); });
  bench.compare({"OTLP out: a counter series as delta", "ns", 250},
                [&](bench::Timing& t) { return encode(t, delta, counters.next(), kSeries); });
  bench.compare({"OTLP out: a histogram series, 15 bounds", "ns", 400},
                [&](bench::Timing& t) { return encode(t, buckets, histograms.next(), kSeries / 10); });
  bench.compare({"OTLP out: state for deltas, bytes a counter series", "B", 48}, [&](bench::Timing& t) {
    t.set(static_cast<double>(delta.state_bytes()) / kSeries);
    return delta.state_bytes() > 0;
  });
  bench.compare({"OTLP/JSON out: a counter series", "ns", 1'500}, [&](bench::Timing& t) {
    cumulative.load({counters.next()});
    const auto request = cumulative.next();
    const double begin = bench::cpu_ns();
    const auto json = wire::protobuf_to_json(request->body, wire::OtlpMessage::MetricsRequest);
    t.set((bench::cpu_ns() - begin) / static_cast<double>(request->points));
    return json.ok() && json->size() > request->body.size();
  });
  const auto write = exporters::make_remote_write_encoder({});
  bench.compare({"remote write out: a counter series, 3 labels", "ns", 1'500},
                [&](bench::Timing& t) { return encode(t, *write, counters.next(), kSeries); });
  return bench.finish();
}
