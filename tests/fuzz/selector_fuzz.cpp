// SPDX-License-Identifier: Apache-2.0
// Selectors of anyone's making: no crash, an error has its place, and what is read filters without one.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "exporters/patterns.h"
#include "exporters/prometheus_text.h"
#include "exporters/selector.h"
#include "meters/flow.h"

namespace {

using namespace tocsin;

const meters::Snapshot& sample() {
  static const auto snapshot = [] {
    meters::LabelSetTable table({{"a.b", "a_b"}, {"a_b", "a_b"}, {"c", "c"}});
    for (const char* text : {"", "1", "x\"y", "a longer text"}) {
      const meters::ValueId id = table.intern(0, text, meters::LabelType::String);
      table.find_or_append(std::array{id, table.intern(1, "2", meters::LabelType::String)});
    }
    auto origin = std::make_shared<meters::Origin>();
    origin->resource = std::make_shared<meters::Resource>();
    meters::Family family;
    family.descriptor =
        std::make_shared<meters::Descriptor>(meters::Descriptor{"up", "up", "", "Up.", meters::Kind::Gauge});
    family.origin = origin;
    family.labels = table.view();
    family.states.assign(table.rows(), meters::RowState::Live);
    family.points = meters::Scalars{meters::NumberType::Integer, std::vector<std::uint64_t>(table.rows())};
    meters::SnapshotBuilder builder(from_unix_ns(1));
    builder.add(std::move(family));
    return std::move(builder).finish(1);
  }();
  return *snapshot;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto selector = exporters::parse_selector(text, exporters::compile_pattern);
  if (!selector) {
    if (selector.error().message.find(", character ") == std::string::npos) std::abort();
    return 0;
  }
  if (selector->matchers.empty()) std::abort();
  const exporters::SeriesFilter filter{{}, {*std::move(selector)}};
  exporters::ExpositionOptions options;
  options.filter = &filter;
  const auto report = exporters::encode_text(sample(), options, [](std::string_view) { return true; });
  if (report.rows > 4 || !report.complete) std::abort();
  return 0;
}
