// SPDX-License-Identifier: Apache-2.0
#include "agent/api/src/tsdb_status.h"

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <utility>
#include <vector>

namespace tocsin::agent {
namespace {

using rules::promql::LabelId;
using rules::promql::Matcher;
using rules::promql::MatchType;
using rules::promql::SeriesRow;
using rules::promql::Symbol;

constexpr std::int64_t kDefaultLimit = 10, kMostLimit = 10'000;  // Prometheus' own

using Counts = std::vector<std::pair<std::string, std::uint64_t>>;

struct LabelCounts {
  std::uint64_t values = 0, bytes = 0;
};

// Series of each pair of a label's name and value.
class PairCounts {
 public:
  explicit PairCounts(const rules::WindowView& view) : view_(view) {}

  void take(std::span<const LabelId> labels) {
    for (const LabelId& label : labels) ++pairs_[std::uint64_t{label.name} << 32 | label.value];
  }
  std::uint64_t pairs() const noexcept { return pairs_.size(); }

  Counts names() const {
    Counts counts;
    const Symbol name = view_.symbol("__name__");
    for (const auto& [pair, series] : pairs_)
      if (name_of(pair) == name) counts.emplace_back(view_.text(value_of(pair)), series);
    return counts;
  }
  Counts all() const {
    Counts counts;
    for (const auto& [pair, series] : pairs_)
      counts.emplace_back(std::string(view_.text(name_of(pair))) + '=' + std::string(view_.text(value_of(pair))), series);
    return counts;
  }
  // By label: how many values it has, and their bytes, each as often as series have it.
  std::pair<Counts, Counts> labels() const {
    std::unordered_map<Symbol, LabelCounts> counted;
    for (const auto& [pair, series] : pairs_) {
      LabelCounts& of = counted[name_of(pair)];
      ++of.values;
      of.bytes += series * view_.text(value_of(pair)).size();
    }
    std::pair<Counts, Counts> counts;
    for (const auto& [name, of] : counted) {
      counts.first.emplace_back(view_.text(name), of.values);
      counts.second.emplace_back(view_.text(name), of.bytes);
    }
    return counts;
  }

 private:
  static Symbol name_of(std::uint64_t pair) noexcept { return static_cast<Symbol>(pair >> 32); }
  static Symbol value_of(std::uint64_t pair) noexcept { return static_cast<Symbol>(pair); }

  const rules::WindowView& view_;
  std::unordered_map<std::uint64_t, std::uint64_t> pairs_;
};

// The greatest of them.
void write_counts(wire::JsonWriter& json, std::string_view key, Counts counts, std::size_t most) {
  std::ranges::sort(counts, [](const auto& a, const auto& b) { return a.second != b.second ? a.second > b.second : a.first < b.first; });
  counts.resize(std::min(counts.size(), most));
  json.key(key);
  json.begin_array();
  for (const auto& [name, count] : counts) {
    json.begin_object();
    json.field("name", name);
    json.field("value", count);
    json.end();
  }
  json.end();
}

}  // namespace

void answer_tsdb(ApiCall& call, const rules::WindowView& view) {
  const std::int64_t limit = call.integer("limit").value_or(kDefaultLimit);
  if (limit < 1 || limit > kMostLimit) call.refuse_parameter("limit", "limit must be a positive number, at most 10000");
  auto any = Matcher::make("__name__", MatchType::NotEqual, "");
  if (call.error || !any) return;
  const std::vector matchers{std::move(*any)};
  const auto rows = view.select(matchers, {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()});
  if (!rows) return call.refuse(execution_error(rows.error()));
  PairCounts counts(view);
  for (const SeriesRow row : *rows) counts.take(view.labels(row));
  const rules::WindowExtent extent = view.extent();
  const auto most = static_cast<std::size_t>(limit);
  call.send([&](wire::JsonWriter& json) {
    json.begin_object();
    json.key("headStats");
    json.begin_object();
    json.field("numSeries", rows->size());
    json.field("numLabelPairs", counts.pairs());
    json.field("chunkCount", extent.chunks);
    json.field("minTime", extent.oldest_ms);
    json.field("maxTime", extent.newest_ms);
    json.end();
    auto [values, bytes] = counts.labels();
    write_counts(json, "seriesCountByMetricName", counts.names(), most);
    write_counts(json, "labelValueCountByLabelName", std::move(values), most);
    write_counts(json, "memoryInBytesByLabelName", std::move(bytes), most);
    write_counts(json, "seriesCountByLabelValuePair", counts.all(), most);
    json.end();
    return false;
  });
}

}  // namespace tocsin::agent
