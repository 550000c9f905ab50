// SPDX-License-Identifier: Apache-2.0
#include "traces/src/span_memo.h"

#include <random>

namespace tocsin::traces {

namespace {

__extension__ using Wide = unsigned __int128;

std::uint64_t fold(std::uint64_t a, std::uint64_t b) noexcept {
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

template <class Word>
std::uint64_t load(const char* at) noexcept {
  Word word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

}  // namespace

SpanHasher::SpanHasher() {
  std::random_device device;
  for (std::uint64_t& key : key_) key = (std::uint64_t{device()} << 32 | device()) | 1;
}

inline void SpanHasher::add(State& state, std::uint64_t a, std::uint64_t b) const noexcept {
  state.low = fold(a ^ key_[0], b ^ state.low);
  state.high = fold(a ^ state.high, b ^ key_[1]);
}

inline void SpanHasher::add(State& state, std::string_view text) const noexcept {
  const char* at = text.data();
  std::size_t left = text.size();
  for (; left > 16; at += 16, left -= 16) add(state, load<std::uint64_t>(at), load<std::uint64_t>(at + 8));
  if (left >= 8) return add(state, load<std::uint64_t>(at), load<std::uint64_t>(at + left - 8));
  if (left >= 4) return add(state, load<std::uint32_t>(at), load<std::uint32_t>(at + left - 4));
  if (left > 0)
    add(state, load<std::uint8_t>(at) | load<std::uint8_t>(at + left / 2) << 8, load<std::uint8_t>(at + left - 1));
}

SpanHash SpanHasher::operator()(const SpanBatch& batch, const Span& span, meters::Side side,
                                std::uint64_t profile) const noexcept {
  const LabelInputs inputs = label_inputs(span, side);
  State state{key_[2] ^ profile, key_[3], static_cast<std::uint64_t>(side) << 8 | static_cast<std::uint64_t>(span.status)};
  // The order of keys and sizes goes into `shape`, so that the texts need no separators.
  const auto shape = [&](std::uint64_t part) { state.shape = (state.shape + part + 1) * key_[4]; };
  for (const SpanAttribute& attribute : batch.attributes_of(span)) {
    if ((bit(attribute.key) & inputs.keys) == 0) continue;
    shape(std::uint64_t{attribute.size} << 16 | static_cast<std::uint64_t>(attribute.key) << 8 |
          static_cast<std::uint64_t>(attribute.type));
    if (attribute.type == SpanAttribute::Type::Text)
      add(state, batch.text(attribute));
    else
      add(state, attribute.bits, 0);
  }
  if (inputs.name) {
    shape(std::uint64_t{span.name_size} << 16 | 0xFF00);
    add(state, batch.name(span));
  }
  add(state, state.shape, profile);
  return {state.low, state.high};
}

void SpanMemo::insert(const SpanHash& hash, RequestRow* row) {
  if ((used_ + 1) * 2 > entries_.size()) {
    if (entries_.size() >= kMost) clear();
    std::vector<Entry> old;
    old.swap(entries_);
    entries_.resize(old.empty() ? kFirst : old.size() * 2);
    mask_ = entries_.size() - 1;
    used_ = 0;
    for (const Entry& entry : old)
      if (entry.row) insert(entry.hash, entry.row);
  }
  std::size_t at = hash.low & mask_;
  while (entries_[at].row) at = (at + 1) & mask_;
  entries_[at] = {hash, row};
  ++used_;
}

void SpanMemo::clear() noexcept {
  std::vector<Entry>().swap(entries_);
  used_ = mask_ = 0;
}

}  // namespace tocsin::traces
