// SPDX-License-Identifier: Apache-2.0
#include "rules/template/src/format.h"

#include <algorithm>
#include <optional>

#include "rules/template/src/format_verb.h"
#include "rules/template/src/unicode.h"

namespace tocsin::rules::templates {
namespace {

constexpr int kWidest = 1'000'000;  // as Go
constexpr std::size_t kMostBytes = std::size_t{4} << 20;  // of one printf: what is over is cut by the template's limit

class Printer {
 public:
  Printer(std::string_view format, std::span<const Value> arguments) : rest_(format), arguments_(arguments) {}

  std::string run() {
    while (!rest_.empty() && out_.size() < kMostBytes) {
      const auto percent = rest_.find('%');
      out_ += rest_.substr(0, percent);
      if (percent == std::string_view::npos) break;
      rest_.remove_prefix(percent + 1);
      verb();
    }
    if (!reordered_ && next_ < arguments_.size()) extra();
    return std::move(out_);
  }

 private:
  void extra() {
    out_ += "%!(EXTRA ";
    for (std::size_t i = next_; i < arguments_.size(); ++i) {
      if (i > next_) out_ += ", ";
      const Value& one = arguments_[i];
      out_ += one.valid() ? one.type() + "=" + to_text(one) : "<nil>";
    }
    out_ += ')';
  }

  bool digit() const noexcept { return !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; }
  int number() {
    int value = 0;
    for (; digit(); rest_.remove_prefix(1)) value = std::min(value * 10 + (rest_.front() - '0'), kWidest + 1);
    return value;
  }

  // "[2]": which argument comes next.
  void argument_index() {
    if (!rest_.starts_with('[')) return;
    reordered_ = true;
    const auto close = rest_.find(']');
    if (close == std::string_view::npos) {
      good_index_ = false;
      rest_.remove_prefix(1);
      return;
    }
    const std::string_view inner = rest_.substr(1, close - 1);
    rest_.remove_prefix(close + 1);
    indexed_ = true;
    std::size_t value = 0;
    for (const char c : inner) {
      if (c < '0' || c > '9' || value > 10'000) return void(good_index_ = false);
      value = value * 10 + static_cast<std::size_t>(c - '0');
    }
    if (value < 1 || value > arguments_.size()) good_index_ = false;
    else next_ = value - 1;
  }

  std::optional<int> star(const char* bad) {
    rest_.remove_prefix(1);
    indexed_ = false;
    if (next_ < arguments_.size() && arguments_[next_].kind() == Value::Kind::Int) {
      const std::int64_t value = arguments_[next_++].integer();
      if (value >= -kWidest && value <= kWidest) return static_cast<int>(value);
    } else {
      next_ += next_ < arguments_.size() ? 1 : 0;
    }
    out_ += bad;
    return std::nullopt;
  }

  void flags(VerbStyle& style) {
    for (; !rest_.empty(); rest_.remove_prefix(1)) {
      switch (rest_.front()) {
        case '#': style.sharp = true; break;
        case '0': style.zero = true; break;
        case '+': style.plus = true; break;
        case '-': style.minus = true; break;
        case ' ': style.space = true; break;
        default: return;
      }
    }
  }

  void width(VerbStyle& style) {
    if (rest_.starts_with('*')) {
      style.width = star("%!(BADWIDTH)");
      if (style.width && *style.width < 0) style.minus = true, style.zero = false, style.width = -*style.width;
      return;
    }
    if (!digit()) return;
    if (indexed_) good_index_ = false;  // "%[3]2d"
    style.width = number();
    if (*style.width > kWidest) out_ += "%!(BADWIDTH)", style.width.reset();
  }

  void precision(VerbStyle& style) {
    if (!rest_.starts_with('.')) return;
    rest_.remove_prefix(1);
    if (indexed_) good_index_ = false;  // "%[3].2d"
    argument_index();
    if (rest_.starts_with('*')) {
      style.precision = star("%!(BADPREC)");
      if (style.precision && *style.precision < 0) out_ += "%!(BADPREC)", style.precision.reset();
      return;
    }
    style.precision = number();
    if (*style.precision > kWidest) style.precision.reset();
  }

  void verb() {
    VerbStyle style;
    indexed_ = false, good_index_ = true;
    flags(style);
    argument_index();
    width(style);
    precision(style);
    if (!indexed_) argument_index();
    if (rest_.empty()) {
      out_ += "%!(NOVERB)";
      return;
    }
    const Rune rune = decode_rune(rest_);
    const std::string verb(rest_.substr(0, rune.bytes));
    rest_.remove_prefix(rune.bytes);
    if (verb == "%") out_ += '%';
    else if (!good_index_) out_ += "%!" + verb + "(BADINDEX)";
    else if (next_ >= arguments_.size()) out_ += "%!" + verb + "(MISSING)";
    else out_ += format_verb(arguments_[next_++], verb, style);
  }

  std::string_view rest_;
  const std::span<const Value> arguments_;
  std::string out_;
  std::size_t next_ = 0;
  bool reordered_ = false, indexed_ = false, good_index_ = true;
};

}  // namespace

std::string sprintf(std::string_view format, std::span<const Value> arguments) { return Printer(format, arguments).run(); }

std::string to_text(const Value& value) { return format_verb(value, "v", {}); }

std::string sprint(std::span<const Value> arguments) {
  std::string out;
  bool text_before = true;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const bool text = arguments[i].kind() == Value::Kind::Text;
    if (i > 0 && !text && !text_before) out += ' ';
    out += to_text(arguments[i]);
    text_before = text;
  }
  return out;
}

std::string sprintln(std::span<const Value> arguments) {
  std::string out;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (i > 0) out += ' ';
    out += to_text(arguments[i]);
  }
  return out += '\n';
}

}  // namespace tocsin::rules::templates
