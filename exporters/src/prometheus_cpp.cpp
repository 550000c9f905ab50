// SPDX-License-Identifier: Apache-2.0
#include "exporters/prometheus_cpp.h"

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <exception>
#include <limits>
#include <mutex>
#include <tuple>
#include <utility>

#include "exporters/src/exposition_plan.h"
#include "meters/base/clock.h"
#include "meters/base/text.h"
#include "wire/escaping.h"

namespace tocsin::exporters {

namespace {

using meters::Family;
using meters::Kind;
using meters::Row;
using prometheus::ClientMetric;
using prometheus::MetricType;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::uint64_t kCollectionsKept = 10;  // that an ended series stays for, so that every sink sees its end

Kind kind_of(MetricType type) noexcept {
  switch (type) {
    case MetricType::Counter:
      return Kind::Counter;
    case MetricType::Summary:
      return Kind::Summary;
    case MetricType::Histogram:
      return Kind::Histogram;
    case MetricType::Gauge:
    case MetricType::Untyped:
      break;
  }
  return Kind::Gauge;
}

double scalar_of(MetricType type, const ClientMetric& metric) noexcept {
  if (type == MetricType::Counter) return metric.counter.value;
  return type == MetricType::Gauge ? metric.gauge.value : metric.untyped.value;
}

std::vector<double> bounds_of(const ClientMetric& metric) {
  std::vector<double> bounds;
  for (const auto& bucket : metric.histogram.bucket)
    if (bucket.upper_bound < kInfinity && (bounds.empty() || bucket.upper_bound > bounds.back()))
      bounds.push_back(bucket.upper_bound);
  return bounds;
}

// Series of one name, type and bounds, with the rows they had in earlier collections.
class Table {
 public:
  using Key = std::tuple<std::string, MetricType, std::vector<double>>;

  Table(const Key& key, const std::string& help)
      : type_(std::get<1>(key)), bounds_(std::make_shared<const std::vector<double>>(std::get<2>(key))) {
    descriptor_ = std::make_shared<const meters::Descriptor>(
        meters::Descriptor{std::get<0>(key), std::get<0>(key), "", to_utf8(help), kind_of(type_)});
  }

  void add(const ClientMetric& metric, std::uint64_t collection) {
    const Row row = row_of(metric);
    if (row >= last_seen_.size()) last_seen_.resize(row + 1);
    last_seen_[row] = collection;
    metrics_.emplace_back(row, &metric);
  }

  // Empties what was added. Requires: the metrics are still there.
  void finish(std::uint64_t collection, const std::shared_ptr<const meters::Origin>& origin,
              meters::SnapshotBuilder& builder) {
    Family family;
    family.descriptor = descriptor_;
    family.origin = origin;
    family.labels = table_->view();
    family.states.assign(table_->rows(), meters::RowState::Ended);
    for (const auto& [row, metric] : metrics_) {
      family.states[row] = meters::RowState::Live;
      if (metric->timestamp_ms == 0) continue;
      family.time_ns.resize(table_->rows(), to_unix_ns(builder.time()));
      family.time_ns[row] = metric->timestamp_ms * 1'000'000;
    }
    if (type_ == MetricType::Histogram) {
      family.points = histograms();
    } else if (type_ == MetricType::Summary) {
      family.points = summaries();
    } else {
      family.points = scalars();
    }
    builder.add(std::move(family));
    metrics_.clear();
    forget_ended(collection);
  }

  bool is_gone(std::uint64_t collection) const {
    return std::all_of(last_seen_.begin(), last_seen_.end(),
                       [&](std::uint64_t seen) { return seen + kCollectionsKept < collection; });
  }

 private:
  Row row_of(const ClientMetric& metric) {
    std::vector<meters::ValueId> ids(table_->columns());
    for (const auto& [name, value] : metric.label) {
      auto column = table_->find_column(name);
      if (!column) {
        column = table_->add_column({name, name});
        ids.resize(table_->columns());
      }
      ids[*column] = table_->intern(*column, to_utf8(value), meters::LabelType::String);
    }
    return table_->find_or_append(ids);
  }

  meters::Scalars scalars() const {
    meters::Scalars points{meters::NumberType::Double, std::vector<std::uint64_t>(table_->rows())};
    for (const auto& [row, metric] : metrics_)
      points.bits[row] = std::bit_cast<std::uint64_t>(scalar_of(type_, *metric));
    return points;
  }

