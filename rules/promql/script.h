// SPDX-License-Identifier: Apache-2.0
// Script: a test of PromQL in promqltest's format, in its old and its new form.
//
//   auto script = Script::parse(text);              // load 5m ... / eval instant at 10m rate(x[5m]) ... / clear
//   if (!script) return report(script.error());      // "line 12: ..."
//   const ScriptReport report = script->run();
//   for (const ScriptFault& fault : report.faults) print(file, fault.line, fault.message);
//
// Format and comparison are Prometheus 3.15's (promql/promqltest): time begins at 0, look-back 5 m, relative tolerance
// 1e-6; what an instant gives is asked again as a step of a range and with its selectors fixed by @. The old form (eval_warn,
// eval_fail, ...) was written for Prometheus 3.0: native histograms are added by its stricter rules there. Start times (@st)
// are refused. Threads: run() is pure. Costs: each eval is evaluated up to 12 times.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "meters/base/result.h"

namespace tocsin::rules::promql {

struct ScriptFault {
  std::size_t line = 0;       // of the eval or load
  std::string expression;     // empty for a load
  std::string message;        // with what was expected and what came
};

struct ScriptReport {
  std::size_t passed = 0;  // evals, and nothing else
  std::vector<ScriptFault> faults;
};

struct ScriptCommands;

class Script {
 public:
  // Errors: Input, with the line.
  static Result<Script> parse(std::string_view text);

  std::size_t evals() const noexcept;
  std::vector<std::string> expressions() const;  // of the evals, in order
  ScriptReport run() const;

 private:
  explicit Script(std::shared_ptr<const ScriptCommands> commands) : commands_(std::move(commands)) {}
  std::shared_ptr<const ScriptCommands> commands_;
};

}  // namespace tocsin::rules::promql
