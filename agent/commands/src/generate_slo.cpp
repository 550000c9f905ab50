// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/src/generate_slo.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/commands/arguments.h"
#include "agent/commands/src/text_file.h"
#include "agent/config.h"
#include "rules/slo_rules.h"

namespace tocsin::agent {

namespace {

constexpr std::size_t kMostBytes = 8U << 20U;

int misuse(const std::string& message, const Arguments& arguments) {
  std::fprintf(stderr, "tocsin generate slo: %s\n\n%s", message.c_str(), arguments.help().c_str());
  return kExitMisuse;
}

}  // namespace

int generate_slo_command(Words words) {
  std::vector<std::string> what;
  std::optional<std::string> config_file, out;
  bool check = false;
  Arguments arguments("generate slo",
                      "Makes of each [[slo]] of a configuration (docs/slo.md) a rule file for Prometheus, NAME.yml, and its unit test, "
                      "NAME_test.yml: the very rules that the agent evaluates. They read slo_events_total, which the agent exposes.");
  arguments.rest("slo", "", what);
  arguments.text("config", "FILE", "the configuration", config_file);
  arguments.text("out", "DIR", "where the files go", out);
  arguments.flag("check", "writes nothing; exit status 1 where a file is not as it would be written", check);
  const auto parsed = arguments.parse(words);
  if (!parsed) return misuse(parsed.error().message, arguments);
  if (!*parsed) return std::fputs(arguments.help().c_str(), stdout), kExitOk;
  if (!config_file) return misuse("--config FILE is missing", arguments);
  if (!out) return misuse("--out DIR is missing", arguments);
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
  int status = kExitOk;
  for (const SloConfig& one : config.slos) {
    const std::string base = (std::filesystem::path(*out) / one.slo.name).string();
    for (const auto& [file, text] : {std::pair(base + ".yml", rules::slo_rules_text(one.slo, tick)),
                                     std::pair(base + "_test.yml", rules::slo_tests_text(one.slo, one.slo.name + ".yml"))}) {
      if (check) {
        const auto there = read_text_file(file, std::max(kMostBytes, text.size()));
        if (there && *there == text) continue;
        std::fprintf(stderr, "%s: %s\n", file.c_str(), there ? "is stale: generate it again" : "is not there");
        status = kExitFindings;
      } else if (const auto written = write_text_file(file, text); !written) {
        std::fprintf(stderr, "tocsin generate slo: %s\n", written.error().message.c_str());
        return kExitMisuse;
      } else if (*written) {
        std::printf("%s\n", file.c_str());
      }
    }
  }
  return status;
}

}  // namespace tocsin::agent
