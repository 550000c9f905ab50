// SPDX-License-Identifier: Apache-2.0
// Files embedded in the program by cmake/tocsin_page.cmake. Threads: immutable.
#pragma once

#include <span>
#include <string_view>

namespace tocsin::agent {

struct PageAsset {
  std::string_view path;  // "/page.js", "/dashboards/overview.json", "/runbooks/HighLatency.md", "/library/request.yml"
  std::string_view gzip;  // its bytes, compressed
};

std::span<const PageAsset> page_assets();

}  // namespace tocsin::agent
