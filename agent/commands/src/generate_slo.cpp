// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "agent/commands/src/generate.h"
#include "agent/config.h"
#include "rules/slo_rules.h"

namespace tocsin::agent {

int generate_slo_command(Words words) {
  std::optional<std::string> config_file, out;
  bool check = false;
  Arguments arguments("generate slo",
                      "Makes of each [[slo]] of a configuration (docs/slo.md) a rule file for Prometheus, NAME.yml, and its unit test, "
                      "NAME_test.yml: the very rules that the agent evaluates. They read slo_events_total, which the agent exposes.");
  arguments.text("config", "FILE", "the configuration", config_file);
  arguments.text("out", "DIR", "where the files go", out);
  arguments.flag("check", "writes nothing; exit status 1 where a file is not as it would be written", check);
  if (const auto ended = read_generate_flags(arguments, words)) return *ended;
  if (!config_file) return generate_misuse("--config FILE is missing", arguments);
  if (!out) return generate_misuse("--out DIR is missing", arguments);
  TomlFaults faults;
  ConfigOptions options;
  options.file = config_file;
  const Config config = load_config(options, faults);
  for (const TomlFault& fault : faults) std::fprintf(stderr, "%s\n", fault.text().c_str());
  if (!faults.empty()) return kExitFindings;
  if (config.slos.empty()) {
    std::fprintf(stderr, "%s: there is no [[slo]] in it\n", config_file->c_str());
    return kExitFindings;
  }
  const auto tick = std::chrono::duration_cast<std::chrono::milliseconds>(config.tick);
  std::vector<MadeFile> made;
  for (const SloConfig& one : config.slos) {
    const std::string base = (std::filesystem::path(*out) / one.slo.name).string();
    made.push_back({base + ".yml", rules::slo_rules_text(one.slo, tick)});
    made.push_back({base + "_test.yml", rules::slo_tests_text(one.slo, one.slo.name + ".yml")});
  }
  return deliver(made, check);
}

}  // namespace tocsin::agent
