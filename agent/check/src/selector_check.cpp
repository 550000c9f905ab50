// SPDX-License-Identifier: Apache-2.0
#include "agent/check/src/selector_check.h"

#include <algorithm>
#include <cmath>

#include "meters/base/number.h"
#include "meters/base/text.h"

namespace tocsin::agent {

using rules::promql::Matcher;
using rules::promql::MatchType;
using rules::promql::SourceRange;
using rules::promql::VectorSelector;

namespace {

constexpr std::size_t kMostListed = 12;

// The alternatives of an expression that is nothing but words with "|" between; else nothing.
std::vector<std::string> alternatives(const std::string& expression) {
  for (const char c : expression)
    if (std::string_view(".*+?()[]{}^$\\").find(c) != std::string_view::npos) return {};
  std::vector<std::string> words;
  for (const std::string_view word : split(expression, '|')) words.emplace_back(word);
  return words;
}

bool is_bound(const std::vector<double>& bounds, const Matcher& matcher) {
  std::vector<double> all = bounds;
  all.push_back(INFINITY);
  for (const double bound : all) {
    std::string text;
    append_double(text, bound);
    if (std::isinf(bound)) text = "+Inf";
    // As scraped, as pushed through Prometheus' OTLP receiver, and as some libraries write it.
    std::string plain = text;
    if (std::isfinite(bound) && bound == std::floor(bound) && bound < 1e15) plain = std::to_string(static_cast<long long>(bound));
    for (const std::string& form : {text, plain, plain + ".0"})
      if (matcher.matches(form)) return true;
  }
  return false;
}

void check_value(const KnownSeries& series, const Matcher& matcher, SourceRange range, std::vector<QueryFinding>& findings) {
  const std::string where = series.name + '{' + matcher.to_string() + '}';
  if (matcher.label() == "le" && series.kind == SeriesKind::Buckets) {
    const bool positive = matcher.type() == MatchType::Equal || matcher.type() == MatchType::Regex;
    if (positive && !series.bounds.empty() && !is_bound(series.bounds, matcher))
      findings.push_back({range, matcher.text(), where + ": no bucket has this bound"});
    return;
  }
  const auto closed = series.closed.find(matcher.label());
  if (closed == series.closed.end() || matcher.text().empty()) return;
  const std::vector<std::string>& values = closed->second;
  const std::set<std::string> sorted(values.begin(), values.end());
  const bool expression = matcher.type() == MatchType::Regex || matcher.type() == MatchType::NotRegex;
  const std::vector<std::string> words = expression ? alternatives(matcher.text()) : std::vector{matcher.text()};
  for (const std::string& word : words)
    if (!word.empty() && !sorted.contains(word))
      findings.push_back({range, word, where + ": \"" + word + "\" is none of the values of " + matcher.label() +
                                           did_you_mean(word, sorted)});
  if (!words.empty() || !expression) return;
  const bool wanted = matcher.type() == MatchType::Regex;
  if (std::none_of(values.begin(), values.end(), [&](const std::string& value) { return matcher.matches(value) == wanted; }))
    findings.push_back({range, matcher.text(), where + ": matches none of the values of " + matcher.label()});
}

}  // namespace

std::size_t find_word(std::string_view text, std::string_view word, std::size_t from) {
  const auto inside = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; };
  if (word.empty()) return std::string_view::npos;
  for (std::size_t at = text.find(word, from); at != std::string_view::npos; at = text.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    if ((at == 0 || !inside(text[at - 1]) || !inside(word.front())) && (end == text.size() || !inside(text[end]) || !inside(word.back())))
      return at;
  }
  return std::string_view::npos;
}

std::string did_you_mean(std::string_view wrong, const std::set<std::string>& candidates) {
  const std::vector<std::string_view> views(candidates.begin(), candidates.end());
  const std::string near = nearest(wrong, views);
  if (!near.empty()) return "; did you mean \"" + near + "\"?";
  std::string all;
  std::size_t listed = 0;
  for (const std::string& candidate : candidates) {
    if (candidate == "job" || candidate == "instance" || candidate == "__name__" || candidate.starts_with("otel_") ||
        candidate.starts_with("exported_"))
      continue;
    if (++listed > kMostListed) return "";
    all += (all.empty() ? " (there is " : ", ") + candidate;
  }
  return all.empty() ? "" : all + ')';
}

const KnownSeries* check_selector(const VectorSelector& selector, SourceRange range, const KnownMeters& known,
                                  std::vector<QueryFinding>& findings) {
  std::string name = selector.name;
  for (const Matcher& matcher : selector.matchers)
    if (name.empty() && matcher.label() == "__name__" && matcher.type() == MatchType::Equal) name = matcher.text();
  if (name.empty() || name.find(kVariable) != std::string::npos) return nullptr;
  const KnownSeries* series = known.find(name);
  if (series == nullptr) {
    const std::string near = known.nearest_name(name);
    findings.push_back({range, name, "no meter is called " + name + (near.empty() ? "" : "; did you mean " + near + '?'), known.may_be_anothers(name)});
    return nullptr;
  }
  if (!series->now.empty())
    findings.push_back({range, name, name + " is called " + series->now + " now; the former name ends on " + meters::to_text(series->until)});
  if (series->absent) findings.push_back({range, name, "the agent has no " + name + " now"});
  for (const Matcher& matcher : selector.matchers) {
    if (matcher.label().starts_with(kVariable)) continue;
    const bool there = series->any_label || series->labels.contains(matcher.label()) || known.everywhere().contains(matcher.label());
    if (!there) {
      findings.push_back({range, matcher.label(), name + " has no label " + matcher.label() + did_you_mean(matcher.label(), series->labels)});
    } else if (matcher.label() != "__name__" && matcher.text().find(kVariable) == std::string::npos) {
      check_value(*series, matcher, range, findings);
    }
  }
  return series;
}

}  // namespace tocsin::agent
