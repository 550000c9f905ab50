// SPDX-License-Identifier: Apache-2.0
// YamlFields: a mapping's fields, strictly: each at most once, merges (<<) resolved, what nobody asked for is a fault.
//
//   YamlFields fields(*node, "group", faults);
//   group.name = fields.text("name");
//   fields.finish();                            // tells the unknown ones
//
// Threads: one thread. Costs: a look-up a field; nodes are not copied.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "rules/src/yaml.h"

namespace tocsin::rules {

using TextPairs = std::vector<std::pair<std::string, std::string>>;

// Keeps a bounded number: a file of nonsense is told from its beginning.
void add_fault(std::vector<FileFault>& faults, FileFault fault);

// A scalar's text; a fault and empty where it is a list or a mapping. Null is empty.
std::string text_of(const Yaml& node, std::vector<FileFault>& faults);

class YamlFields {
 public:
  // `what` names the mapping in messages. A null node has no fields. Requires: the node outlives this.
  YamlFields(const Yaml& node, std::string_view what, std::vector<FileFault>& faults);

  const Yaml* find(std::string_view name);  // null where absent or written as null; the field counts as known
  std::string text(std::string_view name);
  std::optional<std::chrono::milliseconds> duration(std::string_view name, bool negative = false);
  std::optional<std::int64_t> integer(std::string_view name);
  std::optional<double> number(std::string_view name);
  std::optional<bool> boolean(std::string_view name);
  TextPairs texts(std::string_view name);            // a mapping of texts
  const std::vector<YamlPtr>& list(std::string_view name);
  void finish();

  void fault(const Yaml& at, std::string message) { add_fault(faults_, {at.place, std::move(message)}); }

 private:
  struct Field {
    YamlPtr key, value;
    bool known = false;
  };
  void add(const Yaml& map, bool merged, int depth);
  void merge(const Yaml& value, int depth);
  Field* field(std::string_view name);
  void mismatch(const Yaml& at, std::string_view wanted);

  const Yaml& node_;
  std::string what_;
  std::vector<FileFault>& faults_;
  std::vector<Field> fields_;
  std::unordered_map<std::string_view, std::size_t> by_name_;  // index into fields_
};

}  // namespace tocsin::rules
