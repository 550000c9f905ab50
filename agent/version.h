// SPDX-License-Identifier: Apache-2.0
// The version this was built as. Set by the build (project(VERSION) in CMakeLists.txt). Threads: a constant.
#pragma once

namespace tocsin::agent {

extern const char* const kVersion;

}  // namespace tocsin::agent
