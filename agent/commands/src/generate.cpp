// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "agent/catalogue/board.h"
#include "agent/catalogue/generate.h"
#include "agent/catalogue/meter_board.h"
#include "agent/commands/arguments.h"
#include "agent/commands/commands.h"
#include "agent/commands/src/generate.h"
#include "agent/text_file.h"
#include "meters/base/text.h"

namespace tocsin::agent {

namespace {

constexpr std::size_t kMostBytes = 8U << 20U;

struct GenerateOptions {
  std::vector<std::string> what, catalogues, boards;
  std::optional<std::string> out, name_space, licence;
  bool check = false;
};

std::optional<std::vector<CatalogueFile>> read_catalogues(const std::vector<std::string>& files) {
  std::vector<CatalogueFile> catalogues;
  TomlFaults faults;
  for (const std::string& file : files) {
    const auto text = read_text_file(file, kMostBytes);
    if (!text)
      faults.push_back({{}, text.error().message});
    else
      catalogues.push_back(CatalogueFile::read(*text, file, faults));
  }
  for (const TomlFault& fault : faults) std::fprintf(stderr, "%s\n", fault.text().c_str());
  if (!faults.empty()) return std::nullopt;
  return catalogues;
}

// Parts of an identifier, between "::".
bool is_name_space(std::string_view text) {
  bool start = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    if (letter || (!start && c >= '0' && c <= '9')) {
      start = false;
    } else if (!start && c == ':' && text.substr(i, 2) == "::") {
      ++i;
      start = true;
    } else {
      return false;
    }
  }
  return !start;
}

// shop.toml in the folder, as shop.json.
std::string file_in(const std::string& folder, const std::string& source, std::string_view ending) {
  return (std::filesystem::path(folder) / std::filesystem::path(source).stem()).string() + std::string(ending);
}

int run_rules(const std::vector<CatalogueFile>& catalogues, const GenerateOptions& options) {
  std::vector<MadeFile> made;
  for (const CatalogueFile& catalogue : catalogues) {
    if (catalogue.alerts().empty()) {
      std::fprintf(stderr, "%s: no meter has an alert: write [[meter.alert]] (docs/catalogue.md)\n", catalogue.file().c_str());
      return kExitFindings;
    }
    const std::string rules = file_in(*options.out, catalogue.file(), ".yml");
    const std::string tests = (std::filesystem::path(*options.out) / "tests").string();
    made.push_back({rules, alert_rules(catalogue)});
    made.push_back({file_in(tests, catalogue.file(), "_test.yml"), alert_tests(catalogue, "../" + std::filesystem::path(rules).filename().string())});
  }
  return deliver(made, options.check);
}

int run_dashboards(const std::vector<CatalogueFile>& catalogues, const GenerateOptions& options) {
  std::vector<MadeFile> made;
  for (const CatalogueFile& catalogue : catalogues) made.push_back({file_in(*options.out, catalogue.file(), ".json"), board_json(meter_board(catalogue))});
  TomlFaults faults;
  for (const std::string& file : options.boards) {
    const auto text = read_text_file(file, kMostBytes);
    if (!text) {
      faults.push_back({{}, text.error().message});
      continue;
    }
    made.push_back({file_in(*options.out, file, ".json"), board_json(read_board(*text, file, faults))});
  }
  for (const TomlFault& fault : faults) std::fprintf(stderr, "%s\n", fault.text().c_str());
  return faults.empty() ? deliver(made, options.check) : kExitFindings;
}

int run_generate(const GenerateOptions& options, const Arguments& arguments) {
  const std::vector<std::string_view> known{"header", "docs", "dashboards", "rules", "slo", "grafana", "prometheus", "alertmanager"};
  if (options.what.size() != 1) return generate_misuse("say what: header, docs, dashboards, rules, slo, grafana, prometheus or alertmanager", arguments);
  const std::string& what = options.what[0];
  if (what != "header" && what != "docs" && what != "dashboards" && what != "rules") {
    const std::string near = nearest(what, known);
    return generate_misuse("cannot generate \"" + what + '"' + (near.empty() ? "" : "; did you mean \"" + near + "\"?"), arguments);
  }
  if (!options.out) return generate_misuse("--out is missing", arguments);
  if (what == "dashboards" && options.boards.empty() && options.catalogues.empty())
    return generate_misuse("--catalogue FILE or --board FILE is missing", arguments);
  if (what != "dashboards" && options.catalogues.empty()) return generate_misuse("--catalogue FILE is missing", arguments);
  if (what == "header" && (!options.name_space || !is_name_space(*options.name_space)))
    return generate_misuse("--namespace must be a namespace of C++, like shop::meters", arguments);
  const auto catalogues = read_catalogues(options.catalogues);
  if (!catalogues) return kExitFindings;
  if (what == "dashboards") return run_dashboards(*catalogues, options);
  if (what == "rules") return run_rules(*catalogues, options);
  std::vector<MadeFile> made;
  if (what == "docs") {
    made.push_back({*options.out, meters_page(*catalogues)});
  } else {
    for (const CatalogueFile& catalogue : *catalogues) {
      made.push_back({file_in(*options.out, catalogue.file(), ".h"),
                      handle_header(catalogue, {*options.name_space, options.licence.value_or("")})});
    }
  }
  return deliver(made, options.check);
}

}  // namespace

