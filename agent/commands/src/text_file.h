// SPDX-License-Identifier: Apache-2.0
// A file as one text.
//
// Threads: all.
#pragma once

#include <string>
#include <string_view>

#include "meters/base/result.h"

namespace tocsin::agent {

// Errors: Fault::Configuration where it cannot be read (which, why) or is larger than `most` bytes.
Result<std::string> read_text_file(const std::string& file, std::size_t most);

// Leaves a file that holds just this as it is, so that nothing that depends on it is built again; makes the folder.
// True where it wrote. Errors: Fault::Configuration where it cannot.
Result<bool> write_text_file(const std::string& file, std::string_view text);

}  // namespace tocsin::agent
