// SPDX-License-Identifier: Apache-2.0
#include "rules/src/window_symbols.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <mutex>

namespace tocsin::rules {

using promql::kNoSymbol;
using promql::Symbol;

Symbols::Symbols() : index_(64, kNoSymbol) { intern({}); }

std::size_t Symbols::slot(std::string_view text) const noexcept {
  std::size_t at = std::hash<std::string_view>{}(text) & (index_.size() - 1);
  while (index_[at] != kNoSymbol && this->text(index_[at]) != text) at = (at + 1) & (index_.size() - 1);
  return at;
}

const char* Symbols::store(std::string_view text) {
  if (block_size_ - block_used_ < text.size()) {
    block_size_ = std::max<std::size_t>(text.size(), std::clamp<std::size_t>(block_bytes_, 1024, 64 * 1024));
    blocks_.push_back(std::make_unique<char[]>(block_size_));
    block_bytes_ += block_size_;
    block_used_ = 0;
  }
  if (text.empty()) return "";
  char* const place = blocks_.back().get() + block_used_;
  std::memcpy(place, text.data(), text.size());
  block_used_ += text.size();
  return place;
}

void Symbols::grow() {
  std::vector<Symbol> grown(index_.size() * 2, kNoSymbol);
  index_.swap(grown);
  for (Symbol symbol = 0; symbol < texts_.size(); ++symbol) index_[slot(text(symbol))] = symbol;
}

Symbol Symbols::intern(std::string_view text) {
  std::size_t at = slot(text);
  if (index_[at] != kNoSymbol) return index_[at];
  const std::unique_lock lock(mutex_);
  if ((std::size_t{texts_.size()} + 1) * 4 > index_.size() * 3) {
    grow();
    at = slot(text);
  }
  const Symbol symbol = texts_.size();
  texts_.push_back({store(text), static_cast<std::uint32_t>(text.size())});
  index_[at] = symbol;
  return symbol;
}

Symbol Symbols::find(std::string_view text) const {
  const std::shared_lock lock(mutex_);
  return index_[slot(text)];
}

}  // namespace tocsin::rules
