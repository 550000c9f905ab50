// SPDX-License-Identifier: Apache-2.0
// Families for tests of encoders: short to write, and one Snapshot that has every kind of thing in it.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "exporters/exposition.h"
#include "meters/flow.h"
#include "tests/source_dir.h"

namespace tocsin::exporters::testing {

using meters::Family;
using meters::Kind;

inline std::shared_ptr<const meters::Origin> own() {
  static const auto origin = [] {
    auto made = std::make_shared<meters::Origin>();
    made->resource = std::make_shared<meters::Resource>();
    return std::shared_ptr<const meters::Origin>(made);
  }();
  return origin;
}

inline std::shared_ptr<const meters::Origin> received(std::string job, std::string instance, meters::Scope scope = {},
                                                      meters::Attributes attributes = {}) {
  auto resource = std::make_shared<meters::Resource>();
  resource->job = std::move(job);
  resource->instance = std::move(instance);
  resource->attributes = std::move(attributes);
  auto origin = std::make_shared<meters::Origin>();
  origin->via = meters::Via::Otlp;
  origin->resource = std::move(resource);
  origin->scope = std::move(scope);
  return origin;
}

using Labels = std::vector<std::string>;  // one text a column

inline Family family(std::string name, Kind kind, std::vector<std::string> columns, std::vector<Labels> rows,
                     std::shared_ptr<const meters::Origin> origin = own(), std::string help = "Help.",
                     std::string unit = "") {
  meters::LabelSetTable table;
  for (const std::string& column : columns) table.add_column({column, meters::prometheus_label_name(column)});
  for (const Labels& row : rows) {
    std::vector<meters::ValueId> ids;
    for (std::size_t i = 0; i < row.size(); ++i) ids.push_back(table.intern(i, row[i], meters::LabelType::String));
    table.find_or_append(ids);
  }
  Family made;
  made.descriptor = std::make_shared<const meters::Descriptor>(
      meters::Descriptor{name, meters::prometheus_name(name, unit, kind), unit, std::move(help), kind});
  made.origin = std::move(origin);
  made.labels = table.view();
  made.states.assign(rows.size(), meters::RowState::Live);
  return made;
}

inline Family integers(Family made, std::vector<std::int64_t> values) {
  meters::Scalars points{meters::NumberType::Integer, {}};
  for (const std::int64_t value : values) points.bits.push_back(std::bit_cast<std::uint64_t>(value));
  made.points = std::move(points);
  return made;
}

inline Family doubles(Family made, std::vector<double> values) {
  meters::Scalars points{meters::NumberType::Double, {}};
  for (const double value : values) points.bits.push_back(std::bit_cast<std::uint64_t>(value));
  made.points = std::move(points);
  return made;
}

inline Family histogram(Family made, std::vector<double> bounds, std::vector<std::uint64_t> counts,
                        std::vector<double> sums) {
  meters::Histograms points;
  points.bounds = std::make_shared<const std::vector<double>>(std::move(bounds));
  points.counts = std::move(counts);
  points.sums = std::move(sums);
  made.points = std::move(points);
  return made;
}

inline meters::Exemplar exemplar(meters::Row row, std::uint32_t bucket, double value) {
  meters::Exemplar made;
  made.row = row;
  made.bucket = bucket;
  made.value = value;
  made.time = from_unix_ns(1'700'000'000'123'000'000);
  made.trace_id = {0x0a, 0xf7, 0x65, 0x19, 0x16, 0xcd, 0x43, 0xdd, 0x84, 0x48, 0xeb, 0x21, 0x1c, 0x80, 0x31, 0x9c};
  made.span_id = {0xb7, 0xad, 0x6b, 0x71, 0x69, 0x20, 0x33, 0x31};
  return made;
}

template <class... Families>
std::shared_ptr<const meters::Snapshot> snapshot(Families... families) {
  meters::SnapshotBuilder builder(from_unix_ns(1'700'000'060'000'000'000));
  (builder.add(std::move(families)), ...);
  return std::move(builder).finish(1);
}

inline std::shared_ptr<const meters::Snapshot> everything() {
  constexpr std::int64_t kStart = 1'700'000'000'500'000'000;
  const auto shop = received("prod/shop", "pod-1", {"io.shop", "1.2", "https://x/1", {{"team", "a"}}},
                             {{"host.name", "n1"}, {"process.pid", std::int64_t{17}}, {"service.name", "shop"}});
  const auto cart = received("cart", "pod-2", {}, {{"service.name", "cart"}});

  auto requests =
      integers(family("server_request_total", Kind::Counter, {"func", "status", "ret"},
                      {{"GET /items", "ok", "0"}, {"POST \"x\"\\y\n", "server_error", "500"}, {"gone", "ok", "0"}},
                      own(), "Requests served, by \"outcome\".\nA second line \\ here.", "{request}"),
               {1234, 5, 6});
  requests.states[2] = meters::RowState::Ended;
  requests.start_ns = {kStart, kStart, kStart};
  requests.exemplars = {exemplar(0, 0, 1)};

  auto time = histogram(family("server_request_time_microseconds", Kind::Histogram, {"func"}, {{"GET /items"}}, own(),
                               "Time to serve.", "us"),
                        {100, 2500, 5e6}, {3, 4, 0, 1}, {9000125.5});
  time.start_ns = {kStart};
  time.exemplars = {exemplar(0, 0, 70), exemplar(0, 1, 99), exemplar(0, 3, 9e6)};

  meters::Summaries quantiles{{10}, {12.5}, {{{0.5, 1}, {0.99, 2.25}}}};
  auto summary =
      family("rpc.duration", Kind::Summary, {"http.method", "http_method"}, {{"GET", "POST"}}, shop, "Old.", "s");
  summary.points = quantiles;

  return snapshot(
      std::move(requests), std::move(time), std::move(summary),
      doubles(family("queue.fill", Kind::Gauge, {}, {{}}, own(), "How full.", "1"), {0.25}),
      integers(family("server_conc", Kind::UpDownCounter, {"func"}, {{"GET /items"}, {""}}, own(), "In flight."),
               {-2, 3}),
      doubles(family("odd.values", Kind::Gauge, {"which"}, {{"nan"}, {"inf"}, {"minus"}, {"big"}, {"small"}}, own(),
                     "Odd."),
              {std::nan(""), HUGE_VAL, -HUGE_VAL, 1e21, 1e-7}),
      integers(
          family("http.server.active", Kind::Gauge, {"zone", "job"}, {{"x", "mine"}}, shop, "From shop.", "{request}"),
          {1}),
      integers(family("http.server.active", Kind::Gauge, {"zone"}, {{"x"}}, cart, "From cart."), {2}),
      histogram(family("temperature", Kind::Histogram, {"le"}, {{"cold"}}, cart, "Below zero too.", "Cel"),
                {-10, 0, 10}, {1, 2, 3, 4}, {-7.5}));
}

// Collects what an encoder writes and checks the block size.
struct Blocks {
  std::string text;
  std::size_t largest = 0, count = 0;
  BlockSink sink() {
    return [this](std::string_view block) {
      text += block;
      largest = std::max(largest, block.size());
      ++count;
      return true;
    };
  }
};

// The golden file's text; with TOCSIN_UPDATE_GOLDEN set it is written first.
inline std::string golden(const std::string& name, const std::string& actual) {
  const std::string path = std::string(source_dir()) + "/tests/golden/exposition/" + name;
  if (std::getenv("TOCSIN_UPDATE_GOLDEN") != nullptr) std::ofstream(path, std::ios::binary) << actual;
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace tocsin::exporters::testing
