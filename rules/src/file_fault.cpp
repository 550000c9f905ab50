// SPDX-License-Identifier: Apache-2.0
#include "rules/file_fault.h"

namespace tocsin::rules {

std::string FileFault::to_string(std::string_view file) const {
  std::string out(file);
  out.append(":").append(std::to_string(place.line)).append(":").append(std::to_string(place.column));
  return out.append(": ").append(message);
}

}  // namespace tocsin::rules