  meters::Histograms histograms() const {
    meters::Histograms points;
    points.bounds = bounds_;
    points.counts.resize(std::size_t{table_->rows()} * points.buckets());
    points.sums.resize(table_->rows());
    for (const auto& [row, metric] : metrics_) {
      std::uint64_t* counts = points.counts.data() + std::size_t{row} * points.buckets();
      std::uint64_t before = 0;
      for (const auto& [cumulative, upper] : metric->histogram.bucket) {
        const auto at = std::lower_bound(bounds_->begin(), bounds_->end(), upper) - bounds_->begin();
        counts[at] += cumulative - std::min(before, cumulative);
        before = std::max(before, cumulative);
      }
      counts[bounds_->size()] += metric->histogram.sample_count - std::min(before, metric->histogram.sample_count);
      points.sums[row] = metric->histogram.sample_sum;
    }
    return points;
  }

  meters::Summaries summaries() const {
    meters::Summaries points{std::vector<std::uint64_t>(table_->rows()), std::vector<double>(table_->rows()),
                             std::vector<std::vector<meters::Quantile>>(table_->rows())};
    for (const auto& [row, metric] : metrics_) {
      points.counts[row] = metric->summary.sample_count;
      points.sums[row] = metric->summary.sample_sum;
      for (const auto& [quantile, value] : metric->summary.quantile) points.quantiles[row].push_back({quantile, value});
    }
    return points;
  }

  // A table only grows: when most of its rows ended long ago the others move to a new one.
  void forget_ended(std::uint64_t collection) {
    const auto is_old = [&](std::uint64_t seen) { return seen + kCollectionsKept < collection; };
    const auto old = std::count_if(last_seen_.begin(), last_seen_.end(), is_old);
    if (static_cast<std::size_t>(old) * 2 <= last_seen_.size()) return;
    auto fresh = std::make_unique<meters::LabelSetTable>();
    const auto labels = table_->view();
    for (std::size_t i = 0; i < labels->columns(); ++i) fresh->add_column(labels->column(i));
    std::vector<std::uint64_t> seen;
    for (Row row = 0; row < labels->rows(); ++row) {
      if (is_old(last_seen_[row])) continue;
      std::vector<meters::ValueId> ids;
      for (std::size_t i = 0; i < labels->columns(); ++i)
        ids.push_back(fresh->intern(i, labels->text(i, labels->id(row, i)), meters::LabelType::String));
      fresh->find_or_append(ids);
      seen.push_back(last_seen_[row]);
    }
    table_ = std::move(fresh);
    last_seen_ = std::move(seen);
  }

  MetricType type_;
  std::shared_ptr<const std::vector<double>> bounds_;
  std::shared_ptr<const meters::Descriptor> descriptor_;
  std::unique_ptr<meters::LabelSetTable> table_ = std::make_unique<meters::LabelSetTable>();
  std::vector<std::uint64_t> last_seen_;  // by row
  std::vector<std::pair<Row, const ClientMetric*>> metrics_;
};

std::vector<ClientMetric::Bucket> buckets_of(const meters::Histograms& points, Row row) {
  std::vector<ClientMetric::Bucket> buckets;
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < points.buckets(); ++i) {
    cumulative += points.counts[std::size_t{row} * points.buckets() + i];
    ClientMetric::Bucket& bucket = buckets.emplace_back();
    bucket.cumulative_count = cumulative;
    bucket.upper_bound = kInfinity;
    if (i < points.bounds->size()) bucket.upper_bound = (*points.bounds)[i];
  }
  return buckets;
}

void set_value(ClientMetric& metric, SampleType type, const Family& family, Row row) {
  std::visit(
      [&](const auto& points) {
        using Points = std::decay_t<decltype(points)>;
        if constexpr (std::is_same_v<Points, meters::Scalars>) {
          (type == SampleType::Counter ? metric.counter.value : metric.gauge.value) = points.as_double(row);
        } else if constexpr (std::is_same_v<Points, meters::Histograms>) {
          metric.histogram.sample_count = points.count(row);
          metric.histogram.sample_sum = points.sums[row];
          metric.histogram.bucket = buckets_of(points, row);
        } else {
          metric.summary.sample_count = points.counts[row];
          metric.summary.sample_sum = points.sums[row];
          for (const auto& [quantile, value] : points.quantiles[row])
            metric.summary.quantile.push_back({quantile, value});
        }
      },
      family.points);
}

MetricType metric_type(SampleType type) noexcept {
  switch (type) {
    case SampleType::Counter:
      return MetricType::Counter;
    case SampleType::Gauge:
    case SampleType::Info:
      return MetricType::Gauge;
    case SampleType::Histogram:
      return MetricType::Histogram;
    case SampleType::Summary:
      return MetricType::Summary;
    case SampleType::Unknown:
      break;
  }
  return MetricType::Untyped;
}

class AsCollectable final : public prometheus::Collectable {
 public:
  AsCollectable(meters::Source& source, ExpositionOptions options)
      : source_(source), follower_(source.follow()), options_(options) {}

