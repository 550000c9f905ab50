// SPDX-License-Identifier: Apache-2.0
// RuleFile: a rule file in Prometheus' format, read as strictly as promtool 3.15 reads it.
//
//   RuleFileReading read = read_rule_file(text, "rules/api.yml");
//   for (const FileFault& fault : read.faults) say(fault.to_string(read.file.path));
//   if (read.faults.empty()) schedule(read.file.groups);
//
// All faults are told at once; a fault inside an expression has its own line and column. A file with a fault gives no rule.
// Threads: values; an expression is shared and immutable. Costs: parsing, a few megabytes a second; files over 16 MiB are
// refused, aliases are followed within a budget.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/file_fault.h"
#include "rules/promql/ast.h"

namespace tocsin::rules {

// In the order they are written.
using RuleLabels = std::vector<std::pair<std::string, std::string>>;

struct Rule {
  enum class Kind : std::uint8_t { Alert, Record };
  Kind kind = Kind::Alert;
  std::string name;  // the alert's, or the recorded series'
  std::string expression;
  std::shared_ptr<const promql::Expr> expr;
  std::chrono::milliseconds hold{0};  // `for`
  std::chrono::milliseconds keep_firing_for{0};
  RuleLabels labels;       // the group's that the rule does not set are among them; values are templates
  RuleLabels annotations;  // values are templates
  FilePlace place;         // of the rule
  FilePlace expression_place;
};

struct RuleGroup {
  std::string name;
  std::chrono::milliseconds interval{0};  // 0: the default
  std::size_t limit = 0;                  // series or alerts a rule may give; 0: any number
  std::optional<std::chrono::milliseconds> query_offset;
  RuleLabels labels;
  std::vector<Rule> rules;
  FilePlace place;
};

struct RuleFile {
  std::string path;
  std::vector<RuleGroup> groups;
};

struct RuleFileReading {
  RuleFile file;
  std::vector<FileFault> faults;    // ascending by place; not empty: the file has no groups
  std::vector<FileFault> warnings;  // promtool's lint: rules of one name and labels; a second document
};

struct RuleFileOptions {
  bool experimental = false;  // PromQL's
};

RuleFileReading read_rule_file(std::string_view text, std::string path, const RuleFileOptions& options = {});

// What tells each rule of a group from all others, in their order: the same after a restart and after a reload that changed only other rules.
std::vector<std::string> rule_keys(std::string_view path, const RuleGroup& group);

}  // namespace tocsin::rules
