// SPDX-License-Identifier: Apache-2.0
// Arguments: what stands behind `tocsin <command>`, read by a table of flags, so that help and parser cannot differ.
//
//   Arguments arguments("run", "the agent");
//   std::optional<std::string> file;
//   arguments.text("config", "FILE", "configuration (default: tocsin.toml here, if there is one)", file);
//   if (auto read = arguments.parse(words); !read) return misuse(read.error());
//
// Threads: one.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "meters/base/result.h"

namespace tocsin::agent {

class Arguments {
 public:
  Arguments(std::string command, std::string purpose);

  // Each flag is written --name VALUE or --name=VALUE. A text list may be given several times.
  void text(std::string_view name, std::string_view value, std::string_view help, std::optional<std::string>& into);
  void texts(std::string_view name, std::string_view value, std::string_view help, std::vector<std::string>& into);
  void number(std::string_view name, std::string_view value, std::string_view help, std::uint64_t& into,
              std::uint64_t least, std::uint64_t most);
  void flag(std::string_view name, std::string_view help, bool& into);
  // What stands without a flag; without this call nothing may.
  void rest(std::string_view name, std::string_view help, std::vector<std::string>& into);

  // False where --help was asked for. Errors: Configuration, for an unknown flag (with the nearest one), a missing
  // or wrong value, a word too many.
  Result<bool> parse(std::span<const std::string_view> words);

  std::string help() const;

 private:
  struct Flag {
    std::string name, value, help;  // value empty: takes none
    std::function<Result<void>(std::string_view)> read;
  };
  const Flag* find(std::string_view name) const;
  Error unknown(std::string_view name) const;

  std::string command_, purpose_;
  std::vector<Flag> flags_;
  std::optional<Flag> rest_;
};

}  // namespace tocsin::agent
