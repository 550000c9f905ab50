// SPDX-License-Identifier: Apache-2.0
// Symbols: the texts of all label names and values in the window, each once, as numbers that never change.
//
// Threads: one writer. find() and text() on any thread; text() for symbols that its caller learnt of from the writer.
// Costs 16 bytes a text, its bytes, and 5 for the index.
#pragma once

#include <memory>
#include <shared_mutex>
#include <string_view>
#include <vector>

#include "meters/base/segmented.h"
#include "rules/promql/series_reader.h"

namespace tocsin::rules {

class Symbols {
 public:
  Symbols();
  promql::Symbol intern(std::string_view text);
  promql::Symbol find(std::string_view text) const;  // kNoSymbol where unknown
  std::string_view text(promql::Symbol symbol) const noexcept {
    const Text& stored = texts_[symbol];
    return {stored.data, stored.size};
  }
  std::uint32_t size() const noexcept { return texts_.size(); }  // the writer's
  std::size_t bytes() const noexcept { return texts_.bytes() + block_bytes_ + index_.size() * sizeof(index_[0]); }

 private:
  struct Text {
    const char* data;
    std::uint32_t size;
  };
  std::size_t slot(std::string_view text) const noexcept;
  const char* store(std::string_view text);
  void grow();

  Segmented<Text> texts_;
  std::vector<std::unique_ptr<char[]>> blocks_;
  std::size_t block_used_ = 0, block_size_ = 0, block_bytes_ = 0;

  mutable std::shared_mutex mutex_;
  std::vector<promql::Symbol> index_;  // open addressing; kNoSymbol = free. Changed under mutex_
};

}  // namespace tocsin::rules
