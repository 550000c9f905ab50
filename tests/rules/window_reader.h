// SPDX-License-Identifier: Apache-2.0
// For tests of the window: Snapshots made by hand, and what a window has as texts and numbers.
#pragma once

#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "meters/flow.h"
#include "rules/window.h"

namespace tocsin::rules::testing {

using Texts = std::vector<std::pair<std::string, std::string>>;
// By name{label="text",...}: milliseconds since 1,700,000,000 s and values.
using Samples = std::map<std::string, std::vector<std::pair<std::int64_t, double>>>;

inline constexpr double kStale = -987654321;  // stands for a staleness marker, since NaN is equal to nothing

inline promql::Matcher named(const std::string& name) {
  return *promql::Matcher::make("__name__", promql::MatchType::Equal, name);
}

inline Samples samples_of(const WindowView& view, const std::string& names, std::int64_t from_ms = 0,
                          std::int64_t to_ms = std::int64_t{1} << 50) {
  const std::vector matchers{*promql::Matcher::make("__name__", promql::MatchType::Regex, names)};
  const auto rows = *view.select(matchers, {from_ms, to_ms});
  promql::Block block;
  (void)view.read(rows, {from_ms, to_ms}, block);
  Samples samples;
  for (std::size_t i = 0, sample = 0; i < rows.size(); ++i) {
    std::string name, labels;
    for (const promql::LabelId& label : view.labels(rows[i])) {
      if (view.text(label.name) == "__name__") {
        name = view.text(label.value);
        continue;
      }
      if (!labels.empty()) labels += ',';
      labels.append(view.text(label.name)).append("=\"").append(view.text(label.value)).append("\"");
    }
    auto& of = samples[name + '{' + labels + '}'];
    for (; sample < block.ends[i]; ++sample)
      of.emplace_back(block.time_ms[sample] - 1'700'000'000'000,
                      promql::is_stale(block.values[sample]) ? kStale : block.values[sample]);
  }
  std::erase_if(samples, [](const auto& entry) { return entry.second.empty(); });
  return samples;
}

inline Samples samples_of(Window& window, const std::string& names) { return samples_of(*window.view(), names); }

// One Snapshot after the other; families keep their label tables, as those of a registry do.
class SnapshotMaker {
 public:
  SnapshotMaker& at(std::int64_t ms) { return time_ms_ = ms, *this; }
  SnapshotMaker& via(meters::Via via) { return via_ = via, *this; }
  SnapshotMaker& from(const std::string& job, const std::string& instance, const std::string& scope) {
    job_ = job, instance_ = instance, scope_ = scope;
    return *this;
  }
  SnapshotMaker& attribute(const std::string& name, const std::string& text) {
    attributes_.emplace_back(name, text);
    return *this;
  }

  SnapshotMaker& counter(const std::string& name, const Texts& labels, double value, std::int64_t start_ms = 0,
                         std::int64_t time_ms = 0) {
    Made& made = of(name, meters::Kind::Counter);
    std::get<meters::Scalars>(made.family.points).bits[row(made, labels, start_ms, time_ms)] = std::bit_cast<std::uint64_t>(value);
    return *this;
  }
  SnapshotMaker& gauge(const std::string& name, const Texts& labels, double value, std::int64_t start_ms = 0) {
    Made& made = of(name, meters::Kind::Gauge);
    std::get<meters::Scalars>(made.family.points).bits[row(made, labels, start_ms, 0)] = std::bit_cast<std::uint64_t>(value);
    return *this;
  }
  SnapshotMaker& histogram(const std::string& name, const Texts& labels, const std::vector<double>& bounds,
                           const std::vector<std::uint64_t>& counts, double sum, std::int64_t start_ms = 0) {
    Made& made = of(name, meters::Kind::Histogram);
    auto& points = std::get<meters::Histograms>(made.family.points);
    points.bounds = std::make_shared<const std::vector<double>>(bounds);
    const meters::Row at = row(made, labels, start_ms, 0);
    std::copy(counts.begin(), counts.end(), points.counts.begin() + at * counts.size());
    points.sums[at] = sum;
    return *this;
  }
  SnapshotMaker& native(const std::string& name, const meters::NativeHistogram& native, double sum,
                        std::int64_t start_ms = 0) {
    histogram(name, {}, {}, {native.zero_count}, sum, start_ms);
    std::get<meters::Histograms>(of(name, meters::Kind::Histogram).family.points).native = {native};
    return *this;
  }
  SnapshotMaker& summary(const std::string& name, const std::vector<meters::Quantile>& quantiles, std::uint64_t count,
                         double sum) {
    Made& made = of(name, meters::Kind::Summary);
    const meters::Row at = row(made, {}, 0, 0);
    auto& points = std::get<meters::Summaries>(made.family.points);
    points.quantiles[at] = quantiles, points.counts[at] = count, points.sums[at] = sum;
    return *this;
  }
  // All rows of that name.
  SnapshotMaker& ended(const std::string& name) {
    Made& made = families_.at(name);
    made.used = true;
    std::fill(made.family.states.begin(), made.family.states.end(), meters::RowState::Ended);
    return *this;
  }

