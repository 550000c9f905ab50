// SPDX-License-Identifier: Apache-2.0
// RuleFiles: the rule files that patterns name, read, and read again when they change.
//
//   RuleFiles files;
//   if (files.refresh(patterns, folder, options)) schedule(files.all());     // something is new, changed or gone
//
// A file that cannot be read or has faults keeps what it held before, and says what is wrong.
// Threads: one at a time. Costs a stat a file when nothing changed.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "agent/text_file.h"
#include "rules/rule_file.h"

namespace tocsin::agent {

struct LoadedRules {
  rules::RuleFile file;                   // of the last good reading
  std::vector<rules::FileFault> faults;   // of the newest one
  std::vector<rules::FileFault> warnings;
  std::uint64_t version = 0;              // changes with each good reading
};

class RuleFiles {
 public:
  // Rule files that are made and not read, by the name they go by. Whether anything changed.
  bool set_made(const std::map<std::string, std::string>& texts, const rules::RuleFileOptions& options);
  // Whether anything changed. A pattern is relative to `folder`. Unless `at_once`, a change counts when it was seen the time
  // before too: a file that is being written, or replaced, is not read half, nor taken for gone.
  bool refresh(const std::vector<std::string>& patterns, const std::string& folder, const rules::RuleFileOptions& options,
               bool at_once = true);

  const std::map<std::string, LoadedRules>& all() const noexcept { return files_; }
  // Patterns that name no file.
  const std::vector<std::string>& unmatched() const noexcept { return unmatched_; }

 private:
  struct Stamp {
    FileStamp file = {};
    bool experimental = false;
    bool operator==(const Stamp&) const = default;
  };
  bool refresh_file(const std::string& path, const rules::RuleFileOptions& options, bool at_once);

  std::map<std::string, LoadedRules> files_;  // by path, sorted
  std::map<std::string, Stamp> stamps_;   // of what was read
  struct Changing {
    Stamp stamp;
    int looks = 0;
  };
  std::map<std::string, Changing> changing_;  // that did not stand still yet; every few looks such a file is read all the same
  std::set<std::string> missing_;          // missed once
  std::map<std::string, std::string> made_;
  std::vector<std::string> unmatched_;
  std::uint64_t versions_ = 0;
};

}  // namespace tocsin::agent
