// SPDX-License-Identifier: Apache-2.0
// natural_less: "web2" before "web10", as Prometheus' sort_by_label orders (the rules of facette/natsort): texts are cut
// into runs of digits and runs of others, compared run by run.
#pragma once

#include <string_view>

namespace tocsin::rules::promql {

bool natural_less(std::string_view a, std::string_view b);

}  // namespace tocsin::rules::promql
