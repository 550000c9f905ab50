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
      if (auto text = text_of_file(path, kMostBytes)) files.push_back({path, *std::move(text)});
      else findings.push_back({path, 0, 0, "cannot be read: " + text.error().message});
    }
  }
  return files;
}

void check_texts(const GivenFile& file, std::vector<Finding>& findings) {
  TomlFaults ignored;
  TomlTable root = parse_toml(file.text, file.name, ignored);
  for (TomlTable& webhook : root.tables("webhook")) {
    std::string text;
    if (!webhook.read("text", text)) continue;
    const TomlPlace place = webhook.place("text");
    if (const std::string fault = fault_of_text(text); !fault.empty())
      findings.push_back({file.name, place.line, place.column, "\"text\" in [webhook]: " + fault, true});
  }
}

void check_configuration(const GivenFile& file, const KnownMeters& known, std::vector<Finding>& findings) {
  TomlFaults faults;
  const Config config = read_config(file.text, file.name, {}, faults);
  if (faults.empty()) {
    for (const SloConfig& slo : config.slos) std::ranges::move(check_slo(slo, known), std::back_inserter(faults));
    check_texts(file, findings);
  }
  take(faults, findings);
}

// One for each file, whatever name it goes by.
std::string identity_of(const std::string& name) {
  std::error_code fault;
  const auto path = std::filesystem::weakly_canonical(name, fault);
  return fault ? name : path.string();
}

constexpr std::string_view kShipped = "meters of tocsin";

FileKind kind_of_file(const GivenFile& file) {
  const FileKind kind = kind_of(file.text);
  return kind == FileKind::Empty && file.name.ends_with(".toml") ? FileKind::Configuration : kind;
}

// A file that was given, or that a given configuration names.
struct Job {
  GivenFile file;
  FileKind kind;
  std::size_t into;  // whose findings are its
};

// What is checked of all files together.
class Checker {
 public:
  explicit Checker(const CheckOptions& options) : options_(options) {
    if (options.shipped) known_.add_shipped();
    for (const std::string& label : options.labels) known_.add_label(label);
  }

  std::vector<CheckedFile> check(const std::vector<GivenFile>& files) {
    std::vector<CheckedFile> checked;
    std::vector<Job> jobs;
    for (const GivenFile& file : files) {
      jobs.push_back({file, kind_of_file(file), checked.size()});
      checked.push_back({file.name, jobs.back().kind, {}, {}});
      seen_.insert(identity_of(file.name));
    }
    for (std::size_t i = 0; i < files.size(); ++i)
      if (jobs[i].kind == FileKind::Configuration) configure(files[i], i, jobs, checked[i].findings);
    for (const Job& job : jobs) learn(job, checked[job.into].findings);
    learn_recorded();
    for (const Job& job : jobs) check(job, checked[job.into]);
    check_shown(checked);
    return checked;
  }

 private:
  // Ahead of all others: what holds for an agent that is started with it, and the files that it would read.
  void configure(const GivenFile& file, std::size_t index, std::vector<Job>& jobs, std::vector<Finding>& findings) {
    TomlFaults faults;
    const Config config = read_config(file.text, file.name, {}, faults);
    if (!faults.empty()) return;
    reading_.experimental = config.rules.experimental;
    kept_ = {config.history.retention, config.history.recorded_retention, config.rules.lookback};
    scrapes_ = scrapes_ || !config.scrapes.empty();
    const auto reach = [&](const char* section, const std::vector<std::string>& patterns, FileKind kind) {
      for (GivenFile& found : files_of(file, section, patterns, findings))
        if (seen_.insert(identity_of(found.name)).second) jobs.push_back({std::move(found), kind, index});
    };
    reach("rules", config.rules.files, FileKind::RuleFile);
    reach("dashboards", config.dashboards, FileKind::Dashboard);
  }

  // Catalogues and recordings, from which the others are known.
  void learn(const Job& job, std::vector<Finding>& findings) {
    if (job.kind == FileKind::RuleFile) return read_rules(job.file, findings);
    if (job.kind != FileKind::Catalogue) return;
    TomlFaults faults;
    const CatalogueFile& catalogue = catalogues_.emplace_back(CatalogueFile::read(job.file.text, job.file.name, faults));
    take(faults, findings);
    for (const auto& meter : catalogue.meters()) known_.add(meter);
  }

  // When all catalogues are known.
  void learn_recorded() {
    if (options_.seen) known_.restrict_to(*options_.seen);
    else if (scrapes_ || catalogues_.empty()) known_.expect_others();
    learn_recordings(rules_, known_);
  }

  void check(const Job& job, CheckedFile& into) {
    const GivenFile& file = job.file;
    switch (job.kind) {
      case FileKind::Configuration: return check_configuration(file, known_, into.findings);
      case FileKind::Catalogue: return;
      case FileKind::Dashboard:
        dashboards_ = dashboards_ || into.kind == FileKind::Dashboard;
        return check_dashboard(file, known_, boards_, into.findings);
      case FileKind::RuleFile:
        for (const rules::RuleFile& rules : rules_)
          if (rules.path == file.name) check_rules(file, rules, known_, kept_, into.findings);
        return;
      case FileKind::QueryTest:
        if (const auto script = rules::promql::Script::parse(file.text); !script)
          into.findings.push_back({file.name, 0, 0, script.error().message});
        return;
      case FileKind::Empty: into.note = "nothing in it but comments"; return;
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
        if (!boards_.shown.contains(std::string(catalogue.meters()[i].name)))
          file_of(checked, catalogue.file()).findings.push_back({catalogue.file(), catalogue.places()[i].line, catalogue.places()[i].column,
                                                                 "no panel shows " + std::string(catalogue.meters()[i].name)});
    if (!options_.unshown) return;
    CheckedFile shipped{std::string(kShipped), FileKind::Catalogue, {}, {}};
    for (const std::string& meter : known_.meters())
      if (!boards_.shown.contains(meter) && !declared_in_files(meter)) shipped.findings.push_back({"", 0, 0, "no panel shows " + meter});
    checked.push_back(std::move(shipped));
  }

  void read_rules(const GivenFile& file, std::vector<Finding>& findings) {
    rules::RuleFileReading reading = rules::read_rule_file(file.text, file.name, reading_);
    for (const auto* faults : {&reading.faults, &reading.warnings})
      for (const rules::FileFault& fault : *faults)
        findings.push_back({file.name, fault.place.line, fault.place.column, fault.message, faults == &reading.warnings});
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
  std::set<std::string> seen_;  // identities of files
  CheckedBoards boards_{};
  bool dashboards_ = false;  // among the given files
  bool scrapes_ = false;
};

}  // namespace

std::string Finding::text() const {
  std::string made = file;
  if (line != 0) made += ':' + std::to_string(line);
  if (line != 0 && column != 0) made += ':' + std::to_string(column);
  return (made.empty() ? "" : made + ": ") + (warning ? "warning: " : "") + message;
}

std::vector<CheckedFile> check_files(const std::vector<GivenFile>& files, const CheckOptions& options) { return Checker(options).check(files); }

}  // namespace tocsin::agent
