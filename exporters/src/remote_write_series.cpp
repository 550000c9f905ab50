// SPDX-License-Identifier: Apache-2.0
#include "exporters/src/remote_write_series.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "exporters/src/exemplar_text.h"
#include "exporters/src/line_encoder.h"
#include "exporters/src/otlp_points.h"
#include "meters/identity.h"
#include "meters/native_spans.h"
#include "wire/remote_write_codec.h"

namespace tocsin::exporters {

namespace {

using meters::Row;
using meters::RowState;
using wire::WriteRequestWriter;

constexpr std::int64_t kNsPerMs = 1'000'000;

std::string_view reserved_of(const meters::Family& family) {
  if (std::holds_alternative<meters::Histograms>(family.points)) return "le";
  return std::holds_alternative<meters::Summaries>(family.points) ? "quantile" : "";
}

bool is_cumulative(const meters::Family& family) {
  return std::holds_alternative<meters::Histograms>(family.points) || family.descriptor->kind == meters::Kind::Counter;
}

struct ByRow {
  bool operator()(const meters::Exemplar& one, Row row) const noexcept { return one.row < row; }
  bool operator()(Row row, const meters::Exemplar& one) const noexcept { return row < one.row; }
};

std::string bound_text(double value) {
  std::string text;
  append_bound(text, value, true);  // as Prometheus 3 keeps what it scraped
  return text;
}

}  // namespace

const RemoteWriteMemory::Told* RemoteWriteMemory::find(std::uint64_t series) const {
  const auto found = told_.find(series);
  return found == told_.end() ? nullptr : &found->second;
}

void RemoteWriteMemory::tell(std::uint64_t series, const Told& told) {
  Told& known = told_[series];
  ended_ += (told.ended ? 1 : 0) - (known.ended ? 1 : 0);
  known = {std::max(known.last_ms, told.last_ms), std::max(known.exemplar_ms, told.exemplar_ms), told.ended};
  newest_ms_ = std::max(newest_ms_, told.last_ms);
  if (ended_ > kMostEnded || told_.size() > 2 * kept_ + kMostEnded) forget();
}

// Of those that are over the half that ended first. Who began before the last of these may be one of them.
void RemoteWriteMemory::forget() {
  std::vector<std::int64_t> ends;
  for (const auto& [series, told] : told_)
    if (is_over(told)) ends.push_back(told.last_ms);
  kept_ = told_.size();
  if (ends.empty()) return;
  const auto middle = ends.begin() + static_cast<std::ptrdiff_t>(ends.size() / 2);
  std::nth_element(ends.begin(), middle, ends.end());
  const std::int64_t until_ms = *middle;
  std::erase_if(told_, [&](const auto& one) { return is_over(one.second) && one.second.last_ms <= until_ms; });
  kept_ = told_.size();
  ended_ = static_cast<std::size_t>(std::count_if(told_.begin(), told_.end(), [](const auto& one) { return one.second.ended; }));
  since_ns_ = std::max(since_ns_, until_ms * kNsPerMs);
}

RemoteWriteFamily::RemoteWriteFamily(const PlannedFamily& planned, const RemoteWriteOptions& options)
    : planned_(planned), family_(*planned.family), options_(options), name_(family_.descriptor->prometheus_name),
      bucket_(name_ + "_bucket"), sum_(name_ + "_sum"), count_(name_ + "_count"),
      identity_(meters::identity_of(family_, {.scope_labels = options.scope_labels, .escape_label_name = {}}, reserved_of(family_))) {
  const meters::Resource& resource = *family_.origin->resource;
  // What a scrape would say of this process, nobody says here.
  if (resource.job.empty() && resource.instance.empty() && family_.origin->via == meters::Via::Registry) {
    identity_.constants.push_back({"job", meters::job_of(resource.attributes), true});
    identity_.constants.push_back({"instance", meters::instance_of(resource.attributes), true});
  }
  for (const auto& [name, text] : options.labels) identity_.constants.push_back({name, text, true});
  if (const auto* points = std::get_if<meters::Histograms>(&family_.points)) {
    for (const double bound : *points->bounds) bounds_.push_back(bound_text(bound));
    bounds_.emplace_back("+Inf");
  }
}

void RemoteWriteFamily::read_labels(Row row) {
  labels_.clear();
  const auto has = [this](std::string_view name) {
    return std::any_of(labels_.begin(), labels_.end(), [&](const Label& label) { return label.first == name; });
  };
  if (identity_.collides) {
    meters::merge_labels(identity_, *family_.labels, row, merged_);
    for (const auto& [name, text] : merged_) labels_.emplace_back(name, text);
    return;
  }
  for (const meters::ConstantLabel& label : identity_.constants)
    if (!label.yields) labels_.emplace_back(label.name, label.text);
  for (std::size_t i = 0; i < identity_.columns.size(); ++i) {
    const meters::ValueId id = family_.labels->id(row, i);
    if (id != meters::kNoValue) labels_.emplace_back(identity_.columns[i], family_.labels->text(i, id));
  }
  for (const meters::ConstantLabel& label : identity_.constants)
    if (label.yields && !label.text.empty() && !has(label.name)) labels_.emplace_back(label.name, label.text);
}

std::uint64_t RemoteWriteFamily::hash() const {
  const std::hash<std::string_view> of;
  std::uint64_t sum = of(name_);
  for (const auto& [name, text] : labels_) sum += (of(name) * 0x9E3779B97F4A7C15ULL) ^ of(text);
  return sum;
}

std::uint64_t RemoteWriteFamily::series(Row row) {
  read_labels(row);
  return hash();
}

RemoteWriteFamily::Frame RemoteWriteFamily::frame(Row row, std::int64_t before_ns, const RemoteWriteMemory& memory) const {
  Frame frame;
  const RemoteWriteMemory::Told* told = memory.find(hash());
  frame.ended = family_.states[row] == RowState::Ended;
  const std::int64_t own_ms = (family_.time_ns.empty() ? planned_.snapshot_ns : family_.time_ns[row]) / kNsPerMs;
  if (frame.ended) {
    // Right behind the last sample: the clock of a sender that comes back may be behind ours.
    if (told != nullptr && !told->ended) frame.time_ms = family_.time_ns.empty() ? std::max(own_ms, told->last_ms + 1) : told->last_ms + 1;
    return frame;
  }
  if (told != nullptr && own_ms <= told->last_ms) return frame;
  frame.time_ms = own_ms;
  frame.exemplars_after_ms = told == nullptr ? 0 : told->exemplar_ms;
  if (!is_cumulative(family_) || family_.start_ns.empty() || family_.start_ns[row] == 0) return frame;
  const std::int64_t start_ms = family_.start_ns[row] / kNsPerMs;
  if (told == nullptr) {
    // It was not there in the Snapshot before: a zero that is older would tell nothing more, and may be refused as too old.
    if (memory.is_new(family_.start_ns[row])) frame.zero_ms = std::min(std::max(start_ms, before_ns / kNsPerMs), own_ms - 1);
  } else if (const std::int64_t zero_ms = std::min(start_ms, own_ms - 1); zero_ms > told->last_ms) {
    frame.zero_ms = zero_ms;
  }
  return frame;
}

void RemoteWriteFamily::begin(WriteRequestWriter& writer, std::string_view name, const Label* more) {
  series_.assign(labels_.begin(), labels_.end());
  series_.emplace_back("__name__", name);
  if (more != nullptr) series_.push_back(*more);
  std::sort(series_.begin(), series_.end());
  writer.begin_series(series_);
}

void RemoteWriteFamily::values(WriteRequestWriter& writer, double value, const Frame& frame) {
  if (frame.zero_ms != 0) writer.sample(0, frame.zero_ms);
  writer.sample(frame.ended ? std::bit_cast<double>(wire::kStaleNanBits) : value, frame.time_ms);
}

std::span<const meters::Exemplar> RemoteWriteFamily::exemplars_of(Row row) const {
  const auto [first, last] = std::equal_range(family_.exemplars.begin(), family_.exemplars.end(), row, ByRow{});
  return {first, last};
}

void RemoteWriteFamily::exemplars(WriteRequestWriter& writer, Row row, std::optional<std::uint32_t> bucket, const Frame& frame) const {
  if (frame.ended || family_.exemplars.empty()) return;
  std::vector<const meters::Exemplar*> fresh;
  for (const meters::Exemplar& one : exemplars_of(row))
    if ((!bucket || one.bucket == *bucket) && to_unix_ns(one.time) / kNsPerMs > frame.exemplars_after_ms) fresh.push_back(&one);
  std::sort(fresh.begin(), fresh.end(), [](const auto* a, const auto* b) { return a->time < b->time; });
  for (const meters::Exemplar* one : fresh) {
    const auto texts = exemplar_labels(*one);
    const std::vector<Label> labels(texts.begin(), texts.end());
    writer.exemplar(labels, one->value, to_unix_ns(one->time) / kNsPerMs);
  }
}

// Who sends no sum has none.
void RemoteWriteFamily::sum_and_count(WriteRequestWriter& writer, double sum, std::uint64_t count, const Frame& frame) {
  if (!std::isnan(sum)) begin(writer, sum_), values(writer, sum, frame), writer.end_series();
  begin(writer, count_), values(writer, static_cast<double>(count), frame), writer.end_series();
}

void RemoteWriteFamily::scalar(WriteRequestWriter& writer, const meters::Scalars& points, Row row, const Frame& frame) {
  begin(writer, name_);
  values(writer, points.as_double(row), frame);
  exemplars(writer, row, std::nullopt, frame);
  writer.end_series();
}

void RemoteWriteFamily::classic(WriteRequestWriter& writer, const meters::Histograms& points, Row row, const Frame& frame) {
  std::uint64_t cumulative = 0;
  for (std::uint32_t bucket = 0; bucket < points.buckets(); ++bucket) {
    cumulative += points.counts[std::size_t{row} * points.buckets() + bucket];
    const Label bound{"le", bounds_[bucket]};
    begin(writer, bucket_, &bound);
    values(writer, static_cast<double>(cumulative), frame);
    exemplars(writer, row, bucket, frame);
    writer.end_series();
  }
  sum_and_count(writer, points.sums[row], cumulative, frame);
}

void RemoteWriteFamily::native(WriteRequestWriter& writer, const meters::Histograms& points, Row row, const Frame& frame) {
  const meters::NativeHistogram& histogram = points.native[row];
  begin(writer, name_);
  if (frame.zero_ms != 0) {
    meters::NativeHistogram none;
    none.scale = histogram.scale;
    none.zero_threshold = histogram.zero_threshold;
    writer.histogram(none, 0, frame.zero_ms, false);
  }
  writer.histogram(histogram, points.sums[row], frame.time_ms, frame.ended);
  exemplars(writer, row, std::nullopt, frame);
  writer.end_series();
}

void RemoteWriteFamily::summary(WriteRequestWriter& writer, const meters::Summaries& points, Row row, const Frame& frame) {
  for (const meters::Quantile& quantile : points.quantiles[row]) {
    const std::string text = bound_text(quantile.quantile);
    const Label label{"quantile", text};
    begin(writer, name_, &label), values(writer, quantile.value, frame), writer.end_series();
  }
  sum_and_count(writer, points.sums[row], points.counts[row], frame);
}

void RemoteWriteFamily::append(WriteRequestWriter& writer, Row row, std::int64_t before_ns, const RemoteWriteMemory& memory) {
  read_labels(row);
  const Frame at = frame(row, before_ns, memory);
  if (at.time_ms == 0) return;
  if (const auto* scalars = std::get_if<meters::Scalars>(&family_.points)) return scalar(writer, *scalars, row, at);
  if (const auto* summaries = std::get_if<meters::Summaries>(&family_.points)) return summary(writer, *summaries, row, at);
  const auto& points = std::get<meters::Histograms>(family_.points);
  const bool fits = !points.native.empty() && points.native[row].scale >= meters::kLeastSchema;
  if (fits && shape_of(family_, options_.histograms) == OtlpShape::Exponential) return native(writer, points, row, at);
  classic(writer, points, row, at);
}

void RemoteWriteFamily::tell(Row row, RemoteWriteMemory& memory) {
  read_labels(row);
  const Frame at = frame(row, INT64_MIN, memory);
  if (at.time_ms == 0) return;
  RemoteWriteMemory::Told told{at.time_ms, 0, at.ended};
  for (const meters::Exemplar& one : exemplars_of(row)) told.exemplar_ms = std::max(told.exemplar_ms, to_unix_ns(one.time) / kNsPerMs);
  memory.tell(hash(), told);
}

}  // namespace tocsin::exporters
