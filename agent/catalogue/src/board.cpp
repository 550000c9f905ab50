// SPDX-License-Identifier: Apache-2.0
#include "agent/catalogue/board.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <set>

#include "meters/base/number.h"
#include "meters/base/text.h"

namespace tocsin::agent {

namespace {

constexpr std::array<std::string_view, 6> kKinds{"stat", "lines", "bands", "heatmap", "table", "row"};

std::string quoted(std::string_view text) { return '"' + std::string(text) + '"'; }

struct BoardReader {
  Board& into;
  TomlFaults& faults;
  std::map<std::string, std::string> words{};  // <name> in a query stands for this
  std::string no_value{};

  // Replaces each <word> that is declared; words may hold words.
  std::string filled(std::string text) const {
    for (int round = 0; round < 4; ++round)
      for (const auto& [name, meaning] : words) {
        const std::string mark = '<' + name + '>';
        for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + meaning.size())) text.replace(at, mark.size(), meaning);
      }
    return text;
  }

  void needed(TomlTable& table, std::string_view key, std::string& text) {
    if (!table.read(key, text) && !table.has(key)) faults.push_back({table.place(), quoted(key) + " is missing"});
  }

  // "green", "0.05 red".
  std::vector<BoardStep> steps(TomlTable& table) {
    std::vector<std::string> texts;
    std::vector<BoardStep> made;
    table.read("steps", texts);
    for (const std::string& text : texts) {
      const auto space = text.find(' ');
      const auto at = space == std::string::npos ? Result<double>(0.0) : parse_double(std::string_view(text).substr(0, space));
      if (!at || (space == std::string::npos) != made.empty() || (made.size() > 1 && *at <= made.back().at)) {
        table.fault("steps", "must be a colour, then values that ascend, each with its colour: [\"green\", \"0.05 red\"]");
        return {};
      }
      made.push_back({space == std::string::npos ? text : text.substr(space + 1), *at});
    }
    return made;
  }

  // Of classic buckets, and of native ones where a scrape has only those.
  std::string quantile(TomlTable& table, const std::string& meter, double share) {
    const auto [where, by, range] = histogram(table);
    std::string text;
    append_double(text, share);
    const std::string le = by.empty() ? "le" : by + ", le";
    return "histogram_quantile(" + text + ", sum by (" + le + ") (rate(" + meter + "_bucket{" + where + "}[" + range + "])))\n  or\n" +
           "histogram_quantile(" + text + ", sum" + by_clause(by) + "(rate(" + meter + "{" + where + "}[" + range + "])))";
  }
  std::string mean(TomlTable& table, const std::string& meter) {
    const auto [where, by, range] = histogram(table);
    const std::string tail = "{" + where + "}[" + range + "]))", sum = "sum" + by_clause(by) + "(rate(" + meter;
    return sum + "_sum" + tail + " / (" + sum + "_count" + tail + " > 0)\n  or\nhistogram_sum(" + sum + tail + ") / (histogram_count(" + sum +
           tail + ") > 0)";
  }
  // What part of events are of a kind; 0 where there are events, but none of that kind has ever been seen.
  std::string part(TomlTable& table, const std::string& kind, const std::string& all) {
    const auto [where, by, range] = histogram(table);
    const auto rate = [&](const std::string& of) { return "sum" + by_clause(by) + "(rate(" + filled(of) + "[" + range + "]))"; };
    return "(" + rate(kind) + "\n  or\n0 * " + rate(all) + ")\n  /\n(" + rate(all) + " > 0)";
  }
  // The spread over buckets: a count a second for each bound.
  std::string spread(TomlTable& table, const std::string& meter) {
    const auto [where, by, range] = histogram(table);
    const std::string classic = "(rate(" + meter + "_bucket{" + where + "}[" + range + "]))";
    return "sum by (le) " + classic + "\n  or\nsum(rate(" + meter + "{" + where + "}[" + range + "])) unless on () sum" + classic;
  }
  // The share above a bound: exact of classic buckets, where it is the bound of one.
  std::string slower(TomlTable& table, const std::string& meter, double bound) {
    const auto [where, by, range] = histogram(table);
    const std::string tail = "{" + where + "}[" + range + "]))", sum = "sum" + by_clause(by) + "(rate(" + meter;
    std::string text;
    append_double(text, bound);
    return "1 - " + sum + "_bucket{" + where + (where.empty() ? "" : ",") + "le=~\"" + bound_pattern(bound) + "\"}[" + range + "])) / (" + sum + "_count" +
           tail + " > 0)\n  or\n1 - histogram_fraction(0, " + text + ", " + sum + tail + ")";
  }
  // Both spellings of a bound: as it is scraped, "5e+06", and as Prometheus' OTLP receiver writes it, "5000000".
  static std::string bound_pattern(double bound) {
    std::string scraped, made;
    append_double(scraped, bound);
    for (const char c : scraped) made += c == '+' || c == '.' ? std::string{'[', c, ']'} : std::string{c};
    if (bound != std::floor(bound) || std::abs(bound) > 1e15) return made;
    const std::string plain = std::to_string(static_cast<std::int64_t>(bound));
    return (made == plain ? "" : made + '|') + plain + "([.]0)?";
  }
  struct HistogramParts {
    std::string where, by, range;
  };
  HistogramParts histogram(TomlTable& table) {
    HistogramParts parts{{}, {}, "$__rate_interval"};
    table.read("where", parts.where);
    table.read("by", parts.by);
    table.read("range", parts.range);
    return {filled(parts.where), parts.by, parts.range};
  }
  static std::string by_clause(const std::string& by) { return by.empty() ? "" : " by (" + by + ") "; }

