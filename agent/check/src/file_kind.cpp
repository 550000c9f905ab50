// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <utility>

#include "agent/check/check.h"
#include "meters/base/text.h"

namespace tocsin::agent {

namespace {

bool is_word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

// "key" of `key = ...` or `key: ...`, and which of the two; an empty key where the line is neither.
std::pair<std::string_view, char> key_of(std::string_view line) {
  std::size_t at = 0;
  while (at < line.size() && (is_word_character(line[at]) || line[at] == '.' || line[at] == '"')) ++at;
  const std::string_view key = line.substr(0, at);
  const std::string_view rest = trim(line.substr(at));
  if (key.empty() || rest.empty() || (rest[0] != '=' && rest[0] != ':')) return {};
  return {key, rest[0]};
}

// What a line that is not indented tells by itself; Unknown: nothing.
FileKind told_by(std::string_view line) {
  if (line.starts_with("[[meter]]") || line.starts_with("[label.") || line.starts_with("[ladder.")) return FileKind::Catalogue;
  const auto [key, sign] = key_of(line);
  if (line.starts_with('[') || sign == '=') return FileKind::Configuration;
  if (sign == ':') {
    if (key == "groups") return FileKind::RuleFile;
    if (key == "tests" || key == "rule_files" || key == "evaluation_interval") return FileKind::RuleTest;
  }
  if (sign == 0) {
    const std::string_view word = line.substr(0, line.find_first_of(" \t"));
    for (const std::string_view command : {"load", "load_with_nhcb", "eval", "eval_ordered", "eval_fail", "eval_warn", "clear"})
      if (word == command) return FileKind::QueryTest;
  }
  return FileKind::Unknown;
}

}  // namespace

std::string_view to_text(FileKind kind) noexcept {
  constexpr std::array<std::string_view, 8> kWords = {"unknown",   "configuration", "catalogue", "rule file",
                                                      "rule test", "query test",    "dashboard", "empty"};
  return kWords[static_cast<std::size_t>(kind)];
}

// The first that any line tells; a catalogue may begin like a configuration, and a rule test may name groups.
FileKind kind_of(std::string_view text) noexcept {
  if (trim(text).starts_with('{')) return FileKind::Dashboard;
  std::array<bool, 8> told{};
  bool is_empty = true;
  const auto says = [&](FileKind kind) { return told[static_cast<std::size_t>(kind)]; };
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view line = text.substr(at, text.find('\n', at) - at);
    at += line.size() + 1;
    told[static_cast<std::size_t>(told_by(line))] = true;
    if (const auto words = trim(line); !words.empty() && !words.starts_with('#')) is_empty = false;
  }
  if (is_empty) return FileKind::Empty;
  for (const FileKind kind : {FileKind::Catalogue, FileKind::Configuration, FileKind::RuleTest, FileKind::RuleFile, FileKind::QueryTest})
    if (says(kind)) return kind;
  return FileKind::Unknown;
}

}  // namespace tocsin::agent
