// SPDX-License-Identifier: Apache-2.0
// Names of files in a configuration: they must be there, and readable, when it is read.
#pragma once

#include <fstream>
#include <string>
#include <string_view>

#include "agent/toml.h"

namespace tocsin::agent {

inline void read_file_name(TomlTable& table, std::string_view key, std::string& into) {
  table.read(key, into);
  if (!into.empty() && !std::ifstream(into)) table.fault(key, "cannot read \"" + into + '"');
}

}  // namespace tocsin::agent
