// SPDX-License-Identifier: Apache-2.0
#include "wire/src/exposition_lexer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "meters/base/number.h"
#include "meters/base/text.h"
#include "wire/src/exposition_number.h"

namespace tocsin::wire {
namespace {

// Bits: 1 begins a label name, 2 goes on in one, 4 begins a metric name, 8 goes on in one.
constexpr std::array<std::uint8_t, 256> kNameCharacters = [] {
  std::array<std::uint8_t, 256> table{};
  for (int c = 'a'; c <= 'z'; ++c) table[c] = table[c - 'a' + 'A'] = 15;
  for (int c = '0'; c <= '9'; ++c) table[c] = 10;
  table['_'] = 15;
  table[':'] = 12;
  return table;
}();

bool is_name(char c, unsigned bit) noexcept { return (kNameCharacters[static_cast<unsigned char>(c)] & bit) != 0; }

}  // namespace

Error ExpositionLexer::fault(const char* where, std::string_view what) const {
  where = std::clamp(where, begin_, end_);
  const auto line = std::count(begin_, where, '\n') + 1;
  const char* start = where;
  while (start != begin_ && start[-1] != '\n') --start;
  // Columns count characters, not bytes.
  const auto column = std::count_if(start, where, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }) + 1;
  std::string message = "line ";
  append_integer(message, line);
  message += ", column ";
  append_integer(message, column);
  message += ": ";
  message += what;
  return Error{Fault::Input, std::move(message)};
}

bool ExpositionLexer::fail(const char* where, std::string what) {
  fault_at_ = where;
  fault_ = std::move(what);
  return false;
}

void ExpositionLexer::blanks() noexcept {
  while (at_ != end_ && (*at_ == ' ' || *at_ == '\t')) ++at_;
}

ExpositionLexer::Line ExpositionLexer::next() {
  while (at_ != end_) {
    line_begin = at_;
    if (!strict_) {
      blanks();
      if (at_ == end_) return Line::End;
      if (*at_ == '\n') {
        ++at_;
        continue;
      }
    }
    if (*at_ != '#') return sample_line() ? Line::Sample : Line::Fault;
    const Line read = metadata();
    if (read != Line::End) return read;
  }
  return Line::End;
}

bool ExpositionLexer::keyword(std::string_view word) noexcept {
  if (static_cast<std::size_t>(end_ - at_) < word.size() || std::memcmp(at_, word.data(), word.size()) != 0) return false;
  const char* const after = at_ + word.size();
  if (after != end_ && *after != ' ' && *after != '\t' && *after != '\n') return false;
  at_ = after;
  return true;
}

// Line::End: it was a comment.
ExpositionLexer::Line ExpositionLexer::metadata() {
  ++at_;
  const auto refuse = [this](const char* where, std::string what) { return fail(where, std::move(what)), Line::Fault; };
  const bool spaced = at_ != end_ && (*at_ == ' ' || (!strict_ && *at_ == '\t'));
  if (spaced) ++at_;
  if (!strict_) blanks();
  Line kind = Line::End;
  if (spaced) {
    if (keyword("HELP")) kind = Line::Help;
    else if (keyword("TYPE")) kind = Line::Type;
    else if (strict_ && keyword("UNIT")) kind = Line::Unit;
    else if (strict_ && keyword("EOF")) kind = Line::Eof;
  }
  if (kind == Line::Eof) {
    if (at_ != end_ && *at_ != '\n') return refuse(at_, "expected the end of the line after \"# EOF\"");
    if (at_ != end_) ++at_;
    return kind;
  }
  if (kind == Line::End) {
    if (strict_) return refuse(line_begin, "expected \"# TYPE\", \"# UNIT\", \"# HELP\" or \"# EOF\": there are no other comments");
    const void* const newline = std::memchr(at_, '\n', static_cast<std::size_t>(end_ - at_));
    at_ = newline == nullptr ? end_ : static_cast<const char*>(newline) + 1;
    return Line::End;
  }
  if (!space("the name of the metric family")) return Line::Fault;
  if (at_ != end_ && *at_ == '"') {
    const char* const start = at_;
    if (!quoted(name)) return Line::Fault;
    if (name.empty()) return refuse(start, "a metric family's name is empty");
  } else if (!metric_name()) {
    return Line::Fault;
  } else {
    name = sample.name;
  }
  const void* const newline = std::memchr(at_, '\n', static_cast<std::size_t>(end_ - at_));
  const char* const stop = newline == nullptr ? end_ : static_cast<const char*>(newline);
  if (strict_ && newline == nullptr) return refuse(end_, "expected a line feed");
  if (strict_ ? *at_ != ' ' : (at_ != stop && *at_ != ' ' && *at_ != '\t'))
    return refuse(at_, at_ == stop ? "expected a space and the text" : "this character cannot be in a metric name");
  if (at_ != stop) ++at_;
  if (!strict_ && kind == Line::Type) blanks();
  value_begin = at_;
  text = {at_, static_cast<std::size_t>(stop - at_)};
  if (!strict_ && kind == Line::Type) text = trim(text);
  if (kind == Line::Help) {
    if (!is_utf8(text)) return refuse(at_, "the help text is not UTF-8");
    text = unescaped(text, strict_);
  }
  at_ = newline == nullptr ? end_ : stop + 1;
  return kind;
}

