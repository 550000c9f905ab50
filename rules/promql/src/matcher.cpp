// SPDX-License-Identifier: Apache-2.0
// The one place of rules that knows RE2.
#include "rules/promql/matcher.h"

#include <re2/re2.h>

#include <algorithm>
#include <cctype>
#include <list>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "rules/promql/regex.h"

namespace tocsin::rules::promql {
namespace {

constexpr std::int64_t kMostMemory = std::int64_t{8} << 20;
constexpr std::size_t kMostCached = 256;

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

struct Matcher::Expression {
  explicit Expression(const std::string& text, const RE2::Options& options) : compiled(text, options) {}
  RE2 compiled;
};

Result<Matcher> Matcher::make(std::string label, MatchType type, std::string text) {
  // The latest expressions stay compiled: dashboards and rules ask the same ones again and again.
  static std::mutex mutex;
  static std::unordered_map<std::string, std::shared_ptr<const Expression>> cache;  // guarded by mutex, as below
  static std::list<std::string> order;

  Matcher matcher;
  matcher.label_ = std::move(label);
  matcher.type_ = type;
  matcher.text_ = std::move(text);
  if (type == MatchType::Equal || type == MatchType::NotEqual) return matcher;
  {
    const std::lock_guard lock(mutex);
    if (const auto found = cache.find(matcher.text_); found != cache.end()) {
      matcher.expression_ = found->second;
      return matcher;
    }
  }
  RE2::Options options(RE2::Quiet);
  options.set_dot_nl(true);
  options.set_max_mem(kMostMemory);
  auto expression = std::make_shared<const Expression>(matcher.text_, options);
  if (!expression->compiled.ok()) {
    return Error{Fault::Input, "error parsing regexp: " + expression->compiled.error()};
  }
  matcher.expression_ = expression;
  const std::lock_guard lock(mutex);
  if (cache.emplace(matcher.text_, std::move(expression)).second) order.push_back(matcher.text_);
  if (order.size() > kMostCached) {
    cache.erase(order.front());
    order.pop_front();
  }
  return matcher;
}

bool Matcher::matches(std::string_view value) const {
  switch (type_) {
    case MatchType::Equal: return value == text_;
    case MatchType::NotEqual: return value != text_;
    case MatchType::Regex: return RE2::FullMatch(piece(value), expression_->compiled);
    case MatchType::NotRegex: return !RE2::FullMatch(piece(value), expression_->compiled);
  }
  return false;
}

std::string_view operator_text(MatchType type) noexcept {
  switch (type) {
    case MatchType::Equal: return "=";
    case MatchType::NotEqual: return "!=";
    case MatchType::Regex: return "=~";
    case MatchType::NotRegex: return "!~";
  }
  return "=";
}

std::string Matcher::to_string() const {
  std::string out = label_;
  out.append(operator_text(type_)).append("\"");
  for (const char c : text_) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') out += "\\n";
    else out += c;
  }
  return out += '"';
}

struct Regex::Compiled {
  Compiled(std::string_view pattern, const RE2::Options& options) : expression(piece(pattern), options) {}
  RE2 expression;

  // Go's templates: $1, ${1}, $name, ${name}, $$.
  void expand(std::string_view replacement, const std::vector<re2::StringPiece>& groups, std::string& out) const {
    while (!replacement.empty()) {
      const auto dollar = replacement.find('$');
      out += replacement.substr(0, dollar);
      if (dollar == std::string_view::npos) return;
      replacement.remove_prefix(dollar + 1);
      if (replacement.starts_with('$')) {
        out += '$';
        replacement.remove_prefix(1);
        continue;
      }
      const bool braces = replacement.starts_with('{');
      const std::string_view rest = replacement.substr(braces ? 1 : 0);
      std::size_t length = 0;
      while (length < rest.size() && (std::isalnum(static_cast<unsigned char>(rest[length])) != 0 || rest[length] == '_')) ++length;
      if (length == 0 || (braces && (length == rest.size() || rest[length] != '}'))) {
        out += '$';
        continue;
      }
      out += group(rest.substr(0, length), groups);
      replacement = rest.substr(length + (braces ? 1 : 0));
    }
  }

  std::string_view group(std::string_view name, const std::vector<re2::StringPiece>& groups) const {
    std::size_t index = 0;
    if (name.find_first_not_of("0123456789") == std::string_view::npos) {
      if (name.size() > 4 || (name.size() > 1 && name[0] == '0')) return {};
      for (const char c : name) index = index * 10 + static_cast<std::size_t>(c - '0');
    } else {
      const auto& names = expression.NamedCapturingGroups();
      const auto found = names.find(std::string(name));
      if (found == names.end()) return {};
      index = static_cast<std::size_t>(found->second);
    }
    if (index >= groups.size() || groups[index].data() == nullptr) return {};
    return {groups[index].data(), groups[index].size()};
  }
};

Result<Regex> Regex::make(std::string_view pattern, bool dot_takes_newline) {
  RE2::Options options(RE2::Quiet);
  options.set_dot_nl(dot_takes_newline);
  options.set_max_mem(kMostMemory);
  auto compiled = std::make_shared<const Compiled>(pattern, options);
  if (!compiled->expression.ok()) return Error{Fault::Input, "error parsing regexp: " + compiled->expression.error()};
  return Regex(std::move(compiled));
}

bool Regex::found_in(std::string_view text) const { return RE2::PartialMatch(piece(text), compiled_->expression); }

std::string Regex::replace_all(std::string_view text, std::string_view replacement) const {
  const RE2& expression = compiled_->expression;
  std::vector<re2::StringPiece> groups(static_cast<std::size_t>(expression.NumberOfCapturingGroups()) + 1);
  std::string out;
  std::size_t from = 0, copied = 0;
  std::ptrdiff_t last_end = -1;
  while (from <= text.size() &&
         expression.Match(piece(text), from, text.size(), RE2::UNANCHORED, groups.data(), static_cast<int>(groups.size()))) {
    const auto begin = static_cast<std::size_t>(groups[0].data() - text.data());
    const std::size_t end = begin + groups[0].size();
    out += text.substr(copied, begin - copied);
    copied = begin;
    // An empty match right after a match is none, as in Go.
    if (end > begin || static_cast<std::ptrdiff_t>(begin) != last_end) {
      compiled_->expand(replacement, groups, out);
      copied = end;
    }
    last_end = static_cast<std::ptrdiff_t>(end);
    from = end;
    if (end == begin) {
      // One whole character on.
      for (++from; from < text.size() && (static_cast<unsigned char>(text[from]) & 0xc0) == 0x80;) ++from;
    }
  }
  return out += text.substr(std::min(copied, text.size()));
}

std::optional<std::string> Regex::expand(std::string_view text, std::string_view replacement) const {
  const RE2& expression = compiled_->expression;
  std::vector<re2::StringPiece> groups(static_cast<std::size_t>(expression.NumberOfCapturingGroups()) + 1);
  if (!expression.Match(piece(text), 0, text.size(), RE2::ANCHOR_BOTH, groups.data(), static_cast<int>(groups.size()))) {
    return std::nullopt;
  }
  std::string out;
  compiled_->expand(replacement, groups, out);
  return out;
}

}  // namespace tocsin::rules::promql
