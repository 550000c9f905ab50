// SPDX-License-Identifier: Apache-2.0
// What a file of rule unit tests says, read strictly. Threads: a value.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/file_fault.h"
#include "rules/rule_file.h"

namespace tocsin::rules {

struct TestSeries {
  std::string series, values;
  FilePlace place;
};

struct ExpectedAlert {
  RuleLabels labels, annotations;
};

struct AlertCase {
  std::int64_t at_ms = 0;
  std::string alert;
  std::vector<ExpectedAlert> expected;
  FilePlace place;
};

struct ExpectedSample {
  std::string labels, histogram;
  double value = 0;
  FilePlace place;
};

struct ExpressionCase {
  std::string expression;
  std::int64_t at_ms = 0;
  std::vector<ExpectedSample> expected;
  FilePlace place;
};

struct TestGroup {
  std::string name, external_url;
  std::optional<std::chrono::milliseconds> interval;  // of the input; none: the evaluation interval
  std::int64_t start_ms = 0;
  RuleLabels external_labels;
  std::vector<TestSeries> input;
  std::vector<AlertCase> alerts;
  std::vector<ExpressionCase> expressions;
  FilePlace place;

  std::int64_t last_ms() const noexcept;  // the latest time a case asks for
};

struct TestPattern {
  std::string pattern;
  FilePlace place;
};

struct TestFile {
  std::vector<TestPattern> rule_files;
  std::chrono::milliseconds evaluation_interval = std::chrono::minutes(1);
  std::vector<std::string> group_order;
  bool fuzzy_compare = false;
  std::vector<TestGroup> groups;
};

TestFile read_test_file(std::string_view text, std::vector<FileFault>& faults);

}  // namespace tocsin::rules
