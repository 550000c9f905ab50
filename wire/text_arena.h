// SPDX-License-Identifier: Apache-2.0
// TextArena: texts that a decoder had to make (unescaped, put together), so that it can hand out views of everything.
//
//   std::string_view kept = arena.keep("x_bucket");   // valid until clear()
//
// Threads: one. Costs a copy a text; memory is kept for the next use up to what one block holds.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace tocsin::wire {

class TextArena {
 public:
  // Room for a text that the caller writes itself, at most `size` bytes; see shorten().
  char* room(std::size_t size) {
    if (size > left_) grow(size);
    char* const start = at_;
    at_ += size;
    left_ -= size;
    return start;
  }
  // Gives back what the caller of the last room() did not need. Requires: `unused` <= that size.
  void shorten(std::size_t unused) noexcept {
    at_ -= unused;
    left_ += unused;
  }

  std::string_view keep(std::string_view text) { return join(text, {}); }
  std::string_view join(std::string_view first, std::string_view second) {
    char* const start = room(first.size() + second.size());
    if (!first.empty()) std::memcpy(start, first.data(), first.size());
    if (!second.empty()) std::memcpy(start + first.size(), second.data(), second.size());
    return {start, first.size() + second.size()};
  }

  void clear() noexcept {
    if (blocks_.size() > 1) blocks_.resize(1);
    at_ = blocks_.empty() ? nullptr : blocks_.front().get();
    left_ = blocks_.empty() ? 0 : first_size_;
  }

 private:
  static constexpr std::size_t kBlock = std::size_t{16} << 10;

  void grow(std::size_t size) {
    const std::size_t bytes = size > kBlock ? size : kBlock;
    if (blocks_.empty()) first_size_ = bytes;
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(bytes));
    at_ = blocks_.back().get();
    left_ = bytes;
  }

  std::vector<std::unique_ptr<char[]>> blocks_;
  std::size_t first_size_ = 0;
  char* at_ = nullptr;
  std::size_t left_ = 0;
};

}  // namespace tocsin::wire