bool ExpositionLexer::metric_name() {
  const char* const start = at_;
  if (at_ != end_ && is_name(*at_, 4))
    while (++at_ != end_ && is_name(*at_, 8)) {
    }
  if (at_ == start) {
    if (at_ == end_ || *at_ == '\n') return fail(at_, start == line_begin ? "a blank line" : "expected a metric name");
    return fail(at_, "a metric name cannot begin with this character");
  }
  sample.name = {start, static_cast<std::size_t>(at_ - start)};
  return true;
}

// White space that must be there: one space, or any amount in text.
bool ExpositionLexer::space(std::string_view before) {
  const bool there = at_ != end_ && (*at_ == ' ' || (!strict_ && *at_ == '\t'));
  if (!there) return fail(at_, "expected a space before " + std::string(before));
  ++at_;
  if (!strict_) blanks();
  return true;
}

std::string_view ExpositionLexer::unescaped(std::string_view raw, bool quotes) {
  if (raw.find('\\') == std::string_view::npos) return raw;
  char* const start = into_.texts.room(raw.size());
  char* out = start;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const char next = raw[i] == '\\' && i + 1 < raw.size() ? raw[i + 1] : '\0';
    if (next == 'n' || next == '\\' || (quotes && next == '"')) {
      *out++ = next == 'n' ? '\n' : next;
      ++i;
    } else {
      *out++ = raw[i];
      // A backslash before another character stays, and does not escape what follows that one.
      if (next != '\0') *out++ = raw[++i];
    }
  }
  const auto size = static_cast<std::size_t>(out - start);
  into_.texts.shorten(raw.size() - size);
  return {start, size};
}

// From the opening quote to behind the closing one.
bool ExpositionLexer::quoted(std::string_view& out) {
  const char* const open = at_;
  const char* const start = open + 1;
  const char* stop = start;
  bool escapes = false;
  unsigned char high = 0;
  for (; stop != end_ && *stop != '"'; ++stop) {
    if (*stop == '\n' && strict_) return fail(stop, "the line ends inside quotes");
    high = static_cast<unsigned char>(high | static_cast<unsigned char>(*stop));
    if (*stop == '\\') {
      escapes = true;
      if (++stop == end_) break;
      if (*stop == '\n' && strict_) return fail(stop, "the line ends inside quotes");
      high = static_cast<unsigned char>(high | static_cast<unsigned char>(*stop));
    }
  }
  if (stop == end_) return fail(open, "no quote ends this text");
  out = {start, static_cast<std::size_t>(stop - start)};
  if (high >= 0x80 && !is_utf8(out)) return fail(start, "the text is not UTF-8");
  if (escapes) out = unescaped(out, true);
  at_ = stop + 1;
  return true;
}

bool ExpositionLexer::label(bool& name_inside) {
  const char* const start = at_;
  ExpositionLabel read;
  if (at_ != end_ && *at_ == '"') {
    if (!quoted(read.name)) return false;
    if (!strict_) blanks();
    if (name_inside && (at_ == end_ || *at_ != '=')) {
      if (read.name.empty()) return fail(start, "the metric name is empty");
      sample.name = read.name;
      name_inside = false;
      return true;
    }
    if (read.name.empty()) return fail(start, "a label name is empty");
  } else {
    if (at_ != end_ && is_name(*at_, 1))
      while (++at_ != end_ && is_name(*at_, 2)) {
      }
    if (at_ == start)
      return fail(at_, at_ == end_ || *at_ == '\n' ? "no brace ends the labels" : "a label name cannot begin with this character");
    read.name = {start, static_cast<std::size_t>(at_ - start)};
    if (!strict_) blanks();
  }
  if (at_ == end_ || *at_ != '=') return fail(at_, "expected \"=\" after the label name");
  ++at_;
  if (!strict_) blanks();
  if (at_ == end_ || *at_ != '"') return fail(at_, "expected a label value in double quotes");
  if (!quoted(read.text)) return false;
  if (read.name == "__name__") {
    if (!name_inside) return fail(start, "the metric name is given twice");
    if (read.text.empty()) return fail(start, "the metric name is empty");
    sample.name = read.text;
    name_inside = false;
    return true;
  }
  into_.labels.push_back(read);
  return true;
}

