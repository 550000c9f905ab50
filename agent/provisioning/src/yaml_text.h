// SPDX-License-Identifier: Apache-2.0
// Text of YAML, and what the program carries. Threads: pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "meters/base/result.h"

namespace tocsin::agent {

// 'it''s'
std::string yaml_quoted(std::string_view text);
// ['a', 'b']
std::string yaml_list(const std::vector<std::string>& texts);

struct CarriedFile {
  std::string name, text;
};
// Every file that is embedded below "/dashboards/" or "/library/" and ends so. Errors: Fault::Input where there is none.
Result<std::vector<CarriedFile>> carried_files(std::string_view below, std::string_view ending);

}  // namespace tocsin::agent
