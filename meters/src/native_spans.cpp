// SPDX-License-Identifier: Apache-2.0
#include "meters/native_spans.h"

namespace tocsin::meters {

namespace {

// Up to this many empty buckets are written out rather than opening another span, as Prometheus itself does.
constexpr std::int64_t kGapFilled = 2;

class Builder {
 public:
  explicit Builder(NativeSpans& into) : into_(into) {}

  // Requires: index is larger than the last one; count is not 0.
  void add(std::int64_t index, std::uint64_t count) {
    const std::int64_t gap = index - next_;
    if (into_.spans.empty() || gap > kGapFilled) {
      into_.spans.push_back({static_cast<std::int32_t>(into_.spans.empty() ? index : gap), 0});
    } else {
      for (std::int64_t i = 0; i < gap; ++i) append(0);
    }
    append(count);
    next_ = index + 1;
    into_.count += count;
  }

 private:
  void append(std::uint64_t count) {
    into_.deltas.push_back(static_cast<std::int64_t>(count - last_));
    ++into_.spans.back().length;
    last_ = count;
  }

  NativeSpans& into_;
  std::int64_t next_ = 0;
  std::uint64_t last_ = 0;
};

}  // namespace

NativeSpans native_spans(const std::vector<std::uint64_t>& counts, std::int32_t offset, std::int32_t shift) {
  NativeSpans buckets;
  Builder builder(buckets);
  std::uint64_t merged = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const std::int64_t index = std::int64_t{offset} + static_cast<std::int64_t>(i);
    merged += counts[i];
    const bool last_of_bucket = i + 1 == counts.size() || ((index + 1) >> shift) != (index >> shift);
    if (!last_of_bucket) continue;
    if (merged != 0) builder.add((index >> shift) + 1, merged);
    merged = 0;
  }
  return buckets;
}

}  // namespace tocsin::meters
