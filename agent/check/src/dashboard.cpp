// SPDX-License-Identifier: Apache-2.0
#include "agent/check/dashboard.h"

#include "agent/check/query_check.h"

namespace tocsin::agent {

namespace {

using Type = JsonValue::Type;

const JsonValue* find(const JsonValue& from, std::initializer_list<std::string_view> path) {
  const JsonValue* at = &from;
  for (const std::string_view name : path)
    if (at != nullptr) at = at->find(name);
  return at;
}

// Of a panel, a target or an annotation: not of another kind of data source.
bool is_prometheus(const JsonValue& value) {
  const JsonValue* source = value.find("datasource");
  if (source == nullptr || source->type != Type::Object) return true;
  const std::string_view type = source->text_at("type");
  return type.empty() || type == "prometheus" || type.starts_with('$');
}

struct PanelReader {
  DashboardReading& into;

  void read_list(const JsonValue* panels) {
    if (panels == nullptr || panels->type != Type::Array) return;
    for (const JsonValue& panel : panels->items) {
      if (panel.type != Type::Object) {
        into.faults.emplace_back(panel.offset, "a panel must be an object");
      } else {
        read_list(panel.find("panels"));  // of a row
        read(panel);
      }
    }
  }

  void read(const JsonValue& panel) {
    const JsonValue* targets = panel.find("targets");
    if (targets == nullptr || targets->type != Type::Array || !is_prometheus(panel)) return;
    const std::string_view type = panel.text_at("type");
    for (const JsonValue& target : targets->items) {
      const JsonValue* expression = target.find("expr");
      if (expression == nullptr || expression->type != Type::Text || expression->text.empty() || !is_prometheus(target)) continue;
      DashboardQuery query;
      const std::string_view ref = target.text_at("refId");
      query.where = "panel \"" + std::string(panel.text_at("title")) + '"' + (ref.empty() ? "" : " " + std::string(ref));
      query.expression = expression->text;
      query.legend = target.text_at("legendFormat");
      query.heatmap = type == "heatmap";
      query.unit = query.heatmap ? heatmap_unit(panel) : unit_of(panel, ref);
      query.offset = expression->offset;
      into.queries.push_back(std::move(query));
    }
  }

  // As a panel of before version 8 says it.
  static const JsonValue* older_unit(const JsonValue& panel) {
    const JsonValue* axes = panel.find("yaxes");
    return axes != nullptr && !axes->items.empty() ? axes->items.front().find("format") : panel.find("format");
  }

  // Nothing where an override decides that we do not follow.
  static std::optional<std::string> unit_of(const JsonValue& panel, std::string_view ref) {
    const JsonValue* unit = find(panel, {"fieldConfig", "defaults", "unit"});
    if (unit == nullptr) unit = older_unit(panel);
    std::optional<std::string> chosen = unit == nullptr ? "" : unit->text;
    const JsonValue* overrides = find(panel, {"fieldConfig", "overrides"});
    if (overrides == nullptr) return chosen;
    for (const JsonValue& override : overrides->items) {
      const JsonValue* properties = override.find("properties");
      const JsonValue* matcher = override.find("matcher");
      if (properties == nullptr || matcher == nullptr) continue;
      for (const JsonValue& property : properties->items) {
        if (property.text_at("id") != "unit") continue;
        if (matcher->text_at("id") != "byFrameRefID") return std::nullopt;
        if (matcher->text_at("options") == ref) chosen = std::string(property.text_at("value"));
      }
    }
    return chosen;
  }

