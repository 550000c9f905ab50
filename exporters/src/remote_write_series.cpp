// SPDX-License-Identifier: Apache-2.0
#include "exporters/src/remote_write_series.h"

#include <algorithm>
#include <bit>

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

std::string bound_text(double value) {
  std::string text;
  append_bound(text, value, true);  // as Prometheus 3 keeps what it scraped
  return text;
}

}  // namespace

void RemoteWriteMemory::ended(std::uint64_t series) {
  if (!remembers_) return;
  ended_.insert(series);
  if (ended_.size() <= kMostEnded) return;
  remembers_ = false;
  ended_ = {};
}

bool RemoteWriteMemory::is_new(std::uint64_t series, std::int64_t start_ns) const {
  return remembers_ && first_ns_ != 0 && start_ns > first_ns_ && !ended_.contains(series);
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

std::uint64_t RemoteWriteFamily::series_hash() const {
  const std::hash<std::string_view> hash;
  std::uint64_t sum = hash(name_);
  for (const auto& [name, text] : labels_) sum += (hash(name) * 0x9E3779B97F4A7C15ULL) ^ hash(text);
  return sum;
}

RemoteWriteFamily::Frame RemoteWriteFamily::frame(Row row, std::int64_t after_ns, RemoteWriteMemory& memory) const {
  Frame frame;
  frame.ended = family_.states[row] == RowState::Ended;
  frame.after_ns = frame.ended ? INT64_MAX : after_ns;
  // The end is later than the last point.
  const bool own_time = !frame.ended && !family_.time_ns.empty();
  frame.time_ms = (own_time ? family_.time_ns[row] : planned_.snapshot_ns) / kNsPerMs;
  if (!is_cumulative(family_) || family_.start_ns.empty() || family_.start_ns[row] == 0) return frame;
  if (frame.ended) return memory.ended(series_hash()), frame;
  const std::int64_t start_ns = family_.start_ns[row];
  const meters::Family* before = planned_.previous;
  const bool known = before != nullptr && row < before->rows() && before->states[row] == RowState::Live;
  const std::int64_t told_ns = !known ? 0 : before->time_ns.empty() ? after_ns : before->time_ns[row];
  const bool begun = known ? start_ns / kNsPerMs > told_ns / kNsPerMs : memory.is_new(series_hash(), start_ns);
  if (begun) frame.zero_ms = std::min(start_ns / kNsPerMs, frame.time_ms - 1);
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

void RemoteWriteFamily::exemplars(WriteRequestWriter& writer, Row row, std::uint32_t bucket, const Frame& frame) const {
  const auto before = [&](const meters::Exemplar& one, const std::pair<Row, std::uint32_t>& wanted) {
    return std::pair(one.row, one.bucket) < wanted;
  };
  const auto& all = family_.exemplars;
  for (auto it = std::lower_bound(all.begin(), all.end(), std::pair(row, bucket), before); it != all.end() && it->row == row && it->bucket == bucket; ++it) {
    if (to_unix_ns(it->time) <= frame.after_ns) continue;
    const auto texts = exemplar_labels(*it);
    const std::vector<Label> labels(texts.begin(), texts.end());
    writer.exemplar(labels, it->value, to_unix_ns(it->time) / kNsPerMs);
  }
}

void RemoteWriteFamily::scalar(WriteRequestWriter& writer, const meters::Scalars& points, Row row, const Frame& frame) {
  begin(writer, name_);
  values(writer, points.as_double(row), frame);
  if (!family_.exemplars.empty()) exemplars(writer, row, 0, frame);
  writer.end_series();
}

void RemoteWriteFamily::classic(WriteRequestWriter& writer, const meters::Histograms& points, Row row, const Frame& frame) {
  std::uint64_t cumulative = 0;
  for (std::uint32_t bucket = 0; bucket < points.buckets(); ++bucket) {
    cumulative += points.counts[std::size_t{row} * points.buckets() + bucket];
    const Label bound{"le", bounds_[bucket]};
    begin(writer, bucket_, &bound);
    values(writer, static_cast<double>(cumulative), frame);
    if (!family_.exemplars.empty()) exemplars(writer, row, bucket, frame);
    writer.end_series();
  }
  begin(writer, sum_), values(writer, points.sums[row], frame), writer.end_series();
  begin(writer, count_), values(writer, static_cast<double>(cumulative), frame), writer.end_series();
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
  for (std::uint32_t bucket = 0; !family_.exemplars.empty() && bucket < points.buckets(); ++bucket) exemplars(writer, row, bucket, frame);
  writer.end_series();
}

void RemoteWriteFamily::summary(WriteRequestWriter& writer, const meters::Summaries& points, Row row, const Frame& frame) {
  for (const meters::Quantile& quantile : points.quantiles[row]) {
    const std::string text = bound_text(quantile.quantile);
    const Label label{"quantile", text};
    begin(writer, name_, &label), values(writer, quantile.value, frame), writer.end_series();
  }
  begin(writer, sum_), values(writer, points.sums[row], frame), writer.end_series();
  begin(writer, count_), values(writer, static_cast<double>(points.counts[row]), frame), writer.end_series();
}

void RemoteWriteFamily::append(WriteRequestWriter& writer, Row row, std::int64_t after_ns, RemoteWriteMemory& memory) {
  read_labels(row);
  const Frame at = frame(row, after_ns, memory);
  if (const auto* scalars = std::get_if<meters::Scalars>(&family_.points)) return scalar(writer, *scalars, row, at);
  if (const auto* summaries = std::get_if<meters::Summaries>(&family_.points)) return summary(writer, *summaries, row, at);
  const auto& points = std::get<meters::Histograms>(family_.points);
  const bool fits = !points.native.empty() && points.native[row].scale >= meters::kLeastSchema;
  if (fits && shape_of(family_, options_.histograms) == OtlpShape::Exponential) return native(writer, points, row, at);
  classic(writer, points, row, at);
}

}  // namespace tocsin::exporters
