// SPDX-License-Identifier: Apache-2.0
#include "rules/promql/src/natural_order.h"

#include <algorithm>

namespace tocsin::rules::promql {
namespace {

bool digit(char c) noexcept { return c >= '0' && c <= '9'; }

// The next run; the text is shortened by it.
std::string_view run(std::string_view& text) noexcept {
  std::size_t length = 1;
  while (length < text.size() && digit(text[length]) == digit(text[0])) ++length;
  const std::string_view taken = text.substr(0, length);
  text.remove_prefix(length);
  return taken;
}

std::string_view without_zeros(std::string_view number) noexcept {
  return number.substr(std::min(number.find_first_not_of('0'), number.size()));
}

}  // namespace

bool natural_less(std::string_view a, std::string_view b) {
  while (!a.empty() && !b.empty()) {
    const std::string_view x = run(a), y = run(b);
    if (x == y) continue;
    if (!digit(x[0]) || !digit(y[0])) return x < y;
    const std::string_view p = without_zeros(x), q = without_zeros(y);
    if (p.size() != q.size()) return p.size() < q.size();
    if (p != q) return p < q;
    return x.size() < y.size();  // the same number: fewer zeros first
  }
  return a.empty() && !b.empty();
}

}  // namespace tocsin::rules::promql