int deliver(const std::vector<MadeFile>& files, bool check) {
  int status = kExitOk;
  for (const auto& [path, text] : files) {
    if (check) {
      const auto there = read_text_file(path, std::max(kMostBytes, text.size()));
      if (there && *there == text) continue;
      std::fprintf(stderr, "%s: %s\n", path.c_str(), there ? "is stale: generate it again" : "is not there");
      status = kExitFindings;
    } else if (const auto written = write_text_file(path, text); !written) {
      std::fprintf(stderr, "tocsin generate: %s\n", written.error().message.c_str());
      return kExitMisuse;
    } else if (*written) {
      std::printf("%s\n", path.c_str());
    }
  }
  return status;
}

int generate_misuse(const std::string& message, const Arguments& arguments) {
  std::fprintf(stderr, "tocsin generate: %s\n\n%s", message.c_str(), arguments.help().c_str());
  return kExitMisuse;
}

std::optional<int> read_generate_flags(Arguments& arguments, Words words) {
  const auto parsed = arguments.parse(words);
  if (!parsed) return generate_misuse(parsed.error().message, arguments);
  if (!*parsed) return std::fputs(arguments.help().c_str(), stdout), kExitOk;
  return std::nullopt;
}

int generate_command(Words words) {
  if (!words.empty() && std::string_view(words.front()) == "slo") return generate_slo_command(words.subspan(1));
  if (const auto ended = generate_provisioning(words)) return *ended;
  GenerateOptions options;
  Arguments arguments("generate",
                      "Makes what follows from catalogues of meters (docs/catalogue.md): a C++ header of typed handles each, or a "
                      "page of documentation of all, a dashboard each (or from its short description), alert rules with their unit "
                      "tests. And what other programs start with, each with flags of its own (`tocsin generate grafana --help`): "
                      "grafana, prometheus, alertmanager; and slo.");
  arguments.rest("header | docs | dashboards | rules", "what to make; or grafana, prometheus, alertmanager, slo", options.what);
  arguments.texts("catalogue", "FILE", "a catalogue; may be repeated", options.catalogues);
  arguments.texts("board", "FILE", "dashboards: a description (dashboards/README.md); may be repeated", options.boards);
  arguments.text("out", "PATH", "header, dashboards, rules: the folder; docs: the file", options.out);
  arguments.text("namespace", "NAME", "header: the namespace, like shop::meters", options.name_space);
  arguments.text("licence", "SPDX", "header: a licence for its first line", options.licence);
  arguments.flag("check", "writes nothing; exit status 1 where a file is not as it would be written", options.check);
  if (const auto ended = read_generate_flags(arguments, words)) return *ended;
  return run_generate(options, arguments);
}

}  // namespace tocsin::agent
