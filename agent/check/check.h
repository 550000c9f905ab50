// SPDX-License-Identifier: Apache-2.0
// Checking: files that people write, offline, all faults at once, each with its place. What a file is, is told by its
// content. Of a rule file what promtool refuses is a fault, and what it lets pass a warning.
//
//   std::vector<CheckedFile> checked = check_files({{"tocsin.toml", text}, {"shop.toml", other}});
//   for (const CheckedFile& file : checked) for (const Finding& finding : file.findings) print(finding.text());
//
// Threads: all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/check/known_meters.h"

namespace tocsin::agent {

// Empty: comments at most, which is a configuration that leaves all as it is, or a file without rules.
enum class FileKind : std::uint8_t { Unknown, Configuration, Catalogue, RuleFile, RuleTest, QueryTest, Dashboard, Empty };
std::string_view to_text(FileKind kind) noexcept;  // "configuration", ...

// By what stands in it: sections of TOML, keys of YAML, an object of JSON.
FileKind kind_of(std::string_view text) noexcept;

struct Finding {
  std::string file;
  std::size_t line = 0, column = 0;  // from 1; 0: none
  std::string message;
  bool warning = false;      // Prometheus takes the file all the same; it does not do what was meant
  std::string text() const;  // "rules.yml:12:5: ...", "rules.yml:12:5: warning: ..."
};

struct GivenFile {
  std::string name, text;
};

struct CheckedFile {
  std::string name;
  FileKind kind = FileKind::Unknown;
  std::vector<Finding> findings;
  std::string note;  // what was not looked at, and who does
};

struct CheckOptions {
  std::vector<std::string> labels;  // that any series may have: external ones, or by relabelling
  // Tell of every meter of tocsin that no panel shows. Of the catalogues among the files it is told where there is a
  // dashboard, too.
  bool unshown = false;
  std::optional<std::vector<KnownSeries>> seen = {};  // what an agent really has
  bool shipped = true;  // tocsin's own meters are known; without it only the catalogues among the files are
};

// Catalogues among the files, and tocsin's own, are what queries are checked against.
std::vector<CheckedFile> check_files(const std::vector<GivenFile>& files, const CheckOptions& options = {});

}  // namespace tocsin::agent
