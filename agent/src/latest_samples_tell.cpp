// SPDX-License-Identifier: Apache-2.0
// The second half of LatestSamples: from what is to be told to points.
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <optional>

#include "agent/latest_samples.h"
#include "agent/src/latest_samples_shapes.h"
#include "wire/remote_write_codec.h"

namespace tocsin::agent {

using meters::Kind;

namespace {

// The words of a histogram's family are not those of one of its parts that stands alone.
bool describes(const rules::SampleFamily& family) {
  if (!family.descriptor) return false;
  const std::string_view name = family.descriptor->name;
  if (!std::string_view(family.name).starts_with(name)) return false;
  const std::string_view suffix = std::string_view(family.name).substr(name.size());
  if (family.descriptor->kind == Kind::Counter) return suffix.empty() || suffix == "_total";
  return family.descriptor->kind == Kind::Gauge && (suffix.empty() || suffix == "_info");
}

}  // namespace

void LatestSamples::open_sender(std::uint32_t sender) {
  if (open_ == sender) return;
  close_sender();
  open_ = sender;
  const auto scope = static_cast<std::uint32_t>(points_.scopes.size());
  points_.resources.push_back({senders_[sender], {}, {scope, scope + 1}});
  points_.scopes.push_back({{}, {}, {static_cast<std::uint32_t>(points_.metrics.size()), 0}});
}

void LatestSamples::close_sender() {
  close_metric();
  if (open_) points_.scopes.back().metrics.end = static_cast<std::uint32_t>(points_.metrics.size());
  open_.reset();
}

void LatestSamples::open_metric(std::string_view name, const meters::Descriptor* descriptor, Shape shape) {
  if (metric_.shape == shape && metric_.name == name) return;
  close_metric();
  metric_ = {};
  metric_.name = name;
  metric_.shape = shape;
  if (descriptor != nullptr) {
    metric_.unit = descriptor->unit;
    metric_.description = descriptor->help;
    metric_.kind = descriptor->kind;
  }
  if (shape == Shape::Histogram || shape == Shape::Exponential) metric_.kind = Kind::Histogram;
  if (shape == Shape::Number && metric_.kind != Kind::Counter) metric_.kind = Kind::Gauge;
  metric_.report = metric_.kind == Kind::Counter || metric_.kind == Kind::Histogram ? Report::Cumulative : Report::Latest;
  metric_.points.begin = static_cast<std::uint32_t>(detail::size_of(points_, shape));
  metric_.exemplars.begin = metric_.exemplars.end = static_cast<std::uint32_t>(points_.exemplars.size());
}

void LatestSamples::close_metric() {
  if (metric_.shape == Shape::None) return;
  metric_.points.end = static_cast<std::uint32_t>(detail::size_of(points_, metric_.shape));
  if (metric_.points.size() != 0) points_.metrics.push_back(metric_);
  metric_.shape = Shape::None;
}

void LatestSamples::tell(const rules::Batch& batch) {
  for (const Told& told : told_) {
    open_sender(told.sender);
    if (told.role == Role::Number) tell_number(batch, told.sample);
    else if (told.role == Role::Native) tell_native(batch, told.sample);
    else if (groups_[told.sample].descriptor->kind == Kind::Histogram) tell_histogram(batch, told.sample);
    else tell_summary(groups_[told.sample]);
  }
  close_sender();
}

// A native histogram's end is a float.
void LatestSamples::tell_native_end(const rules::Batch& batch, std::uint32_t sample) {
  const rules::SampleFamily& family = batch.families[batch.family[sample]];
  const Row& row = row_of(batch, sample);
  open_metric(family.name, family.descriptor.get(), Shape::Exponential);
  ExponentialPoint& point = points_.exponentials.emplace_back();
  point.attributes = row.attributes;
  point.hash = row.hash;
  point.time_ns = detail::ns_of(batch.time_ms[sample]);
  point.no_recorded_value = true;
}

void LatestSamples::tell_number(const rules::Batch& batch, std::uint32_t sample) {
  const rules::SampleFamily& family = batch.families[batch.family[sample]];
  const Row& row = row_of(batch, sample);
  if (row.role == Role::Native && wire::is_stale(batch.values[sample])) return tell_native_end(batch, sample);
  open_metric(family.name, describes(family) ? family.descriptor.get() : nullptr, Shape::Number);
  NumberPoint& point = points_.numbers.emplace_back();
  point.attributes = row.attributes;
  point.hash = row.hash;
  point.time_ns = detail::ns_of(batch.time_ms[sample]);
  point.start_ns = batch.start_ms.empty() ? 0 : detail::ns_of(batch.start_ms[sample]);
  point.form = NumberForm::Double;
  point.bits = std::bit_cast<std::uint64_t>(batch.values[sample]);
  point.no_recorded_value = wire::is_stale(batch.values[sample]);
  tell_exemplars(batch, row_key(batch.family[sample], batch.row[sample]));
}

void LatestSamples::tell_native(const rules::Batch& batch, std::uint32_t sample) {
  const rules::SampleFamily& family = batch.families[batch.family[sample]];
  const Row& row = row_of(batch, sample);
  const rules::promql::FloatHistogram& histogram = *batch.histograms[sample];
  if (histogram.custom()) return tell_custom(batch, sample);
  const auto positive = detail::dense(histogram.positive_spans, histogram.positive);
  const auto negative = detail::dense(histogram.negative_spans, histogram.negative);
  if (!positive || !negative) return;
  open_metric(family.name, family.descriptor.get(), Shape::Exponential);
  ExponentialPoint& point = points_.exponentials.emplace_back();
  point.attributes = row.attributes;
  point.hash = row.hash;
  point.time_ns = detail::ns_of(batch.time_ms[sample]);
  point.start_ns = batch.start_ms.empty() ? 0 : detail::ns_of(batch.start_ms[sample]);
  point.no_recorded_value = wire::is_stale(histogram.sum);
  point.count = detail::count_of(histogram.count);
  point.sum = histogram.sum;
  point.zero_count = detail::count_of(histogram.zero_count);
  point.zero_threshold = histogram.zero_threshold;
  point.scale = histogram.schema;
  point.positive_offset = positive->first;
  point.positive = detail::append_words(points_, positive->second);
  point.negative_offset = negative->first;
  point.negative = detail::append_words(points_, negative->second);
  tell_exemplars(batch, row_key(batch.family[sample], batch.row[sample]));
}

// Custom bounds are a classic histogram's.
void LatestSamples::tell_custom(const rules::Batch& batch, std::uint32_t sample) {
  const rules::SampleFamily& family = batch.families[batch.family[sample]];
  const rules::promql::FloatHistogram& histogram = *batch.histograms[sample];
  const Row& row = row_of(batch, sample);
  std::vector<std::uint64_t> bounds, counts(histogram.custom_bounds.size() + 1);
  for (const double bound : histogram.custom_bounds) bounds.push_back(std::bit_cast<std::uint64_t>(bound));
  std::int64_t bucket = 0;
  std::size_t next = 0;
  for (const auto& span : histogram.positive_spans) {
    bucket += span.offset;
    for (std::uint32_t i = 0; i < span.length; ++i, ++bucket, ++next)
      if (bucket >= 0 && bucket < static_cast<std::int64_t>(counts.size()))
        counts[static_cast<std::size_t>(bucket)] = detail::count_of(histogram.positive[next]);
  }
  open_metric(family.name, family.descriptor.get(), Shape::Histogram);
  HistogramPoint& point = points_.histograms.emplace_back();
  point.attributes = row.attributes;
  point.hash = row.hash;
  point.time_ns = detail::ns_of(batch.time_ms[sample]);
  point.no_recorded_value = wire::is_stale(histogram.sum);
  point.sum = histogram.sum;
  for (const std::uint64_t count : counts) point.count += count;
  point.bounds = detail::append_words(points_, bounds);
  point.counts = detail::append_words(points_, counts);
  tell_exemplars(batch, row_key(batch.family[sample], batch.row[sample]));
}

void LatestSamples::tell_histogram(const rules::Batch& batch, std::uint32_t at) {
  const Group& group = groups_[at];
  open_metric(group.descriptor->name, group.descriptor.get(), Shape::Histogram);
  HistogramPoint& point = points_.histograms.emplace_back();
  point.attributes = group.attributes;
  point.hash = group.hash;
  point.time_ns = detail::ns_of(group.time_ms);
  point.start_ns = detail::ns_of(group.start_ms);
  point.no_recorded_value = group.ended;
  point.sum = group.sum;
  std::vector<std::uint64_t> bounds, counts;
  double before = 0, last = 0;
  for (const auto& [bound, cumulative] : group.parts) {
    last = std::max(before, cumulative);
    counts.push_back(detail::count_of(last - before));
    before = last;
    if (std::isfinite(bound)) bounds.push_back(std::bit_cast<std::uint64_t>(bound));
  }
  if (counts.size() == bounds.size()) counts.push_back(detail::count_of(group.count - before));
  for (const std::uint64_t count : counts) point.count += count;
  point.bounds = detail::append_words(points_, bounds);
  point.counts = detail::append_words(points_, counts);
  tell_exemplars(batch, group_key(at));
}

void LatestSamples::tell_summary(const Group& group) {
  open_metric(group.descriptor->name, group.descriptor.get(), Shape::Summary);
  SummaryPoint& point = points_.summaries.emplace_back();
  point.attributes = group.attributes;
  point.hash = group.hash;
  point.time_ns = detail::ns_of(group.time_ms);
  point.start_ns = detail::ns_of(group.start_ms);
  point.no_recorded_value = group.ended;
  point.count = detail::count_of(group.count);
  point.sum = std::isnan(group.sum) ? 0 : group.sum;
  std::vector<std::uint64_t> words;
  for (const auto& [quantile, value] : group.parts) {
    words.push_back(std::bit_cast<std::uint64_t>(quantile));
    words.push_back(std::bit_cast<std::uint64_t>(value));
  }
  point.quantiles = detail::append_words(points_, words);
}

}  // namespace tocsin::agent
