// SPDX-License-Identifier: Apache-2.0
// The name of a label as it stands in a path: /api/v1/label/U__http_2e_status/values is about "http.status".
// Threads: pure.
#pragma once

#include <string>
#include <string_view>

namespace tocsin::agent {

// Undoes the escaping that Prometheus calls "values". Any other text stays as it is.
std::string unescaped_label_name(std::string_view name);

}  // namespace tocsin::agent
