// SPDX-License-Identifier: Apache-2.0
#include "rules/src/window_family.h"

#include <cmath>
#include <utility>

#include "meters/base/number.h"
#include "rules/src/window_native.h"

namespace tocsin::rules {

using meters::Family;
using meters::Histograms;
using meters::Kind;
using meters::RowState;
using meters::Scalars;
using meters::Summaries;
using promql::kEmptySymbol;
using promql::SeriesRow;

namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;

std::string last_label(const Family& family) {
  if (std::holds_alternative<Histograms>(family.points)) return "le";
  return std::holds_alternative<Summaries>(family.points) ? "quantile" : "";
}

// What a native histogram begins with has its resolution.
Beginning like(Beginning beginning, const Family& family, meters::Row row, StripKind kind) {
  if (kind == StripKind::Histograms && beginning.start_ms != 0)
    beginning.nothing = empty_histogram(std::get<Histograms>(family.points).native[row]);
  return beginning;
}

// A time further ahead than clocks differ is of a sender whose clock is wrong, or of before ours was set back: the sample is of
// now, and a later one must not be kept out by it.
std::int64_t time_of(const Family& family, meters::Row row, std::int64_t snapshot_ns) {
  constexpr std::int64_t kMostAheadNs = 60'000'000'000;
  if (family.time_ns.empty()) return snapshot_ns;
  return family.time_ns[row] > snapshot_ns + kMostAheadNs ? snapshot_ns : family.time_ns[row];
}

bool same_resource(const meters::Resource& a, const meters::Resource& b) {
  return &a == &b || (a.job == b.job && a.instance == b.instance && a.promoted == b.promoted);
}

}  // namespace

TrackedFamily::TrackedFamily(WindowStore& store, const Family& family, meters::SeriesIdentity identity,
                             SenderTimes& sender, std::uint32_t id)
    : store_(store), descriptor_(family.descriptor), origin_(family.origin), sender_(sender), id_(id),
      naming_(store.series(), std::move(identity), last_label(family)),
      cumulative_(descriptor_->kind == Kind::Counter || descriptor_->kind == Kind::Histogram ||
                  descriptor_->kind == Kind::Summary) {
  make_variants(family);
  store_.describe(descriptor_);
}

void TrackedFamily::make_variants(const Family& family) {
  Symbols& symbols = store_.series().symbols();
  const std::string& name = descriptor_->prometheus_name;
  if (const auto* scalars = std::get_if<Scalars>(&family.points)) {
    const bool whole = scalars->type == meters::NumberType::Integer || descriptor_->kind == Kind::Counter;
    variants_ = {{{symbols.intern(name), kEmptySymbol}, whole ? StripKind::Integers : StripKind::Doubles}};
    return;
  }
  if (const auto* histograms = std::get_if<Histograms>(&family.points)) {
    bounds_ = histograms->bounds;
    native_ = !histograms->native.empty();
    const promql::Symbol bucket = symbols.intern(name + "_bucket");
    for (const double bound : *bounds_) {
      std::string le;
      append_go_double(le, bound);
      variants_.push_back({{bucket, symbols.intern(le)}, StripKind::Integers});
    }
    variants_.push_back({{bucket, symbols.intern("+Inf")}, StripKind::Integers});
  }
  variants_.push_back({{symbols.intern(name + "_count"), kEmptySymbol}, StripKind::Integers});
  variants_.push_back({{symbols.intern(name + "_sum"), kEmptySymbol}, StripKind::Doubles});
  if (native_) variants_.push_back({{symbols.intern(name), kEmptySymbol}, StripKind::Histograms});
  quantile_name_ = symbols.intern(name);
}

bool TrackedFamily::fits(const Family& family) const {
  const auto* histograms = std::get_if<Histograms>(&family.points);
  return (family.descriptor == descriptor_ || *family.descriptor == *descriptor_) &&
         same_resource(*family.origin->resource, *origin_->resource) && family.origin->scope == origin_->scope &&
         (histograms == nullptr) == (bounds_ == nullptr) &&
         (histograms == nullptr || ((histograms->bounds == bounds_ || *histograms->bounds == *bounds_) &&
                                    native_ == !histograms->native.empty()));
}

void TrackedFamily::see(const Family& family, std::uint64_t sequence) {
  seen_ = sequence;
  if (refusals_seen_ != store_.refusals_changed()) forget_refused();
  if (rows_.size() < family.rows()) {
    rows_.resize(family.rows());
    series_.resize(rows_.size() * variants_.size(), kNoSeries);
  }
  if (sender_.sequence == sequence) return;
  sender_.sequence = sequence;
  sender_.previous_ns = sender_.newest_ns;
}

