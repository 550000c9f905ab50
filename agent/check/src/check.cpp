// SPDX-License-Identifier: Apache-2.0
#include "agent/check/check.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <set>

#include "agent/catalogue/catalogue_file.h"
#include "agent/check/src/file_checks.h"
#include "agent/config.h"
#include "agent/text_file.h"
#include "rules/promql/script.h"

namespace tocsin::agent {

namespace {

void take(const TomlFaults& faults, std::vector<Finding>& into) {
  for (const TomlFault& fault : faults) into.push_back({fault.place.file, fault.place.line, fault.place.column, fault.message});
}

constexpr std::size_t kMostBytes = std::size_t{32} << 20U;

// The files that an agent with this configuration would find by `files` of that section.
std::vector<GivenFile> files_of(const GivenFile& file, const std::string& section, const std::vector<std::string>& patterns,
                                std::vector<Finding>& findings) {
  TomlFaults ignored;
  TomlTable root = parse_toml(file.text, file.name, ignored);
  const TomlPlace place = root.table(section).place("files");
  std::error_code fault;
  const std::string folder = std::filesystem::absolute(file.name, fault).lexically_normal().parent_path().string();
  std::vector<GivenFile> files;
  for (const std::string& pattern : patterns) {
    const std::vector<std::string> found = files_at(pattern, folder);
    if (found.empty())
      findings.push_back({file.name, place.line, place.column,
                          "\"files\" in [" + section + "]: no file matches \"" + pattern + "\" in " + folder, true});
    for (const std::string& path : found) {
      if (auto text = read_text_file(path, kMostBytes)) files.push_back({path, *std::move(text)});
      else findings.push_back({path, 0, 0, "cannot be read"});
    }
  }
  return files;
}

void check_files_of(const GivenFile& file, const Config& config, const KnownMeters& known, std::set<std::string>& shown,
                    std::vector<Finding>& findings) {
  for (const GivenFile& rules : files_of(file, "rules", config.rules.files, findings))
    for (const rules::FileFault& one : rules::read_rule_file(rules.text, rules.name, {.experimental = config.rules.experimental}).faults)
      findings.push_back({rules.name, one.place.line, one.place.column, one.message});
  for (const GivenFile& board : files_of(file, "dashboards", config.dashboards, findings)) check_dashboard(board, known, shown, findings);
}

void check_configuration(const GivenFile& file, const KnownMeters& known, std::set<std::string>& shown, std::vector<Finding>& findings) {
  TomlFaults faults;
  const Config config = read_config(file.text, file.name, {}, faults);
  if (faults.empty()) {
    for (const SloConfig& slo : config.slos) std::ranges::move(check_slo(slo, known), std::back_inserter(faults));
    check_files_of(file, config, known, shown, findings);
  }
  take(faults, findings);
}

constexpr std::string_view kShipped = "meters of tocsin";

// What is checked of all files together.
class Checker {
 public:
  explicit Checker(const CheckOptions& options) : options_(options) {
    if (options.shipped) known_.add_shipped();
    for (const std::string& label : options.labels) known_.add_label(label);
  }

  // Ahead of all others: what holds for the rules of an agent that is started with it.
  void configure(const GivenFile& file, const CheckedFile& as) {
    if (as.kind != FileKind::Configuration) return;
    TomlFaults faults;
    const Config config = read_config(file.text, file.name, {}, faults);
    if (!faults.empty()) return;
    reading_.experimental = config.rules.experimental;
    kept_ = {config.history.retention, config.history.recorded_retention, config.rules.lookback};
  }

  // Catalogues and recordings, from which the others are known.
  void learn(const GivenFile& file, CheckedFile& into) {
    if (into.kind == FileKind::RuleFile) return read_rules(file, into);
    if (into.kind != FileKind::Catalogue) return;
    TomlFaults faults;
    const CatalogueFile& catalogue = catalogues_.emplace_back(CatalogueFile::read(file.text, file.name, faults));
    take(faults, into.findings);
    for (const auto& meter : catalogue.meters()) known_.add(meter);
  }

  // When all catalogues are known.
  void learn_recorded() {
    if (options_.seen) known_.restrict_to(*options_.seen);
    learn_recordings(rules_, known_);
  }

