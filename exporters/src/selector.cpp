// SPDX-License-Identifier: Apache-2.0
// The grammar is that of PromQL's vector selectors: prometheus.io/docs/prometheus/latest/querying/basics.
#include "exporters/selector.h"

#include <algorithm>
#include <utility>

#include "exporters/src/quoted_string.h"
#include "wire/escaping.h"

namespace tocsin::exporters {

namespace {

constexpr std::string_view kName = "__name__";

class Parser {
 public:
  Parser(std::string_view text, const CompilePattern& compile) : text_(text), compile_(compile) {}

  Result<Selector> parse() {
    Selector selector;
    skip_space();
    if (at_ < text_.size() && text_[at_] != '{') {
      const std::string_view name = word(wire::is_legacy_metric_name);
      if (name.empty()) return error("a metric name or '{' is expected");
      selector.matchers.push_back(name_matcher(std::string(name)));
      skip_space();
    }
    if (take('{'))
      if (auto read = parse_matchers(selector); !read) return read.error();
    skip_space();
    if (at_ != text_.size()) return error("nothing more is expected");
    if (std::all_of(selector.matchers.begin(), selector.matchers.end(), [](const Matcher& m) { return m.takes({}); }))
      return error("at least one matcher must not take the empty text");
    return selector;
  }

 private:
  Error error(const std::string& what, Fault fault = Fault::Input) const {
    return Error{fault, "selector \"" + std::string(text_.substr(0, 200)) + "\", character " + std::to_string(at_ + 1) +
                            ": " + what};
  }
  static Matcher name_matcher(std::string name) { return {std::string(kName), MatchType::Equal, std::move(name), {}}; }

  void skip_space() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
  }
  bool take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  std::string_view word(bool (*is_name)(std::string_view)) {
    std::size_t size = 0;
    // Only the first character has a rule of its own, so one look at each is enough.
    while (at_ + size < text_.size() && is_name(size == 0 ? text_.substr(at_, 1) : placed(text_[at_ + size]))) ++size;
    at_ += size;
    return text_.substr(at_ - size, size);
  }
  std::string_view placed(char c) {
    after_first_[1] = c;
    return {after_first_, 2};
  }

  Result<void> parse_matchers(Selector& selector) {
    for (;;) {
      skip_space();
      if (take('}')) return {};
      auto matcher = parse_matcher();
      if (!matcher) return matcher.error();
      selector.matchers.push_back(*std::move(matcher));
      skip_space();
      if (take('}')) return {};
      if (!take(',')) return error("',' or '}' is expected");
    }
  }

  Result<Matcher> parse_matcher() {
    Matcher matcher;
    const std::size_t start = at_;
    const bool quoted = at_ < text_.size() && is_quote(text_[at_]);
    if (quoted) {
      if (const char* fault = read_quoted_string(text_, at_, matcher.label)) return error(fault);
    } else {
      matcher.label = word(wire::is_legacy_label_name);
    }
    if (matcher.label.empty()) return at_ = start, error("a label name is expected");
    skip_space();
    if (quoted && (at_ == text_.size() || text_[at_] == ',' || text_[at_] == '}')) return name_matcher(matcher.label);
    if (matcher.label == "le" || matcher.label == "quantile") {
      at_ = start;
      return error(matcher.label + " cannot be selected: a histogram or summary is shown whole", Fault::Unsupported);
    }
    if (!parse_operator(matcher.type)) return error("one of = != =~ !~ is expected");
    skip_space();
    const std::size_t text_start = at_;
    if (const char* fault = read_quoted_string(text_, at_, matcher.text)) return error(fault);
    if (matcher.type == MatchType::Equal || matcher.type == MatchType::NotEqual) return matcher;

    const std::size_t end = std::exchange(at_, text_start);
    if (!compile_) return error("regular expressions cannot be used at this endpoint", Fault::Unsupported);
    auto pattern = compile_(matcher.text);
    if (!pattern) return error(pattern.error().message, pattern.error().fault);
    matcher.pattern = *std::move(pattern);
    at_ = end;
    return matcher;
  }

  bool parse_operator(MatchType& type) {
    constexpr std::pair<std::string_view, MatchType> kOperators[] = {
        {"=~", MatchType::Regex}, {"!~", MatchType::NotRegex}, {"!=", MatchType::NotEqual}, {"=", MatchType::Equal}};
    for (const auto& [text, known] : kOperators) {
      if (!text_.substr(at_).starts_with(text)) continue;
      at_ += text.size();
      type = known;
      return true;
    }
    return false;
  }

  std::string_view text_;
  const CompilePattern& compile_;
  std::size_t at_ = 0;
  char after_first_[2] = {'a', 0};
};

}  // namespace

bool Matcher::takes(std::string_view value) const {
  switch (type) {
    case MatchType::Equal:
      return value == text;
    case MatchType::NotEqual:
      return value != text;
    case MatchType::Regex:
      return pattern(value);
    case MatchType::NotRegex:
      return !pattern(value);
  }
  return false;
}

Result<Selector> parse_selector(std::string_view text, const CompilePattern& compile) {
  return Parser(text, compile).parse();
}

}  // namespace tocsin::exporters