void TrackedFamily::release(meters::Row row, std::vector<SeriesRow>& released) {
  const auto give_up = [&](SeriesRow& series) {
    if (series == kNoSeries) return;
    store_.owner(series) = Strip::kNoOwner;
    released.push_back(std::exchange(series, kNoSeries));
  };
  for (std::size_t i = 0; i < variants_.size(); ++i) give_up(series_[row * variants_.size() + i]);
  const auto first = quantiles_.lower_bound({row, 0}), last = quantiles_.lower_bound({row + 1, 0});
  for (auto at = first; at != last; ++at) give_up(at->second);
  quantiles_.erase(first, last);
  rows_[row].state = State::Unknown;
}

void TrackedFamily::release_ended(const Family& family, std::vector<SeriesRow>& released) {
  for (meters::Row row = 0; row < family.rows(); ++row)
    if (family.states[row] != RowState::Live && rows_[row].state != State::Unknown) release(row, released);
}

void TrackedFamily::release_all(std::vector<SeriesRow>& released) {
  if (refusals_seen_ != store_.refusals_changed()) forget_refused();
  for (meters::Row row = 0; row < rows_.size(); ++row)
    release(row, released);
}

std::int64_t TrackedFamily::start_of(const Family& family, meters::Row row) const noexcept {
  return cumulative_ && !family.start_ns.empty() ? family.start_ns[row] : 0;
}

// All of a row's series or none: another source that sends one of them sends them all.
TrackedFamily::State TrackedFamily::claim(const Family& family, meters::Row row, const Beginning& beginning) {
  SeriesRow* const series = &series_[row * variants_.size()];
  State state = State::Live;
  for (std::size_t i = 0; i < variants_.size(); ++i) {
    const auto& [variant, kind] = variants_[i];
    const auto labels = naming_.labels(*family.labels, row, variant);
    const auto found = store_.series().find(labels);
    if (found && store_.owner(*found) != Strip::kNoOwner && store_.owner(*found) != id_) {
      if (i == 0) return State::Repeated;
      continue;
    }
    series[i] = store_.begin(labels, kind, like(beginning, family, row, kind));
    if (series[i] != kNoSeries) {
      store_.owner(series[i]) = id_;
    } else {
      state = State::Lacking;
    }
  }
  return state;
}

// Series that the store gave up.
void TrackedFamily::forget_refused() {
  for (std::size_t i = 0; i < variants_.size(); ++i) {
    if (!store_.is_refused(variants_[i].first.name)) continue;
    for (std::size_t at = i; at < series_.size(); at += variants_.size()) series_[at] = kNoSeries;
    for (Row& row : rows_)
      if (row.state == State::Live) row.state = State::Lacking;
  }
  if (store_.is_refused(quantile_name_)) quantiles_.clear();
}

void TrackedFamily::resolve(const Family& family, std::int64_t snapshot_ns, bool retry_repeated) {
  const bool room_changed = std::exchange(refusals_seen_, store_.refusals_changed()) != store_.refusals_changed();
  for (meters::Row row = 0; row < family.rows(); ++row) {
    if (family.states[row] != RowState::Live) continue;
    Row& known = rows_[row];
    const std::int64_t start_ns = start_of(family, row);
    const bool begins = known.state == State::Unknown || (retry_repeated && known.state == State::Repeated) ||
                        (room_changed && known.state == State::Lacking);
    if (!begins && start_ns == known.start_ns) continue;
    const std::int64_t time_ns = time_of(family, row, snapshot_ns);
    // What this process registered states when each series began; senders state one start for all.
    const std::int64_t previous_ns = family.origin->via == meters::Via::Registry ? 0 : sender_.previous_ns;
    const Beginning beginning{time_ns / kNsPerMs, start_ns / kNsPerMs, previous_ns / kNsPerMs, nullptr};
    if (begins) {
      known.state = claim(family, row, beginning);
      known.time_ns = 0;
    } else if (known.state != State::Repeated) {
      for (std::size_t i = 0; i < variants_.size(); ++i)
        if (const SeriesRow series = series_[row * variants_.size() + i]; series != kNoSeries)
          store_.restart(series, like(beginning, family, row, variants_[i].second));
    }
    known.start_ns = start_ns;
  }
}

// Where a sender's clock is ahead, the time of its sample is ours: only its own tells whether the point is a new one.
bool TrackedFamily::is_same_point(Row& known, const Family& family, meters::Row row) {
  if (family.time_ns.empty()) return false;
  const auto sent_ms = static_cast<std::uint32_t>(family.time_ns[row] / kNsPerMs);
  return std::exchange(known.sent_ms, sent_ms) == sent_ms && known.time_ns != 0;
}

