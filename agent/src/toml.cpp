// SPDX-License-Identifier: Apache-2.0
// The only file that includes toml11: it compiles slowly, throws, overflows its stack on deep nesting and stops at the
// first syntax error, so size and depth are checked before it sees the text.
#include "agent/toml.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <toml.hpp>

#include "agent/src/toml_mistakes.h"
#include "agent/url_toml.h"
#include "meters/base/quantity.h"
#include "meters/base/text.h"

namespace tocsin::agent {

namespace {

using Value = toml::basic_value<toml::discard_comments, std::map, std::vector>;

constexpr std::size_t kMaxBytes = 8 * 1024 * 1024;
constexpr int kMaxDepth = 64;
constexpr std::string_view kSetting = "--set ";  // what the name of a value's source begins with where it was not a file

// Line of the first place that nests too deep, or nothing. Brackets in texts and comments count too: harmless, since
// no sane file has 64 of them open.
std::optional<std::size_t> too_deep(std::string_view text) {
  int depth = 0;
  std::size_t line = 1;
  for (const char c : text) {
    if (c == '\n') ++line;
    if (c == '[' || c == '{') ++depth;
    if ((c == ']' || c == '}') && depth > 0) --depth;
    if (depth > kMaxDepth) return line;
  }
  return std::nullopt;
}

std::string_view type_name(const Value& value) {
  switch (value.type()) {
    case toml::value_t::boolean: return "a boolean";
    case toml::value_t::integer: return "an integer";
    case toml::value_t::floating: return "a number";
    case toml::value_t::string: return "a text";
    case toml::value_t::array: return "a list";
    case toml::value_t::table: return "a table";
    case toml::value_t::empty: return "nothing";
    default: return "a date or time";
  }
}

// toml11's syntax errors are several lines with a drawing; the first says what, " --> file" and "  12 |" say where.
TomlFault syntax_fault(const toml::syntax_error& error, std::string_view text, const std::string& file) {
  std::string message = error.what();
  if (const auto at = message.find("[error] "); at != std::string::npos) message.erase(0, at + 8);
  message = message.substr(0, message.find('\n'));
  if (message.starts_with("toml::")) message.erase(0, message.find(": ") == std::string::npos ? 0 : message.find(": ") + 2);
  if (const auto usual = usual_mistake(line_of(text, error.location().line())); !usual.empty()) message = std::string(usual) + " (" + message + ')';
  return {{file, error.location().line(), error.location().column()}, "syntax: " + message};
}

}  // namespace

std::string TomlFault::text() const {
  if (place.line == 0) return place.file.empty() ? message : place.file + ": " + message;
  return place.file + ':' + std::to_string(place.line) + ':' + std::to_string(place.column) + ": " + message;
}

struct TomlTable::Node {
  Value value = Value(toml::table{});
  std::string path;  // "http.tls"; empty for the root
  std::string file;
  TomlFaults* faults = nullptr;
  std::set<std::string, std::less<>> asked;
  std::vector<std::pair<std::string, std::shared_ptr<Node>>> children;

  const Value* find(std::string_view key) {
    asked.emplace(key);
    const auto& table = value.as_table();
    const auto at = table.find(std::string(key));
    return at == table.end() ? nullptr : &at->second;
  }

  TomlPlace place_of(const Value& of) const {
    const auto location = of.location();
    if (location.line() == 0 || location.file_name() == "unknown file") return {file, 0, 0};
    if (location.file_name().starts_with(kSetting)) return {location.file_name(), 0, 0};
    return {location.file_name(), location.line(), location.column()};
  }

  std::string where() const { return path.empty() ? "at the top level" : "in [" + path + "]"; }

  void complain(const Value& of, std::string_view key, const std::string& message) {
    faults->push_back({place_of(of), '"' + std::string(key) + "\" " + where() + ": " + message});
  }

  void wrong_type(const Value& of, std::string_view key, std::string_view wanted) {
    complain(of, key, "must be " + std::string(wanted) + ", but is " + std::string(type_name(of)));
  }

