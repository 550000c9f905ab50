// SPDX-License-Identifier: Apache-2.0
// WriteRequestWriter: a prometheus.WriteRequest (remote write 1.0) written series after series, without an object tree.
//
//   std::string message;
//   WriteRequestWriter writer(message);
//   writer.begin_series(labels);        // __name__ among them, sorted by name
//   writer.sample(1.5, time_ms);
//   writer.end_series();
//   writer.metadata("requests", ExpositionType::Counter, "Requests that ended.", "");
//
// What is written decode_write_request() reads. Specification: prometheus.io/docs/specs/prw/remote_write_spec.
// Threads: one. Costs an append a field.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "meters/snapshot.h"
#include "wire/exposition_parser.h"
#include "wire/protobuf.h"

namespace tocsin::wire {

class WriteRequestWriter {
 public:
  using Label = std::pair<std::string_view, std::string_view>;

  // Appends to `out`.
  explicit WriteRequestWriter(std::string& out) noexcept : writer_(out) {}

  void begin_series(std::span<const Label> labels);
  void sample(double value, std::int64_t time_ms);
  // Of a scale from -4 on; finer ones than 8 are made coarser. `stale`: only that it has ended.
  void histogram(const meters::NativeHistogram& histogram, double sum, std::int64_t time_ms, bool stale);
  void exemplar(std::span<const Label> labels, double value, std::int64_t time_ms);
  void end_series() { writer_.end(series_); }

  void metadata(std::string_view family, ExpositionType type, std::string_view help, std::string_view unit);

 private:
  void label(std::uint32_t field, const Label& label);

  ProtobufWriter writer_;
  ProtobufWriter::Mark series_{};
};

}  // namespace tocsin::wire
