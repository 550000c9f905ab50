// SPDX-License-Identifier: Apache-2.0
// From a byte of a scalar's value back to the file: both texts are walked side by side, because folding, indentation and
// escapes make one longer than the other.
#include <algorithm>
#include <string_view>

#include "rules/src/yaml.h"

namespace tocsin::rules {
namespace {

bool is_blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Where the value begins: behind a quote, or behind the line of a block's indicator.
std::size_t value_begin(std::string_view file, std::size_t at) noexcept {
  if (at >= file.size()) return file.size();
  if (file[at] == '"' || file[at] == '\'') return at + 1;
  if (file[at] != '|' && file[at] != '>') return at;
  const std::size_t line_end = file.find('\n', at);
  return line_end == std::string_view::npos ? file.size() : line_end + 1;
}

// The step over what the file holds for one byte of the value; the file's place moves on. Blanks are folded, indented and
// dropped, so they are passed when the next other byte is looked for.
bool step(std::string_view file, std::size_t& at, char wanted, char quote) noexcept {
  const bool escapes = quote == '"';
  if (is_blank(wanted)) {
    const std::string_view next = file.substr(std::min(at, file.size()), 2);
    if (escapes && (next == "\\n" || next == "\\t" || next == "\\r")) at += 2;
    return true;
  }
  while (at < file.size() && (is_blank(file[at]) || (escapes && file.substr(at, 2) == "\\\n"))) ++at;
  if (at >= file.size()) return false;
  if ((quote == '\'' && file.substr(at, 2) == "''") || (escapes && file[at] == '\\')) ++at;
  return file[at++] == wanted;
}

FilePlace place_at(const Yaml& scalar, std::string_view file, std::size_t at) noexcept {
  const std::string_view between = file.substr(scalar.offset, at - scalar.offset);
  const std::size_t line_end = between.rfind('\n');
  if (line_end == std::string_view::npos) return {scalar.place.line, scalar.place.column + between.size()};
  return {scalar.place.line + static_cast<std::size_t>(std::ranges::count(between, '\n')), between.size() - line_end};
}

}  // namespace

std::size_t content_begin(const Yaml& scalar, std::string_view file) noexcept {
  std::size_t at = scalar.offset;
  while (at < file.size() && (file[at] == '&' || file[at] == '!')) {
    while (at < file.size() && !is_blank(file[at])) ++at;
    while (at < file.size() && is_blank(file[at])) ++at;
  }
  return at;
}

FilePlace place_in(const Yaml& scalar, std::size_t byte, std::string_view file) {
  if (scalar.offset >= file.size()) return scalar.place;
  const std::size_t begin = content_begin(scalar, file);
  std::size_t at = value_begin(file, begin);
  const char quote = begin < file.size() ? file[begin] : ' ';
  const std::size_t most = std::min(byte, scalar.text.size());
  for (std::size_t i = 0; i < most; ++i) {
    if (!step(file, at, scalar.text[i], quote)) return scalar.place;
  }
  while (byte < scalar.text.size() && at < file.size() && is_blank(file[at]) && !is_blank(scalar.text[byte])) ++at;
  return place_at(scalar, file, std::min(at, file.size()));
}

}  // namespace tocsin::rules
