// SPDX-License-Identifier: Apache-2.0
// SpanMemo: from a keyed hash of what a span's labels are made from to its series, so that the steady state builds no
// labels. 128 bits under a key of this process: a sender cannot prepare a collision, and chance does not bring one.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "traces/request_labels.h"
#include "traces/span.h"

namespace tocsin::traces {

struct RequestRow;

struct SpanHash {
  std::uint64_t low = 0, high = 0;
  bool operator==(const SpanHash&) const = default;
};

class SpanHasher {
 public:
  SpanHasher();
  // Of the span's kind, status and inputs, and of who sent it.
  SpanHash operator()(const SpanBatch& batch, const Span& span, meters::Side side, std::uint64_t profile) const noexcept;

 private:
  struct State {
    std::uint64_t low, high, shape;
  };
  void add(State& state, std::uint64_t a, std::uint64_t b) const noexcept;
  void add(State& state, std::string_view text) const noexcept;

  std::uint64_t key_[5];
};

class SpanMemo {
 public:
  void prefetch(const SpanHash& hash) const noexcept {
    if (!entries_.empty()) __builtin_prefetch(&entries_[hash.low & mask_]);
  }
  RequestRow* find(const SpanHash& hash) const noexcept {
    if (entries_.empty()) return nullptr;
    for (std::size_t at = hash.low & mask_;; at = (at + 1) & mask_) {
      const Entry& entry = entries_[at];
      if (entry.hash == hash || entry.row == nullptr) return entry.row;
    }
  }
  // Requires: not there yet.
  void insert(const SpanHash& hash, RequestRow* row);
  // Before any row dies.
  void clear() noexcept;

 private:
  struct alignas(32) Entry {
    SpanHash hash;
    RequestRow* row = nullptr;
  };
  // Beyond these the spans differ in nearly every request: remembering them does not help.
  static constexpr std::size_t kFirst = 256, kMost = std::size_t{1} << 17;

  std::vector<Entry> entries_;
  std::size_t used_ = 0, mask_ = 0;
};

}  // namespace tocsin::traces
