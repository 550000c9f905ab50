// SPDX-License-Identifier: Apache-2.0
#include "rules/window_checkpoint.h"

#include <algorithm>
#include <utility>

#include "rules/src/window_sections.h"
#include "rules/src/window_view.h"

namespace tocsin::rules {

using promql::LabelId;
using promql::Symbol;

namespace {

constexpr std::string_view kFormat = "tocsin window 1";
constexpr std::size_t kColumnsOfAChunk = 120;

// Texts that are used, numbered anew.
class Texts {
 public:
  explicit Texts(const WindowView& view) : view_(view) {}
  void use(Symbol symbol) {
    if (!numbers_.try_emplace(symbol, numbers_.size()).second) return;
    ByteWriter(bytes_).text(view_.text(symbol));
  }
  std::uint64_t number(Symbol symbol) const { return numbers_.at(symbol); }
  std::string section() const {
    std::string section;
    ByteWriter(section).varint(numbers_.size());
    return section + bytes_;
  }

 private:
  const WindowView& view_;
  std::unordered_map<Symbol, std::uint64_t> numbers_;
  std::string bytes_;
};

// Newest samples are compressed too: a checkpoint is read back as chunks.
std::string section_of(const StripView& strip, const Texts& texts) {
  std::string bytes;
  ByteWriter writer(bytes);
  const Directory& directory = *strip.directory;
  writer.byte(static_cast<std::uint8_t>(static_cast<std::uint8_t>(strip.kind) | (strip.recorded ? kRecordedStrip : 0)));
  writer.varint(directory.slots.size());
  for (std::uint32_t slot = 0; slot < directory.slots.size(); ++slot) {
    const auto labels = directory.labels(slot);
    writer.varint(labels.size());
    for (const LabelId& label : labels) {
      writer.varint(texts.number(label.name));
      writer.varint(texts.number(label.value));
    }
    writer.signed_varint(directory.slots[slot].born_ms);
    writer.signed_varint(directory.slots[slot].ended_ms);
  }
  const std::size_t fresh = (strip.columns.size() + kColumnsOfAChunk - 1) / kColumnsOfAChunk;
  writer.varint(strip.chunks.size() + fresh);
  for (const auto& chunk : strip.chunks) chunk->save(writer);
  for (std::size_t i = 0; i < strip.columns.size(); i += kColumnsOfAChunk)
    Chunk::make(std::span(strip.columns).subspan(i, std::min(kColumnsOfAChunk, strip.columns.size() - i)))->save(writer);
  return bytes;
}

}  // namespace

static_assert(kColumnsOfAChunk <= Chunk::kMostColumns);

WindowCheckpoint::WindowCheckpoint(std::shared_ptr<const WindowView> view, Senders senders, Departed departed)
    : view_(std::move(view)), senders_(std::move(senders)), departed_(std::move(departed)) {}

Result<void> WindowCheckpoint::save(ByteSink& sink) const {
  const WindowView::State& state = *view_->state_;
  if (auto written = write_section(sink, Section::Header, kFormat); !written) return written;
  Texts texts(*view_);
  for (const auto& strip : state.strips)
    if (strip)
      for (const LabelId& label : strip->directory->cells) texts.use(label.name), texts.use(label.value);
  if (auto written = write_section(sink, Section::Texts, texts.section()); !written) return written;
  for (const auto& strip : state.strips)
    if (strip)
      if (auto written = write_section(sink, Section::Strip, section_of(*strip, texts)); !written) return written;

  std::string memory;
  ByteWriter writer(memory);
  writer.varint(senders_.size());
  for (const auto& [sender, newest_ns] : senders_) writer.text(sender), writer.signed_varint(newest_ns);
  writer.varint(departed_.size());
  for (const auto& [series, last_ms] : departed_) writer.fixed64(series), writer.signed_varint(last_ms);
  if (auto written = write_section(sink, Section::Memory, memory); !written) return written;
  return write_section(sink, Section::End, {});
}

bool is_window_checkpoint(std::string_view header) { return header == kFormat; }

}  // namespace tocsin::rules
