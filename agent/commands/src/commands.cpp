// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/commands.h"

#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "agent/version.h"
#include "meters/base/text.h"

namespace tocsin::agent {

namespace {

struct Command {
  std::string_view name;
  std::string_view purpose;
  int (*run)(Words);
};

constexpr auto kCommands = std::to_array<Command>({
    {"run", "the agent", run_command},
    {"demo", "a workload that behaves like a small fleet", demo_command},
    {"check", "configuration, catalogues, rule files and dashboards: offline, all faults at once", check_command},
    {"test", "unit tests of rules, in promtool's file format; PromQL test scripts, in promqltest's", test_command},
    {"query", "a PromQL query against a running agent: table, CSV, JSON", query_command},
    {"generate", "from catalogues: a C++ header of handles, documentation, dashboards; provisioning files", generate_command},
    {"explain", "why an alert of a running agent is in its state, or does not fire", explain_command},
    {"silence", "alerts that are not told for a while, of a running agent", silence_command},
});

std::string usage() {
  std::string text = "tocsin " + std::string(kVersion) + ": metrics and alerting agent\n\nusage: tocsin <command> [flags]\n\n";
  for (const Command& command : kCommands)
    text += "  " + std::string(command.name) + std::string(10 - command.name.size(), ' ') + std::string(command.purpose) + '\n';
  return text + "\n`tocsin <command> --help` tells the flags of each.\n";
}

int run_command_named(std::string_view name, Words words) {
  std::vector<std::string_view> names;
  for (const Command& command : kCommands) {
    if (command.name == name) return command.run(words);
    names.push_back(command.name);
  }
  std::string message = "tocsin: unknown command \"" + std::string(name) + '"';
  if (const std::string near = nearest(name, names); !near.empty()) message += "; did you mean \"" + near + "\"?";
  std::fprintf(stderr, "%s\n\n%s", message.c_str(), usage().c_str());
  return kExitMisuse;
}

}  // namespace

int run_program(Words words) {
  if (words.empty()) {
    std::fputs(usage().c_str(), stderr);
    return kExitMisuse;
  }
  const std::string_view name = words[0];
  if (name == "help" && words.size() >= 2) {
    std::vector<std::string_view> asked(words.begin() + 2, words.end());
    asked.emplace_back("--help");
    return run_command_named(words[1], asked);
  }
  if (name == "--help" || name == "-h" || name == "help") {
    std::fputs(usage().c_str(), stdout);
    return kExitOk;
  }
  if (name == "--version" || name == "version") {
    std::printf("tocsin %s\n", kVersion);
    return kExitOk;
  }
  return run_command_named(name, words.subspan(1));
}

}  // namespace tocsin::agent