  BoardQuery query(TomlTable& table) {
    BoardQuery query;
    std::string meter, kind;
    double share = 0, bound = 0;
    const bool has_quantile = table.read("quantile", share), has_bound = table.read("slower_than", bound);
    const bool has_mean = table.read("mean_of", meter), has_spread = table.read("spread_of", meter), plain = table.read("query", query.expression);
    const bool has_share = table.read("share", kind);
    if (has_quantile || has_bound || has_share) needed(table, "of", meter);
    if (int{has_quantile} + int{has_bound} + int{has_mean} + int{has_spread} + int{has_share} + int{plain} != 1)
      faults.push_back({table.place(), R"(needs one of "query", "share", "quantile", "slower_than", "mean_of" and "spread_of")"});
    if (has_share) query.expression = part(table, kind, meter);
    if (has_quantile) query.expression = quantile(table, meter, share);
    if (has_bound) query.expression = slower(table, meter, bound);
    if (has_mean) query.expression = mean(table, meter);
    if (has_spread) query.expression = spread(table, meter);
    query.expression = filled(std::string(trim(query.expression)));
    table.read("legend", query.legend);
    table.read("column", query.column);
    if (std::string unit; table.has("column") && table.read("unit", unit)) query.unit = std::move(unit);
    if (table.has("column")) query.steps = steps(table);
    return query;
  }

  // What [[threshold]] says of an alert: a dashed line for each service, where there is one.
  void add_limits(TomlTable& table, BoardPanel& panel) {
    std::string alert;
    double times = 1;
    const bool scaled = table.read("limit_times", times);
    if (!table.read("limit_of", alert)) {
      if (scaled) table.fault("limit_times", "needs \"limit_of\", whose limits it multiplies");
      return;
    }
    BoardQuery limits;
    limits.limit = true;
    limits.expression = "max by (server_name) (tocsin_alert_threshold{alert=" + quoted(alert) + ",server_name=~\"$server_name|\"})";
    if (scaled) limits.expression += " * ", append_double(limits.expression, times);
    limits.legend = "limit {{server_name}}";
    panel.queries.push_back(std::move(limits));
    panel.description += " What [[threshold]] says instead is dashed, too.";
  }

  void read_panel(TomlTable table) {
    BoardPanel panel;
    std::size_t kind = 1;
    table.read_choice("kind", kind, {kKinds.begin(), kKinds.end()});
    panel.kind = static_cast<BoardPanel::Kind>(kind);
    needed(table, "title", panel.title);
    if (table.read("id", panel.id, 1, 1'000'000) && std::ranges::count(into.panels, panel.id, &BoardPanel::id) > 0)
      table.fault("id", "another panel has it");
    if (panel.kind == BoardPanel::Kind::Row) {
      table.read("collapsed", panel.collapsed);
      return into.panels.push_back(std::move(panel));
    }
    needed(table, "description", panel.description);
    needed(table, "unit", panel.unit);
    panel.no_value = no_value;
    table.read("no_value", panel.no_value);
    table.read("width", panel.width, 2, 24);
    table.read("height", panel.height, 2, 40);
    table.read("limit", panel.limit);
    table.read("traces", panel.traces);
    if (double most = 0; table.read("most", most)) panel.most = most;
    table.read("to", panel.to);
    table.read("columns", panel.columns);
    table.read("sort", panel.sort);
    panel.steps = steps(table);
    if (panel.steps.empty()) panel.steps = {{"green", 0}};
    for (TomlTable& each : table.tables("queries")) panel.queries.push_back(query(each));
    if (panel.queries.empty()) panel.queries.push_back(query(table));
    add_limits(table, panel);
    into.panels.push_back(std::move(panel));
  }

  // Those that say none are counted, as if those that say one were not there: a panel put in between, with an id, moves no other's.
  void number_panels() {
    std::set<std::int64_t> taken;
    for (const BoardPanel& panel : into.panels) taken.insert(panel.id);
    std::int64_t next = 0;
    for (BoardPanel& panel : into.panels) {
      if (panel.id != 0) continue;
      while (taken.contains(++next)) {}
      panel.id = next;
    }
  }

  void read(TomlTable& root) {
    needed(root, "uid", into.uid);
    needed(root, "title", into.title);
    needed(root, "description", into.description);
    root.read("alerts", into.alerts);
    root.read("restarts", into.restarts);
    root.read("no_value", no_value);
    root.read("words", words);
    for (TomlTable& table : root.tables("variable")) {
      BoardVariable variable;
      needed(table, "name", variable.name);
      needed(table, "title", variable.title);
      needed(table, "from", variable.from);
      into.variables.push_back(std::move(variable));
    }
    for (TomlTable& table : root.tables("panel")) read_panel(std::move(table));
    number_panels();
    if (into.panels.empty()) faults.push_back({{into.file, 0, 0}, "has no panel: write [[panel]]"});
  }
};

}  // namespace

Board read_board(std::string_view text, const std::string& file, TomlFaults& faults) {
  Board board;
  board.file = file;
  TomlFaults found;
  TomlTable root = parse_toml(text, file, found);
  if (found.empty()) {
    BoardReader{board, found}.read(root);
    root.finish();
  }
  std::stable_sort(found.begin(), found.end(), [](const TomlFault& a, const TomlFault& b) { return a.place.line < b.place.line; });
  faults.insert(faults.end(), found.begin(), found.end());
  return board;
}

}  // namespace tocsin::agent
