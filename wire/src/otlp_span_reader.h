// SPDX-License-Identifier: Apache-2.0
// OtlpSpanReader: one Span message into a SpanBatch. What SDKs write is read straight from the bytes; a span with
// anything else in it (unknown fields, other orders inside an attribute, faults) is read again by the careful way, which
// alone judges it. Both give the same record.
#pragma once

#include <cstdint>
#include <string_view>

#include "traces/span.h"
#include "wire/protobuf.h"

namespace tocsin::wire {

class OtlpSpanReader {
 public:
  OtlpSpanReader(traces::SpanBatch& batch, std::string_view app_id_attribute) noexcept
      : batch_(batch), body_(batch.body.data()), app_id_attribute_(app_id_attribute) {}

  // Appends the Span message that comes next, or counts it as one of invalid ids; a fault ends `parent`.
  void read(ProtobufReader& parent, std::uint32_t resource, std::uint32_t scope);

 private:
  bool read_plain(std::string_view message, traces::Span& span);
  bool read_plain_attribute(const char* at, const char* end, traces::Span& span);
  void read_carefully(ProtobufReader& reader, traces::Span& span);
  void read_attribute(ProtobufReader& span_reader, traces::Span& span);
  void record(const traces::SpanAttribute& attribute, bool current, traces::Span& span);
  std::uint32_t place(std::string_view part) const noexcept {
    return part.empty() ? 0 : static_cast<std::uint32_t>(part.data() - body_);
  }

  traces::SpanBatch& batch_;
  const char* const body_;
  const std::string_view app_id_attribute_;
};

}  // namespace tocsin::wire
