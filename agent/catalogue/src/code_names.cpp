// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "agent/catalogue/catalogue_file.h"

namespace tocsin::agent {

namespace {

// Words of C++ that a label may well be called.
constexpr auto kKeywords = std::to_array<std::string_view>(
    {"alignas",  "and",      "asm",      "auto",     "bool",     "break",    "case",     "catch",    "char",     "class",
     "concept",  "const",    "continue", "decltype", "default",  "delete",   "do",       "double",   "else",     "enum",
     "explicit", "export",   "extern",   "false",    "final",    "float",    "for",      "friend",   "goto",     "if",
     "import",   "inline",   "int",      "long",     "module",   "mutable",  "namespace", "new",     "noexcept", "not",
     "nullptr",  "operator", "or",       "override", "private",  "protected", "public",  "register", "requires", "return",
     "short",    "signed",   "sizeof",   "static",   "struct",   "switch",   "template", "this",     "thread_local", "throw",
     "true",     "try",      "typedef",  "typeid",   "typename", "union",    "unsigned", "using",    "values",   "virtual",
     "void",     "volatile", "wchar_t",  "while",    "xor"});

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

}  // namespace

std::string type_name(std::string_view name) {
  std::string made;
  bool start = true;
  for (const char c : name) {
    if (!is_letter(c) && !is_digit(c)) {
      start = true;
      continue;
    }
    made += start ? upper(c) : c;
    start = false;
  }
  if (made.empty() || is_digit(made[0])) made.insert(0, "V");
  return made;
}

std::string member_name(std::string_view name) {
  std::string made;
  for (const char c : name) made += is_letter(c) || is_digit(c) ? c : '_';
  if (made.empty() || is_digit(made[0])) made.insert(0, "v");
  if (std::find(kKeywords.begin(), kKeywords.end(), made) != kKeywords.end()) made += '_';
  return made;
}

}  // namespace tocsin::agent
