// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/src/made_folder.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>

#include "agent/text_file.h"
#include "meters/base/text.h"

namespace tocsin::agent {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kManifest = ".tocsin-generated";
constexpr std::size_t kMostBytes = 32U << 20U;

// FNV-1a: it tells a change, nothing more.
std::string hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf2'9ce4'8422'2325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100'0000'01b3;
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string made(16, '0');
  for (std::size_t i = 0; i < made.size(); ++i) made[i] = kDigits[(hash >> (60U - 4U * i)) & 15U];
  return made;
}

using Manifest = std::map<std::string, std::string>;  // file to hash

Manifest read_manifest(const std::string& path) {
  Manifest manifest;
  const auto text = read_text_file(path, kMostBytes);
  if (!text) return manifest;
  for (const std::string_view line : split(*text, '\n')) {
    const auto space = line.find(' ');
    if (space == 16) manifest.emplace(line.substr(space + 1), line.substr(0, space));
  }
  return manifest;
}

std::optional<std::string> text_there(const std::string& path) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return std::nullopt;
  auto text = read_text_file(path, kMostBytes);
  return text ? std::optional(*std::move(text)) : std::optional<std::string>("");  // unreadable: not what we wrote
}

}  // namespace

Result<MadeFolderOutcome> write_made_folder(const std::string& folder, const ProvisionedFiles& files, MadeFolderOptions options) {
  const auto path_of = [&](std::string_view name) { return (fs::path(folder) / name).string(); };
  const Manifest before = read_manifest(path_of(kManifest));
  const auto untouched = [&](const std::string& name, const std::string& text) {
    const auto known = before.find(name);
    return known != before.end() && known->second == hash_of(text);
  };
  MadeFolderOutcome outcome;
  Manifest now;
  std::vector<const ProvisionedFile*> to_write;
  for (const ProvisionedFile& file : files) {
    now.emplace(file.name, hash_of(file.text));
    const auto there = text_there(path_of(file.name));
    if (there && *there == file.text) continue;
    if (there && !options.force && !untouched(file.name, *there)) outcome.changed.push_back(path_of(file.name));
    to_write.push_back(&file);
  }
  for (const auto& [name, hash] : before) {
    if (now.contains(name)) continue;
    const auto there = text_there(path_of(name));
    if (there && !options.force && hash_of(*there) != hash)
      outcome.changed.push_back(path_of(name));
    else if (there)
      outcome.removed.push_back(path_of(name));
  }
  if (!outcome.changed.empty()) return outcome;
  for (const ProvisionedFile* file : to_write) outcome.written.push_back(path_of(file->name));
  if (options.check) return outcome;
  for (const ProvisionedFile* file : to_write)
    if (auto written = write_text_file(path_of(file->name), file->text); !written) return written.error();
  for (const std::string& path : outcome.removed) {
    std::error_code fault;
    if (!fs::remove(path, fault) && fault) return Error{Fault::Configuration, path + ": " + fault.message()};
  }
  std::string manifest = "# What tocsin generated here, to tell what was changed since.\n";
  for (const auto& [name, hash] : now) manifest += hash + ' ' + name + '\n';
  if (auto written = write_text_file(path_of(kManifest), manifest); !written) return written.error();
  return outcome;
}

}  // namespace tocsin::agent
