// SPDX-License-Identifier: Apache-2.0
#include "rules/src/window_restore.h"

#include <algorithm>
#include <utility>

#include "rules/src/window_sections.h"

namespace tocsin::rules {

using promql::LabelId;
using promql::Symbol;

namespace {

Error damaged(std::string what) { return {Fault::Input, std::move(what)}; }

class Reader {
 public:
  explicit Reader(std::string_view bytes) : reader_(bytes) {}

  Result<RestoredState> read() {
    state_.series = std::make_unique<SeriesSet>();
    auto header = read_section(reader_);
    if (!header) return header.error();
    if (header->kind != Section::Header || !is_window_checkpoint(header->bytes))
      return damaged("it is no checkpoint of a window, or one of another version");
    for (;;) {
      auto section = read_section(reader_);
      if (!section) return section.error();
      if (section->kind == Section::End) break;
      if (auto taken = take(*section); !taken) return taken.error();
    }
    if (reader_.left() != 0) return damaged("something follows its end");
    return std::move(state_);
  }

 private:
  Result<void> take(const ReadSection& section) {
    ByteReader reader(section.bytes);
    switch (section.kind) {
      case Section::Texts: return texts(reader);
      case Section::Strip: return strip(reader);
      case Section::Memory: return memory(reader);
      case Section::Header:
      case Section::End: break;
    }
    return damaged("a section is of an unknown kind");
  }

  Result<void> texts(ByteReader& reader) {
    const std::uint64_t count = reader.varint();
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::string_view text = reader.text();
      if (!reader.ok()) return damaged("its texts are torn");
      symbols_.push_back(state_.series->symbols().intern(text));
    }
    return {};
  }

  Result<void> strip(ByteReader& reader) {
    const std::uint8_t head = reader.byte();
    const auto kind = static_cast<std::uint8_t>(head & ~kRecordedStrip);
    const std::uint64_t slots = reader.varint();
    if (!reader.ok() || kind > static_cast<std::uint8_t>(StripKind::Histograms) || slots > kStripSlots)
      return damaged("a strip is of an unknown shape");
    auto restored = std::make_unique<Strip>(state_.series->next_strip(), static_cast<StripKind>(kind),
                                            (head & kRecordedStrip) != 0);
    for (std::uint64_t i = 0; i < slots; ++i)
      if (auto taken = slot(reader, *restored); !taken) return taken.error();
    const std::uint64_t chunks = reader.varint();
    for (std::uint64_t i = 0; i < chunks; ++i) {
      auto chunk = Chunk::load(reader);
      if (!chunk) return chunk.error();
      if ((*chunk)->slots() > slots) return damaged("a block has more series than its strip");
      state_.newest_ms = std::max(state_.newest_ms, (*chunk)->max_ms());
      if (!restored->restore_chunk(std::move(*chunk))) return damaged("the samples of a strip are not in order");
    }
    if (!reader.ok() || reader.left() != 0) return damaged("a strip is torn");
    if (!state_.series->restore(std::move(restored))) return damaged("a series is there twice");
    return {};
  }

  Result<void> slot(ByteReader& reader, Strip& strip) {
    const std::uint64_t count = reader.varint();
    if (count > reader.left()) return damaged("a series has too many labels");
    labels_.clear();
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t name = reader.varint(), value = reader.varint();
      if (name >= symbols_.size() || value >= symbols_.size()) return damaged("a label has no text");
      labels_.push_back({symbols_[name], symbols_[value]});
    }
    const std::int64_t born_ms = reader.signed_varint(), ended_ms = reader.signed_varint();
    if (!reader.ok()) return damaged("a series is torn");
    if (labels_.empty()) return strip.restore_free(), Result<void>();
    const Symbols& symbols = state_.series->symbols();
    const bool good = std::none_of(labels_.begin(), labels_.end(), [](const LabelId& label) {
      return label.name == promql::kEmptySymbol || label.value == promql::kEmptySymbol;
    }) && std::adjacent_find(labels_.begin(), labels_.end(), [&](const LabelId& a, const LabelId& b) {
      return symbols.text(a.name) >= symbols.text(b.name);
    }) == labels_.end();
    if (!good) return damaged("the labels of a series are not in order");
    strip.restore_slot(labels_, born_ms, ended_ms);
    return {};
  }

  Result<void> memory(ByteReader& reader) {
    const std::uint64_t senders = reader.varint();
    for (std::uint64_t i = 0; i < senders && reader.ok(); ++i) {
      const std::string sender(reader.text());
      state_.senders[sender] = reader.signed_varint();
    }
    const std::uint64_t departed = reader.varint();
    for (std::uint64_t i = 0; i < departed && reader.ok(); ++i) {
      const std::uint64_t series = reader.fixed64();
      state_.departed[series] = reader.signed_varint();
    }
    if (!reader.ok() || reader.left() != 0) return damaged("what it remembers of senders is torn");
    return {};
  }

  ByteReader reader_;
  RestoredState state_;
  std::vector<Symbol> symbols_;  // by the checkpoint's numbers
  std::vector<LabelId> labels_;
};

}  // namespace

Result<RestoredState> read_checkpoint(std::string_view bytes) { return Reader(bytes).read(); }

}  // namespace tocsin::rules
