// SPDX-License-Identifier: Apache-2.0
// Meter: one metric of one target and scope: its descriptor, and a Series for each shape its points have.
//
// Threads: its target's lock.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agent/src/intake_histograms.h"
#include "agent/src/intake_scalars.h"
#include "agent/src/intake_series.h"
#include "meters/flow.h"

namespace tocsin::agent {

// A scope of a target. The origin is made again when the target's resource changes.
struct ScopeState {
  meters::Scope scope;
  std::shared_ptr<const meters::Origin> origin;
};

// How the names of what comes from there become Prometheus'; nothing where they are that already.
std::optional<meters::NameStrategy> names_of(const meters::Origin& origin) noexcept;

class Meter final : public SeriesOwner {
 public:
  Meter(const MetricPoints::Metric& metric, std::shared_ptr<ScopeState> scope, Budget& budget);
  ~Meter() override;

  const meters::Descriptor& descriptor() const noexcept { return *descriptor_; }
  const std::shared_ptr<ScopeState>& scope() const noexcept { return scope_; }

  // All points of the metric; context.metric is that metric.
  void apply(ApplyContext& context);
  void collect(meters::SnapshotBuilder& builder, std::uint32_t collection);
  void tick(const Expiry& expiry);

  bool empty() const noexcept { return series_.empty(); }
  std::uint32_t live_rows() const noexcept;
  Intake::Cardinality cardinality();

  std::uint32_t counted_rows() const noexcept override;
  bool claim(const SeriesBase& asking, SeriesTable::Labels labels, const Arrival& arrival) override;
  std::string_view name() const noexcept override { return descriptor_->name; }
  std::optional<meters::NameStrategy> names() const noexcept override { return names_of(*scope_->origin); }
  void count_overflow() noexcept override { ++overflowed_; }
  std::uint32_t last_collection() const noexcept override { return last_collection_; }

 private:
  // What a series of this shape can hold: the kind of cells, and for histograms their bounds.
  struct Form {
    Shape shape = Shape::None;
    std::vector<double> bounds;
    bool operator==(const Form&) const = default;
  };
  struct Entry {
    Form form;
    std::unique_ptr<SeriesBase> series;
  };

  static constexpr std::size_t kMaxForms = 64;

  // Null, and rejected, where there are too many forms.
  template <class Cells, class... Arguments>
  Series<Cells>* series_for(const Form& form, std::uint32_t points, ApplyContext& context, Arguments&&... arguments);
  template <class Point>
  void apply_points(std::span<const Point> all, ApplyContext& context);
  void apply_run(std::span<const NumberPoint> points, std::uint32_t first, ApplyContext& context);
  void apply_run(std::span<const HistogramPoint> points, std::uint32_t first, ApplyContext& context);
  void apply_run(std::span<const ExponentialPoint> points, std::uint32_t first, ApplyContext& context);
  void apply_run(std::span<const SummaryPoint> points, std::uint32_t first, ApplyContext& context);
  template <class Cells>
  void apply_to(Series<Cells>& series, std::span<const typename Cells::Point> points, std::uint32_t first,
                ApplyContext& context);

  Budget& budget_;
  std::shared_ptr<const meters::Descriptor> descriptor_;
  std::shared_ptr<ScopeState> scope_;
  std::vector<Entry> series_;
  std::uint64_t overflowed_ = 0;
  std::uint32_t last_collection_ = 0;
  std::vector<std::uint32_t> placed_;  // scratch
};

}  // namespace tocsin::agent
