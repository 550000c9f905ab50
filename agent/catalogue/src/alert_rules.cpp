// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include "agent/catalogue/catalogue_file.h"
#include "agent/catalogue/meter_alert.h"
#include "agent/catalogue/src/alert_words.h"
#include "meters/base/number.h"

namespace tocsin::agent {

using meters::DeclaredMeter;
using meters::Kind;

namespace {

constexpr std::string_view kIndent = "          ";

// "sum by (a, b) (" ... ")", or "sum(" ... ")".
std::string over(std::string_view aggregation, const MeterAlert& alert, const std::string& inner) {
  const std::string labels = listed(alert.by);
  return std::string(aggregation) + (labels.empty() ? "(" : " by (" + labels + ") (") + inner + ')';
}

std::string escaped_alternatives(const std::vector<std::string>& values) {
  std::string made;
  for (const std::string& value : values) {
    if (!made.empty()) made += '|';
    for (const char c : value) {
      if (std::string_view(".*+?()[]{}^$|\\").find(c) != std::string_view::npos) made += "\\\\";
      if (c == '"') made += '\\';
      made += c;
    }
  }
  return made;
}

// The bound in every spelling of `le`: as scraped, and as it is pushed.
std::string bound_matcher(double bound) {
  const std::vector<std::string> all = bound_spellings(bound);
  return "le=~\"" + escaped_alternatives(all) + '"';
}

std::string ratio(const MeterAlert& alert, const std::string& part, const std::string& whole) {
  const std::string at(kIndent);
  return "(\n" + at + "    " + part + "\n" + at + "  /\n" + at + "    (" + whole + " > 0)\n" + at + ") " + (alert.below ? "< " : "> ") +
         number_text(alert.limit) + "\n" + at + "  and on (" + listed(alert.by) + ")\n" + at + whole + " >= " + number_text(alert.events);
}

std::string expression(const DeclaredMeter& meter, const MeterAlert& alert) {
  const std::string name = meters::prometheus_name(meter.name, meter.unit, meter.kind), window = '[' + duration_words(alert.window) + ']';
  const std::string compared = (alert.below ? " < " : " > ") + number_text(alert.limit), at(kIndent);
  if (meter.kind == Kind::Histogram) {
    const std::string whole = over("sum", alert, "increase(" + name + "_count" + window + ")");
    const std::string within = over("sum", alert, "increase(" + name + "_bucket{" + bound_matcher(alert.limit) + "}" + window + ")");
    return "(\n" + at + "    1\n" + at + "  -\n" + at + "    " + within + "\n" + at + "  /\n" + at + "    (" + whole + " > 0)\n" + at + ") > " +
           number_text(alert.share) + "\n" + at + "  and on (" + listed(alert.by) + ")\n" + at + whole + " >= " + number_text(alert.events);
  }
  if (alert.is_share()) {
    const std::string matcher = '{' + alert.share_label + "=~\"" + escaped_alternatives(alert.share_values) + "\"}";
    return ratio(alert, over("sum", alert, "increase(" + name + matcher + window + ")"), over("sum", alert, "increase(" + name + window + ")"));
  }
  if (meter.kind == Kind::Counter) {
    const std::string seconds = alert.per == "hour" ? "3600 * " : alert.per == "minute" ? "60 * " : "";
    return seconds + over("sum", alert, "rate(" + name + window + ")") + compared;
  }
  if (meter.kind == Kind::UpDownCounter) return over("sum", alert, name) + compared;
  return over(alert.below ? "min" : "max", alert, name) + compared;
}

std::string yaml(std::string_view text) {
  std::string made = "'";
  for (const char c : text) made += c == '\'' ? "''" : c == '\n' ? " " : std::string(1, c);
  return made + '\'';
}

}  // namespace

std::string alert_rules(const CatalogueFile& catalogue) {
  const std::string stem = std::filesystem::path(catalogue.file()).stem().string();
  std::string text = "# Made by `tocsin generate rules` from " + std::filesystem::path(catalogue.file()).filename().string() +
                     ": change that file, not this one.\n"
                     "# Its tests are in tests/" + stem + "_test.yml (promtool test rules, tocsin test).\n"
                     "groups:\n  - name: " + stem + "-alerts\n    interval: 30s\n    rules:\n";
  bool first = true;
  for (const MeterAlert& alert : catalogue.alerts()) {
    const DeclaredMeter& meter = catalogue.meters()[alert.meter];
    const std::string made = expression(meter, alert);
    text += std::string(first ? "" : "\n") + "      - alert: " + alert.name + "\n        expr: " +
            (made.find('\n') == std::string::npos ? yaml(made) : "|\n" + std::string(kIndent) + made) + "\n";
    first = false;
    if (alert.for_.count() > 0) text += "        for: " + duration_words(alert.for_) + "\n";
    if (keeps_firing(meter, alert)) text += "        keep_firing_for: " + duration_words(alert.window) + "\n";
    text += "        labels:\n          severity: " + alert.severity + "\n        annotations:\n";
    for (const auto& [name, words] : annotations_of(catalogue, alert)) text += "          " + name + ": " + yaml(words) + "\n";
  }
  return text;
}

}  // namespace tocsin::agent
