// SPDX-License-Identifier: Apache-2.0
#include "agent/catalogue/src/board_panel.h"

#include <algorithm>

namespace tocsin::agent {

namespace {

using Kind = BoardPanel::Kind;
using wire::JsonWriter;

// Grafana's Explore, by the data source that the variable names, and any other place that takes a service's name.
struct TraceLink {
  std::string_view title, url;
};
constexpr TraceLink kTraceLinks[] = {
    {"Traces in Tempo",
     R"(/explore?schemaVersion=1&panes=%7B%22t%22%3A%7B%22datasource%22%3A%22${tempo}%22%2C%22queries%22%3A%5B%7B%22refId%22%3A%22A%22%2C)"
     R"(%22queryType%22%3A%22traceql%22%2C%22query%22%3A%22%7Bresource.service.name%3D%5C%22${__field.labels.server_name}%5C%22%7D%22%7D%5D%2C)"
     R"(%22range%22%3A%7B%22from%22%3A%22${__from}%22%2C%22to%22%3A%22${__to}%22%7D%7D%7D)"},
    {"Traces in Jaeger",
     R"(/explore?schemaVersion=1&panes=%7B%22t%22%3A%7B%22datasource%22%3A%22${jaeger}%22%2C%22queries%22%3A%5B%7B%22refId%22%3A%22A%22%2C)"
     R"(%22queryType%22%3A%22search%22%2C%22service%22%3A%22${__field.labels.server_name}%22%7D%5D%2C)"
     R"(%22range%22%3A%7B%22from%22%3A%22${__from}%22%2C%22to%22%3A%22${__to}%22%7D%7D%7D)"},
    {"Traces elsewhere", "${trace_search}${__field.labels.server_name}"},
};

class PanelWriter {
 public:
  PanelWriter(const Board& board, JsonWriter& json) : board_(board), json_(json) {}

  void write(const BoardPanel& panel) {
    targets(panel);
    json_.key("fieldConfig");
    json_.begin_object();
    json_.key("defaults");
    defaults(panel);
    json_.key("overrides");
    json_.begin_array();
    if (panel.kind == Kind::Table) columns(panel);
    limits(panel);
    json_.end();
    json_.end();
    json_.key("options");
    options(panel);
    if (panel.kind == Kind::Table && !panel.columns.empty()) transformations(panel);
    if (!panel.to.empty() && panel.kind != Kind::Table) panel_link(panel.to);
  }

 private:
  // All that Grafana's type of a link has, as its editor writes it.
  void panel_link(const std::string& to) {
    json_.key("links");
    json_.begin_array();
    json_.begin_object();
    json_.field("title", to);
    json_.field("type", "link");
    json_.field("url", "/d/" + std::string(kBoardTag) + "-" + to + "?${__all_variables}&${__url_time_range}");
    json_.field("targetBlank", false);
    json_.key("tags");
    json_.raw("[]");
    json_.field("icon", "");
    json_.field("tooltip", "");
    json_.field("asDropdown", false);
    json_.field("includeVars", false);  // the address has them
    json_.field("keepTime", false);
    json_.end();
    json_.end();
  }

  void link(std::string_view title, const std::string& url, bool elsewhere) {
    json_.begin_object();
    json_.field("title", title);
    json_.field("url", url);
    json_.field("targetBlank", elsewhere);
    json_.end();
  }

  // The other board with this row's value of `label`, and time and the other variables as they are.
  std::string row_address(const std::string& to, const std::string& label) const {
    std::string address = "/d/" + std::string(kBoardTag) + "-" + to + "?${datasource:queryparam}&var-" + label + "=${__data.fields." + label + ":percentencode}";
    for (const BoardVariable& variable : board_.variables)
      if (variable.name != label) address += "&${" + variable.name + ":queryparam}";
    return address + "&${__url_time_range}";
  }

  // A line that is of no one service: of the services that are chosen.
  std::string trace_address(const BoardPanel& panel, const TraceLink& trace) const {
    constexpr std::string_view kOfLine = "${__field.labels.server_name}";
    std::string address(trace.url);
    const bool by_service = std::any_of(panel.queries.begin(), panel.queries.end(), [](const BoardQuery& query) { return query.legend.find("server_name") != std::string::npos; });
    const bool chosen = std::any_of(board_.variables.begin(), board_.variables.end(), [](const BoardVariable& one) { return one.name == "server_name"; });
    if (!by_service && chosen) address.replace(address.find(kOfLine), kOfLine.size(), "${server_name}");
    return address;
  }