  static std::optional<std::string> heatmap_unit(const JsonValue& panel) {
    if (const JsonValue* unit = find(panel, {"options", "yAxis", "unit"})) return unit->text;
    if (const JsonValue* unit = find(panel, {"fieldConfig", "defaults", "unit"})) return unit->text;
    return std::nullopt;
  }
};

void read_annotations(const JsonValue& root, DashboardReading& into) {
  const JsonValue* list = find(root, {"annotations", "list"});
  if (list == nullptr) return;
  for (const JsonValue& annotation : list->items) {
    const JsonValue* expression = annotation.find("expr");
    if (expression == nullptr || expression->text.empty() || !is_prometheus(annotation)) continue;
    DashboardQuery query;
    query.use = DashboardQuery::Use::Annotation;
    query.where = "annotation \"" + std::string(annotation.text_at("name")) + '"';
    query.expression = expression->text;
    query.offset = expression->offset;
    into.queries.push_back(std::move(query));
  }
}

void read_variables(const JsonValue& root, DashboardReading& into) {
  const JsonValue* list = find(root, {"templating", "list"});
  if (list == nullptr) return;
  for (const JsonValue& variable : list->items) {
    if (variable.text_at("type") != "query" || !is_prometheus(variable)) continue;
    const JsonValue* expression = variable.find("query");
    if (expression != nullptr && expression->type == Type::Object) expression = expression->find("query");
    if (expression == nullptr || expression->text.empty()) continue;
    DashboardQuery query;
    query.use = DashboardQuery::Use::Variable;
    query.where = "variable " + std::string(variable.text_at("name"));
    query.expression = expression->text;
    query.offset = expression->offset;
    into.queries.push_back(std::move(query));
  }
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// The name and the length of the variable that begins here: $name, ${name}, ${name:format}, [[name]]; else nothing.
std::optional<std::pair<std::string_view, std::size_t>> variable_at(std::string_view text) {
  if (text.starts_with("${") || text.starts_with("[[")) {
    const std::string_view closer = text[0] == '$' ? "}" : "]]";
    const auto end = text.find(closer);
    if (end == std::string_view::npos) return std::nullopt;
    std::string_view name = text.substr(2, end - 2);
    name = name.substr(0, name.find_first_of(":."));
    for (const char c : name)
      if (!is_name_character(c)) return std::nullopt;
    return std::pair{name, end + closer.size()};
  }
  if (!text.starts_with('$') || text.size() < 2 || !is_name_character(text[1])) return std::nullopt;
  std::size_t end = 1;
  while (end < text.size() && is_name_character(text[end])) ++end;
  return std::pair{text.substr(1, end - 1), end};
}

}  // namespace

DashboardReading read_dashboard(const JsonTree& tree) {
  DashboardReading reading;
  const JsonValue* root = &tree.root();
  if (const JsonValue* inner = root->find("dashboard"); inner != nullptr && inner->type == Type::Object) root = inner;
  if (const JsonValue* uid = root->find("uid"); uid != nullptr) reading.uid = uid->text, reading.uid_offset = uid->offset;
  reading.title = root->text_at("title");
  reading.description = root->text_at("description");
  const JsonValue *panels = root->find("panels"), *rows = root->find("rows");
  const bool in_rows = rows != nullptr && rows->type == Type::Array && (panels == nullptr || panels->items.empty());
  if (!in_rows && (panels == nullptr || panels->type != Type::Array)) {
    reading.faults.emplace_back(panels == nullptr ? root->offset : panels->offset, "is JSON, but no dashboard: it has no list of panels");
    return reading;
  }
  PanelReader{reading}.read_list(in_rows ? rows : panels);
  read_annotations(*root, reading);
  read_variables(*root, reading);
  return reading;
}

std::string filled_in(std::string_view expression, bool numbers) {
  std::string made;
  char quote = 0;
  int brackets = 0;
  for (std::size_t at = 0; at < expression.size();) {
    const char c = expression[at];
    if (const auto variable = variable_at(expression.substr(at))) {
      const auto& [name, length] = *variable;
      const bool duration = quote == 0 && (brackets > 0 || made.ends_with("offset "));
      if (duration || (quote == 0 && (name == "__interval" || name == "__rate_interval" || name == "__range"))) {
        made += "5m";
      } else if (quote == 0 && (numbers || name == "__range_s" || name == "__interval_ms" || name == "__range_ms")) {
        made += '1';
      } else {
        made += std::string(kVariable) + std::string(name);
      }
      at += length;
      continue;
    }
    if (quote != 0 && c == '\\') {
      made += expression.substr(at, 2);
      at += 2;
      continue;
    }
    if (quote == 0 && (c == '"' || c == '\'' || c == '`')) {
      quote = c;
    } else if (c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '[' || c == ']')) {
      brackets += c == '[' ? 1 : -1;
    }
    made += c;
    ++at;
  }
  return made;
}

}  // namespace tocsin::agent
