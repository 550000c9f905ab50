// SPDX-License-Identifier: Apache-2.0
#include "agent/src/intake_meter.h"

#include <algorithm>
#include <bit>

#include "meters/base/text.h"

namespace tocsin::agent {

namespace {

constexpr std::size_t kMeterBytes = 1'024;  // an estimate of what a meter costs besides its series

std::shared_ptr<const meters::Descriptor> describe(const MetricPoints::Metric& metric, const meters::Origin& origin) {
  auto descriptor = std::make_shared<meters::Descriptor>();
  descriptor->name = metric.name;
  descriptor->unit = to_utf8(metric.unit);
  descriptor->help = to_utf8(metric.description);
  descriptor->kind = metric.kind;
  const auto names = names_of(origin);
  descriptor->prometheus_name =
      names ? meters::prometheus_name(metric.name, descriptor->unit, metric.kind, *names) : descriptor->name;
  return descriptor;
}

}  // namespace

std::optional<meters::NameStrategy> names_of(const meters::Origin& origin) noexcept {
  if (names_are_prometheus(origin.via)) return std::nullopt;
  return origin.resource->names;
}

Meter::Meter(const MetricPoints::Metric& metric, std::shared_ptr<ScopeState> scope, Budget& budget)
    : budget_(budget), descriptor_(describe(metric, *scope->origin)), scope_(std::move(scope)) {
  budget_.meters.fetch_add(1, std::memory_order_relaxed);
  budget_.bytes.fetch_add(kMeterBytes, std::memory_order_relaxed);
}

Meter::~Meter() {
  for (Entry& entry : series_) entry.series->release(budget_);
  budget_.meters.fetch_sub(1, std::memory_order_relaxed);
  budget_.bytes.fetch_sub(kMeterBytes, std::memory_order_relaxed);
}

template <class Cells, class... Arguments>
Series<Cells>* Meter::series_for(const Form& form, std::uint32_t points, ApplyContext& context,
                                 Arguments&&... arguments) {
  for (Entry& entry : series_)
    if (entry.form == form) return static_cast<Series<Cells>*>(entry.series.get());
  if (series_.size() >= kMaxForms)
    return context.reject(Rejection::BadBuckets, points, "too many different bounds"), nullptr;
  auto made = std::make_unique<Series<Cells>>(*this, descriptor_->kind, std::forward<Arguments>(arguments)...);
  Series<Cells>* series = made.get();
  series_.push_back({form, std::move(made)});
  return series;
}

template <class Cells>
void Meter::apply_to(Series<Cells>& series, std::span<const typename Cells::Point> points, std::uint32_t first,
                     ApplyContext& context) {
  const MetricPoints::Range exemplars = context.metric->exemplars;
  if (exemplars.size() == 0) return series.apply(points, context);
  placed_.clear();
  context.placed = &placed_;
  series.apply(points, context);
  const auto all = std::span(context.batch.exemplars).subspan(exemplars.begin, exemplars.size());
  const auto last = static_cast<std::uint32_t>(first + points.size());
  const auto inside = [&](const PointExemplar& exemplar) { return exemplar.point >= first && exemplar.point < last; };
  const auto begin = std::find_if(all.begin(), all.end(), inside);
  const auto end = std::find_if_not(begin, all.end(), inside);
  series.keep_exemplars({begin, end}, first, context);
  context.placed = nullptr;
}

// Points without a value end their series, whatever its form; those between them are applied together.
template <class Point>
void Meter::apply_points(std::span<const Point> all, ApplyContext& context) {
  const MetricPoints::Range range = context.metric->points;
  std::uint32_t begin = range.begin;
  for (std::uint32_t at = range.begin; at != range.end; ++at) {
    if (!all[at].no_recorded_value) [[likely]] continue;
    if (at != begin) apply_run(all.subspan(begin, at - begin), begin, context);
    for (Entry& entry : series_) entry.series->no_recorded_value(all[at], context);
    ++context.accepted;
    begin = at + 1;
  }
  if (begin != range.end) apply_run(all.subspan(begin, range.end - begin), begin, context);
}

void Meter::apply_run(std::span<const NumberPoint> points, std::uint32_t first, ApplyContext& context) {
  const auto count = static_cast<std::uint32_t>(points.size());
  if (auto* series = series_for<ScalarCells>({Shape::Number, {}}, count, context, descriptor_->kind))
    apply_to(*series, points, first, context);
}

// Neighbours with the same bounds are applied together.
void Meter::apply_run(std::span<const HistogramPoint> points, std::uint32_t first, ApplyContext& context) {
  const auto words = std::span(context.batch.words);
  const auto bounds_of = [&](const HistogramPoint& point) { return words.subspan(point.bounds.begin, point.bounds.size); };
  while (!points.empty()) {
    const auto bounds = bounds_of(points.front());
    std::uint32_t count = 1;
    while (count < points.size() && std::ranges::equal(bounds_of(points[count]), bounds)) ++count;
    Form form{Shape::Histogram, {}};
    form.bounds.reserve(bounds.size());
    for (const std::uint64_t word : bounds) form.bounds.push_back(std::bit_cast<double>(word));
    if (!bounds_valid(form.bounds)) {
      context.reject(Rejection::BadBuckets, count, "bounds must be numbers that ascend, at most 1024");
    } else if (auto* series = series_for<HistogramCells>(form, count, context, form.bounds)) {
      apply_to(*series, points.first(count), first, context);
    }
    points = points.subspan(count);
    first += count;
  }
}

void Meter::apply_run(std::span<const ExponentialPoint> points, std::uint32_t first, ApplyContext& context) {
  const auto count = static_cast<std::uint32_t>(points.size());
  if (auto* series = series_for<NativeCells>({Shape::Exponential, {}}, count, context))
    apply_to(*series, points, first, context);
}

void Meter::apply_run(std::span<const SummaryPoint> points, std::uint32_t first, ApplyContext& context) {
  const auto count = static_cast<std::uint32_t>(points.size());
  if (auto* series = series_for<SummaryCells>({Shape::Summary, {}}, count, context))
    apply_to(*series, points, first, context);
}

void Meter::apply(ApplyContext& context) {
  const MetricPoints& batch = context.batch;
  switch (context.metric->shape) {
    case Shape::None: break;
    case Shape::Number: apply_points(std::span(batch.numbers), context); break;
    case Shape::Histogram: apply_points(std::span(batch.histograms), context); break;
    case Shape::Exponential: apply_points(std::span(batch.exponentials), context); break;
    case Shape::Summary: apply_points(std::span(batch.summaries), context); break;
  }
}

void Meter::collect(meters::SnapshotBuilder& builder, std::uint32_t collection) {
  last_collection_ = collection;
  for (Entry& entry : series_) {
    meters::Family family;
    family.descriptor = descriptor_;
    family.origin = scope_->origin;
    entry.series->collect(family);
    builder.add(std::move(family));
  }
}

void Meter::tick(const Expiry& expiry) {
  for (Entry& entry : series_) entry.series->tick(expiry, budget_);
  std::erase_if(series_, [this](Entry& entry) {
    if (entry.series->rows() != 0) return false;
    entry.series->release(budget_);
    return true;
  });
}

std::uint32_t Meter::live_rows() const noexcept {
  std::uint32_t rows = 0;
  for (const Entry& entry : series_) rows += entry.series->live_rows();
  return rows;
}

std::uint32_t Meter::counted_rows() const noexcept {
  std::uint32_t rows = 0;
  for (const Entry& entry : series_) rows += entry.series->counted_rows();
  return rows;
}

bool Meter::claim(const SeriesBase& asking, SeriesTable::Labels labels, const Arrival& arrival) {
  return std::all_of(series_.begin(), series_.end(), [&](Entry& entry) {
    return entry.series.get() == &asking || entry.series->yield(labels, arrival, budget_);
  });
}

Intake::Cardinality Meter::cardinality() {
  Intake::Cardinality out;
  out.meter = descriptor_->name;
  out.series = live_rows();
  out.overflowed = overflowed_;
  for (Entry& entry : series_) {
    auto [label, texts] = entry.series->widest_label();
    if (texts <= out.label_texts) continue;
    out.label = std::move(label);
    out.label_texts = texts;
  }
  return out;
}

}  // namespace tocsin::agent
