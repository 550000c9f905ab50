// SPDX-License-Identifier: Apache-2.0
// RuleTests: unit tests of rules in promtool's format, with promtool 3.15's verdict.
//
//   RuleTestReport report = run_rule_tests(text, [&](const std::string& pattern) { return files_that_match(pattern); });
//   for (const FileFault& fault : report.faults) say(fault.to_string(file));
//
// A case is one alert or expression that is tested; what keeps a test from running (a rule file with a fault, a rule that
// cannot be evaluated) is one failed case. Threads: pure besides what the caller's function reads.
// Costs: every rule is evaluated at every step up to the last time that is asked for.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "meters/base/result.h"
#include "rules/file_fault.h"

namespace tocsin::rules {

struct RuleTestFile {
  std::string path, text;
};

// The files that a pattern of rule_files matches; none is a warning.
using FindRuleFiles = std::function<Result<std::vector<RuleTestFile>>(const std::string& pattern)>;

struct RuleTestReport {
  std::size_t passed = 0;
  std::vector<FileFault> faults;
  std::vector<FileFault> warnings;
};

RuleTestReport run_rule_tests(std::string_view text, const FindRuleFiles& find);

}  // namespace tocsin::rules
