// SPDX-License-Identifier: Apache-2.0
// The lines of a test script, command by command.
#include <algorithm>
#include <string>
#include <utility>

#include "meters/base/number.h"
#include "meters/base/text.h"
#include "rules/promql/parse.h"
#include "rules/promql/script.h"
#include "rules/promql/src/literals.h"
#include "rules/promql/src/script_commands.h"

namespace tocsin::rules::promql {
namespace {

constexpr std::string_view kSpace = " \t";

// Takes the first word off a line.
std::string_view next_word(std::string_view& line) {
  line = trim(line);
  const std::size_t end = std::min(line.find_first_of(kSpace), line.size());
  const std::string_view word = line.substr(0, end);
  line = trim(line.substr(end));
  return word;
}

bool take_word(std::string_view& line, std::string_view word) {
  std::string_view rest = line;
  if (next_word(rest) != word) return false;
  line = rest;
  return true;
}

Result<std::int64_t> duration_after(std::string_view& line, std::string_view word) {
  if (!take_word(line, word)) return Error{Fault::Input, "expected \"" + std::string(word) + " <duration>\""};
  const std::string_view text = next_word(line);
  auto duration = parse_duration(text);
  if (!duration) return Error{Fault::Input, "invalid definition of \"" + std::string(word) + "\": " + duration.error().message};
  return duration;
}

struct Steps {
  std::int64_t from = 0, to = 0, step = 0;
};

Result<Steps> read_steps(std::string_view& line) {
  const auto from = duration_after(line, "from");
  if (!from) return from.error();
  const auto to = duration_after(line, "to");
  if (!to) return to.error();
  const auto step = duration_after(line, "step");
  if (!step) return step.error();
  if (*to < *from) return Error{Fault::Input, "invalid test definition, end timestamp is before start timestamp"};
  if (*step == 0) return Error{Fault::Input, "a step of 0"};
  return Steps{*from, *to, *step};
}

Result<Matcher> found_anywhere(std::string_view pattern) {
  return Matcher::make("", MatchType::Regex, ".*(?:" + std::string(pattern) + ").*");
}

Result<double> read_scalar(std::string_view line) {
  std::string_view digits = line;
  const bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.remove_prefix(1);
  if (equal_ignoring_case(digits, "infinity")) digits = "Inf";
  const auto value = parse_number(digits);
  if (!value || (digits.size() < line.size() && equal_ignoring_case(digits, "nan")))
    return Error{Fault::Input, "not a number"};
  return negative ? -*value : *value;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : lines_(split(text, '\n')) {
    for (std::string_view& line : lines_) {
      line = trim(line);
      if (line.starts_with('#')) line = {};
    }
  }

  Result<ScriptCommands> read() {
    ScriptCommands script;
    for (; at_ < lines_.size(); ++at_) {
      std::string_view line = lines_[at_];
      if (line.empty()) continue;
      const std::string command = to_lower(next_word(line));
      if (command == "clear") script.commands.emplace_back(ScriptClear{});
      else if (command.starts_with("load")) script.commands.emplace_back(load(command, line));
      else if (command.starts_with("eval")) script.commands.emplace_back(eval(command, line));
      else fault("invalid command \"" + std::string(lines_[at_]) + '"');
      if (error_) return std::move(*error_);
    }
    return script;
  }

 private:
  void fault(std::string message) {
    if (!error_) error_ = Error{Fault::Input, "line " + std::to_string(at_ + 1) + ": " + std::move(message)};
  }

  // The next line of the command that is being read, nothing at its end.
  std::optional<std::string_view> more() {
    if (error_ || at_ + 1 >= lines_.size() || lines_[at_ + 1].empty()) return std::nullopt;
    return lines_[++at_];
  }

  SeriesDescription series(std::string_view line) {
    auto described = parse_series(line);
    if (!described) fault(described.error().message);
    else if (values_ += described->values.size(); values_ > kMostSequences)
      fault("more than " + std::to_string(kMostSequences) + " values in all");
    return described ? std::move(*described) : SeriesDescription{};
  }

  ScriptLoad load(std::string_view command, std::string_view rest) {
    ScriptLoad load{at_ + 1, 0, command == "load_with_nhcb", {}};
    const auto step = parse_duration(rest);
    if (!step || (command != "load" && !load.with_nhcb)) {
      fault("invalid load command. (load[_with_nhcb] <step:duration>)");
      return load;
    }
    load.step_ms = *step;
    while (const auto line = more()) {
      if (line->substr(0, line->find_first_of(kSpace)).ends_with("@st")) fault("start times (@st) are not supported");
      else load.series.push_back(series(*line));
    }
    return load;
  }

  ScriptEval eval(std::string_view command, std::string_view rest) {
    ScriptEval eval;
    eval.line = at_ + 1;
    if (!old_form(command.substr(4), eval) || !query(rest, eval)) {
      fault("invalid evaluation command. Must be either 'eval[_fail|_warn|_ordered|_info] instant [at <offset:duration>] "
            "<query>' or 'eval[_fail|_warn|_info] range from <from> to <to> step <step> <query>'");
      return eval;
    }
    const bool fails = eval.expects(ExpectKind::Fail);
    bool points = eval.range;
    std::size_t position = 0;
    while (const auto line = more()) {
      if (fails && expected_failure(*line, eval)) break;
      if (directive(*line, eval, points)) continue;
      if (const auto value = read_scalar(*line)) {
        eval.series.clear();
        eval.scalar = SequenceValue{false, *value, nullptr, false};
        break;
      }
      expected_series(series(*line), ++position, points, eval);
    }
    return eval;
  }

  bool old_form(std::string_view suffix, ScriptEval& eval) {
    eval.old_form = !suffix.empty();
    const auto expect = [&](ExpectKind kind) { eval.expectations.push_back({kind, {}, false, {}}); };
    if (suffix == "_fail") expect(ExpectKind::Fail);
    else if (suffix == "_warn") expect(ExpectKind::Warn);
    else if (suffix == "_info") expect(ExpectKind::Info);
    else if (suffix == "_ordered") expect(ExpectKind::Ordered);
    else return suffix.empty();
    return true;
  }

  bool query(std::string_view rest, ScriptEval& eval) {
    if (take_word(rest, "instant")) {
      const auto at = duration_after(rest, "at");
      if (at) eval.at_ms = eval.start_ms = eval.end_ms = *at;
      else fault(at.error().message);
    } else if (take_word(rest, "range")) {
      const auto steps = read_steps(rest);
      if (steps) eval.range = true, eval.start_ms = steps->from, eval.end_ms = steps->to, eval.step_ms = steps->step;
      else fault(steps.error().message);
    } else {
      return false;
    }
    eval.expression = rest;
    return !rest.empty();
  }

  // The lines that may stand behind eval_fail; they end it.
  bool expected_failure(std::string_view line, ScriptEval& eval) {
    constexpr std::string_view kMessage = "expected_fail_message", kPattern = "expected_fail_regexp";
    ScriptExpectation& fail = eval.expectations.front();
    if (line.starts_with(kMessage)) {
      fail.text = trim(line.substr(kMessage.size()));
      fail.exact = true;
      return true;
    }
    if (!line.starts_with(kPattern)) return false;
    pattern(trim(line.substr(kPattern.size())), fail);
    return true;
  }

  void pattern(std::string_view text, ScriptExpectation& into) {
    auto matcher = found_anywhere(text);
    into.text = text;
    if (matcher) into.pattern = std::move(*matcher);
    else fault(matcher.error().message);
  }

  bool directive(std::string_view line, ScriptEval& eval, bool& points) {
    // A series may be called expect as well: then it is written expect{}.
    if (!take_word(line, "expect")) return false;
    if (take_word(line, "string")) {
      const bool is_quoted = line.size() > 1 && (line[0] == '"' || line[0] == '`') && line.back() == line[0];
      const auto text = is_quoted ? parse_text(line) : std::nullopt;
      if (text) eval.text = *text, eval.only_instant = true;
      else fault("expected string literal not valid - check that the string is correctly quoted");
      return true;
    }
    if (std::string_view rest = line; take_word(rest, "range") && take_word(rest, "vector")) {
      const auto steps = read_steps(rest);
      if (!steps) return fault(steps.error().message), true;
      points = eval.only_instant = true;
      eval.start_ms = steps->from, eval.end_ms = eval.at_ms = steps->to, eval.step_ms = steps->step;
      return true;
    }
    expectation(line, eval);
    return true;
  }

  // The string of an expression that is a string and nothing else.
  static std::optional<std::string> parse_text(std::string_view line) {
    const auto expr = promql::parse(line);
    const auto* text = expr ? std::get_if<Text>(&(*expr)->node) : nullptr;
    if (!text) return std::nullopt;
    return text->value;
  }

  void expectation(std::string_view line, ScriptEval& eval) {
    constexpr std::pair<std::string_view, ExpectKind> kKinds[] = {
        {"ordered", ExpectKind::Ordered}, {"fail", ExpectKind::Fail}, {"warn", ExpectKind::Warn},
        {"no_warn", ExpectKind::NoWarn}, {"info", ExpectKind::Info}, {"no_info", ExpectKind::NoInfo}};
    const std::string_view word = next_word(line);
    const auto kind = std::find_if(std::begin(kKinds), std::end(kKinds), [&](const auto& k) { return k.first == word; });
    ScriptExpectation expected;
    if (kind == std::end(kKinds) || !(line.empty() || line.starts_with("msg:") || line.starts_with("regex:"))) {
      fault("invalid expect statement, must match `expect <type> <match_type>: <string>` format");
      return;
    }
    expected.kind = kind->second;
    if (line.starts_with("msg:")) expected.text = trim(line.substr(4)), expected.exact = true;
    else if (!line.empty()) pattern(trim(line.substr(6)), expected);
    if (expected.kind == ExpectKind::Fail && eval.expects(ExpectKind::Fail))
      fault("invalid expect lines, multiple expect fail lines are not allowed");
    eval.expectations.push_back(std::move(expected));
    if ((eval.expects(ExpectKind::Info) && eval.expects(ExpectKind::NoInfo)) ||
        (eval.expects(ExpectKind::Warn) && eval.expects(ExpectKind::NoWarn)))
      fault("invalid expect lines, an annotation and its absence cannot be expected together");
  }

  void expected_series(SeriesDescription described, std::size_t position, bool points, ScriptEval& eval) {
    if (error_) return;
    if (described.values.empty()) fault("no value is expected for the series");
    if (described.values.size() > 1 && !points)
      fault("expecting multiple values in instant evaluation not allowed. consider using 'expect range vector' directive "
            "to enable a range vector result for an instant query");
    std::sort(described.labels.begin(), described.labels.end());
    const auto same = std::find_if(eval.series.begin(), eval.series.end(),
                                   [&](const ScriptSeries& s) { return s.expected.labels == described.labels; });
    if (same != eval.series.end()) eval.series.erase(same);
    eval.series.push_back({position, std::move(described)});
  }

  std::vector<std::string_view> lines_;
  std::size_t at_ = 0;
  std::optional<Error> error_;
  std::size_t values_ = 0;  // of all series so far
};

}  // namespace

Result<Script> Script::parse(std::string_view text) {
  auto commands = Reader(text).read();
  if (!commands) return commands.error();
  return Script(std::make_shared<const ScriptCommands>(std::move(*commands)));
}

std::vector<std::string> Script::expressions() const {
  std::vector<std::string> all;
  for (const ScriptCommand& command : commands_->commands)
    if (const auto* eval = std::get_if<ScriptEval>(&command)) all.push_back(eval->expression);
  return all;
}

std::size_t Script::evals() const noexcept {
  return static_cast<std::size_t>(std::count_if(commands_->commands.begin(), commands_->commands.end(), [](const auto& c) {
    return std::holds_alternative<ScriptEval>(c);
  }));
}

}  // namespace tocsin::rules::promql