  // What was named since the last take().
  std::shared_ptr<const meters::Snapshot> take() {
    meters::SnapshotBuilder builder(from_unix_ns(time_ms_ * 1'000'000));
    for (auto& [name, made] : families_) {
      if (!made.used) continue;
      made.used = false;
      made.family.labels = made.table->view();
      builder.add(made.family);
    }
    return std::move(builder).finish(++sequence_);
  }

 private:
  struct Made {
    std::unique_ptr<meters::LabelSetTable> table = std::make_unique<meters::LabelSetTable>();
    meters::Family family;
    bool used = false;
  };

  Made& of(const std::string& name, meters::Kind kind) {
    Made& made = families_[name];
    made.used = true;
    if (made.family.descriptor) return made;
    made.family.descriptor = std::make_shared<const meters::Descriptor>(meters::Descriptor{name, name, "", "", kind});
    auto resource = std::make_shared<meters::Resource>();
    resource->job = job_, resource->instance = instance_;
    for (const auto& [key, text] : attributes_) resource->attributes.push_back({key, text});
    made.family.origin = std::make_shared<const meters::Origin>(meters::Origin{via_, resource, {scope_, "", "", {}}});
    if (kind == meters::Kind::Histogram) made.family.points = meters::Histograms{};
    if (kind == meters::Kind::Summary) made.family.points = meters::Summaries{};
    return made;
  }

  meters::Row row(Made& made, const Texts& labels, std::int64_t start_ms, std::int64_t time_ms) {
    std::vector<meters::ValueId> ids(made.table->columns());
    for (const auto& [name, text] : labels) {
      auto column = made.table->find_column(name);
      if (!column) column = made.table->add_column({name, name});
      ids.resize(made.table->columns());
      ids[*column] = made.table->intern(*column, text, meters::LabelType::String);
    }
    const meters::Row row = made.table->find_or_append(ids);
    meters::Family& family = made.family;
    const std::size_t rows = std::max<std::size_t>(family.states.size(), row + 1);
    family.states.resize(rows, meters::RowState::Ended);
    family.start_ns.resize(rows), family.time_ns.resize(rows);
    family.states[row] = meters::RowState::Live;
    family.start_ns[row] = start_ms * 1'000'000;
    family.time_ns[row] = (time_ms == 0 ? time_ms_ : time_ms) * 1'000'000;
    std::visit([&](auto& points) { resize(points, rows); }, family.points);
    return row;
  }
  static void resize(meters::Scalars& points, std::size_t rows) { points.bits.resize(rows); }
  static void resize(meters::Histograms& points, std::size_t rows) {
    points.counts.resize(rows * points.buckets()), points.sums.resize(rows);
  }
  static void resize(meters::Summaries& points, std::size_t rows) {
    points.quantiles.resize(rows), points.counts.resize(rows), points.sums.resize(rows);
  }

  std::int64_t time_ms_ = 0;
  meters::Via via_ = meters::Via::Otlp;
  std::string job_, instance_, scope_;
  std::vector<std::pair<std::string, std::string>> attributes_;
  std::map<std::string, Made> families_;
  std::uint64_t sequence_ = 0;
};

}  // namespace tocsin::rules::testing
