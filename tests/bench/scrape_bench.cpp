// SPDX-License-Identifier: Apache-2.0
// What a scrape costs: parsing each format (100,000 series, as our own endpoint writes them), and from there to the
// window and the intake. No peer: Prometheus' parser is Go; its cost for a whole scrape is measured from outside.
#include <array>
#include <bit>
#include <memory>
#include <string>
#include <vector>

#include "agent/receivers/scrape_series.h"
#include "exporters/negotiation.h"
#include "meters/flow.h"
#include "tests/bench/harness.h"
#include "wire/exposition_parser.h"

namespace {

using namespace tocsin;

constexpr int kSeries = 100'000;

std::shared_ptr<const meters::Snapshot> snapshot() {
  meters::LabelSetTable table({{"func", "func"}, {"server_name", "server_name"}, {"ret", "ret"}});
  meters::Scalars points{meters::NumberType::Double, {}};
  for (int i = 0; i < kSeries; ++i) {
    const std::array<std::string, 3> labels = {"GET /api/v1/resource/" + std::to_string(i % 500),
                                               "instance-" + std::to_string(i / 2'000), std::to_string(i / 500 % 4)};
    std::array<meters::ValueId, 3> ids{};
    for (std::size_t c = 0; c < 3; ++c) ids[c] = table.intern(c, labels[c], meters::LabelType::String);
    table.find_or_append(ids);
    points.bits.push_back(std::bit_cast<std::uint64_t>(static_cast<double>(i) * 1.25));
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

std::string body(exporters::Format format) {
  std::string out;
  const auto source = snapshot();
  exporters::encode(format, *source, {}, [&](std::string_view block) { return out += block, true; });
  return out;
}

bool parse(bench::Timing& timing, wire::ExpositionFormat format, const std::string& body, wire::Exposition& into) {
  const double start = bench::cpu_ns();
  const bool taken = wire::parse_exposition(format, body, into).ok();
  const double ns = bench::cpu_ns() - start;
  timing.set(static_cast<double>(body.size()) / ns * 1'000);
  return taken && into.samples.size() == kSeries;
}

// The second and later scrapes of a target: parse, find the series, append to the window, apply to the intake.
class Target {
 public:
  bool scrape(bench::Timing& timing, const std::string& body) {
    clock_.advance(std::chrono::seconds(15));
    const std::int64_t now_ms = to_unix_ns(clock_.now()) / 1'000'000;
    const double start = bench::cpu_ns();
    if (!wire::parse_exposition(wire::ExpositionFormat::OpenMetrics, body, read_)) return false;
    const auto taken = series_.take(read_, now_ms);
    const auto outcome = stream_.flush();
    timing.set((bench::cpu_ns() - start) / kSeries);
    return taken.ok() && taken->kept == kSeries && outcome.window.appended >= kSeries && outcome.intake.rejected_sum() == 0;
  }

 private:
  static agent::IntakeOptions wide() {
    agent::IntakeOptions options;
    options.limits.label_sets = 2 * kSeries;
    return options;
  }
  ManualClock clock_;
  rules::Window window_{rules::WindowOptions{}};
  agent::Intake intake_{wide(), clock_};
  agent::SampleStream stream_{meters::Via::Scrape, window_, intake_};
  agent::ScrapeSeries series_{agent::ScrapeRules::make({}), {{"instance", "a:1"}, {"job", "j"}}, stream_};
  wire::Exposition read_;
};

}  // namespace

int main(int argc, char** argv) {
  bench::Bench bench(argc, argv);
  const std::string text = body(exporters::Format::Text), open = body(exporters::Format::OpenMetrics),
                    protobuf = body(exporters::Format::Protobuf);
  wire::Exposition read;
  bench.compare({"scrape: parse text", "MB/s", -250}, [&](auto& t) { return parse(t, wire::ExpositionFormat::Text, text, read); });
  bench.compare({"scrape: parse OpenMetrics, all rules", "MB/s", -200},
                [&](auto& t) { return parse(t, wire::ExpositionFormat::OpenMetrics, open, read); });
  bench.compare({"scrape: parse protobuf", "MB/s", -250},
                [&](auto& t) { return parse(t, wire::ExpositionFormat::Protobuf, protobuf, read); });
  Target target;
  bench::Timing first;
  (void)target.scrape(first, open);
  bench.compare({"scrape: a series from OpenMetrics to window and intake", "ns", 1'500},
                [&](auto& t) { return target.scrape(t, open); });
  return bench.finish();
}
