// SPDX-License-Identifier: Apache-2.0
// Remote write 1.0: prometheus.WriteRequest messages, read in one pass over their bytes into flat arrays. Texts are views
// of the message.
//
//   WriteRequest request;                                       // one a thread, used again and again
//   auto message = uncompress_snappy(body, limit);              // kept: the request's texts lie in it
//   if (!message) return message.error();
//   if (auto read = decode_write_request(*message, request); !read) return read.error();
//   for (const WriteSeries& series : request.series)
//     if (series.fault.empty()) use(request.labels_of(series), request.samples_of(series));
//
// A message that breaks off is refused whole; a series whose labels cannot be is marked with its fault, the others stand.
// Specification: prometheus.io/docs/specs/prw/remote_write_spec. Written by remote_write_writer.h.
// Threads: a value of one thread. Costs about 60 ns a series of one sample; 32 bytes a label, 16 a sample.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "meters/base/result.h"
#include "wire/exposition_parser.h"
#include "wire/sparse_histogram.h"

namespace tocsin::wire {

inline constexpr std::uint64_t kStaleNanBits = 0x7ff0000000000002;  // "this series has ended"
bool is_stale(double value) noexcept;

struct WriteSample {
  double value = 0;
  std::int64_t time_ms = 0;  // unix
};

// A range of one of WriteRequest's arrays.
struct WriteRange {
  std::uint32_t begin = 0, size = 0;
};

struct WriteExemplar {
  WriteRange labels;
  double value = 0;
  std::int64_t time_ms = 0;
};

struct WriteSeries {
  std::string_view name;   // __name__
  std::string_view fault;  // why it cannot be taken, in words; empty: it can
  WriteRange labels;       // the name among them
  WriteRange samples, histograms, exemplars;
};

struct WriteMetadata {
  std::string_view family, help, unit;
  ExpositionType type = ExpositionType::Unknown;
};

struct WriteRequest {
  std::vector<WriteSeries> series;
  std::vector<ExpositionLabel> labels;
  std::vector<WriteSample> samples;
  std::vector<WriteExemplar> exemplars;
  std::vector<WriteMetadata> metadata;
  SparseHistograms histograms;

  std::span<const ExpositionLabel> labels_of(WriteRange range) const noexcept {
    return std::span(labels).subspan(range.begin, range.size);
  }
  std::span<const ExpositionLabel> labels_of(const WriteSeries& of) const noexcept { return labels_of(of.labels); }
  std::span<const WriteSample> samples_of(const WriteSeries& of) const noexcept {
    return std::span(samples).subspan(of.samples.begin, of.samples.size);
  }
  std::span<const SparseHistogram> histograms_of(const WriteSeries& of) const noexcept {
    return std::span(histograms.all).subspan(of.histograms.begin, of.histograms.size);
  }
  std::span<const WriteExemplar> exemplars_of(const WriteSeries& of) const noexcept {
    return std::span(exemplars).subspan(of.exemplars.begin, of.exemplars.size);
  }
  void clear() noexcept;
};

struct WriteLimits {
  std::size_t samples = 2'000'000;  // and exemplars, of a message
  std::size_t labels = 128;         // of a series
};

// Errors: Input, with the byte; TooLarge, over the limits' samples. Nothing in `into` counts then.
Result<void> decode_write_request(std::string_view message, WriteRequest& into, const WriteLimits& limits = {});

}  // namespace tocsin::wire
