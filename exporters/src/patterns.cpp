// SPDX-License-Identifier: Apache-2.0
#include "exporters/patterns.h"

#include <re2/re2.h>

#include <memory>

namespace tocsin::exporters {

Result<Pattern> compile_pattern(std::string_view pattern) {
  RE2::Options options;
  options.set_dot_nl(true);
  options.set_log_errors(false);
  options.set_max_mem(8 << 20);
  const auto compiled = std::make_shared<const RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
  if (!compiled->ok()) return Error{Fault::Input, "regular expression: " + compiled->error()};
  return Pattern([compiled](std::string_view text) {
    return RE2::FullMatch(re2::StringPiece(text.data(), text.size()), *compiled);
  });
}

}  // namespace tocsin::exporters
