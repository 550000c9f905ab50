// SPDX-License-Identifier: Apache-2.0
// The formats behind parse_exposition(), one function each.
#pragma once

#include "wire/exposition_parser.h"

namespace tocsin::wire {

Result<void> parse_text_exposition(std::string_view body, Exposition& into, const ExpositionOptions& options);
Result<void> parse_open_metrics(std::string_view body, Exposition& into, const ExpositionOptions& options);
Result<void> parse_protobuf_exposition(std::string_view body, Exposition& into, const ExpositionOptions& options);

}  // namespace tocsin::wire