  std::shared_ptr<Node> child(std::string_view key, const Value& table) {
    auto node = std::make_shared<Node>();
    node->value = table;
    node->path = path.empty() ? std::string(key) : path + '.' + std::string(key);
    node->file = file;
    node->faults = faults;
    children.emplace_back(key, node);
    return node;
  }

  void collect_known(std::set<std::string>& into) const {
    for (const std::string& key : asked) {
      const bool section = std::any_of(children.begin(), children.end(), [&](const auto& c) { return c.first == key; });
      if (!section) into.insert(path.empty() ? key : path + '.' + key);
    }
    for (const auto& [key, node] : children) node->collect_known(into);
  }

  // `top`: what stands above the first table.
  void finish(const std::set<std::string, std::less<>>& top) {
    std::vector<std::string_view> known(asked.begin(), asked.end());
    for (const auto& [key, content] : value.as_table()) {
      if (asked.contains(key)) continue;
      std::string message = "unknown key \"" + key + "\" " + where();
      if (!path.empty() && top.contains(key) && !content.is_table()) message += "; it belongs above the first [table]";
      else if (const std::string near = nearest(key, known); !near.empty()) message += "; did you mean \"" + near + "\"?";
      faults->push_back({place_of(content), std::move(message)});
    }
    for (const auto& [key, node] : children) node->finish(top);
  }
};

TomlTable::TomlTable() : node_(std::make_shared<Node>()) {}
TomlTable::TomlTable(std::shared_ptr<Node> node) : node_(std::move(node)) {}
TomlTable::~TomlTable() = default;
TomlTable::TomlTable(TomlTable&&) noexcept = default;
TomlTable& TomlTable::operator=(TomlTable&&) noexcept = default;

bool TomlTable::read(std::string_view key, std::string& into) {
  const Value* value = node_->find(key);
  if (value == nullptr) return false;
  if (!value->is_string()) return node_->wrong_type(*value, key, "a text"), false;
  into = value->as_string().str;
  return true;
}

bool TomlTable::read(std::string_view key, bool& into) {
  const Value* value = node_->find(key);
  if (value == nullptr) return false;
  if (value->is_string()) {  // the strict boolean reader of our own keys
    const Boolean flag = parse_boolean(value->as_string().str);
    if (flag != Boolean::Neither) return into = flag == Boolean::True, true;
  }
  if (!value->is_boolean()) return node_->wrong_type(*value, key, "true or false"), false;
  into = value->as_boolean();
  return true;
}

bool TomlTable::read(std::string_view key, double& into) {
  const Value* value = node_->find(key);
  if (value == nullptr) return false;
  if (value->is_integer()) return into = static_cast<double>(value->as_integer()), true;
  if (!value->is_floating()) return node_->wrong_type(*value, key, "a number"), false;
  into = value->as_floating();
  return true;
}

bool TomlTable::read(std::string_view key, std::int64_t& into, std::int64_t least, std::int64_t most) {
  const Value* value = node_->find(key);
  if (value == nullptr) return false;
  if (!value->is_integer()) return node_->wrong_type(*value, key, "an integer"), false;
  if (value->as_integer() < least || value->as_integer() > most) {
    node_->complain(*value, key, "must be from " + std::to_string(least) + " to " + std::to_string(most) + ", but is " +
                                     std::to_string(value->as_integer()));
    return false;
  }
  into = value->as_integer();
  return true;
}

bool TomlTable::read(std::string_view key, std::vector<std::string>& into) {
  const Value* value = node_->find(key);
  if (value == nullptr) return false;
  if (!value->is_array()) return node_->wrong_type(*value, key, "a list of texts"), false;
  std::vector<std::string> texts;
  for (const Value& item : value->as_array()) {
    if (!item.is_string()) return node_->wrong_type(item, key, "a list of texts"), false;
    texts.push_back(item.as_string().str);
  }
  into = std::move(texts);
  return true;
}

bool TomlTable::read(std::string_view key, std::vector<double>& into) {
  const Value* value = node_->find(key);
  if (value == nullptr) return false;
  if (!value->is_array()) return node_->wrong_type(*value, key, "a list of numbers"), false;
  std::vector<double> numbers;
  for (const Value& item : value->as_array()) {
    if (!item.is_integer() && !item.is_floating()) return node_->wrong_type(item, key, "a list of numbers"), false;
    numbers.push_back(item.is_integer() ? static_cast<double>(item.as_integer()) : item.as_floating());
  }
  into = std::move(numbers);
  return true;
}

bool TomlTable::read(std::string_view key, std::map<std::string, std::string>& into) {
  const Value* value = node_->find(key);
  if (value == nullptr) return false;
  if (!value->is_table()) return node_->wrong_type(*value, key, "a table of texts"), false;
  std::map<std::string, std::string> texts;
  for (const auto& [name, item] : value->as_table()) {
    if (!item.is_string()) return node_->wrong_type(item, std::string(key) + '.' + name, "a text"), false;
    texts[name] = item.as_string().str;
  }
  into = std::move(texts);
  return true;
}

bool TomlTable::read_duration(std::string_view key, std::chrono::nanoseconds& into, std::chrono::nanoseconds least,
                              std::chrono::nanoseconds most) {
  const Value* value = node_->find(key);
  if (value == nullptr) return false;
  if (!value->is_string()) {
    node_->wrong_type(*value, key, "a duration with its unit, like \"15s\"");
    return false;
  }
  const auto duration = parse_duration(value->as_string().str);
  if (!duration) return node_->complain(*value, key, duration.error().message), false;
  if (*duration < least || *duration > most) {
    node_->complain(*value, key,
                    "must be from " + to_text(least) + " to " + to_text(most) + ", but is " + to_text(*duration));
    return false;
  }
  into = *duration;
  return true;
}

bool TomlTable::read_date(std::string_view key, std::chrono::year_month_day& into) {
  const Value* value = node_->find(key);
  if (value == nullptr) return false;
  if (!value->is_local_date()) return node_->wrong_type(*value, key, "a date, like 2027-03-01"), false;
  const toml::local_date& date = value->as_local_date();  // its months are counted from 0
  into = std::chrono::year(date.year) / std::chrono::month(date.month + 1U) / std::chrono::day(date.day);
  if (!into.ok()) return node_->complain(*value, key, "there is no such day"), false;
  return true;
}

bool TomlTable::read_bytes(std::string_view key, std::uint64_t& into, std::uint64_t least, std::uint64_t most) {
  const Value* value = node_->find(key);
  if (value == nullptr) return false;
  if (!value->is_string()) return node_->wrong_type(*value, key, "a size with its unit, like \"64MiB\""), false;
  const auto bytes = parse_bytes(value->as_string().str);
  if (!bytes) return node_->complain(*value, key, bytes.error().message), false;
  if (*bytes < least || *bytes > most) {
    node_->complain(*value, key, "must be from " + std::to_string(least) + " to " + std::to_string(most) + " bytes");
    return false;
  }
  into = *bytes;
  return true;
}

bool TomlTable::read_choice(std::string_view key, std::size_t& into, const std::vector<std::string_view>& words) {
  std::string text;
  if (!read(key, text)) return false;
  const auto at = std::find(words.begin(), words.end(), text);
  if (at != words.end()) return into = static_cast<std::size_t>(at - words.begin()), true;
  std::string message = "must be one of";
  for (const std::string_view word : words) message += " \"" + std::string(word) + '"';
  message += ", but is \"" + text + '"';
  if (const std::string near = nearest(text, words); !near.empty()) message += "; did you mean \"" + near + "\"?";
  fault(key, std::move(message));
  return false;
}

bool TomlTable::has(std::string_view key) const { return node_->find(key) != nullptr; }

TomlTable TomlTable::table(std::string_view key) {
  const Value* value = node_->find(key);
  if (value != nullptr && value->is_table()) return TomlTable(node_->child(key, *value));
  if (value != nullptr) node_->wrong_type(*value, key, "a table");
  return TomlTable(node_->child(key, Value(toml::table{})));
}

std::vector<TomlTable> TomlTable::tables(std::string_view key) {
  std::vector<TomlTable> all;
  const Value* value = node_->find(key);
  if (value == nullptr) return all;
  if (value->is_table()) {
    all.push_back(TomlTable(node_->child(key, *value)));
  } else if (value->is_array()) {
    for (const Value& item : value->as_array()) {
      if (item.is_table()) {
        all.push_back(TomlTable(node_->child(key, item)));
      } else {
        node_->wrong_type(item, key, "a list of tables");
      }
    }
  } else {
    node_->wrong_type(*value, key, "a list of tables, written [[" + std::string(key) + "]]");
  }
  return all;
}

std::vector<std::pair<std::string, TomlTable>> TomlTable::named_tables() {
  std::vector<std::pair<std::string, TomlTable>> all;
  for (const auto& [name, value] : node_->value.as_table()) all.emplace_back(name, table(name));
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.second.place().line < b.second.place().line; });
  return all;
}

