// SPDX-License-Identifier: Apache-2.0
#include "agent/catalogue/meter_board.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include "agent/catalogue/src/alert_words.h"

namespace tocsin::agent {

using meters::DeclaredLabel;
using meters::DeclaredMeter;
using meters::Kind;

namespace {

constexpr std::string_view kRange = "[$__rate_interval]";
constexpr std::size_t kMostVariables = 4, kMostKept = 2, kMostOpenMeters = 30, kMostOneGroup = 12;

std::string stem_of(const CatalogueFile& catalogue) { return std::filesystem::path(catalogue.file()).stem().string(); }

std::string prometheus_label(const DeclaredLabel& label) { return meters::prometheus_label_name(label.name); }

// The word before the first "_" or ".", by which meters are put together.
std::string group_of(const DeclaredMeter& meter) {
  const auto end = meter.name.find_first_of("_.");
  return std::string(meter.name.substr(0, end));
}

class BoardMaker {
 public:
  explicit BoardMaker(const CatalogueFile& catalogue) : catalogue_(catalogue) {}

  Board make() {
    board_.file = catalogue_.file();
    board_.uid = meter_board_uid(catalogue_);
    board_.title = catalogue_.title().empty() ? stem_of(catalogue_) : catalogue_.title();
    board_.description = catalogue_.about().empty() ? "The meters of " + stem_of(catalogue_) + "." : catalogue_.about();
    std::replace(board_.description.begin(), board_.description.end(), '\n', ' ');
    choose_variables();
    std::map<std::string, std::size_t> sizes;
    std::vector<std::string> groups;
    for (const DeclaredMeter& meter : catalogue_.meters())
      if (sizes[group_of(meter)]++ == 0) groups.push_back(group_of(meter));
    const bool rows = groups.size() > 1 && catalogue_.meters().size() > kMostOneGroup;
    const bool folded = catalogue_.meters().size() > kMostOpenMeters;
    for (const std::string& group : groups) {
      if (rows) add_row(group, folded && group != groups.front());
      for (std::size_t i = 0; i < catalogue_.meters().size(); ++i)
        if (group_of(catalogue_.meters()[i]) == group) add_meter(i);
    }
    return std::move(board_);
  }

 private:
  void add_row(const std::string& title, bool collapsed) {
    BoardPanel row;
    row.kind = BoardPanel::Kind::Row;
    row.title = title;
    row.collapsed = collapsed;
    board_.panels.push_back(std::move(row));
  }

  // What a board can be narrowed to: the job, and the labels that most meters have.
  void choose_variables() {
    std::map<std::string, std::size_t> uses;
    std::map<std::string, std::string> selector;
    for (const DeclaredMeter& meter : catalogue_.meters())
      for (const DeclaredLabel& label : meter.labels)
        if (const std::string name = prometheus_label(label); uses[name]++ == 0) selector[name] = series_of(meter);
    std::vector<std::pair<std::string, std::size_t>> all(uses.begin(), uses.end());
    std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
    board_.variables.push_back({"job", "Job", series_of(catalogue_.meters().front())});
    for (const auto& [name, count] : all) {
      if (board_.variables.size() > kMostVariables || count * 4 < catalogue_.meters().size()) break;
      if (name == "job" || name == "instance") continue;
      board_.variables.push_back({name, name, selector[name]});
    }
  }

  static std::string series_of(const DeclaredMeter& meter) {
    return meters::prometheus_name(meter.name, meter.unit, meter.kind) + (meter.kind == Kind::Histogram && !meter.bounds.empty() ? "_count" : "");
  }

  std::string here(const DeclaredMeter& meter) const {
    std::string made = "job=~\"$job\"";
    for (const BoardVariable& variable : board_.variables)
      for (const DeclaredLabel& label : meter.labels)
        if (variable.name != "job" && variable.name == prometheus_label(label)) made += "," + variable.name + "=~\"$" + variable.name + '"';
    return '{' + made + '}';
  }

  // Closed labels, which cannot become many lines; else the first.
  static std::vector<std::string> kept(const DeclaredMeter& meter) {
    std::vector<std::string> labels;
    for (const DeclaredLabel& label : meter.labels)
      if (label.closed() && labels.size() < kMostKept) labels.push_back(prometheus_label(label));
    if (labels.empty() && !meter.labels.empty()) labels.push_back(prometheus_label(meter.labels.front()));
    return labels;
  }

  static std::string aggregated(std::string_view aggregation, const std::vector<std::string>& by, const std::string& inner) {
    return std::string(aggregation) + (by.empty() ? "(" : " by (" + listed(by) + ") (") + inner + ')';
  }

  BoardPanel panel(std::size_t index) const {
    const DeclaredMeter& meter = catalogue_.meters()[index];
    BoardPanel made;
    made.title = meter.name;
    made.description = meter.help;
    made.no_value = "nothing in this range";
    made.steps = {{"green", 0}};
    std::string watched;
    for (const MeterAlert& alert : catalogue_.alerts())
      if (alert.meter == index) watched += (watched.empty() ? " Watched by " : ", ") + alert.name;
    made.description += watched.empty() ? " Watched by no alert." : watched + '.';
    return made;
  }