  void targets(const BoardPanel& panel) {
    json_.key("targets");
    json_.begin_array();
    char ref = 'A';
    for (const BoardQuery& query : panel.queries) {
      const bool table = panel.kind == Kind::Table;
      json_.begin_object();
      write_data_source(json_);
      json_.field("editorMode", "code");
      json_.field("expr", query.expression);
      json_.field("legendFormat", query.legend);
      json_.field("refId", std::string(1, ref++));
      json_.field("range", !table);
      json_.field("instant", table);
      json_.field("format", table ? "table" : panel.kind == Kind::Heatmap ? "heatmap" : "time_series");
      if (panel.traces && !table && ref == 'B') json_.field("exemplar", true);
      json_.end();
    }
    json_.end();
  }

  void thresholds(const std::vector<BoardStep>& steps) {
    json_.begin_object();
    json_.field("mode", "absolute");
    json_.key("steps");
    json_.begin_array();
    for (std::size_t i = 0; i < steps.size(); ++i) {
      json_.begin_object();
      json_.field("color", steps[i].colour);
      json_.key("value");
      i == 0 ? json_.null() : json_.value(steps[i].at);
      json_.end();
    }
    json_.end();
    json_.end();
  }

  void defaults(const BoardPanel& panel) {
    const bool series = panel.kind == Kind::Lines || panel.kind == Kind::Bands;
    json_.begin_object();
    json_.field("unit", panel.kind == Kind::Heatmap ? "short" : panel.unit);
    json_.field("noValue", panel.no_value);
    json_.key("thresholds");
    thresholds(panel.steps);
    json_.key("color");
    json_.raw(panel.kind == Kind::Stat ? R"({"mode":"thresholds"})" : R"({"mode":"palette-classic"})");
    json_.key("mappings");
    json_.raw("[]");
    if (series) {
      json_.key("custom");
      json_.raw(std::string(R"({"drawStyle":"line","lineWidth":1,"fillOpacity":)") + (panel.kind == Kind::Bands ? "40" : "8") +
                R"(,"showPoints":"auto","spanNulls":false,"axisSoftMin":0,"thresholdsStyle":{"mode":")" + (panel.limit ? "dashed" : "off") + R"("})" +
                (panel.kind == Kind::Bands ? R"(,"stacking":{"mode":"normal","group":"A"}})" : "}"));
    } else if (panel.kind == Kind::Table) {
      json_.key("custom");
      json_.raw(R"({"align":"auto","filterable":true})");
    }
    // From 0 on, unless there is less: a budget may be overspent.
    if (panel.most && !series) json_.field("min", 0);
    if (panel.most) json_.field("max", *panel.most);
    if (panel.traces) {
      json_.key("links");
      json_.begin_array();
      for (const TraceLink& trace : kTraceLinks) link(trace.title, trace_address(panel, trace), true);
      json_.end();
    }
    json_.end();
  }

  void begin_override(std::string_view matcher, std::string_view of) {
    json_.begin_object();
    json_.key("matcher");
    json_.begin_object();
    json_.field("id", matcher);
    json_.field("options", of);
    json_.end();
    json_.key("properties");
    json_.begin_array();
  }
  template <class Value>
  void property(std::string_view id, const Value& value) {
    json_.begin_object();
    json_.field("id", id);
    json_.field("value", value);
    json_.end();
  }
  void end_override() { json_.end(), json_.end(); }

  void limits(const BoardPanel& panel) {
    for (std::size_t i = 0; i < panel.queries.size(); ++i) {
      if (!panel.queries[i].limit) continue;
      begin_override("byFrameRefID", std::string(1, static_cast<char>('A' + i)));
      property("custom.fillOpacity", 0);
      json_.begin_object();
      json_.field("id", "custom.lineStyle");
      json_.key("value");
      json_.raw(R"({"fill":"dash","dash":[6,4]})");
      json_.end();
      end_override();
    }
  }

