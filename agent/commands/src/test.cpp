// SPDX-License-Identifier: Apache-2.0
// tocsin test: unit tests of rules (.yml) and PromQL test scripts (.test).
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "agent/commands/arguments.h"
#include "agent/commands/commands.h"
#include "agent/text_file.h"
#include "rules/promql/script.h"
#include "rules/rule_tests.h"
#include "wire/json_writer.h"

namespace tocsin::agent {

namespace {

constexpr std::size_t kMostBytes = 32U << 20U;

struct TestFault {
  std::string file;
  std::size_t line = 0;  // 0: the file as a whole
  std::string message;
};

struct TestReport {
  std::size_t passed = 0;
  std::vector<TestFault> faults;
};

void run_script(const std::string& file, const std::string& text, TestReport& report) {
  const auto script = rules::promql::Script::parse(text);
  if (!script) {
    report.faults.push_back({file, 0, script.error().message});
    return;
  }
  rules::promql::ScriptReport judged = script->run();
  report.passed += judged.passed;
  for (rules::promql::ScriptFault& fault : judged.faults) {
    const std::string what = fault.expression.empty() ? "" : fault.expression + ": ";
    report.faults.push_back({file, fault.line, what + fault.message});
  }
}

// From the folder of the test file on.
Result<std::vector<rules::RuleTestFile>> find_rule_files(const std::filesystem::path& folder, const std::string& pattern) {
  std::vector<rules::RuleTestFile> files;
  for (const std::string& path : files_at((folder / pattern).lexically_normal().string(), "")) {
    auto text = read_text_file(path, kMostBytes);
    if (!text) return text.error();
    files.push_back({path, *std::move(text)});
  }
  return files;
}

void run_rules(const std::string& file, const std::string& text, TestReport& report) {
  const std::filesystem::path folder = std::filesystem::path(file).parent_path();
  const rules::RuleTestReport judged =
      rules::run_rule_tests(text, [&](const std::string& pattern) { return find_rule_files(folder, pattern); });
  report.passed += judged.passed;
  for (const rules::FileFault& warning : judged.warnings)
    std::fprintf(stderr, "%s: warning: %s\n", (file + ':' + std::to_string(warning.place.line)).c_str(), warning.message.c_str());
  for (const rules::FileFault& fault : judged.faults) report.faults.push_back({file, fault.place.line, fault.message});
}

void run_file(const std::string& file, TestReport& report) {
  const auto text = read_text_file(file, kMostBytes);
  if (!text) report.faults.push_back({file, 0, text.error().message});
  else if (file.ends_with(".test")) run_script(file, *text, report);
  else if (file.ends_with(".yml") || file.ends_with(".yaml")) run_rules(file, *text, report);
  else report.faults.push_back({file, 0, "not a test: unit tests of rules are named *.yml, PromQL test scripts *.test"});
}

void print_json(const TestReport& report) {
  std::string out;
  wire::JsonWriter json(out);
  json.begin_object();
  json.field("passed", report.passed);
  json.field("failed", report.faults.size());
  json.key("faults");
  json.begin_array();
  for (const TestFault& fault : report.faults) {
    json.begin_object();
    json.field("file", fault.file);
    json.field("line", fault.line);
    json.field("message", fault.message);
    json.end();
  }
  json.end();
  json.end();
  std::printf("%s\n", out.c_str());
}

void print_lines(const TestReport& report) {
  for (const TestFault& fault : report.faults) {
    const std::string place = fault.line == 0 ? fault.file : fault.file + ':' + std::to_string(fault.line);
    std::printf("%s: %s\n", place.c_str(), fault.message.c_str());
  }
  std::printf("%zu passed, %zu failed\n", report.passed, report.faults.size());
}

}  // namespace

int test_command(Words words) {
  std::vector<std::string> files;
  bool json = false;
  Arguments arguments("test", "Runs unit tests of rules in promtool's format and PromQL test scripts in promqltest's. A line "
                              "tells each failing case; exit status 1 where there is one.");
  arguments.rest("FILE...", "unit tests of rules (.yml), test scripts (.test)", files);
  arguments.flag("json", "prints the outcome as JSON", json);
  const auto parsed = arguments.parse(words);
  if (parsed && !*parsed) return std::fputs(arguments.help().c_str(), stdout), kExitOk;
  if (!parsed || files.empty()) {
    std::fprintf(stderr, "tocsin test: %s\n\n%s", parsed ? "name the files" : parsed.error().message.c_str(),
                 arguments.help().c_str());
    return kExitMisuse;
  }
  TestReport report;
  for (const std::string& file : files) run_file(file, report);
  json ? print_json(report) : print_lines(report);
  return report.faults.empty() ? kExitOk : kExitFindings;
}

}  // namespace tocsin::agent