bool ExpositionLexer::unique(std::uint32_t first) {
  const auto mine = std::span(into_.labels).subspan(first);
  for (std::size_t i = 1; i < mine.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (mine[i].name == mine[j].name) return fail(line_begin, "the label \"" + std::string(mine[i].name) + "\" is given twice");
  return true;
}

// At the opening brace.
bool ExpositionLexer::labels(bool name_inside, bool is_exemplar) {
  const auto first = static_cast<std::uint32_t>(into_.labels.size());
  ++at_;
  if (!strict_) blanks();
  bool wants_label = false;
  while (at_ == end_ || *at_ != '}' || wants_label) {
    if (at_ == end_ || *at_ == '\n') return fail(at_, "no brace ends the labels");
    if (!label(name_inside)) return false;
    if (!strict_) blanks();
    wants_label = false;
    if (at_ == end_ || (*at_ != ',' && *at_ != '}')) return fail(at_, "expected \",\" or \"}\" after a label");
    if (*at_ == ',') {
      ++at_;
      if (!strict_) blanks();
      wants_label = strict_;
    }
  }
  ++at_;
  if (name_inside && !is_exemplar) return fail(at_, "there is no metric name");
  const auto count = static_cast<std::uint32_t>(into_.labels.size()) - first;
  // Quadratic, so it is bounded: nobody has more labels than this on purpose.
  if (count > 1'000) return fail(line_begin, "more than 1,000 labels");
  (is_exemplar ? exemplar.first_label : sample.first_label) = first;
  (is_exemplar ? exemplar.labels : sample.labels) = count;
  return unique(first);
}

bool ExpositionLexer::number(std::string_view what, double& out, bool finite) {
  const char* const start = at_;
  while (at_ != end_ && *at_ != ' ' && *at_ != '\n' && (strict_ || *at_ != '\t')) ++at_;
  const std::string_view written(start, static_cast<std::size_t>(at_ - start));
  if (written.empty()) return fail(start, "expected " + std::string(what));
  const auto value = exposition_number(written);
  if (!value || (finite && !std::isfinite(*value)))
    return fail(start, "not " + std::string(what) + ": \"" + std::string(to_utf8(written.substr(0, 40))) + '"');
  out = *value;
  return true;
}

bool ExpositionLexer::sample_line() {
  sample = ExpositionSample{};
  sample.first_label = static_cast<std::uint32_t>(into_.labels.size());
  has_time = has_exemplar = false;
  const bool bare = *at_ != '{';
  if (bare && !metric_name()) return false;
  if (!strict_) blanks();
  if (at_ != end_ && *at_ == '{') {
    if (!labels(!bare, false)) return false;
    if (!strict_) blanks();
  } else if (strict_ && at_ != end_ && *at_ != ' ' && *at_ != '\n') {
    return fail(at_, "this character cannot be in a metric name");
  }
  if (strict_ && !space("the value")) return false;
  value_begin = at_;
  return number("a number", sample.value, false) && rest_of_sample();
}

bool ExpositionLexer::line_end() {
  if (at_ == end_) return strict_ ? fail(at_, "expected a line feed") : true;
  if (*at_ != '\n') return fail(at_, "expected the end of the line");
  ++at_;
  return true;
}

bool ExpositionLexer::rest_of_sample() {
  if (!strict_) {
    blanks();
    if (at_ != end_ && *at_ != '\n') {
      const char* const start = at_;
      while (at_ != end_ && *at_ != ' ' && *at_ != '\t' && *at_ != '\n') ++at_;
      const auto ms = parse_integer<std::int64_t>({start, static_cast<std::size_t>(at_ - start)});
      if (!ms) return fail(start, "not a timestamp in milliseconds");
      has_time = true;
      sample.time_ms = *ms == kNoTime ? kNoTime + 1 : *ms;
      blanks();
    }
    return line_end();
  }
  if (at_ != end_ && *at_ == ' ' && at_ + 1 != end_ && at_[1] != '#') {
    ++at_;
    if (!number("a timestamp in seconds", time, true)) return false;
    has_time = true;
    sample.time_ms = milliseconds_of(time);
  }
  if (at_ != end_ && *at_ == ' ' && !exemplar_part()) return false;
  return line_end();
}

bool ExpositionLexer::exemplar_part() {
  ++at_;
  if (at_ == end_ || *at_ != '#') return fail(at_, "expected the end of the line, or \"#\" and an exemplar");
  ++at_;
  exemplar = ExpositionExemplar{};
  if (!space("the exemplar's labels")) return false;
  if (at_ == end_ || *at_ != '{') return fail(at_, "expected the exemplar's labels in braces");
  if (!labels(false, true) || !space("the exemplar's value")) return false;
  if (!number("a number", exemplar.value, false)) return false;
  if (at_ != end_ && *at_ == ' ') {
    ++at_;
    double seconds = 0;
    if (!number("a timestamp in seconds", seconds, true)) return false;
    exemplar.time_ms = milliseconds_of(seconds);
  }
  has_exemplar = true;
  return true;
}

}  // namespace tocsin::wire