  void columns(const BoardPanel& panel) {
    char ref = 'A';
    for (const BoardQuery& query : panel.queries) {
      const std::string name = panel.queries.size() == 1 ? "Value" : "Value #" + std::string(1, ref);
      ++ref;
      if (query.column.empty()) {
        begin_override("byName", name), property("custom.hidden", true), end_override();
        continue;
      }
      begin_override("byName", name);
      property("displayName", query.column);
      if (query.unit) property("unit", *query.unit);
      if (!query.steps.empty()) {
        json_.begin_object();
        json_.field("id", "thresholds");
        json_.key("value");
        thresholds(query.steps);
        json_.end();
        json_.begin_object();
        json_.field("id", "custom.cellOptions");
        json_.key("value");
        json_.raw(R"({"type":"color-text"})");
        json_.end();
      }
      end_override();
    }
    begin_override("byName", "Time"), property("custom.hidden", true), end_override();
    if (panel.to.empty() || panel.columns.empty()) return;
    const std::string& label = panel.columns[0];
    begin_override("byName", label);
    json_.begin_object();
    json_.field("id", "links");
    json_.key("value");
    json_.begin_array();
    link(panel.to, row_address(panel.to, label), false);
    json_.end();
    json_.end();
    end_override();
  }

  void transformations(const BoardPanel& panel) {
    json_.key("transformations");
    json_.begin_array();
    json_.raw(R"({"id":"merge","options":{}})");
    json_.begin_object();
    json_.field("id", "organize");
    json_.key("options");
    json_.begin_object();
    json_.key("indexByName");
    json_.begin_object();
    int index = 0;
    for (const std::string& label : panel.columns) json_.field(label, index++);
    for (std::size_t i = 0; i < panel.queries.size(); ++i)
      json_.field(panel.queries.size() == 1 ? "Value" : "Value #" + std::string(1, static_cast<char>('A' + i)), index++);
    json_.end();
    json_.end();
    json_.end();
    json_.end();
  }

  void options(const BoardPanel& panel) {
    switch (panel.kind) {
      case Kind::Stat: return stat_options(panel);
      case Kind::Heatmap: return heatmap_options(panel);
      case Kind::Table: return table_options(panel);
      case Kind::Row:
      case Kind::Lines:
      case Kind::Bands: break;
    }
    json_.raw(R"({"legend":{"calcs":["mean","max","lastNotNull"],"displayMode":"table","placement":"bottom","showLegend":true},)"
              R"("tooltip":{"mode":"multi","sort":"desc"}})");
  }

  // A tile that has a legend is told by it, also when there is one only: which version, not just how many.
  void stat_options(const BoardPanel& panel) {
    const std::string text = panel.queries.front().legend.empty() ? "auto" : "value_and_name";
    json_.raw(R"({"colorMode":"value","graphMode":"area","justifyMode":"auto","orientation":"auto",)"
              R"("reduceOptions":{"calcs":["lastNotNull"],"fields":"","values":false},"textMode":")" + text + R"("})");
  }

  void heatmap_options(const BoardPanel& panel) {
    json_.begin_object();
    json_.field("calculate", false);
    json_.field("cellGap", 1);
    json_.key("color");
    json_.raw(R"({"mode":"scheme","scheme":"Oranges","steps":64,"exponent":0.5,"fill":"dark-orange","reverse":false,"scale":"exponential"})");
    json_.key("exemplars");
    json_.raw(R"J({"color":"rgba(255,0,255,0.7)"})J");
    json_.key("filterValues");
    json_.raw(R"({"le":1e-09})");
    json_.key("legend");
    json_.raw(R"({"show":true})");
    json_.key("rowsFrame");
    json_.raw(R"({"layout":"auto"})");
    json_.key("tooltip");
    json_.raw(R"({"mode":"single","yHistogram":false})");
    json_.key("yAxis");
    json_.begin_object();
    json_.field("axisPlacement", "left");
    json_.field("reverse", false);
    json_.field("unit", panel.unit);
    json_.end();
    json_.key("cellValues");
    json_.raw(R"({"unit":"reqps"})");
    json_.end();
  }

  void table_options(const BoardPanel& panel) {
    json_.begin_object();
    json_.field("showHeader", true);
    if (!panel.sort.empty()) {
      json_.key("sortBy");
      json_.begin_array();
      json_.begin_object();
      json_.field("displayName", panel.sort);
      json_.field("desc", true);
      json_.end();
      json_.end();
    }
    json_.field("cellHeight", "sm");
    json_.end();
  }

  const Board& board_;
  JsonWriter& json_;
};

}  // namespace

void write_data_source(JsonWriter& json) {
  json.key("datasource");
  json.raw(R"({"type":"prometheus","uid":"${datasource}"})");
}

void write_panel(const BoardPanel& panel, const Board& board, JsonWriter& json) { PanelWriter(board, json).write(panel); }

}  // namespace tocsin::agent
