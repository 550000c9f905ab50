// SPDX-License-Identifier: Apache-2.0
// PromQL of anyone's making: no crash, an error has its place inside the text, and what is read prints, and reads again
// as the same.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "rules/promql/parse.h"
#include "rules/promql/print.h"
#include "rules/promql/walk.h"

using namespace tocsin::rules::promql;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Parsed parsed = parse_all(text, {.experimental = true});
  if ((parsed.expr == nullptr) == parsed.faults.empty()) std::abort();
  for (const ParseFault& fault : parsed.faults) {
    if (fault.range.begin > text.size() || fault.range.end > text.size() || fault.column == 0) std::abort();
    if (explain(fault, text).size() > fault.message.size() + 500) std::abort();
  }
  if (!parsed.expr) return 0;
  walk(*parsed.expr, [&](const Expr& expr, std::span<const Expr* const> parents) {
    if (expr.range.begin > expr.range.end || expr.range.end > text.size()) std::abort();
    if (parents.size() >= static_cast<std::size_t>(kMostHeight)) std::abort();
  });
  const std::string once = to_string(*parsed.expr);
  if (once.size() > kMostText) return 0;
  const auto again = parse(once, {.experimental = true});
  if (!again || to_string(**again) != once) std::abort();
  if (!parse(prettify(*parsed.expr), {.experimental = true})) std::abort();
  return 0;
}
