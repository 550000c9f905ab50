// SPDX-License-Identifier: Apache-2.0
// The one place that knows yaml-cpp. Its events are used, not its nodes: those accept duplicates and hide aliases.
#include "rules/src/yaml.h"

#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <charconv>
#include <istream>
#include <streambuf>
#include <unordered_map>

namespace tocsin::rules {
namespace {

constexpr std::size_t kMostNodes = 2'000'000;

FilePlace place_of(const YAML::Mark& mark) {
  return {static_cast<std::size_t>(mark.line) + 1, static_cast<std::size_t>(mark.column) + 1};
}

// What yaml-cpp lets pass and YAML does not; thrown out of its callbacks, caught below.
struct Refused {
  FilePlace place;
  std::string why;
};

// Only looks where the second document begins.
class NextDocument final : public YAML::EventHandler {
 public:
  std::optional<YAML::Mark> begin;

  void OnDocumentStart(const YAML::Mark& mark) override { begin = mark; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}
};

class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(std::string_view text) : text_(text) {}

  YamlPtr root;

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    check_colon(static_cast<std::size_t>(mark.pos));
    auto node = make(Yaml::Kind::Scalar, mark, "?", anchor);
    place(std::move(node));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    count(mark);
    place(anchors_.at(anchor));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value) override {
    auto node = make(Yaml::Kind::Scalar, mark, tag, anchor);
    node->text = value;
    check_quotes(*node);
    place(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open_.push_back({make(Yaml::Kind::Sequence, mark, tag, anchor), nullptr, false});
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    open_.push_back({make(Yaml::Kind::Map, mark, tag, anchor), nullptr, style == YAML::EmitterStyle::Block});
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    std::shared_ptr<Yaml> node;
    YamlPtr key;  // read, its value not yet
    bool block = false;
  };

  void count(const YAML::Mark& mark) {
    if (++nodes_ > kMostNodes) throw Refused{place_of(mark), "more than " + std::to_string(kMostNodes) + " values"};
  }

  // A line of a block mapping that is no `key: value` reads as a key without a value.
  void check_colon(std::size_t end) const {
    if (open_.empty() || !open_.back().block || !open_.back().key) return;
    const Yaml& key = *open_.back().key;
    const std::size_t begin = std::min(key.offset + key.text.size(), text_.size());
    const std::string_view between = text_.substr(begin, std::max(end, begin) - begin);
    const auto line_begin = text_.rfind('\n', key.offset) + 1;
    const bool asked = text_.substr(line_begin, key.offset - line_begin).find('?') != std::string_view::npos;
    if (between.find(':') == std::string_view::npos && !asked) throw Refused{key.place, "could not find expected ':'"};
  }

  // A quote that nobody closes ends with the file.
  void check_quotes(const Yaml& scalar) const {
    std::size_t at = content_begin(scalar, text_);
    const char quote = at < text_.size() ? text_[at] : ' ';
    if (scalar.plain || (quote != '"' && quote != '\'')) return;
    for (++at; at < text_.size() && text_[at] != quote; ++at) {
      if (quote == '"' && text_[at] == '\\') ++at;
    }
    if (at >= text_.size()) throw Refused{scalar.place, "found unexpected end of stream in a quoted text"};
  }

  std::shared_ptr<Yaml> make(Yaml::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    count(mark);
    auto node = std::make_shared<Yaml>();
    node->kind = kind;
    node->place = place_of(mark);
    node->offset = static_cast<std::size_t>(mark.pos);
    node->plain = kind == Yaml::Kind::Scalar && tag == "?";
    if (tag != "?" && tag != "!") node->tag = tag;
    if (anchor != 0) anchors_[anchor] = node;
    return node;
  }

  void place(YamlPtr node) {
    if (open_.empty()) {
      root = std::move(node);
      return;
    }
    Open& open = open_.back();
    if (open.node->kind == Yaml::Kind::Sequence) {
      open.node->items.push_back(std::move(node));
    } else if (!open.key) {
      open.key = std::move(node);
    } else {
      open.node->entries.emplace_back(std::move(open.key), std::move(node));
      open.key = nullptr;
    }
  }

  void close() {
    YamlPtr node = std::move(open_.back().node);
    open_.pop_back();
    place(std::move(node));
  }

  std::string_view text_;
  std::vector<Open> open_;
  std::unordered_map<YAML::anchor_t, YamlPtr> anchors_;
  std::size_t nodes_ = 0;
};

// A text as a stream, without a copy.
class TextBuffer final : public std::streambuf {
 public:
  explicit TextBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());  // NOLINT(cppcoreguidelines-pro-type-const-cast): only read
    setg(begin, begin, begin + text.size());
  }
};

