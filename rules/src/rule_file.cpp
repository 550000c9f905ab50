// SPDX-License-Identifier: Apache-2.0
#include "rules/rule_file.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "rules/promql/parse.h"
#include "rules/promql/print.h"
#include "rules/src/yaml.h"
#include "rules/src/yaml_fields.h"
#include "rules/template/alert_template.h"

namespace tocsin::rules {
namespace {

using promql::quoted;

constexpr std::size_t kMostRules = 200'000;  // aliases followed: a small file may name a large one many times

class Reader {
 public:
  Reader(std::string_view text, const RuleFileOptions& options, RuleFileReading& out)
      : text_(text), options_(options), out_(out) {}

  void read() {
    const YamlDocument document = parse_yaml(text_);
    if (document.fault) return fault(document.fault->place, document.fault->message);
    if (document.rest) {
      out_.warnings.push_back({*document.rest, "this is not read: the YAML document has ended, by --- or by a smaller indentation"});
    }
    if (!document.root) return;
    YamlFields fields(*document.root, "a rule file", out_.faults);
    for (const YamlPtr& node : fields.list("groups")) read_group(*node);
    fields.finish();
  }

 private:
  void fault(FilePlace place, std::string message) { add_fault(out_.faults, {place, where_ + std::move(message)}); }

  void read_group(const Yaml& node);
  void read_rule(const Yaml& node, RuleGroup& group);
  void read_expression(YamlFields& fields, const Yaml& node, Rule& rule);
  void check_record(YamlFields& fields, const Rule& rule);
  void check_labels(const Yaml* map, const RuleLabels& labels);
  void check_templates(YamlFields& fields, const Rule& rule);

