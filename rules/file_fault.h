// SPDX-License-Identifier: Apache-2.0
// FileFault: what is wrong in a file that a person wrote, and where.
//
//   fault.to_string("rules/api.yml");    // rules/api.yml:12:9: field 'expr' must be set in rule
//
// Threads: a value.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tocsin::rules {

struct FilePlace {
  std::size_t line = 1, column = 1;  // from 1; columns count bytes
  bool operator==(const FilePlace&) const = default;
};

struct FileFault {
  FilePlace place;
  std::string message;

  std::string to_string(std::string_view file) const;
};

}  // namespace tocsin::rules
