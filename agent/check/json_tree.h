// SPDX-License-Identifier: Apache-2.0
// JsonTree: a JSON file that a person wrote, with the place of every value.
//
//   Result<JsonTree> tree = JsonTree::parse(text);
//   if (const JsonValue* panels = tree->root().find("panels")) for (const JsonValue& panel : panels->items) ...
//   tree->place(tree->root().offset);                      // line and column
//
// RFC 8259, strictly; of members with one name the last counts. At most 128 levels.
// Threads: immutable. Costs about 100 bytes a value; made for files, not for requests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "meters/base/result.h"

namespace tocsin::agent {

struct JsonValue {
  enum class Type : std::uint8_t { Null, Boolean, Number, Text, Array, Object };
  Type type = Type::Null;
  bool boolean = false;
  double number = 0;
  std::string text;  // UTF-8, escapes resolved
  std::vector<JsonValue> items;
  std::vector<std::pair<std::string, JsonValue>> members;  // in the file's order
  std::size_t offset = 0;                                  // where it begins

  // Null where this is no object, or has no such member.
  const JsonValue* find(std::string_view name) const noexcept;
  // The text there; empty where there is none.
  std::string_view text_at(std::string_view name) const noexcept;
};

struct JsonPlace {
  std::size_t line = 1, column = 1;
};

class JsonTree {
 public:
  // Errors: Input; `fault`, where given, says where.
  static Result<JsonTree> parse(std::string_view text, JsonPlace* fault = nullptr);

  const JsonValue& root() const noexcept { return root_; }
  JsonPlace place(std::size_t offset) const noexcept;

 private:
  JsonValue root_;
  std::vector<std::size_t> lines_;  // where each begins
};

}  // namespace tocsin::agent
