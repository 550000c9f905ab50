// SPDX-License-Identifier: Apache-2.0
// Families and Snapshots built by hand, and what an OtlpEncoder makes of them as JSON.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <memory>
#include <string>
#include <vector>

#include "exporters/otlp_encode.h"
#include "meters/flow.h"
#include "wire/otlp_json.h"

namespace tocsin::exporters {
using meters::Descriptor;
using meters::Exemplar;
using meters::Family;
using meters::Histograms;
using meters::Kind;
using meters::LabelSetTable;
using meters::LabelType;
using meters::NativeHistogram;
using meters::NumberType;
using meters::Origin;
using meters::Resource;
using meters::Row;
using meters::RowState;
using meters::Scalars;
using meters::Scope;
using meters::Snapshot;
using meters::Summaries;
using meters::Via;

using Labels = std::vector<std::string>;

inline std::shared_ptr<const Origin> origin_of(meters::Attributes attributes, Via via = Via::Registry, Scope scope = {}) {
  auto resource = std::make_shared<Resource>();
  resource->attributes = std::move(attributes);
  return std::make_shared<Origin>(Origin{via, std::move(resource), std::move(scope)});
}

// A family whose rows a test fills in; its label table may be shared or replaced.
struct Meter {
  std::shared_ptr<const Descriptor> descriptor;
  std::shared_ptr<const Origin> origin = origin_of({{"service.name", "shop"}});
  std::shared_ptr<LabelSetTable> table = std::make_shared<LabelSetTable>(std::vector<meters::LabelColumn>{{"k", "k"}});

  Meter(std::string name, Kind kind, std::string unit = "1")
      : descriptor(std::make_shared<Descriptor>(Descriptor{name, name, std::move(unit), "help", kind})) {}

  Row row(std::string_view text, LabelType type = LabelType::String) {
    return table->find_or_append(std::array{table->intern(0, text, type)});
  }

  Family family(std::size_t rows) const {
    Family family;
    family.descriptor = descriptor;
    family.origin = origin;
    family.labels = table->view();
    family.states.assign(rows, RowState::Live);
    return family;
  }
  Family integers(const std::vector<std::int64_t>& values, std::vector<std::int64_t> starts = {}) const {
    Family made = family(values.size());
    Scalars scalars{NumberType::Integer, {}};
    for (const std::int64_t value : values) scalars.bits.push_back(static_cast<std::uint64_t>(value));
    made.points = std::move(scalars);
    made.start_ns = std::move(starts);
    return made;
  }
  Family doubles(const std::vector<double>& values, std::vector<std::int64_t> starts = {}) const {
    Family made = family(values.size());
    Scalars scalars{NumberType::Double, {}};
    for (const double value : values) scalars.bits.push_back(std::bit_cast<std::uint64_t>(value));
    made.points = std::move(scalars);
    made.start_ns = std::move(starts);
    return made;
  }
};

inline std::shared_ptr<const Snapshot> snapshot_at(std::int64_t time_ns, std::vector<Family> families) {
  meters::SnapshotBuilder builder(from_unix_ns(time_ns));
  for (Family& family : families) builder.add(std::move(family));
  return std::move(builder).finish(1);
}

inline std::string json_of(const ExportRequest& request) {
  auto json = wire::protobuf_to_json(request.body, wire::OtlpMessage::MetricsRequest);
  EXPECT_TRUE(json.ok()) << (json.ok() ? "" : json.error().message);
  return json.ok() ? *json : std::string();
}

// All requests of a load as one text, acknowledged where asked.
inline std::string send(OtlpEncoder& encoder, ExportLoad load, bool acknowledge = true) {
  encoder.load(std::move(load));
  std::string all;
  while (auto request = encoder.next()) {
    all += json_of(*request);
    if (acknowledge) encoder.acknowledge(*request);
  }
  return all;
}

inline std::string around(std::string_view metrics) {
  return R"({"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},)"
         R"("scopeMetrics":[{"scope":{},"metrics":[)" + std::string(metrics) + "]}]}]}";
}

inline Family histogram_family(Meter& meter, std::vector<std::uint64_t> counts, double sum) {
  Family family = meter.family(1);
  Histograms points;
  points.bounds = std::make_shared<std::vector<double>>(std::vector<double>{1, 2.5});
  points.counts = std::move(counts);
  points.sums = {sum};
  family.points = std::move(points);
  family.start_ns = {10};
  return family;
}

inline NativeHistogram native_of(std::int32_t scale, std::int32_t offset, std::vector<std::uint64_t> positive,
                          std::uint64_t zero = 0) {
  NativeHistogram native;
  native.scale = scale;
  native.positive_offset = offset;
  native.positive = std::move(positive);
  native.zero_count = zero;
  return native;
}

}  // namespace tocsin::exporters
