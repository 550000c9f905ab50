// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "agent/receivers/statsd_line.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin::agent;
  StatsdLine line;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (parse_statsd_line(text, line) != StatsdFault::None) return 0;
  if (line.name.empty() || !(line.rate > 0 && line.rate <= 1)) std::abort();
  for (const double value : line.values)
    if (!std::isfinite(value)) std::abort();
  return 0;
}