  std::vector<prometheus::MetricFamily> Collect() const override {
    const auto snapshot = collected();
    ExpositionReport report;
    const ExpositionPlan plan = plan_exposition(*snapshot, options_, report);
    std::vector<prometheus::MetricFamily> families;
    for (const ExposedFamily& exposed : plan.families) {
      prometheus::MetricFamily& family = families.emplace_back();
      family.name = exposed.name;
      // Its serializer writes help as it is; a line feed in it would break the answer.
      wire::append_help_text(family.help, exposed.help);
      family.type = metric_type(exposed.type);
      RowGuard guard(exposed, options_, report);
      for (const ExposedMember& member : exposed.members)
        append(family, exposed.type, member, guard.hidden_rows(member));
    }
    return families;
  }

 private:
  std::shared_ptr<const meters::Snapshot> collected() const {
    const std::lock_guard lock(mutex_);
    if (follower_) follower_->expire();
    meters::SnapshotBuilder builder(SystemClock::instance().now());
    source_.collect(builder);
    if (follower_) follower_->seen();
    return std::move(builder).finish(0);
  }

  static void append(prometheus::MetricFamily& family, SampleType type, const ExposedMember& member,
                     const std::vector<bool>& hidden) {
    meters::LabelPairs pairs;
    for (Row row = 0; row < member.family->rows(); ++row) {
      if (!hidden.empty() && hidden[row]) continue;
      ClientMetric& metric = family.metric.emplace_back();
      meters::merge_labels(member.identity, *member.family->labels, row, pairs);
      for (auto& [name, text] : pairs) metric.label.push_back({std::string(name), std::move(text)});
      set_value(metric, type, *member.family, row);
    }
  }

  meters::Source& source_;
  const std::unique_ptr<meters::Follower> follower_;  // null: the source needs none
  const ExpositionOptions options_;
  mutable std::mutex mutex_;  // held while collecting
};

}  // namespace

struct PrometheusCppSource::State {
  std::shared_ptr<prometheus::Collectable> collectable;
  std::shared_ptr<const meters::Origin> origin;
  std::map<Table::Key, Table> tables;
  std::uint64_t collections = 0;
  std::atomic<std::uint64_t> failures{0};
};

PrometheusCppSource::PrometheusCppSource(std::shared_ptr<prometheus::Collectable> collectable,
                                         std::shared_ptr<const meters::Origin> origin)
    : state_(std::make_unique<State>()) {
  if (!origin) {
    auto made = std::make_shared<meters::Origin>();
    made->resource = std::make_shared<const meters::Resource>();
    origin = std::move(made);
  }
  state_->collectable = std::move(collectable);
  state_->origin = std::move(origin);
}

PrometheusCppSource::~PrometheusCppSource() = default;

std::uint64_t PrometheusCppSource::failures() const noexcept {
  return state_->failures.load(std::memory_order_relaxed);
}

void PrometheusCppSource::collect(meters::SnapshotBuilder& builder) {
  std::vector<prometheus::MetricFamily> families;
  try {
    families = state_->collectable->Collect();
  } catch (const std::exception&) {
    state_->failures.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  const std::uint64_t collection = ++state_->collections;
  for (const prometheus::MetricFamily& family : families)
    for (const ClientMetric& metric : family.metric) {
      const bool bucketed = family.type == MetricType::Histogram;
      const Table::Key key(family.name, family.type, bucketed ? bounds_of(metric) : std::vector<double>{});
      state_->tables.try_emplace(key, key, family.help).first->second.add(metric, collection);
    }
  for (auto& [key, table] : state_->tables) table.finish(collection, state_->origin, builder);
  std::erase_if(state_->tables, [&](const auto& entry) { return entry.second.is_gone(collection); });
}

std::shared_ptr<prometheus::Collectable> as_collectable(meters::Source& source, ExpositionOptions options) {
  return std::make_shared<AsCollectable>(source, options);
}

}  // namespace tocsin::exporters
