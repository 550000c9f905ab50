// SPDX-License-Identifier: Apache-2.0
// Exposition parser: what a scrape target answers, in text 0.0.4 and 1.0.0, OpenMetrics 1.0 or Prometheus' protobuf, to
// one flat list of samples. Names and label texts are views of the body, or of texts kept in the Exposition.
//
//   Exposition scraped;                                       // one a thread, used again and again
//   auto format = exposition_format(reply.headers.value("Content-Type"));
//   if (auto parsed = parse_exposition(*format, reply.body, scraped); !parsed) return parsed.error();
//   for (const ExpositionSample& sample : scraped.samples) use(sample.name, scraped.labels_of(sample), sample.value);
//
// A body is taken whole or refused, with line and column (protobuf: the byte). Text is read as Prometheus 3 reads it;
// OpenMetrics as its specification demands (grouping, clashing names, histograms that add up ...), unless told to check
// the syntax alone. `le` and `quantile` are written as Prometheus 3 keeps them: "1" becomes "1.0".
// Threads: an Exposition belongs to one thread. Costs about 100 ns a sample; 88 bytes a sample and 32 a label.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include "meters/base/result.h"
#include "wire/sparse_histogram.h"
#include "wire/text_arena.h"

namespace tocsin::wire {

enum class ExpositionFormat : std::uint8_t { Text, OpenMetrics, Protobuf };

// By Content-Type. Errors: Unsupported, for one that is missing or that we do not read.
Result<ExpositionFormat> exposition_format(std::string_view content_type);

enum class ExpositionType : std::uint8_t {
  Unknown, Counter, Gauge, Histogram, GaugeHistogram, Summary, Info, StateSet
};
std::string_view to_text(ExpositionType type) noexcept;  // "unknown", "counter", ...

// What a sample is to its metric.
enum class SampleRole : std::uint8_t {
  Value,     // of a gauge, an unknown, an info, a state
  Total,     // of a counter
  Created,   // since when the metric counts, in seconds
  Bucket,    // cumulative; `bound` is its le
  Count,
  Sum,
  Quantile,  // `bound` is its quantile
  Native,    // a native histogram, at `histogram`
};

struct ExpositionLabel {
  std::string_view name, text;
};

struct ExpositionFamily {
  std::string_view name;  // without the suffixes of its samples
  std::string_view help = {}, unit = {};
  ExpositionType type = ExpositionType::Unknown;
};

inline constexpr std::int64_t kNoTime = std::numeric_limits<std::int64_t>::min();

struct ExpositionExemplar {
  std::uint32_t sample = 0;
  std::uint32_t first_label = 0, labels = 0;
  double value = 0;
  std::int64_t time_ms = kNoTime;
};

struct ExpositionSample {
  std::string_view name;  // as stored: "x_bucket"
  std::uint32_t family = 0;
  std::uint32_t first_label = 0, labels = 0;
  std::uint32_t histogram = 0;  // into Exposition::histograms.all
  SampleRole role = SampleRole::Value;
  bool starts_metric = false;  // the first sample of a metric, as far as that is told
  double value = 0;
  double bound = 0;
  std::int64_t time_ms = kNoTime;  // as the target says, unix
  std::int64_t created_ms = 0;     // since when the metric counts, unix; 0 = not said
};

struct Exposition {
  std::vector<ExpositionFamily> families;
  std::vector<ExpositionSample> samples;      // in the order of the body
  std::vector<ExpositionLabel> labels;        // in the order of the body, without the name
  std::vector<ExpositionExemplar> exemplars;  // by sample
  SparseHistograms histograms;
  TextArena texts;

  std::span<const ExpositionLabel> labels_of(const ExpositionSample& sample) const noexcept {
    return std::span(labels).subspan(sample.first_label, sample.labels);
  }
  std::span<const ExpositionLabel> labels_of(const ExpositionExemplar& exemplar) const noexcept {
    return std::span(labels).subspan(exemplar.first_label, exemplar.labels);
  }
  void clear() noexcept;
};

struct ExpositionOptions {
  bool syntax_only = false;               // OpenMetrics: do not judge what samples say together
  std::size_t max_samples = 4'000'000;    // a body with more is refused
};

// Errors: Input, with the place; TooLarge, over max_samples. Nothing in `into` counts then.
Result<void> parse_exposition(ExpositionFormat format, std::string_view body, Exposition& into,
                              const ExpositionOptions& options = {});

}  // namespace tocsin::wire