YamlDocument failed(FilePlace place, std::string why) { return {nullptr, FileFault{place, "yaml: " + std::move(why)}, std::nullopt}; }

// A document without a value: then nothing but comments and document marks may stand in the text.
void check_empty(std::string_view text) {
  for (std::size_t at = 0, line = 1; at < text.size(); ++line) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::size_t begin = text.find_first_not_of(" \t\r", at);
    const std::string_view content = begin < end ? text.substr(begin, end - begin) : std::string_view();
    if (content.starts_with("---")) return;
    if (!content.empty() && content[0] != '#' && content[0] != '%' && !content.starts_with("...")) {
      throw Refused{{line, begin - at + 1}, "did not find expected node content"};
    }
    at = end + 1;
  }
}

// What follows the document is not read, as in Prometheus; but yaml-cpp ends one at a directive too.
void check_rest(YAML::Parser& parser, std::string_view text, YamlDocument& document) {
  NextDocument next;
  try {
    parser.HandleNextDocument(next);
  } catch (const YAML::Exception&) {
    // Nobody reads it.
  }
  if (!next.begin) return;
  const std::string_view before = text.substr(0, std::min(static_cast<std::size_t>(next.begin->pos), text.size()));
  const std::size_t directive = before.rfind("\n%");
  const bool ends_here = directive != std::string_view::npos && before.find_first_not_of(" \t\r\n", before.find('\n', directive + 1)) == std::string_view::npos;
  if (ends_here && !text.substr(before.size()).starts_with("---")) {
    throw Refused{place_of(*next.begin), "a directive inside of a document"};
  }
  document.rest = place_of(*next.begin);
}

bool one_of(std::string_view text, std::initializer_list<std::string_view> known) {
  return std::ranges::find(known, text) != known.end();
}

bool is_float(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  if (one_of(text, {".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"})) return true;
  if (text.empty() || (text[0] != '.' && (text[0] < '0' || text[0] > '9'))) return false;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

bool Yaml::null() const noexcept {
  return kind == Kind::Scalar && plain && one_of(text, {"", "~", "null", "Null", "NULL"});
}

std::optional<std::int64_t> Yaml::integer() const noexcept {
  std::string_view digits = text;
  const bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.remove_prefix(1);
  int base = 10;
  if (digits.size() > 2 && one_of(digits.substr(0, 2), {"0x", "0o", "0b"})) {
    base = digits[1] == 'x' ? 16 : digits[1] == 'o' ? 8 : 2;
    digits.remove_prefix(2);
  }
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  const bool whole = kind == Kind::Scalar && plain && error == std::errc{} && end == digits.data() + digits.size();
  if (!whole || digits.empty() || digits[0] == '-') return std::nullopt;
  return negative ? -value : value;
}

const char* Yaml::type() const noexcept {
  if (kind == Kind::Map) return "!!map";
  if (kind == Kind::Sequence) return "!!seq";
  if (!plain) return "!!str";
  if (null()) return "!!null";
  if (one_of(text, {"true", "True", "TRUE", "false", "False", "FALSE"})) return "!!bool";
  if (integer()) return "!!int";
  return is_float(text) ? "!!float" : "!!str";
}

YamlDocument parse_yaml(std::string_view text) {
  if (text.size() > kMostYaml) return failed({}, "file is over " + std::to_string(kMostYaml >> 20) + " MiB");
  TextBuffer buffer(text);
  std::istream stream(&buffer);
  TreeBuilder builder(text);
  try {
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    YamlDocument document{builder.root, std::nullopt, std::nullopt};
    if (!builder.root || (builder.root->plain && builder.root->text.empty())) check_empty(text);
    if (parser) check_rest(parser, text, document);
    return document;
  } catch (const Refused& refused) {
    return failed(refused.place, refused.why);
  } catch (const YAML::DeepRecursion& error) {
    return failed(place_of(error.mark), "nested too deeply");
  } catch (const YAML::Exception& error) {
    const bool somewhere = !error.mark.is_null();
    return failed(somewhere ? place_of(error.mark) : FilePlace{}, error.msg);
  } catch (const std::exception& error) {
    return failed({}, error.what());
  }
}

}  // namespace tocsin::rules
