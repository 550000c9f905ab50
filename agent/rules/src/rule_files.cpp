// SPDX-License-Identifier: Apache-2.0
#include "agent/rules/rule_files.h"

#include <algorithm>
#include <set>
#include <utility>

namespace tocsin::agent {
namespace {

constexpr int kMostLooks = 6;
constexpr std::size_t kMostBytes = std::size_t{32} << 20;

}  // namespace

bool RuleFiles::refresh_file(const std::string& path, const rules::RuleFileOptions& options, bool at_once) {
  const Stamp stamp{stamp_of(path), options.experimental};
  if (const auto known = stamps_.find(path); known != stamps_.end() && known->second == stamp) {
    changing_.erase(path);
    return false;
  }
  if (!at_once) {
    Changing& seen = changing_[path];
    const bool stands_still = seen.looks > 0 && seen.stamp == stamp;
    seen.stamp = stamp;
    if (!stands_still && ++seen.looks < kMostLooks) return false;
  }
  changing_.erase(path);
  stamps_[path] = stamp;
  LoadedRules& loaded = files_[path];
  loaded.file.path = path;
  const auto text = text_of_file(path, kMostBytes);
  if (!text) {
    loaded.faults = {{{}, "cannot be read: " + text.error().message}};
    return true;
  }
  rules::RuleFileReading read = rules::read_rule_file(*text, path, options);
  loaded.faults = std::move(read.faults);
  loaded.warnings = std::move(read.warnings);
  if (!loaded.faults.empty()) return true;
  loaded.file = std::move(read.file);
  loaded.version = ++versions_;
  return true;
}

bool RuleFiles::set_made(const std::map<std::string, std::string>& texts, const rules::RuleFileOptions& options) {
  if (texts == made_) return false;
  for (const auto& [name, text] : made_)
    if (!texts.contains(name)) files_.erase(name);
  for (const auto& [name, text] : texts) {
    if (const auto before = made_.find(name); before != made_.end() && before->second == text) continue;
    rules::RuleFileReading read = rules::read_rule_file(text, name, options);
    LoadedRules& loaded = files_[name];
    loaded.faults = std::move(read.faults), loaded.warnings = std::move(read.warnings);
    loaded.file = std::move(read.file);
    loaded.version = ++versions_;
  }
  made_ = texts;
  return true;
}

bool RuleFiles::refresh(const std::vector<std::string>& patterns, const std::string& folder,
                        const rules::RuleFileOptions& options, bool at_once) {
  std::set<std::string> paths;
  unmatched_.clear();
  for (const std::string& pattern : patterns) {
    const std::vector<std::string> found = files_at(pattern, folder);
    if (found.empty()) unmatched_.push_back(pattern);
    paths.insert(found.begin(), found.end());
  }
  std::set<std::string> missing;
  bool changed = std::erase_if(files_, [&](const auto& entry) {
    if (paths.contains(entry.first) || made_.contains(entry.first)) return false;
    missing.insert(entry.first);
    return at_once || missing_.contains(entry.first);
  }) > 0;
  missing_ = std::move(missing);
  std::erase_if(stamps_, [&](const auto& entry) { return !files_.contains(entry.first); });
  std::erase_if(changing_, [&](const auto& entry) { return !paths.contains(entry.first); });
  for (const std::string& path : paths) changed = refresh_file(path, options, at_once) || changed;
  return changed;
}

}  // namespace tocsin::agent
