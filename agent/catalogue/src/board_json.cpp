// SPDX-License-Identifier: Apache-2.0
#include "agent/catalogue/board.h"

#include <algorithm>

#include "agent/catalogue/src/board_panel.h"
#include "wire/json_writer.h"

namespace tocsin::agent {

namespace {

using Kind = BoardPanel::Kind;
using wire::JsonWriter;

constexpr std::string_view kTraceSearch = "http://localhost:16686/search?service=";

std::string_view type_of(Kind kind) {
  switch (kind) {
    case Kind::Stat: return "stat";
    case Kind::Heatmap: return "heatmap";
    case Kind::Table: return "table";
    case Kind::Row: return "row";
    case Kind::Lines:
    case Kind::Bands: break;
  }
  return "timeseries";
}

// One value a line, so that a change can be read.
std::string indented(std::string_view json) {
  std::string made;
  std::size_t depth = 0;
  bool text = false;
  const auto line = [&] { made += '\n' + std::string(depth, ' '); };
  for (std::size_t at = 0; at < json.size(); ++at) {
    const char c = json[at];
    if (text) {
      made += c;
      if (c == '\\') made += json[++at];
      if (c == '"') text = false;
      continue;
    }
    if (c == '}' || c == ']') {
      --depth;
      if (json[at - 1] != '{' && json[at - 1] != '[') line();
    }
    made += c;
    text = c == '"';
    if (c == '{' || c == '[') {
      ++depth;
      if (json[at + 1] != '}' && json[at + 1] != ']') line();
    }
    if (c == ',') line();
    if (c == ':') made += ' ';
  }
  return made + '\n';
}

class BoardWriter {
 public:
  explicit BoardWriter(const Board& board) : board_(board), json_(out_) {}

  std::string write() {
    json_.begin_object();
    json_.field("uid", board_.uid);
    json_.field("title", "tocsin / " + board_.title);
    json_.field("description", board_.description);
    json_.key("tags");
    json_.begin_array();
    json_.value(kBoardTag);
    json_.end();
    json_.field("schemaVersion", 39);
    json_.field("version", 1);
    json_.key("id");
    json_.null();
    json_.field("editable", false);
    json_.field("graphTooltip", 1);
    json_.field("refresh", "30s");
    json_.key("time");
    json_.raw(R"({"from":"now-1h","to":"now"})");
    json_.field("timezone", "");
    json_.field("fiscalYearStartMonth", 0);
    json_.field("weekStart", "");
    json_.field("liveNow", false);
    json_.key("timepicker");
    json_.raw("{}");
    json_.key("links");
    json_.raw(R"([{"type":"dashboards","tags":["tocsin"],"title":"tocsin","asDropdown":true,"includeVars":true,"keepTime":true,)"
              R"("targetBlank":false,"icon":"external link","tooltip":"the other dashboards, with the same time and variables","url":""}])");
    annotations();
    variables();
    panels();
    json_.end();
    return indented(out_);
  }

 private:
  void source() { write_data_source(json_); }

  void annotation(std::string_view name, std::string_view colour, const std::string& query, std::string_view title, std::string_view text) {
    json_.begin_object();
    source();
    json_.field("enable", true);
    json_.field("expr", query);
    json_.field("iconColor", colour);
    json_.field("name", name);
    json_.field("titleFormat", title);
    json_.field("textFormat", text);
    json_.field("step", "15s");
    json_.end();
  }

  void annotations() {
    json_.key("annotations");
    json_.begin_object();
    json_.key("list");
    json_.begin_array();
    json_.raw(R"({"builtIn":1,"datasource":{"type":"grafana","uid":"-- Grafana --"},"enable":true,"hide":true,)"
              R"J("iconColor":"rgba(0, 211, 255, 1)","name":"Annotations & Alerts","type":"dashboard"})J");
    annotation("Firing alerts", "red",
               "max by (alertname, server_name, severity) (ALERTS{alertstate=\"firing\"" + (board_.alerts.empty() ? "" : "," + board_.alerts) + "})",
               "{{alertname}}", "{{server_name}} {{severity}}");
    annotation("Restarts", "blue",
               "max by (job, instance) (changes(process_start_time_seconds" + (board_.restarts.empty() ? "" : "{" + board_.restarts + "}") +
                   "[$__rate_interval])) > 0",
               "{{job}} restarted", "{{instance}}");
    // A version that a job which was there a minute ago did not have then.
    const std::string info = "count by (job, service_version) (target_info{service_version!=\"\"" + (board_.restarts.empty() ? "" : "," + board_.restarts) + "}";
    annotation("Versions", "purple", info + ")\n  unless\n" + info + " offset 1m)\n  and on (job)\n" + info + " offset 1m)",
               "{{job}} is now {{service_version}}", "a version that did not run before");
    json_.end();
    json_.end();
  }