TomlPlace TomlTable::place() const { return node_->place_of(node_->value); }

TomlPlace TomlTable::place(std::string_view key) const {
  const Value* value = node_->find(key);
  return value == nullptr ? place() : node_->place_of(*value);
}

void TomlTable::fault(std::string_view key, std::string message) {
  const Value* value = node_->find(key);
  node_->complain(value == nullptr ? node_->value : *value, key, message);
}

std::vector<std::string> TomlTable::known_keys() const {
  std::set<std::string> known;
  node_->collect_known(known);
  return {known.begin(), known.end()};
}

void TomlTable::finish() { node_->finish(node_->asked); }

TomlTable parse_toml(std::string_view text, const std::string& file, TomlFaults& faults) {
  auto node = std::make_shared<TomlTable::Node>();
  node->file = file;
  node->faults = &faults;
  if (text.size() > kMaxBytes) {
    faults.push_back({{file, 0, 0}, "larger than 8 MiB"});
  } else if (const auto line = too_deep(text)) {
    faults.push_back({{file, *line, 1}, "nested deeper than " + std::to_string(kMaxDepth) + " levels"});
  } else {
    try {
      std::istringstream stream{std::string(text)};
      node->value = toml::parse<toml::discard_comments, std::map, std::vector>(stream, file);
    } catch (const toml::syntax_error& error) {
      faults.push_back(syntax_fault(error, text, file));
    } catch (const std::exception& error) {
      const std::string message = error.what();
      faults.push_back({{file, 0, 0}, "cannot be read: " + message.substr(0, message.find('\n'))});
    }
  }
  return TomlTable(std::move(node));
}

