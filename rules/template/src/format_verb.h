// SPDX-License-Identifier: Apache-2.0
// One value by one verb of Go's fmt.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "rules/template/value.h"

namespace tocsin::rules::templates {

struct VerbStyle {
  bool sharp = false, zero = false, plus = false, minus = false, space = false;
  std::optional<int> width = {}, precision = {};
};

// A verb that does not fit the value is told in Go's words: "%!d(string=hi)".
std::string format_verb(const Value& value, std::string_view verb, VerbStyle style);

}  // namespace tocsin::rules::templates
