// SPDX-License-Identifier: Apache-2.0
// Yaml: a document as a tree whose nodes know their place. It keeps what loading would hide: duplicate keys, aliases (the
// same node in several places), how a scalar was written.
//
//   const YamlDocument document = parse_yaml(text);
//   if (document.fault) report(*document.fault);
//   else read(*document.root);
//
// Threads: a value, immutable once parsed. Costs about 150 bytes a node and a few megabytes a second.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/file_fault.h"

namespace tocsin::rules {

inline constexpr std::size_t kMostYaml = std::size_t{16} << 20;

struct Yaml;
using YamlPtr = std::shared_ptr<const Yaml>;

struct Yaml {
  enum class Kind { Scalar, Sequence, Map };
  Kind kind = Kind::Scalar;
  FilePlace place;
  std::size_t offset = 0;  // of the place, in bytes of the text
  bool plain = false;      // a scalar without quotes, which may be null, a number or a boolean
  std::string tag;         // written with !!; else empty
  std::string text;
  std::vector<YamlPtr> items;
  std::vector<std::pair<YamlPtr, YamlPtr>> entries;  // as written, duplicates included

  bool null() const noexcept;
  std::optional<std::int64_t> integer() const noexcept;  // of a plain scalar; 0x, 0o and 0b are known
  const char* type() const noexcept;  // !!map, !!str, !!int, ... as YAML resolves a plain scalar
};

struct YamlDocument {
  YamlPtr root;                    // null where the text holds no document
  std::optional<FileFault> fault;  // of syntax; there is only ever the first
  std::optional<FilePlace> rest;   // what follows the document and nobody reads
};

YamlDocument parse_yaml(std::string_view text);

// Where a scalar's text or quote or block indicator begins, behind its anchor and tag.
std::size_t content_begin(const Yaml& scalar, std::string_view file) noexcept;
// Where in the file the given byte of a scalar's value stands; the scalar's place where it cannot be told.
FilePlace place_in(const Yaml& scalar, std::size_t byte, std::string_view file);

}  // namespace tocsin::rules
