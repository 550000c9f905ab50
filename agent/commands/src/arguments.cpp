// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/arguments.h"

#include <algorithm>

#include "meters/base/number.h"
#include "meters/base/text.h"

namespace tocsin::agent {

namespace {

Error misuse(std::string message) { return Error{Fault::Configuration, std::move(message)}; }

}  // namespace

Arguments::Arguments(std::string command, std::string purpose)
    : command_(std::move(command)), purpose_(std::move(purpose)) {}

void Arguments::text(std::string_view name, std::string_view value, std::string_view help,
                     std::optional<std::string>& into) {
  flags_.push_back({std::string(name), std::string(value), std::string(help), [&into](std::string_view word) {
                      into = std::string(word);
                      return Result<void>{};
                    }});
}

void Arguments::texts(std::string_view name, std::string_view value, std::string_view help,
                      std::vector<std::string>& into) {
  flags_.push_back({std::string(name), std::string(value), std::string(help), [&into](std::string_view word) {
                      into.emplace_back(word);
                      return Result<void>{};
                    }});
}

void Arguments::number(std::string_view name, std::string_view value, std::string_view help, std::uint64_t& into,
                       std::uint64_t least, std::uint64_t most) {
  flags_.push_back({std::string(name), std::string(value), std::string(help),
                    [&into, least, most](std::string_view word) -> Result<void> {
                      const auto number = parse_integer<std::uint64_t>(word);
                      if (!number) return number.error();
                      if (*number < least || *number > most)
                        return misuse("must be from " + std::to_string(least) + " to " + std::to_string(most));
                      into = *number;
                      return {};
                    }});
}

void Arguments::flag(std::string_view name, std::string_view help, bool& into) {
  flags_.push_back({std::string(name), "", std::string(help), [&into](std::string_view) {
                      into = true;
                      return Result<void>{};
                    }});
}

void Arguments::rest(std::string_view name, std::string_view help, std::vector<std::string>& into) {
  rest_ = Flag{std::string(name), "", std::string(help), [&into](std::string_view word) {
                 into.emplace_back(word);
                 return Result<void>{};
               }};
}

const Arguments::Flag* Arguments::find(std::string_view name) const {
  const auto at = std::find_if(flags_.begin(), flags_.end(), [&](const Flag& flag) { return flag.name == name; });
  return at == flags_.end() ? nullptr : &*at;
}

Error Arguments::unknown(std::string_view name) const {
  std::vector<std::string_view> names;
  for (const Flag& flag : flags_) names.push_back(flag.name);
  std::string message = "unknown flag --" + std::string(name);
  if (const std::string near = nearest(name, names); !near.empty()) message += "; did you mean --" + near + '?';
  return misuse(std::move(message));
}

Result<bool> Arguments::parse(std::span<const std::string_view> words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (word == "--help" || word == "-h") return false;
    if (!word.starts_with("--")) {
      if (!rest_) return misuse("unexpected \"" + std::string(word) + '"');
      (void)rest_->read(word);
      continue;
    }
    const auto equals = word.find('=');
    const std::string_view name = word.substr(2, equals == std::string_view::npos ? equals : equals - 2);
    const Flag* flag = find(name);
    if (flag == nullptr) return unknown(name);
    const std::string said = "--" + flag->name;
    std::string_view value;
    if (flag->value.empty()) {
      if (equals != std::string_view::npos) return misuse(said + " takes no value");
    } else if (equals != std::string_view::npos) {
      value = word.substr(equals + 1);
    } else if (i + 1 < words.size()) {
      value = words[++i];
    } else {
      return misuse(said + " needs a value: " + said + ' ' + flag->value);
    }
    if (auto read = flag->read(value); !read) return misuse(said + ": " + read.error().message);
  }
  return true;
}

namespace {

// In lines of at most kColumns, those after the first indented. Lines of its own stay apart.
std::string wrapped(std::string_view text, std::size_t indent) {
  constexpr std::size_t kColumns = 100;
  std::string out;
  std::size_t column = indent;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(" \n"), text.size());
    const std::string_view word = text.substr(0, end);
    const char after = end < text.size() ? text[end] : ' ';
    text.remove_prefix(std::min(end + 1, text.size()));
    if (column > indent && column + 1 + word.size() > kColumns) {
      out += '\n' + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      out += ' ', ++column;
    }
    out += word;
    column += word.size();
    if (after == '\n') out += '\n' + std::string(indent, ' '), column = indent;
  }
  return out;
}

}  // namespace

std::string Arguments::help() const {
  std::string text = "usage: tocsin " + command_;
  if (!flags_.empty()) text += " [flags]";
  if (rest_) text += ' ' + rest_->name;
  text += "\n\n" + wrapped(purpose_, 0) + '\n';
  if (rest_) text += "\n  " + rest_->name + "  " + wrapped(rest_->help, rest_->name.size() + 4) + '\n';
  if (!flags_.empty()) text += "\nflags:\n";
  std::size_t width = 0;
  const auto written = [](const Flag& flag) {
    return "--" + flag.name + (flag.value.empty() ? "" : ' ' + flag.value);
  };
  for (const Flag& flag : flags_) width = std::max(width, written(flag).size());
  for (const Flag& flag : flags_) {
    const std::string left = written(flag);
    text += "  " + left + std::string(width - left.size() + 2, ' ') + wrapped(flag.help, width + 4) + '\n';
  }
  return text;
}

}  // namespace tocsin::agent
