// SPDX-License-Identifier: Apache-2.0
// Sections of a checkpoint: a kind, a length, a hash, the bytes. A reader takes a section whole or not at all.
//
// Threads: values of one thread. Costs 17 bytes a section; the hash takes 1 ns for 3 bytes.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "rules/byte_sink.h"
#include "rules/src/window_bits.h"

namespace tocsin::rules {

enum class Section : std::uint8_t { Header = 'H', Texts = 'T', Strip = 'S', Memory = 'M', End = 'E' };

// Added to the kind of a strip.
inline constexpr std::uint8_t kRecordedStrip = 0x80;

// The same in every build and on every machine.
inline std::uint64_t stable_hash(std::string_view bytes, std::uint64_t hash = 0xCBF29CE484222325ULL) noexcept {
  for (const char c : bytes) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001B3ULL;
  return hash;
}

inline Result<void> write_section(ByteSink& sink, Section kind, std::string_view bytes) {
  std::string head;
  ByteWriter writer(head);
  writer.byte(static_cast<std::uint8_t>(kind));
  writer.fixed64(bytes.size());
  writer.fixed64(stable_hash(bytes, stable_hash(head)));
  if (auto written = sink.write(head); !written) return written.error();
  return bytes.empty() ? Result<void>() : sink.write(bytes);
}

struct ReadSection {
  Section kind = Section::End;
  std::string_view bytes;
};

// Errors: Input: torn or damaged.
inline Result<ReadSection> read_section(ByteReader& reader) {
  const std::string_view head = reader.rest();
  const std::uint8_t kind = reader.byte();
  const std::uint64_t size = reader.fixed64();
  const std::uint64_t hash = reader.fixed64();
  if (!reader.ok()) return Error{Fault::Input, "it ends before its end section"};
  const std::string_view bytes = reader.bytes(size);
  if (!reader.ok()) return Error{Fault::Input, "a section is torn"};
  if (stable_hash(bytes, stable_hash(head.substr(0, 9))) != hash) return Error{Fault::Input, "a section's hash is wrong"};
  return ReadSection{static_cast<Section>(kind), bytes};
}

}  // namespace tocsin::rules
