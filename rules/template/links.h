// SPDX-License-Identifier: Apache-2.0
// Where an expression can be looked at, as Prometheus writes it: behind the external URL.
//
//   options.external_url + table_link("up == 0");     // .../graph?g0.expr=up+%3D%3D+0&g0.tab=1
//
// Threads: pure.
#pragma once

#include <string>
#include <string_view>

namespace tocsin::rules::templates {

std::string table_link(std::string_view expression);
std::string graph_link(std::string_view expression);

}  // namespace tocsin::rules::templates
