// SPDX-License-Identifier: Apache-2.0
#include "rules/promql/parse.h"

#include <algorithm>
#include <utility>

#include "rules/promql/src/check.h"
#include "rules/promql/src/parser.h"

namespace tocsin::rules::promql {
namespace {

constexpr std::size_t kMostShown = 100;  // bytes of a line that are shown around a fault

void set_places(std::string_view text, std::vector<ParseFault>& faults) {
  for (ParseFault& fault : faults) {
    const std::string_view before = text.substr(0, fault.range.begin);
    const std::size_t line_end = before.rfind('\n');
    fault.line = 1 + static_cast<std::size_t>(std::ranges::count(before, '\n'));
    fault.column = line_end == std::string_view::npos ? before.size() + 1 : before.size() - line_end;
  }
}

bool continues_character(std::string_view text, std::size_t at) noexcept {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
}

std::vector<ParseFault> too_large() {
  return {{{}, "text is over " + std::to_string(kMostText) + " bytes", 1, 1}};
}

Error to_error(std::string_view text, const std::vector<ParseFault>& faults) {
  return Error{text.size() > kMostText ? Fault::TooLarge : Fault::Input, explain(faults.front(), text)};
}

}  // namespace

std::string explain(const ParseFault& fault, std::string_view text) {
  const std::size_t place = std::min<std::size_t>(fault.range.begin, text.size());
  std::size_t begin = place - (fault.column - 1);
  std::size_t end = std::min(text.find('\n', place), text.size());
  if (place - begin > kMostShown / 2) begin = place - kMostShown / 2;
  if (end - begin > kMostShown) end = begin + kMostShown;
  while (continues_character(text, begin) && begin < place) ++begin;
  while (continues_character(text, end) && end > place) --end;
  std::string line(text.substr(begin, end - begin)), caret;
  std::ranges::replace_if(line, [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  for (std::size_t at = begin; at < place; ++at) {
    if (!continues_character(text, at)) caret += ' ';
  }
  return std::to_string(fault.line) + ":" + std::to_string(fault.column) + ": parse error: " + fault.message + "\n  " + line +
         "\n  " + caret + "^";
}

Parsed parse_all(std::string_view text, const ParseOptions& options) {
  if (text.size() > kMostText) return {nullptr, too_large()};
  Parser parser(text, options);
  ExprPtr expr = parser.whole_expression();
  if (expr && parser.faults.empty()) check(*expr, text, parser.faults);
  if (!parser.faults.empty()) expr.reset();
  set_places(text, parser.faults);
  return {std::move(expr), std::move(parser.faults)};
}

Result<ExprPtr> parse(std::string_view text, const ParseOptions& options) {
  Parsed parsed = parse_all(text, options);
  if (!parsed.faults.empty()) return to_error(text, parsed.faults);
  return std::move(parsed.expr);
}

Result<std::vector<Matcher>> parse_selector(std::string_view text) {
  if (text.size() > kMostText) return to_error(text, too_large());
  Parser parser(text, {});
  const ExprPtr expr = parser.whole_selector();
  if (expr && parser.faults.empty()) return std::move(std::get<VectorSelector>(expr->node).matchers);
  set_places(text, parser.faults);
  return to_error(text, parser.faults);
}

}  // namespace tocsin::rules::promql