  void check(const GivenFile& file, CheckedFile& into) {
    switch (into.kind) {
      case FileKind::Configuration: return check_configuration(file, known_, shown_, into.findings);
      case FileKind::Catalogue: return;
      case FileKind::Dashboard: dashboards_ = true; return check_dashboard(file, known_, shown_, into.findings);
      case FileKind::RuleFile:
        for (const rules::RuleFile& rules : rules_)
          if (rules.path == file.name) check_rules(file, rules, known_, kept_, into.findings);
        return;
      case FileKind::QueryTest:
        if (const auto script = rules::promql::Script::parse(file.text); !script)
          into.findings.push_back({file.name, 0, 0, script.error().message});
        return;
      case FileKind::RuleTest: into.note = "not looked at: `tocsin test` runs it"; return;
      case FileKind::Unknown:
        into.findings.push_back({file.name, 0, 0,
                                 "is none of what can be checked: configuration, catalogue (TOML), rule file, rule test (YAML), "
                                 "dashboard (JSON)"});
    }
  }

  // The reverse: meters that no panel shows.
  void check_shown(std::vector<CheckedFile>& checked) {
    if (!dashboards_) return;
    for (const CatalogueFile& catalogue : catalogues_)
      for (std::size_t i = 0; i < catalogue.meters().size(); ++i)
        if (!shown_.contains(std::string(catalogue.meters()[i].name)))
          file_of(checked, catalogue.file()).findings.push_back({catalogue.file(), catalogue.places()[i].line, catalogue.places()[i].column,
                                                                 "no panel shows " + std::string(catalogue.meters()[i].name)});
    if (!options_.unshown) return;
    CheckedFile shipped{std::string(kShipped), FileKind::Catalogue, {}, {}};
    for (const std::string& meter : known_.meters())
      if (!shown_.contains(meter) && !declared_in_files(meter)) shipped.findings.push_back({"", 0, 0, "no panel shows " + meter});
    checked.push_back(std::move(shipped));
  }

 private:
  void read_rules(const GivenFile& file, CheckedFile& into) {
    rules::RuleFileReading reading = rules::read_rule_file(file.text, file.name, reading_);
    for (const auto* faults : {&reading.faults, &reading.warnings})
      for (const rules::FileFault& fault : *faults)
        into.findings.push_back({file.name, fault.place.line, fault.place.column, fault.message, faults == &reading.warnings});
    for (const rules::RuleGroup& group : reading.file.groups)
      for (const rules::Rule& rule : group.rules)
        if (rule.kind == rules::Rule::Kind::Record) kept_.names.insert(rule.name);
    rules_.push_back(std::move(reading.file));
  }
  static CheckedFile& file_of(std::vector<CheckedFile>& checked, const std::string& name) {
    return *std::find_if(checked.begin(), checked.end(), [&](const CheckedFile& file) { return file.name == name; });
  }
  bool declared_in_files(const std::string& meter) const {
    for (const CatalogueFile& catalogue : catalogues_)
      for (const auto& declared : catalogue.meters())
        if (declared.name == meter) return true;
    return false;
  }

  const CheckOptions& options_;
  KnownMeters known_;
  std::vector<CatalogueFile> catalogues_;
  std::vector<rules::RuleFile> rules_;  // without faults
  rules::RuleFileOptions reading_{};
  KeptHistory kept_{};
  std::set<std::string> shown_;
  bool dashboards_ = false;
};

}  // namespace

std::string Finding::text() const {
  std::string made = file;
  if (line != 0) made += ':' + std::to_string(line);
  if (line != 0 && column != 0) made += ':' + std::to_string(column);
  return (made.empty() ? "" : made + ": ") + (warning ? "warning: " : "") + message;
}

std::vector<CheckedFile> check_files(const std::vector<GivenFile>& files, const CheckOptions& options) {
  Checker checker(options);
  std::vector<CheckedFile> checked;
  for (const GivenFile& file : files) checker.configure(file, checked.emplace_back(CheckedFile{file.name, kind_of(file.text), {}, {}}));
  for (std::size_t i = 0; i < files.size(); ++i) checker.learn(files[i], checked[i]);
  checker.learn_recorded();
  for (std::size_t i = 0; i < files.size(); ++i) checker.check(files[i], checked[i]);
  checker.check_shown(checked);
  return checked;
}

}  // namespace tocsin::agent
