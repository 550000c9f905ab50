// SPDX-License-Identifier: Apache-2.0
// MetricWriter: MetricPoints for receivers that count themselves (StatsD) or read another format than OTLP.
//
//   MetricWriter writer(Via::Statsd, {{"service.name", "statsd"}});     // the sender; used again and again
//   writer.meter({.name = "page.views", .kind = Kind::Counter});
//   writer.add({{"page", "home"}}, 1.0);                                // a change, made now
//   writer.meter({.name = "latency", .unit = "ms", .kind = Kind::Histogram, .bounds = bounds});
//   writer.observe({{"page", "home"}}, 12.5, 10);                       // one value, seen ten times
//   Intake::Outcome outcome = intake.apply(writer.finish());            // one lock for all of it
//   writer.clear();
//
// Changes and settings need no order of times: what arrives later counts later. Texts are copied.
// Threads: one. Costs about 100 ns a point.
#pragma once

#include <cstdint>
#include <deque>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/metric_points.h"
#include "meters/attributes.h"
#include "meters/snapshot.h"

namespace tocsin::agent {

struct MeterSpec {
  std::string_view name, unit = {}, help = {};
  meters::Kind kind = meters::Kind::Gauge;
  std::span<const double> bounds = {};  // of a histogram
};

class MetricWriter {
 public:
  struct Label {
    std::string_view name, text;
  };
  using Labels = std::span<const Label>;

  MetricWriter(meters::Via via, const meters::Attributes& resource);

  // What the next points belong to. The same again is free.
  void meter(const MeterSpec& spec);

  // A change of a counter, an up-down counter or a gauge.
  void add(Labels labels, double change, std::uint64_t time_ns = 0);
  void add(Labels labels, std::int64_t change, std::uint64_t time_ns = 0);
  // A gauge's value.
  void set(Labels labels, double value, std::uint64_t time_ns = 0);
  // A histogram's observations, as one point; each counts `weight` times. Requires: the meter is a histogram with the
  // bounds of its spec; there is a value.
  void observe(Labels labels, std::span<const double> values, std::uint64_t weight = 1, std::uint64_t time_ns = 0);

  void add(std::initializer_list<Label> labels, double change) { add(Labels(labels.begin(), labels.size()), change); }
  void set(std::initializer_list<Label> labels, double value) { set(Labels(labels.begin(), labels.size()), value); }
  void observe(std::initializer_list<Label> labels, double value, std::uint64_t weight = 1) {
    observe(Labels(labels.begin(), labels.size()), std::span(&value, 1), weight);
  }

  // Everything since clear(); valid until the next call.
  const MetricPoints& finish();
  void clear();
  bool empty() const noexcept { return points_.points() == 0; }

 private:
  std::string_view keep(std::string_view text);
  void fill(PointHead& head, Labels labels, std::uint64_t time_ns);
  void number(Labels labels, NumberForm form, std::uint64_t bits, Report report, std::uint64_t time_ns);
  void begin(Shape shape, Report report);
  void end_metric();

  const meters::Via via_;
  const std::string resource_;  // the Resource message
  MetricPoints points_;
  std::deque<std::string> texts_;
  MetricPoints::Metric metric_;  // being filled
  std::vector<double> bounds_;
};

}  // namespace tocsin::agent
