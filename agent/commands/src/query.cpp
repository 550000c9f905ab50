// SPDX-License-Identifier: Apache-2.0
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/commands/commands.h"
#include "agent/commands/src/agent_call.h"
#include "agent/commands/src/query_answer.h"
#include "meters/base/clock.h"
#include "meters/base/number.h"
#include "meters/base/quantity.h"
#include "rules/promql/parse.h"
#include "wire/timestamp.h"
#include "wire/url.h"

namespace tocsin::agent {
namespace {

using std::chrono::nanoseconds;

constexpr int kStepsOfARange = 120;

struct QueryCommand {
  AgentAddress agent;
  std::optional<std::string> time, range, start, end, step, format;
  bool json = false;
  std::vector<std::string> words;

  bool is_range() const { return range || start || end || step; }
};

Error wrong(std::string_view flag, const std::string& why) { return {Fault::Configuration, "--" + std::string(flag) + ": " + why}; }

std::string seconds(Time time) {
  std::string out;
  append_double(out, static_cast<double>(to_unix_ns(time)) / 1e9);
  return out;
}

// The time or duration of a flag, checked here so that the message names the flag.
Result<Time> time_of(std::string_view flag, const std::optional<std::string>& text, Time otherwise) {
  if (!text) return otherwise;
  auto time = wire::parse_timestamp(*text);
  return time ? Result<Time>(*time) : wrong(flag, time.error().message);
}

Result<std::string> form_of(const QueryCommand& command) {
  const Time now = SystemClock::instance().now();
  std::string form = "query=" + wire::percent_encode(command.words[0]);
  if (!command.is_range()) {
    const auto time = time_of("time", command.time, now);
    if (!time) return time.error();
    return form + "&time=" + seconds(*time);
  }
  if (command.time) return wrong("time", "is for one instant; a range has --range, or --start and --end");
  if (command.range && command.start) return wrong("range", "says where the range begins, as --start does: give one");
  const auto end = time_of("end", command.end, now);
  if (!end) return end.error();
  const auto length = parse_duration(command.range.value_or("1h"));
  if (!length) return wrong("range", length.error().message);
  const auto start = time_of("start", command.start, *end - *length);
  if (!start) return start.error();
  if (*start >= *end) return wrong("start", "must be before --end");
  const auto even = std::max<nanoseconds>(std::chrono::seconds{1}, std::chrono::ceil<std::chrono::seconds>((*end - *start) / kStepsOfARange));
  const auto step = command.step ? parse_duration(*command.step) : Result<nanoseconds>(even);
  if (!step) return wrong("step", step.error().message);
  return form + "&start=" + seconds(*start) + "&end=" + seconds(*end) + "&step=" + to_text(*step);
}

// The answer's text. Errors: that there was none; what the agent says of itself is in the text.
Result<std::string> ask(const QueryCommand& command, std::string form) {
  wire::HttpCall call;
  call.method = "POST";
  call.headers.add("Content-Type", "application/x-www-form-urlencoded");
  call.body = std::move(form);
  return ask_agent_json(command.agent, command.is_range() ? "/api/v1/query_range" : "/api/v1/query", std::move(call));
}

int fail(const std::string& message, int status) { return std::fprintf(stderr, "tocsin query: %s\n", message.c_str()), status; }

// Of the terminal; 0 where there is none.
std::size_t terminal_width() {
  winsize size{};
  return isatty(STDOUT_FILENO) != 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

// What the agent says; of a text that is no PromQL with the line and a caret below the place.
std::string with_caret(const std::string& message, const std::string& expression) {
  if (message.find("parse error") == std::string::npos) return message;
  const auto parsed = rules::promql::parse_all(expression, {true});
  return parsed.faults.empty() ? message : rules::promql::explain(parsed.faults.front(), expression);
}

int print(const QueryCommand& command, const std::string& body) {
  const auto answer = parse_answer(body);
  if (!answer) return fail(with_caret(answer.error().message, command.words[0]), kExitFindings);
  if (command.format == "json") return std::printf("%s\n", body.c_str()), kExitOk;
  const std::string text = command.format == "csv" ? print_csv(*answer) : print_table(*answer, terminal_width());
  std::fputs(text.c_str(), stdout);
  if (answer->series.empty() && command.format != "csv") std::fputs("nothing matches\n", stderr);
  for (const std::string& note : answer->notes) std::fprintf(stderr, "%s\n", note.c_str());
  return kExitOk;
}

}  // namespace

int query_command(Words words) {
  QueryCommand command;
  Arguments arguments("query", "Asks a running agent, or any Prometheus, one PromQL query. Exit status 1 where it answers an error.");
  arguments.rest("EXPRESSION", "the query, as one word", command.words);
  command.agent.flags(arguments);
  arguments.text("time", "TIME", "the instant: Unix seconds or RFC 3339 (default: now)", command.time);
  arguments.text("range", "DURATION", "a range that ends at --end, for example 1h; drawn as sparklines", command.range);
  arguments.text("start", "TIME", "where the range begins, instead of --range", command.start);
  arguments.text("end", "TIME", "where the range ends (default: now)", command.end);
  arguments.text("step", "DURATION", "between two values of a range (default: 120 values)", command.step);
  arguments.text("format", "FORMAT", "table, csv or json (default: table)", command.format);
  arguments.flag("json", "the same as --format json", command.json);
  const auto parsed = arguments.parse(words);
  if (parsed && !*parsed) return std::fputs(arguments.help().c_str(), stdout), kExitOk;
  if (!parsed) return fail(parsed.error().message + "\n\n" + arguments.help(), kExitMisuse);
  if (command.words.size() != 1) return fail("give one expression, in quotes\n\n" + arguments.help(), kExitMisuse);
  if (command.json) command.format = "json";
  if (const std::string format = command.format.value_or("table"); format != "table" && format != "csv" && format != "json")
    return fail("--format is table, csv or json, not \"" + format + '"', kExitMisuse);
  auto form = form_of(command);
  if (!form) return fail(form.error().message, kExitMisuse);
  const auto body = ask(command, *std::move(form));
  return body ? print(command, *body) : fail(body.error().message, kExitFindings);
}

}  // namespace tocsin::agent