  // A limit of an alert on the values themselves is a line.
  void draw_limit(std::size_t index, BoardPanel& into) const {
    for (const MeterAlert& alert : catalogue_.alerts()) {
      if (alert.meter != index || alert.is_share() || into.limit) continue;
      double at = alert.limit;
      if (alert.per == "minute") at /= 60;
      if (alert.per == "hour") at /= 3600;
      const std::string bad = alert.severity == "critical" ? "red" : alert.severity == "info" ? "blue" : "orange";
      into.steps = alert.below ? std::vector<BoardStep>{{bad, 0}, {"green", at}} : std::vector<BoardStep>{{"green", 0}, {bad, at}};
      into.limit = true;
    }
  }

  void add_counter(std::size_t index) {
    const DeclaredMeter& meter = catalogue_.meters()[index];
    BoardPanel made = panel(index);
    std::string divided;
    made.unit = meter.unit == "By" ? "Bps" : "cps";
    if (meter.unit == "s" || meter.unit == "ms" || meter.unit == "us") {
      made.unit = "percentunit";  // seconds a second
      divided = meter.unit == "ms" ? " / 1e3" : meter.unit == "us" ? " / 1e6" : "";
    }
    add_lines(meter, "rate(" + series_of(meter) + here(meter) + std::string(kRange) + ")", "sum", divided, made);
    if (divided.empty()) draw_limit(index, made);
    board_.panels.push_back(std::move(made));
  }

  void add_gauge(std::size_t index) {
    const DeclaredMeter& meter = catalogue_.meters()[index];
    BoardPanel made = panel(index);
    made.unit = meter.unit == "By" ? "bytes" : meter.unit == "s" || meter.unit == "ms" ? std::string(meter.unit) : meter.unit == "us" ? "µs" : "short";
    add_lines(meter, series_of(meter) + here(meter), meter.kind == Kind::UpDownCounter ? "sum" : "max", "", made);
    draw_limit(index, made);
    board_.panels.push_back(std::move(made));
  }

  static void add_lines(const DeclaredMeter& meter, const std::string& inner, std::string_view aggregation, const std::string& divided,
                        BoardPanel& into) {
    const std::vector<std::string> labels = kept(meter);
    BoardQuery query;
    query.expression = aggregated(aggregation, labels, inner) + divided;
    for (const std::string& label : labels) query.legend += (query.legend.empty() ? "{{" : " {{") + label + "}}";
    if (labels.empty()) query.legend = meter.name;
    into.queries.push_back(std::move(query));
  }

  void add_histogram(std::size_t index) {
    const DeclaredMeter& meter = catalogue_.meters()[index];
    const std::string name = meters::prometheus_name(meter.name, meter.unit, meter.kind), where = here(meter);
    const bool classic = !meter.bounds.empty();
    const std::string unit = meter.unit == "By" ? "bytes" : meter.unit == "us" ? "µs" : meter.unit == "s" || meter.unit == "ms" ? std::string(meter.unit) : "short";
    const std::string buckets = classic ? aggregated("sum", {"le"}, "rate(" + name + "_bucket" + where + std::string(kRange) + ")")
                                        : aggregated("sum", {}, "rate(" + name + where + std::string(kRange) + ")");
    BoardPanel lines = panel(index);
    lines.unit = unit;
    for (const auto& [quantile, legend] : {std::pair{"0.5", "p50"}, std::pair{"0.95", "p95"}, std::pair{"0.99", "p99"}})
      lines.queries.push_back({"histogram_quantile(" + std::string(quantile) + ", " + buckets + ')', legend, {}, {}, {}});
    draw_limit(index, lines);
    board_.panels.push_back(std::move(lines));
    BoardPanel heat = panel(index);
    heat.kind = BoardPanel::Kind::Heatmap;
    heat.title += ", all of them";
    heat.unit = unit;
    heat.queries.push_back({buckets, classic ? "{{le}}" : "", {}, {}, {}});
    board_.panels.push_back(std::move(heat));
  }

  void add_meter(std::size_t index) {
    switch (catalogue_.meters()[index].kind) {
      case Kind::Counter: return add_counter(index);
      case Kind::Histogram: return add_histogram(index);
      case Kind::UpDownCounter:
      case Kind::Gauge:
      case Kind::Summary: return add_gauge(index);
    }
  }

  const CatalogueFile& catalogue_;
  Board board_;
};

}  // namespace

std::string meter_board_uid(const CatalogueFile& catalogue) { return "tocsin-" + stem_of(catalogue); }

Board meter_board(const CatalogueFile& catalogue) { return BoardMaker(catalogue).make(); }

}  // namespace tocsin::agent