void TrackedFamily::append(const Family& family, std::int64_t snapshot_ns) {
  std::visit(
      [&](const auto& points) {
        for (meters::Row row = 0; row < family.rows(); ++row) {
          Row& known = rows_[row];
          if (family.states[row] != RowState::Live) continue;
          const std::int64_t time_ns = time_of(family, row, snapshot_ns);
          if (time_ns <= known.time_ns || is_same_point(known, family, row)) continue;
          known.time_ns = time_ns;
          if (time_ns > sender_.newest_ns) sender_.newest_ns = time_ns;
          if (known.state == State::Repeated) {
            store_.outcome().repeated += 1;
          } else {
            append_row(points, row, time_ns / kNsPerMs, family);
          }
        }
      },
      family.points);
}

void TrackedFamily::append_exemplars(const Family& family) {
  const bool scalars = std::holds_alternative<Scalars>(family.points);
  if (!scalars && bounds_ == nullptr) return;  // a summary's series have none
  for (const meters::Exemplar& exemplar : family.exemplars) {
    if (exemplar.row >= rows_.size() || (!scalars && exemplar.bucket > bounds_->size())) continue;
    const SeriesRow series = series_[exemplar.row * variants_.size() + (scalars ? 0 : exemplar.bucket)];
    if (series == kNoSeries) continue;
    std::int64_t& last_ns = exemplars_[(std::uint64_t{exemplar.row} << 32) | exemplar.bucket];
    if (to_unix_ns(exemplar.time) <= last_ns) continue;
    last_ns = to_unix_ns(exemplar.time);
    store_.add_exemplar(series, window_exemplar(exemplar));
  }
}

void TrackedFamily::put(meters::Row row, std::size_t variant, std::int64_t time_ms, double value,
                        promql::HistogramPtr histogram) {
  const SeriesRow series = series_[row * variants_.size() + variant];
  if (series == kNoSeries) {
    store_.count_refused(variants_[variant].first.name);
  } else {
    store_.put(series, time_ms, value, std::move(histogram));
  }
}

void TrackedFamily::append_row(const Scalars& points, meters::Row row, std::int64_t time_ms, const Family&) {
  put(row, 0, time_ms, points.as_double(row));
}

void TrackedFamily::append_row(const Histograms& points, meters::Row row, std::int64_t time_ms, const Family&) {
  const std::size_t buckets = points.buckets();
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < buckets; ++i) {
    cumulative += points.counts[row * buckets + i];
    put(row, i, time_ms, static_cast<double>(cumulative));
  }
  put(row, buckets, time_ms, static_cast<double>(cumulative));
  if (!std::isnan(points.sums[row])) put(row, buckets + 1, time_ms, points.sums[row]);
  if (native_)
    if (auto histogram = float_histogram(points.native[row], points.sums[row]))
      put(row, buckets + 2, time_ms, 0, std::move(histogram));
}

void TrackedFamily::append_row(const Summaries& points, meters::Row row, std::int64_t time_ms, const Family& family) {
  for (const meters::Quantile& quantile : points.quantiles[row])
    if (quantile.quantile >= 0 && quantile.quantile <= 1)
      if (const SeriesRow series = quantile_series(family, row, quantile.quantile, time_ms); series != kNoSeries)
        store_.put(series, time_ms, quantile.value);
  put(row, 0, time_ms, static_cast<double>(points.counts[row]));
  if (!std::isnan(points.sums[row])) put(row, 1, time_ms, points.sums[row]);
}

SeriesRow TrackedFamily::quantile_series(const Family& family, meters::Row row, double quantile, std::int64_t time_ms) {
  const auto [at, added] = quantiles_.try_emplace({row, std::bit_cast<std::uint64_t>(quantile)}, kNoSeries);
  if (!added) return at->second;
  std::string text;
  append_go_double(text, quantile);
  const Variant variant{quantile_name_, store_.series().symbols().intern(text)};
  const auto labels = naming_.labels(*family.labels, row, variant);
  const auto found = store_.series().find(labels);
  if (found && store_.owner(*found) != Strip::kNoOwner) return kNoSeries;
  at->second = store_.begin(labels, StripKind::Doubles, {time_ms, 0, 0, nullptr});
  if (at->second != kNoSeries) store_.owner(at->second) = id_;
  return at->second;
}

std::size_t TrackedFamily::bytes() const noexcept {
  return sizeof(*this) + rows_.capacity() * sizeof(Row) + series_.capacity() * sizeof(SeriesRow) +
         variants_.capacity() * sizeof(variants_[0]) + (quantiles_.size() + exemplars_.size()) * 64 + naming_.bytes();
}

}  // namespace tocsin::rules
