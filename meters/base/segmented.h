// SPDX-License-Identifier: Apache-2.0
// Segmented<T>: an append-only array whose elements never move. Segments double in size, so 28 of them hold 2^32
// elements and the directory of segments is fixed: a reader needs no lock, only to know how many were published.
//
//   Segmented<std::uint32_t> ids;
//   ids.push_back(7);                  // the one writer
//   std::uint32_t first = ids[0];      // any thread that learnt size() >= 1 through the writer's synchronisation
//
// Threads: one writer; readers read [0, n) for an n handed over by a lock or a release store. Costs two shifts and a
// bit count a look-up. T must be trivially copyable. Memory of a large segment is touched only as it fills.
#pragma once

#include <array>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>

namespace tocsin {

template <class T>
class Segmented {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Segmented() = default;
  Segmented(const Segmented&) = delete;
  Segmented& operator=(const Segmented&) = delete;

  std::uint32_t size() const noexcept { return size_; }

  void push_back(T value) {
    const std::uint32_t segment = segment_of(size_);
    if (!segments_[segment]) segments_[segment].reset(new T[kFirst << segment]);
    segments_[segment][size_ - base_of(segment)] = value;
    ++size_;
  }

  // Requires: index < the size that was published to this thread.
  const T& operator[](std::uint32_t index) const noexcept {
    const std::uint32_t segment = segment_of(index);
    return segments_[segment][index - base_of(segment)];
  }
  T& operator[](std::uint32_t index) noexcept {
    const std::uint32_t segment = segment_of(index);
    return segments_[segment][index - base_of(segment)];
  }

  std::size_t bytes() const noexcept {
    return size_ == 0 ? 0 : sizeof(T) * (base_of(segment_of(size_ - 1)) + (kFirst << segment_of(size_ - 1)));
  }

 private:
  static constexpr std::uint32_t kFirst = 16;
  static std::uint32_t segment_of(std::uint32_t index) noexcept {
    return static_cast<std::uint32_t>(std::bit_width((index / kFirst) + 1U)) - 1U;
  }
  static std::uint32_t base_of(std::uint32_t segment) noexcept { return ((1U << segment) - 1U) * kFirst; }

  std::array<std::unique_ptr<T[]>, 28> segments_;
  std::uint32_t size_ = 0;
};

}  // namespace tocsin
