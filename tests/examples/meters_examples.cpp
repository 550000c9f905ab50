// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "meters/arena.h"
#include "meters/attributes.h"
#include "meters/base/clock.h"
#include "meters/base/number.h"
#include "meters/base/quantity.h"
#include "meters/base/result.h"
#include "meters/base/segmented.h"
#include "meters/base/source_place.h"
#include "meters/base/text.h"
#include "meters/buckets.h"
#include "meters/catalogue.h"
#include "meters/exponential_histogram.h"
#include "meters/flow.h"
#include "meters/generated/request.h"
#include "meters/identity.h"
#include "meters/labels.h"
#include "meters/native_spans.h"
#include "meters/process.h"
#include "meters/series_identity.h"
#include "meters/snapshot.h"
#include "meters/target_info.h"
#include "tests/examples/reader.h"

namespace tocsin::examples {

using namespace meters;

template <class... Given> void encode(const Given&...);

void arena_example(CellIndex cell) {
  increase(cell, std::uint64_t{1});
  ArenaUsage usage = arena_usage();
}

void attributes_example() {
  Attributes resource = {{"service.name", "shop"}, {"process.pid", 17}};
  const AttributeValue* name = find(resource, "service.name");
  std::string text = to_text(*name);
}

void clock_example(const Clock& clock) {
  Time now = clock.now();
  Monotonic start = clock.monotonic();
}

void number_example(std::string& out) {
  append_double(out, 0.1);
  append_go_double(out, 5e6);
  parse_integer<int>("42");
}

void quantity_example() {
  parse_duration("1h30m");
  parse_bytes("64MiB");
  to_text(std::chrono::seconds{90});
}

Result<int> parse_port(std::string_view text) {
  if (text.empty()) return Error{Fault::Input, "port is empty"};
  return 9464;
}

Result<void> result_example(std::string_view text) {
  auto port = parse_port(text);
  if (!port) return port.error();
  use(*port);
  use(parse_port("9464").value());
  return {};
}

void segmented_example() {
  Segmented<std::uint32_t> ids;
  ids.push_back(7);
  std::uint32_t first = ids[0];
}

void declare(std::string_view name, SourcePlace place = SourcePlace::current());

void text_example(std::string& out) {
  append_json_string(out, "a\"b");
  std::string_view word = trim("  x ");
  auto near = nearest("intervall", std::array<std::string_view, 2>{"interval", "timeout"});
}

void buckets_example() {
  Result<Buckets> buckets = Buckets::make(std::array{0.1, 0.5, 1.0, 5.0});
  std::uint32_t bucket = buckets->of(0.5);
}

void catalogue_example(Registry& registry) {
  for (const DeclaredMeter& meter : kRequestCatalogue) print(meter.name, meter.unit, meter.help);
  registry.counter(spec_of(kLlmTokensTotal));
  Descriptor descriptor = descriptor_of(kLlmTokensTotal);
}

void exponential_histogram_example(NativeHistogram& total, const NativeHistogram& part) {
  std::int32_t index = exponential_index(4.0, 0);
  merge(total, part);
}

void flow_example(const Clock& clock, Source& registry, Sink& sink, std::uint64_t sequence) {
  SnapshotBuilder builder(clock.now());
  registry.collect(builder);
  std::shared_ptr<const Snapshot> snapshot = std::move(builder).finish(sequence);
  sink.accept(snapshot);
}

void identity_example(Attributes attributes, std::string schema_url, std::span<const std::string> promoted) {
  Resource sender = identify(std::move(attributes), schema_url, promoted);
  sender.job;
  sender.instance;
}

void labels_example() {
  LabelSetTable table(std::vector<LabelColumn>{{"func", "func"}});
  Row row = table.find_or_append(std::array{table.intern(0, "GET /items", LabelType::String)});
  std::shared_ptr<const LabelSets> sets = table.view();
  sets->text(0, sets->id(row, 0));
}

void native_spans_example(const NativeHistogram& histogram, std::int32_t shift) {
  NativeSpans spans = native_spans(histogram.positive, histogram.positive_offset, shift);
}

void process_example(SnapshotBuilder& builder) {
  ProcessMeters process;
  process.collect(builder);
}

void series_identity_example(const std::shared_ptr<const Family>& family, Row row, LabelPairs& pairs) {
  SeriesIdentity identity = identity_of(*family, {}, "le");
  if (identity.collides) merge_labels(identity, *family->labels, row, pairs);
}

void snapshot_example(const Snapshot& snapshot) {
  for (const auto& family : snapshot.families)
    std::visit([&](const auto& points) { encode(*family, points); }, family->points);
}

void target_info_example(const std::shared_ptr<const Snapshot>& snapshot) {
  for (const auto& family : target_info_families(*snapshot)) encode(*family);
}

}  // namespace tocsin::examples
