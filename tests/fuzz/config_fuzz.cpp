// SPDX-License-Identifier: Apache-2.0
// Configuration, catalogue and JSON files and OTEL_* variables of anyone's making: no crash, and each fault has its place.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>

#include "agent/catalogue/catalogue_file.h"
#include "agent/check/json_tree.h"
#include "agent/config.h"
#include "exporters/otlp_environment.h"

using namespace tocsin;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

// "NAME=value" lines.
void read_environment(std::string_view text) {
  std::map<std::string, std::string, std::less<>> variables;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (const auto equals = line.find('='); equals != std::string_view::npos)
      variables.insert_or_assign(std::string(line.substr(0, equals)), std::string(line.substr(equals + 1)));
  }
  const exporters::OtlpEnvironment environment = exporters::read_otlp_environment([&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
  require(!environment.disabled || (!environment.metrics && !environment.traces));
  for (const std::string& warning : environment.warnings) require(!warning.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  agent::TomlFaults faults;
  agent::ConfigOptions options;
  options.data_dir = "/nowhere";
  const agent::Config config = agent::read_config(text, "tocsin.toml", options, faults);
  if (faults.empty()) {
    agent::TomlFaults again;
    (void)agent::read_config(agent::to_toml_without_secrets(config), "again.toml", options, again);
  }
  agent::TomlFaults of_catalogue;
  const auto catalogue = agent::CatalogueFile::read(text, "meters.toml", of_catalogue);
  require(catalogue.meters().size() == catalogue.places().size());
  agent::JsonPlace place;
  if (const auto tree = agent::JsonTree::parse(text, &place)) {
    require(tree->place(tree->root().offset).line >= 1);
  } else {
    require(place.line >= 1 && place.column >= 1 && !tree.error().message.empty());
  }
  read_environment(text);
  return 0;
}
