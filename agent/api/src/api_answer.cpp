// SPDX-License-Identifier: Apache-2.0
#include "agent/api/src/api_answer.h"

#include <charconv>
#include <cmath>

#include "meters/base/number.h"
#include "rules/promql/histogram_buckets.h"

namespace tocsin::agent {
namespace {

using rules::promql::FloatHistogram;
using rules::promql::HistogramBucket;
using rules::promql::Matrix;
using rules::promql::Point;
using rules::promql::Scalar;
using rules::promql::StringValue;
using rules::promql::Vector;

std::string number(double value) {
  std::string out = "\"";
  append_api_number(out, value);
  return out += '"';
}

std::string time(std::int64_t ms) {
  std::string out;
  append_api_time(out, ms);
  return out;
}

// 0: open left, 1: open right, 2: open both, 3: closed both.
int boundary_rule(const HistogramBucket& bucket) {
  if (bucket.lower_included) return bucket.upper_included ? 3 : 1;
  return bucket.upper_included ? 0 : 2;
}

void write_histogram(wire::JsonWriter& json, const FloatHistogram& histogram) {
  json.begin_object();
  json.key("count");
  json.raw(number(histogram.count));
  json.key("sum");
  json.raw(number(histogram.sum));
  bool open = false;
  for (const HistogramBucket& bucket : all_buckets(histogram)) {
    if (bucket.count == 0) continue;
    if (!open) json.key("buckets"), json.begin_array();
    open = true;
    json.begin_array();
    json.value(boundary_rule(bucket));
    json.raw(number(bucket.lower));
    json.raw(number(bucket.upper));
    json.raw(number(bucket.count));
    json.end();
  }
  if (open) json.end();
  json.end();
}

void write_point(wire::JsonWriter& json, const Point& point) {
  json.begin_array();
  json.raw(time(point.time_ms));
  if (point.histogram) {
    write_histogram(json, *point.histogram);
  } else {
    json.raw(number(point.value));
  }
  json.end();
}

// The floats or the histograms of a series, under their key, where there are any.
void write_points(wire::JsonWriter& json, const char* key, const std::vector<Point>& points, bool histograms) {
  bool open = false;
  for (const Point& point : points) {
    if ((point.histogram != nullptr) != histograms) continue;
    if (!open) json.key(key), json.begin_array();
    open = true;
    write_point(json, point);
  }
  if (open) json.end();
}

bool full(std::size_t written, std::size_t limit) { return limit != 0 && written == limit; }

bool write_result(wire::JsonWriter& json, const Vector& vector, std::size_t limit) {
  std::size_t written = 0;
  json.begin_array();
  for (const auto& [labels, point] : vector) {
    if (full(written++, limit)) return json.end(), true;
    json.begin_object();
    json.key("metric");
    write_labels(json, labels);
    json.key(point.histogram ? "histogram" : "value");
    write_point(json, point);
    json.end();
  }
  json.end();
  return false;
}

bool write_result(wire::JsonWriter& json, const Matrix& matrix, std::size_t limit) {
  std::size_t written = 0;
  json.begin_array();
  for (const auto& [labels, points] : matrix) {
    if (full(written++, limit)) return json.end(), true;
    json.begin_object();
    json.key("metric");
    write_labels(json, labels);
    write_points(json, "values", points, false);
    write_points(json, "histograms", points, true);
    json.end();
  }
  json.end();
  return false;
}

bool write_result(wire::JsonWriter& json, const Scalar& scalar, std::size_t) {
  json.begin_array();
  json.raw(time(scalar.time_ms));
  json.raw(number(scalar.value));
  json.end();
  return false;
}

bool write_result(wire::JsonWriter& json, const StringValue& text, std::size_t) {
  json.begin_array();
  json.raw(time(text.time_ms));
  json.value(text.text);
  json.end();
  return false;
}

}  // namespace

ApiError execution_error(const Error& error) {
  switch (error.fault) {
    case Fault::Cancelled: return {503, "timeout", error.message};
    case Fault::Exhausted:
    case Fault::Environment: return {503, "unavailable", error.message};
    case Fault::Input:
    case Fault::Unsupported:
    case Fault::TooLarge:
    case Fault::Configuration: break;
  }
  return {422, "execution", error.message};
}

std::string error_text(const ApiError& error) {
  std::string out;
  wire::JsonWriter json(out);
  json.begin_object();
  json.field("status", "error");
  json.field("errorType", error.type);
  json.field("error", error.message);
  json.end();
  return out;
}

std::string success_text(const std::function<void(wire::JsonWriter&)>& members) {
  std::string out;
  wire::JsonWriter json(out);
  json.begin_object();
  json.field("status", "success");
  json.key("data");
  json.begin_object();
  members(json);
  json.end();
  json.end();
  return out += '\n';
}

void append_api_time(std::string& out, std::int64_t time_ms) {
  if (time_ms < 0) out += '-';
  const std::uint64_t ms = time_ms < 0 ? 0 - static_cast<std::uint64_t>(time_ms) : static_cast<std::uint64_t>(time_ms);
  append_integer(out, ms / 1000);
  const std::uint64_t fraction = ms % 1000;
  if (fraction == 0) return;
  out += fraction < 10 ? ".00" : fraction < 100 ? ".0" : ".";
  append_integer(out, fraction);
}

void append_api_number(std::string& out, double value) {
  const double size = std::abs(value);
  if (!std::isfinite(value)) return append_double(out, value);
  char buffer[400];
  const auto form = size != 0 && (size < 1e-6 || size >= 1e21) ? std::chars_format::scientific : std::chars_format::fixed;
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, form).ptr;
  out.append(buffer, static_cast<std::size_t>(end - buffer));
}

void write_labels(wire::JsonWriter& json, const rules::promql::SeriesReader& reader, std::span<const rules::promql::LabelId> labels) {
  json.begin_object();
  for (const auto& [name, value] : labels) json.field(reader.text(name), reader.text(value));
  json.end();
}

namespace {

// Prometheus' names. There is no queue here, and answers are sorted while they are made.
void write_stats(wire::JsonWriter& json, const rules::promql::Coverage& coverage, const QueryTimes& times) {
  const auto seconds = [](std::chrono::nanoseconds duration) { return std::chrono::duration<double>(duration).count(); };
  json.key("stats");
  json.begin_object();
  json.key("timings");
  json.begin_object();
  json.field("evalTotalTime", seconds(times.all - times.prepared));
  json.field("resultSortTime", 0);
  json.field("queryPreparationTime", seconds(times.prepared));
  json.field("innerEvalTime", seconds(times.all - times.prepared));
  json.field("execQueueTime", 0);
  json.field("execTotalTime", seconds(times.all));
  json.end();
  json.key("samples");
  json.begin_object();
  json.field("totalQueryableSamples", coverage.samples_read);
  json.field("peakSamples", coverage.samples_peak);
  json.end();
  json.end();
}

}  // namespace

bool write_value(wire::JsonWriter& json, const rules::promql::Evaluation& answer, std::size_t limit, const QueryTimes* times) {
  json.begin_object();
  json.field("resultType", rules::promql::type_text(answer.value));
  json.key("result");
  const bool cut = std::visit([&](const auto& result) { return write_result(json, result, limit); }, answer.value);
  if (times != nullptr) write_stats(json, answer.coverage, *times);
  json.end();
  return cut;
}

}  // namespace tocsin::agent