  void variables() {
    json_.key("templating");
    json_.begin_object();
    json_.key("list");
    json_.begin_array();
    json_.raw(R"({"name":"datasource","label":"Data source","type":"datasource","query":"prometheus",)"
              R"("current":{"selected":true,"text":"default","value":"default"},"hide":0,)"
              R"("includeAll":false,"multi":false,"options":[],"refresh":1,"regex":"","skipUrlSync":false})");
    for (const BoardVariable& variable : board_.variables) query_variable(variable);
    bool traces = false;
    for (const BoardPanel& panel : board_.panels) traces = traces || panel.traces;
    if (traces) trace_variables();
    json_.end();
    json_.end();
  }

  void query_variable(const BoardVariable& variable) {
    const std::string query = "label_values(" + variable.from + ", " + variable.name + ')';
    json_.begin_object();
    json_.field("name", variable.name);
    json_.field("label", variable.title);
    json_.field("type", "query");
    source();
    json_.key("query");
    json_.begin_object();
    json_.field("query", query);
    json_.field("refId", variable.name);
    json_.end();
    json_.field("definition", query);
    json_.field("refresh", 2);
    json_.field("sort", 1);
    json_.field("multi", true);
    json_.field("includeAll", true);
    json_.field("allValue", ".*");  // also what lacks the label
    json_.key("current");
    json_.raw(R"({"selected":true,"text":["All"],"value":["$__all"]})");
    json_.field("hide", 0);
    json_.key("options");
    json_.raw("[]");
    json_.field("regex", "");
    json_.field("skipUrlSync", false);
    json_.end();
  }

  // Where traces are: a data source of either kind, or an address that a service's name is put behind.
  void trace_variables() {
    for (const auto& [name, title] : {std::pair{"tempo", "Tempo"}, std::pair{"jaeger", "Jaeger"}}) {
      json_.begin_object();
      json_.field("name", name);
      json_.field("label", title);
      json_.field("description", "where the links from panels to traces lead; nothing where there is no such data source");
      json_.field("type", "datasource");
      json_.field("query", name);
      json_.field("hide", 0);
      json_.field("includeAll", false);
      json_.field("multi", false);
      json_.key("options");
      json_.raw("[]");
      json_.field("refresh", 1);
      json_.field("regex", "");
      json_.field("skipUrlSync", false);
      json_.end();
    }
    json_.begin_object();
    json_.field("name", "trace_search");
    json_.field("label", "Trace search");
    json_.field("description", "an address that a service's name is put behind, for traces that are in neither Tempo nor Jaeger");
    json_.field("type", "textbox");
    json_.field("query", kTraceSearch);
    json_.key("current");
    json_.begin_object();
    json_.field("text", kTraceSearch);
    json_.field("value", kTraceSearch);
    json_.end();
    json_.field("hide", 0);
    json_.key("options");
    json_.raw("[]");
    json_.field("skipUrlSync", false);
    json_.end();
  }

  // Left to right, top to bottom; a row of panels is as high as its highest.
  struct Cursor {
    std::int64_t x = 0, y = 0, height = 0;
  };
  std::pair<std::int64_t, std::int64_t> place(Cursor& cursor, std::int64_t width, std::int64_t height) {
    if (cursor.x + width > 24) cursor = {0, cursor.y + cursor.height, 0};
    const auto at = std::pair{cursor.x, cursor.y};
    cursor.x += width;
    cursor.height = std::max(cursor.height, height);
    return at;
  }

  void panels() {
    json_.key("panels");
    json_.begin_array();
    Cursor cursor;
    bool folded = false;
    for (const BoardPanel& panel : board_.panels) {
      const bool row = panel.kind == Kind::Row;
      if (row && folded) json_.end(), json_.end(), folded = false;
      const std::int64_t width = row ? 24 : panel.width, height = row ? 1 : panel.height;
      const auto [x, y] = place(cursor, width, height);
      json_.begin_object();
      json_.field("id", panel.id);
      json_.field("type", type_of(panel.kind));
      json_.field("title", panel.title);
      if (!row) json_.field("description", panel.description), source();
      json_.key("gridPos");
      json_.begin_object();
      json_.field("x", x), json_.field("y", y), json_.field("w", width), json_.field("h", height);
      json_.end();
      if (row) {
        json_.field("collapsed", panel.collapsed);
        json_.key("panels");
        json_.begin_array();
        if (panel.collapsed) {
          folded = true;
          continue;
        }
        json_.end();
      } else {
        write_panel(panel, board_, json_);
      }
      json_.end();
    }
    if (folded) json_.end(), json_.end();
    json_.end();
  }

  const Board& board_;
  std::string out_;
  JsonWriter json_;
};

}  // namespace

std::string board_json(const Board& board) { return BoardWriter(board).write(); }

}  // namespace tocsin::agent
