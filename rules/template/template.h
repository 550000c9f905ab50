// SPDX-License-Identifier: Apache-2.0
// Template: Go's text/template with Prometheus' functions. Parsed once, executed with limits, so that it always ends.
//
//   auto parsed = Template::parse("{{ $labels.job }} is down", {.name = "test", .prefix = "{{$labels := .Labels}}"});
//   if (!parsed) return parsed.error();        // "template: test:1: function \"foo\" not defined"
//   Result<std::string> text = parsed->execute(data, environment);
//
// Names, numbers, errors and what is printed are Go's, byte for byte where a person can see them.
// Threads: immutable; execute on any thread at once. Costs: parsing about 1 us a token, executing about 200 ns a node.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "meters/base/clock.h"
#include "meters/base/result.h"
#include "rules/alert_state.h"
#include "rules/template/value.h"

namespace tocsin::rules::templates {

// One sample of an instant query: what the function `query` gives.
struct QuerySample {
  AlertLabels labels;  // __name__ included
  double value = 0;
};
using QueryFunction = std::function<Result<std::vector<QuerySample>>(const std::string& expression)>;

struct Environment {
  QueryFunction query = {};       // none: `query` fails
  std::string external_url = {};  // without a slash at the end
  Time now = {};                  // of the evaluation
};

struct Limits {
  std::size_t steps = 200'000;          // nodes walked and functions called
  std::size_t bytes = std::size_t{1} << 20;  // of the output, and of any text on the way
  std::size_t depth = 100;              // templates that call templates
};

struct ParseOptions {
  std::string name = "template";
  std::string prefix = {};  // put before the text; its length does not count in the columns of errors below
};

// Where a fault is in the text that was given, without the prefix: from 1; column 0 where only the line is known.
struct Place {
  std::size_t line = 1, column = 0;
};

class Template {
 public:
  // Errors: Input, in Go's words; TooLarge, beyond 1 MiB. `place`, where given, is set on an error.
  static Result<Template> parse(std::string_view text, const ParseOptions& options, Place* place = nullptr);

  // Errors: Input: what the template asked for cannot be; Exhausted: a limit.
  Result<std::string> execute(const Value& data, const Environment& environment, const Limits& limits = {}) const;

  // Every label that is read as $labels.x or .Labels.x, sorted and without repeats.
  std::vector<std::string> labels_used() const;

  struct Program;

 private:
  explicit Template(std::shared_ptr<const Program> program) : program_(std::move(program)) {}
  std::shared_ptr<const Program> program_;
};

// Every function a template may call.
std::vector<std::string> function_names();

}  // namespace tocsin::rules::templates