namespace {

Value parse_value(const std::string& text, const std::string& named) {
  std::istringstream stream("value = " + text + "\n");
  return toml::parse<toml::discard_comments, std::map, std::vector>(stream, named).as_table().at("value");
}

// As TOML where it is one, else as text, so that --set http.listen=0.0.0.0:9464 needs no quotes. `named`: where faults say it stands.
Value parse_setting(std::string_view text, const std::string& named) {
  if (text.size() >= 64 * 1024 || too_deep(text)) return Value(std::string(text));
  try {
    return parse_value(std::string(text), named);
  } catch (const std::exception&) {
  }
  std::string quoted;
  append_json_string(quoted, text);
  try {
    return parse_value(quoted, named);
  } catch (const std::exception&) {
    return Value(std::string(text));
  }
}

}  // namespace

void set_toml(TomlTable& root, std::string_view assignment, TomlFaults& faults) {
  const auto equals = assignment.find('=');
  const std::string name(trim(assignment.substr(0, equals)));
  if (equals == std::string_view::npos || name.empty() || name.starts_with('.') || name.ends_with('.')) {
    faults.push_back({{"--set", 0, 0}, "\"" + std::string(assignment) + "\" is not section.key=value"});
    return;
  }
  Value* at = &root.node_->value;
  for (const std::string_view part : split(name, '.')) {
    if (!at->is_table()) {
      faults.push_back({{"--set", 0, 0}, name + ": \"" + std::string(part) + "\" lies in something that is no table"});
      return;
    }
    at = &at->as_table().emplace(std::string(part), Value(toml::table{})).first->second;
  }
  *at = parse_setting(trim(assignment.substr(equals + 1)), std::string(kSetting) + name + '=' + shown_url(trim(assignment.substr(equals + 1))));
}

}  // namespace tocsin::agent
