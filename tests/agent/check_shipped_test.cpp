// SPDX-License-Identifier: Apache-2.0
// The dashboards and rules that ship, against the catalogue: nothing is found, and a meter that is renamed is missed
// everywhere it is used.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/source_dir.h"

#include "agent/check/check.h"

namespace tocsin::agent {
namespace {

namespace fs = std::filesystem;

std::vector<GivenFile> files_in(const std::string& folder, const std::string& extension) {
  std::vector<GivenFile> files;
  for (const auto& entry : fs::directory_iterator(fs::path(source_dir()) / folder)) {
    if (entry.path().extension() != extension) continue;
    std::ostringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    files.push_back({folder + '/' + entry.path().filename().string(), std::move(text).str()});
  }
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return files;
}

std::vector<GivenFile> shipped() {
  std::vector<GivenFile> files = files_in("dashboards", ".json");
  for (GivenFile& file : files_in("rules/library", ".yml")) files.push_back(std::move(file));
  return files;
}

TEST(ShippedFiles, have_no_finding) {
  const auto checked = check_files(shipped());
  EXPECT_GE(checked.size(), 2U);
  for (const CheckedFile& file : checked) {
    EXPECT_NE(file.kind, FileKind::Unknown) << file.name;
    for (const Finding& finding : file.findings) ADD_FAILURE() << finding.text();
  }
}

bool names_meter(const std::string& line, const std::string& name) {
  const auto of_a_name = [](char c) { return c == '_' || (c >= 'a' && c <= 'z'); };
  for (auto at = line.find(name); at != std::string::npos; at = line.find(name, at + 1)) {
    const auto behind = at + name.size();
    if (at != 0 && behind < line.size() && !of_a_name(line[at - 1]) && !of_a_name(line[behind])) return true;
  }
  return false;
}

TEST(ShippedFiles, a_renamed_meter_is_missed_wherever_it_is_used) {
  std::vector<GivenFile> files = files_in("meters/catalogue", ".toml");
  const std::string name = "\"server_request_total\"";
  for (GivenFile& file : files)
    for (auto at = file.text.find(name); at != std::string::npos; at = file.text.find(name, at)) file.text.replace(at, name.size(), "\"server_requests_total\"");
  for (GivenFile& file : shipped()) files.push_back(std::move(file));
  CheckOptions options;
  options.shipped = false;
  for (const CheckedFile& file : check_files(files, options)) {
    if (file.kind != FileKind::Dashboard && file.kind != FileKind::RuleFile) continue;
    const GivenFile& given = *std::find_if(files.begin(), files.end(), [&](const GivenFile& each) { return each.name == file.name; });
    std::size_t missed = 0;
    for (const Finding& finding : file.findings)
      missed += finding.message.find("no meter is called server_request_total; did you mean server_requests_total?") != std::string::npos ? 1 : 0;
    std::istringstream lines(given.text);
    std::size_t lines_that_use_it = 0;
    for (std::string line; std::getline(lines, line);)
      if (names_meter(line, "server_request_total") && line.find("\"definition\"") == std::string::npos && line.find("\"description\"") == std::string::npos &&
          !line.starts_with("#"))
        ++lines_that_use_it;
    EXPECT_GE(missed, lines_that_use_it) << file.name;
  }
}

}  // namespace
}  // namespace tocsin::agent
