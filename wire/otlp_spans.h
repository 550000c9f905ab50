// SPDX-License-Identifier: Apache-2.0
// SpanDecoder: ExportTraceServiceRequest bytes to a SpanBatch in one pass, without an object tree.
//
//   SpanDecoder decoder;                                     // one a thread
//   if (auto decoded = decoder.decode(body, batch); !decoded)
//     return decoded.error();                                // "spans: length runs past the end at byte 812"
//   span_meters.apply(batch);
//
// The whole body is decoded before anything is applied: of a body that is truncated nothing counts. Unknown fields are
// passed over, as are the values of attributes that no label is made from. Spans whose ids are missing, all zero or of
// a wrong length are counted in the batch and left out. Resource attributes are decoded once for equal bytes.
// Threads: one at a time. Costs about 70 ns for a span of 260 bytes.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "meters/attributes.h"
#include "meters/base/result.h"
#include "traces/span.h"
#include "wire/protobuf.h"

namespace tocsin::wire {

class SpanDecoder {
 public:
  // Decoded, attributes take several times their bytes: a resource larger than any real one is refused.
  static constexpr std::size_t kMaxResourceBytes = 256 * 1024;

  // `app_id_attribute`: the span attribute that is recorded as SpanKey::AppId; none when empty.
  explicit SpanDecoder(std::string app_id_attribute = {}) : app_id_attribute_(std::move(app_id_attribute)) {}

  // Requires: `body` stays as long as `batch` is used. Errors: Input, with the offset;
  // TooLarge from 4 GiB on, and for a resource over kMaxResourceBytes. After an
  // error the batch is empty.
  Result<void> decode(std::string_view body, traces::SpanBatch& batch);

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };
  static constexpr std::size_t kMemoEntries = 1024, kMemoBytes = 4 * kMaxResourceBytes;

  void decode_resource_spans(ProtobufReader& request, traces::SpanBatch& batch);
  Result<std::shared_ptr<const meters::Attributes>> attributes_of(std::string_view resource);

  std::string app_id_attribute_;
  std::unordered_map<std::string, std::shared_ptr<const meters::Attributes>, TextHash, std::equal_to<>> memo_;
  std::size_t memo_bytes_ = 0;
};

}  // namespace tocsin::wire