  std::string_view text_;
  const RuleFileOptions& options_;
  RuleFileReading& out_;
  std::string where_;  // the group and rule that is read, before each message
  std::set<std::string> group_names_;
  std::size_t rules_ = 0;
};

// A mapping's value by its name; null where it has none (it was merged).
const Yaml* value_of(const Yaml* map, std::string_view name) {
  if (!map || map->kind != Yaml::Kind::Map) return nullptr;
  for (const auto& [key, value] : map->entries) {
    if (key->text == name) return value.get();
  }
  return nullptr;
}

FilePlace place_of(const Yaml* map, std::string_view name) {
  if (const Yaml* value = value_of(map, name)) return value->place;
  return map ? map->place : FilePlace{};
}

std::size_t byte_of(const templates::Place& place, std::string_view text) {
  std::size_t begin = 0;
  for (std::size_t line = 1; line < place.line && begin < text.size(); ++line) begin = std::min(text.find('\n', begin), text.size() - 1) + 1;
  return std::min(begin + (place.column > 0 ? place.column - 1 : 0), text.size());
}

void Reader::check_labels(const Yaml* map, const RuleLabels& labels) {
  for (const auto& [name, value] : labels) {
    if (name.empty() || name == "__name__") fault(place_of(map, name), "invalid label name: " + name);
  }
}

void Reader::read_group(const Yaml& node) {
  where_.clear();
  RuleGroup group;
  group.place = node.place;
  YamlFields fields(node, "a rule group", out_.faults);
  group.name = fields.text("name");
  group.interval = fields.duration("interval").value_or(group.interval);
  group.query_offset = fields.duration("query_offset");
  const std::int64_t limit = fields.integer("limit").value_or(0);
  group.limit = limit > 0 ? static_cast<std::size_t>(limit) : 0;
  group.labels = fields.texts("labels");
  check_labels(fields.find("labels"), group.labels);
  if (group.name.empty()) fault(node.place, "Groupname must not be empty");
  if (!group_names_.insert(group.name).second) {
    fault(node.place, "groupname: " + quoted(group.name) + " is repeated in the same file");
  }
  for (const YamlPtr& rule : fields.list("rules")) {
    if (++rules_ > kMostRules) {
      if (rules_ == kMostRules + 1) fault(rule->place, "more than " + std::to_string(kMostRules) + " rules in a file");
      break;
    }
    read_rule(*rule, group);
  }
  where_.clear();
  fields.finish();
  out_.file.groups.push_back(std::move(group));
}

void Reader::read_rule(const Yaml& node, RuleGroup& group) {
  Rule rule;
  rule.place = node.place;
  where_.clear();
  YamlFields fields(node, "a rule", out_.faults);
  const std::string alert = fields.text("alert"), record = fields.text("record");
  rule.kind = record.empty() ? Rule::Kind::Alert : Rule::Kind::Record;
  rule.name = alert.empty() ? record : alert;
  where_ = "group " + quoted(group.name) + ", rule " + std::to_string(group.rules.size() + 1) + ", " + quoted(rule.name) + ": ";
  if (!alert.empty() && !record.empty()) fault(node.place, "only one of 'record' and 'alert' must be set");
  if (alert.empty() && record.empty()) fault(node.place, "one of 'record' or 'alert' must be set");
  rule.hold = fields.duration("for").value_or(rule.hold);
  rule.keep_firing_for = fields.duration("keep_firing_for").value_or(rule.keep_firing_for);
  rule.labels = fields.texts("labels");
  rule.annotations = fields.texts("annotations");
  read_expression(fields, node, rule);
  if (!record.empty()) check_record(fields, rule);
  check_labels(fields.find("labels"), rule.labels);
  for (const auto& [name, value] : rule.annotations) {
    if (name.empty()) fault(place_of(fields.find("annotations"), name), "invalid annotation name: " + name);
  }
  if (!alert.empty()) check_templates(fields, rule);
  where_.clear();
  fields.finish();
  for (const auto& label : group.labels) {
    const bool own = std::ranges::any_of(rule.labels, [&](const auto& known) { return known.first == label.first; });
    if (!own) rule.labels.push_back(label);
  }
  group.rules.push_back(std::move(rule));
}

void Reader::read_expression(YamlFields& fields, const Yaml& node, Rule& rule) {
  const Yaml* scalar = fields.find("expr");
  rule.expression = fields.text("expr");
  rule.expression_place = scalar ? scalar->place : node.place;
  if (rule.expression.empty()) return fault(rule.expression_place, "field 'expr' must be set in rule");
  promql::Parsed parsed = promql::parse_all(rule.expression, {.experimental = options_.experimental});
  for (const promql::ParseFault& wrong : parsed.faults) {
    fault(place_in(*scalar, wrong.range.begin, text_), "could not parse expression: " + wrong.message);
  }
  rule.expr = std::move(parsed.expr);
  rule.expression_place = place_in(*scalar, 0, text_);
}

void Reader::check_record(YamlFields& fields, const Rule& rule) {
  const auto refuse = [&](std::string_view field) {
    const Yaml* value = fields.find(field);
    fault(value ? value->place : rule.place, "invalid field '" + std::string(field) + "' in recording rule");
  };
  if (!rule.annotations.empty()) refuse("annotations");
  if (rule.hold.count() != 0) refuse("for");
  if (rule.keep_firing_for.count() != 0) refuse("keep_firing_for");
  if (rule.name.find_first_of("{}") == std::string::npos) return;
  fault(fields.find("record") ? fields.find("record")->place : rule.place,
        "braces present in the recording rule name; should it be in expr?: " + rule.name);
}

void Reader::check_templates(YamlFields& fields, const Rule& rule) {
  const auto check = [&](std::string_view field, std::string_view noun, const RuleLabels& texts) {
    for (const auto& [name, value] : texts) {
      templates::Place place;
      const auto parsed = templates::AlertTemplate::parse(value, rule.name, &place);
      if (parsed) continue;
      const Yaml* scalar = value_of(fields.find(field), name);
      fault(scalar ? place_in(*scalar, byte_of(place, value), text_) : rule.place,
            std::string(noun) + " " + quoted(name) + ": " + parsed.error().message);
    }
  };
  check("labels", "label", rule.labels);
  check("annotations", "annotation", rule.annotations);
}

std::string name_and_labels(const Rule& rule) {
  RuleLabels sorted = rule.labels;
  std::ranges::sort(sorted);
  std::string out = rule.name + "{";
  for (const auto& [name, value] : sorted) out.append(out.ends_with('{') ? "" : ",").append(name).append("=").append(quoted(value));
  return out + "}";
}

// promtool's lint: two rules that write the same series.
void warn_of_duplicates(RuleFileReading& read) {
  std::map<std::string, FilePlace> seen;
  for (const RuleGroup& group : read.file.groups) {
    for (const Rule& rule : group.rules) {
      const auto [first, fresh] = seen.emplace(name_and_labels(rule), rule.place);
      if (fresh) continue;
      read.warnings.push_back({rule.place, "a rule of the same name and labels is in line " +
                                               std::to_string(first->second.line) + ": " + first->first});
    }
  }
}

}  // namespace

RuleFileReading read_rule_file(std::string_view text, std::string path, const RuleFileOptions& options) {
  RuleFileReading out;
  out.file.path = std::move(path);
  Reader(text, options, out).read();
  std::ranges::stable_sort(out.faults, {}, [](const FileFault& fault) { return std::pair(fault.place.line, fault.place.column); });
  if (out.faults.empty()) warn_of_duplicates(out);
  else out.file.groups.clear();
  return out;
}

std::vector<std::string> rule_keys(std::string_view path, const RuleGroup& group) {
  std::vector<std::string> keys;
  std::unordered_map<std::string, std::size_t> seen;
  keys.reserve(group.rules.size());
  const std::string start = std::string(path) + ';' + group.name + ';';
  for (const Rule& rule : group.rules) {
    std::string own = name_and_labels(rule);
    const std::size_t same = ++seen[own];
    keys.push_back(start + std::move(own) + (same == 1 ? "" : "#" + std::to_string(same)));
  }
  return keys;
}

}  // namespace tocsin::rules
