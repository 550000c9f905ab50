// SPDX-License-Identifier: Apache-2.0
// Rule files of anyone's making: no crash, bounded work, and every fault has a place inside the file.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "rules/rule_file.h"

using namespace tocsin::rules;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const RuleFileReading read = read_rule_file(text, "f");
  const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n')) + 2;
  for (const FileFault& fault : read.faults) {
    if (fault.place.line == 0 || fault.place.line > lines || fault.message.empty()) std::abort();
  }
  if (!read.faults.empty() && !read.file.groups.empty()) std::abort();
  for (const RuleGroup& group : read.file.groups) {
    for (const Rule& rule : group.rules)
      if (!rule.expr || rule.name.empty()) std::abort();
    std::vector<std::string> keys = rule_keys("f", group);
    std::ranges::sort(keys);
    if (keys.size() != group.rules.size() || std::ranges::adjacent_find(keys) != keys.end()) std::abort();
  }
  return 0;
}
