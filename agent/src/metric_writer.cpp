// SPDX-License-Identifier: Apache-2.0
#include "agent/metric_writer.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>

#include "wire/otlp_attributes.h"

namespace tocsin::agent {

namespace otlp = wire::otlp;

namespace {

std::string encode_resource(const meters::Attributes& attributes) {
  std::string message;
  wire::ProtobufWriter writer(message);
  for (const meters::Attribute& attribute : attributes)
    wire::append_attribute(writer, otlp::Resource::kAttributes, attribute);
  return message;
}

std::size_t field_size(std::size_t size) { return 1 + wire::varint_size(size) + size; }

}  // namespace

MetricWriter::MetricWriter(meters::Via via, const meters::Attributes& resource)
    : via_(via), resource_(encode_resource(resource)) {}

std::string_view MetricWriter::keep(std::string_view text) { return texts_.emplace_back(text); }

void MetricWriter::meter(const MeterSpec& spec) {
  const bool same = metric_.name == spec.name && metric_.unit == spec.unit && metric_.kind == spec.kind &&
                    metric_.description == spec.help && std::ranges::equal(bounds_, spec.bounds);
  if (same && !metric_.name.empty()) return;
  end_metric();
  metric_ = {};
  metric_.name = keep(spec.name);
  metric_.unit = keep(spec.unit);
  metric_.description = keep(spec.help);
  metric_.kind = spec.kind;
  bounds_.assign(spec.bounds.begin(), spec.bounds.end());
}

// A metric has points of one shape and one report: where these change, another one begins.
void MetricWriter::begin(Shape shape, Report report) {
  if (metric_.shape == shape && metric_.report == report) return;
  end_metric();
  metric_.shape = shape;
  metric_.report = report;
  const std::size_t size = shape == Shape::Histogram ? points_.histograms.size() : points_.numbers.size();
  metric_.points.begin = static_cast<std::uint32_t>(size);
}

void MetricWriter::end_metric() {
  if (metric_.shape == Shape::None) return;
  const std::size_t size = metric_.shape == Shape::Histogram ? points_.histograms.size() : points_.numbers.size();
  metric_.points.end = static_cast<std::uint32_t>(size);
  points_.metrics.push_back(metric_);
  metric_.shape = Shape::None;
}

void MetricWriter::fill(PointHead& head, Labels labels, std::uint64_t time_ns) {
  std::string& raw = texts_.emplace_back();
  wire::ProtobufWriter writer(raw);
  for (const Label& label : labels) {
    const std::size_t text = field_size(label.text.size());
    writer.length(otlp::NumberDataPoint::kAttributes, field_size(label.name.size()) + field_size(text));
    writer.bytes(otlp::KeyValue::kKey, label.name);
    writer.length(otlp::KeyValue::kValue, text);
    writer.bytes(otlp::AnyValue::kString, label.text);
  }
  head.attributes = raw;
  head.hash = hash_raw(raw);
  head.time_ns = time_ns;
}

void MetricWriter::number(Labels labels, NumberForm form, std::uint64_t bits, Report report, std::uint64_t time_ns) {
  begin(Shape::Number, report);
  NumberPoint& point = points_.numbers.emplace_back();
  fill(point, labels, time_ns);
  point.form = form;
  point.bits = bits;
}

void MetricWriter::add(Labels labels, double change, std::uint64_t time_ns) {
  number(labels, NumberForm::Double, std::bit_cast<std::uint64_t>(change), Report::Increment, time_ns);
}

void MetricWriter::add(Labels labels, std::int64_t change, std::uint64_t time_ns) {
  number(labels, NumberForm::Integer, static_cast<std::uint64_t>(change), Report::Increment, time_ns);
}

void MetricWriter::set(Labels labels, double value, std::uint64_t time_ns) {
  number(labels, NumberForm::Double, std::bit_cast<std::uint64_t>(value), Report::Set, time_ns);
}

void MetricWriter::observe(Labels labels, std::span<const double> values, std::uint64_t weight, std::uint64_t time_ns) {
  assert(metric_.kind == meters::Kind::Histogram && !values.empty());
  begin(Shape::Histogram, Report::Increment);
  HistogramPoint& point = points_.histograms.emplace_back();
  fill(point, labels, time_ns);
  auto& words = points_.words;
  point.bounds = {static_cast<std::uint32_t>(words.size()), static_cast<std::uint32_t>(bounds_.size())};
  for (const double bound : bounds_) words.push_back(std::bit_cast<std::uint64_t>(bound));
  point.counts = {static_cast<std::uint32_t>(words.size()), static_cast<std::uint32_t>(bounds_.size() + 1)};
  words.resize(words.size() + bounds_.size() + 1);
  point.sum = 0;
  point.min = point.max = values.front();
  for (const double value : values) {
    point.not_finite = point.not_finite || !std::isfinite(value);
    point.count += weight;
    point.sum += value * static_cast<double>(weight);
    point.min = std::min(point.min, value);
    point.max = std::max(point.max, value);
    const auto bucket = std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin();
    words[point.counts.begin + static_cast<std::size_t>(bucket)] += weight;
  }
}

const MetricPoints& MetricWriter::finish() {
  end_metric();
  points_.via = via_;
  points_.scopes.assign(1, {{}, {}, {0, static_cast<std::uint32_t>(points_.metrics.size())}});
  points_.resources.assign(1, {resource_, {}, {0, 1}});
  return points_;
}

void MetricWriter::clear() {
  points_.clear();
  texts_.clear();
  metric_ = {};
  bounds_.clear();
}

}  // namespace tocsin::agent
