// SPDX-License-Identifier: Apache-2.0
#include "rules/slo.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "meters/base/number.h"
#include "meters/descriptor.h"
#include "rules/promql/ast.h"
#include "rules/promql/parse.h"

namespace tocsin::rules {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

namespace {

constexpr std::size_t kLongestName = 64;

std::string number(double value) {
  std::string out;
  append_double(out, std::round(value * 1e9) / 1e9);  // 14.4 * (1 - 0.999) is 0.0144
  return out;
}

std::string percent(double share) { return number(share * 100) + "%"; }

bool is_name(std::string_view text) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.'; };
  return !text.empty() && text.size() <= kLongestName && std::ranges::all_of(text, fits);
}

void check_windows(const Slo& slo, std::size_t at, const SloLimits& limits, std::vector<SloFault>& faults) {
  const BurnPair& pair = slo.burn[at];
  const auto text = [](milliseconds time) { return promql::duration_text(time.count()); };
  if (pair.short_window >= pair.long_window)
    faults.push_back({"short", at + 1, "the short window (" + text(pair.short_window) + ") must be shorter than the long one (" + text(pair.long_window) + ")"});
  if (pair.short_window < 4 * limits.tick)
    faults.push_back({"short", at + 1, "a window of " + text(pair.short_window) + " holds too few counts: at least four ticks of " + text(limits.tick)});
  if (pair.long_window > slo.period)
    faults.push_back({"long", at + 1, "a window of " + text(pair.long_window) + " is longer than the period of " + text(slo.period)});
}

void check_rate(const Slo& slo, std::size_t at, std::vector<SloFault>& faults) {
  const BurnPair& pair = slo.burn[at];
  if (!(pair.rate > 0) || !std::isfinite(pair.rate)) return faults.push_back({"rate", at + 1, "must be above 0"});
  if (!(slo.target > 0 && slo.target < 1) || slo.limit(pair) < 1) return;
  const double most = 1 / slo.allowed();
  faults.push_back({"rate", at + 1,
                    "can never fire: a burn rate of " + number(pair.rate) + " at a target of " + number(slo.target) + " needs " +
                        percent(slo.limit(pair)) + " of the events to be bad, and there is no more than 100%; it must be below " + number(most)});
}

}  // namespace

const std::vector<BurnPair>& default_burn_pairs() {
  static const std::vector<BurnPair> pairs{{14.4, 1h, 5min, "critical"}, {6, 6h, 30min, "critical"}, {3, 24h, 2h, "warning"}, {1, 72h, 6h, "warning"}};
  return pairs;
}

Result<MeterSelector> selected_meter(std::string_view text) {
  const auto expr = promql::parse(text);
  if (!expr) return expr.error();
  const auto* selector = std::get_if<promql::VectorSelector>(&promql::without_parens(**expr).node);
  if (selector == nullptr) return Error{Fault::Input, "must be a selector of series, like server_request_total{status=\"server_error\"}: the counting is done here, no rate() is needed"};
  const bool shifted = selector->shift.at != promql::At::None || selector->shift.offset.ms != 0 || selector->shift.offset.expression;
  if (shifted) return Error{Fault::Input, "must be a selector without offset and @"};
  MeterSelector out;
  for (const promql::Matcher& matcher : selector->matchers) {
    if (matcher.label() != "__name__") out.matchers.push_back(matcher);
    else if (matcher.type() == promql::MatchType::Equal) out.meter = matcher.text();
  }
  if (out.meter.empty()) return Error{Fault::Input, "must name one meter"};
  std::vector<std::string> texts;
  for (const promql::Matcher& matcher : out.matchers) texts.push_back(matcher.to_string());
  std::ranges::sort(texts);
  out.text = out.meter;
  for (std::size_t i = 0; i < texts.size(); ++i) out.text += (i == 0 ? "{" : ",") + texts[i];
  if (!texts.empty()) out.text += '}';
  return out;
}

double Slo::limit(const BurnPair& pair) const noexcept { return std::round(pair.rate * allowed() * 1e12) / 1e12; }

std::vector<milliseconds> Slo::windows() const {
  std::set<milliseconds> all;
  for (const BurnPair& pair : burn) all.insert({pair.long_window, pair.short_window});
  return {all.begin(), all.end()};
}

std::string Slo::counted() const {
  std::string out = total.text + '\n' + (latency ? "<= " + number(threshold) : bad.text) + '\n';
  for (const std::string& label : by) out += label + ',';
  return out;
}

std::vector<SloFault> faults_of(const Slo& slo, const SloLimits& limits) {
  std::vector<SloFault> faults;
  if (!is_name(slo.name)) faults.push_back({"name", 0, "must be 1 to 64 letters, digits, '-', '_' and '.': it is a label and the name of a file"});
  if (!(slo.target > 0 && slo.target < 1)) {
    const bool in_percent = slo.target > 1 && slo.target < 100;
    faults.push_back({"target", 0, "must be above 0 and below 1" + (in_percent ? "; did you mean " + number(slo.target / 100) + "?" : std::string())});
  }
  std::set<std::string> seen;
  for (const std::string& label : slo.by) {
    if (!meters::check_label_name(label)) faults.push_back({"by", 0, "\"" + label + "\" is no name of a label"});
    else if (label == "slo" || label == "result" || label == "window" || label == "le") faults.push_back({"by", 0, "\"" + label + "\" is a label that counts have already"});
    else if (!seen.insert(label).second) faults.push_back({"by", 0, "\"" + label + "\" stands there twice"});
  }
  if (slo.burn.empty()) faults.push_back({"burn", 0, "without a pair of windows nobody is told"});
  for (std::size_t at = 0; at < slo.burn.size(); ++at) {
    check_rate(slo, at, faults);
    check_windows(slo, at, limits, faults);
    if (slo.burn[at].severity.empty()) faults.push_back({"severity", at + 1, "must not be empty"});
  }
  if (slo.min_bad_events < 1) faults.push_back({"min_bad_events", 0, "must be at least 1"});
  if (slo.period > limits.kept)
    faults.push_back({"period", 0, "is longer than counts are kept (" + promql::duration_text(limits.kept.count()) + "): raise history.recorded_retention"});
  return faults;
}

std::string spoken(milliseconds duration) {
  constexpr std::array<std::pair<std::int64_t, char>, 4> kUnits{{{86'400'000, 'd'}, {3'600'000, 'h'}, {60'000, 'm'}, {1'000, 's'}}};
  std::string out;
  std::int64_t rest = duration.count();
  int said = 0;
  for (const auto& [unit, letter] : kUnits) {
    if (said == 2) break;
    if (rest < unit) {
      if (said > 0) break;
      continue;
    }
    out += std::to_string(rest / unit) + letter;
    rest %= unit;
    ++said;
  }
  return out.empty() ? std::to_string(rest) + "ms" : out;
}

}  // namespace tocsin::rules
