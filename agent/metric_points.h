// SPDX-License-Identifier: Apache-2.0
// MetricPoints: points as a receiver decoded them, flat and ready to be applied to the intake. Texts are views into
// the bytes that were decoded; nothing is owned but the arrays, which are kept between requests.
//
//   MetricPoints points;                                   // one a thread, used again and again
//   if (auto decoded = decode_otlp_metrics(body, points); !decoded) return decoded.error();
//   intake.apply(points);                                  // `body` must still be there
//
// A resource has scopes, a scope has metrics, a metric has points: each is a range of indices into the next array.
// The points of a metric lie in the array of its shape. Receivers that do not decode OTLP fill one by MetricWriter.
// Threads: a value of one thread. Costs 72 bytes a number point.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "agent/raw_hash.h"
#include "meters/snapshot.h"

namespace tocsin::agent {

// What the points of a metric say about its series.
enum class Report : std::uint8_t {
  Latest,      // the value now: gauges, summaries
  Cumulative,  // the total since the start time
  Delta,       // the change between start time and time
  Increment,   // a change that was made just now, in any order: a receiver's own counting (StatsD)
  Set,         // the value now, in any order of times: the last to arrive counts
  Unknown,     // a sum or histogram that does not say: cannot be applied
};

enum class Shape : std::uint8_t { None, Number, Histogram, Exponential, Summary };

enum class NumberForm : std::uint8_t { None, Integer, Double };

struct PointHead {
  std::string_view attributes;  // the KeyValue fields of the point, one after the other with their tags
  RawHash hash;                 // of `attributes`
  std::uint64_t start_ns = 0;   // unix; 0 = not known
  std::uint64_t time_ns = 0;    // unix; 0 = not sent
};

struct NumberPoint : PointHead {
  std::uint64_t bits = 0;  // int64 or double, as `form` says
  NumberForm form = NumberForm::None;
  bool no_recorded_value = false;
};

// A range of MetricPoints::words.
struct WordRange {
  std::uint32_t begin = 0, size = 0;
};

struct HistogramPoint : PointHead {
  std::uint64_t count = 0;
  double sum = meters::kNoValueSent, min = meters::kNoValueSent, max = meters::kNoValueSent;
  WordRange counts, bounds;  // bounds are doubles by bits
  bool no_recorded_value = false;
  bool not_finite = false;  // of an observation that was no finite number: to be rejected
};

struct ExponentialPoint : PointHead {
  std::uint64_t count = 0, zero_count = 0;
  double sum = meters::kNoValueSent, min = meters::kNoValueSent, max = meters::kNoValueSent, zero_threshold = 0;
  WordRange positive, negative;
  std::int32_t scale = 0, positive_offset = 0, negative_offset = 0;
  bool no_recorded_value = false;
};

struct SummaryPoint : PointHead {
  std::uint64_t count = 0;
  double sum = 0;
  WordRange quantiles;  // quantile, value, quantile, value ... as doubles by bits
  bool no_recorded_value = false;
};

struct PointExemplar {
  std::uint32_t point = 0;  // index into the array of the metric's shape
  NumberForm form = NumberForm::None;
  std::uint64_t bits = 0;
  std::uint64_t time_ns = 0;
  std::string_view trace_id, span_id;
  std::string_view attributes;  // as in PointHead
};

struct MetricPoints {
  struct Range {
    std::uint32_t begin = 0, end = 0;
    std::uint32_t size() const noexcept { return end - begin; }
  };
  struct Resource {
    std::string_view bytes;  // the Resource message
    std::string_view schema_url;
    Range scopes;
  };
  struct Scope {
    std::string_view bytes;  // the InstrumentationScope message
    std::string_view schema_url;
    Range metrics;
  };
  struct Metric {
    std::string_view name, description, unit;
    meters::Kind kind = meters::Kind::Gauge;
    Shape shape = Shape::None;
    Report report = Report::Latest;
    Range points;     // into the array of `shape`
    Range exemplars;  // by point
  };

  meters::Via via = meters::Via::Otlp;
  std::vector<Resource> resources;
  std::vector<Scope> scopes;
  std::vector<Metric> metrics;
  std::vector<NumberPoint> numbers;
  std::vector<HistogramPoint> histograms;
  std::vector<ExponentialPoint> exponentials;
  std::vector<SummaryPoint> summaries;
  std::vector<PointExemplar> exemplars;
  std::vector<std::uint64_t> words;
  std::deque<std::string> joined;  // attributes that did not lie together

  std::size_t points() const noexcept {
    return numbers.size() + histograms.size() + exponentials.size() + summaries.size();
  }
  void clear() noexcept;
  // Gives memory back that a single huge request needed.
  void trim(std::size_t keep_bytes) noexcept;
};

}  // namespace tocsin::agent
