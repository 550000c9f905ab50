// SPDX-License-Identifier: Apache-2.0
#include "rules/slo_rules.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "meters/base/number.h"
#include "rules/promql/parse.h"
#include "rules/src/slo_words.h"

namespace tocsin::rules {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

std::string slo_number(double value) {
  std::string out;
  append_double(out, std::round(value * 1e12) / 1e12);
  return out;
}

std::string slo_window(milliseconds window) { return promql::duration_text(window.count()); }

std::string yaml_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out.append(c == '\'' ? 2 : 1, c);
  return out += '\'';
}

// On a ratio, so that one good minute in a bad hour ends nothing.
milliseconds slo_keep_firing(const BurnPair& pair) { return std::min<milliseconds>(pair.short_window, 15min); }

SloTexts slo_alert_labels(const Slo& slo, const BurnPair& pair) {
  const milliseconds gone(static_cast<std::int64_t>(static_cast<double>(slo.period.count()) / pair.rate));
  return {{"burn_rate", slo_number(pair.rate)}, {"exhaustion", spoken(gone)}, {"long", slo_window(pair.long_window)},
          {"severity", pair.severity}, {"short", slo_window(pair.short_window)}};
}

SloTexts slo_annotations(const Slo& slo, const BurnPair& pair, const std::string& subject, const std::string& value, bool templates) {
  const auto at = [&](const std::string& what) {
    return templates ? "{{ with query \"tocsin_links_info\" }}{{ . | sortByLabel \"instance\" | first | label \"" + what + "\" }}{{ end }}" : std::string();
  };
  std::string chosen;  // of the board's variables
  for (const std::string& label : slo.by)
    if (label == "dc" || label == "server_name") chosen += "&var-" + label + "=" + (templates ? "{{ $labels." + label + " | urlquery }}" : "test");
  const std::string allowed = slo_number(slo.allowed() * 100) + "%";
  const std::string gone = slo_alert_labels(slo, pair)[1].second;
  const std::string bad = slo.latency ? "were slower than " + slo_number(slo.threshold) + " (" + slo.total.meter + ")" : "were bad (" + slo.bad.text + ")";
  return {{"summary", slo.name + subject + ": " + value + " of the events in the last " + slo_window(pair.long_window) + " were bad, " + allowed + " is allowed"},
          {"description", value + " of the events" + (subject.empty() ? "" : " of" + subject) + " in the last " + slo_window(pair.long_window) + " " + bad +
                              ", and they still are in the last " + slo_window(pair.short_window) + "; the alert is from " +
                              slo_number(slo.limit(pair) * 100) + "% on. At a burn rate of " + slo_number(pair.rate) + " the budget of " + spoken(slo.period) +
                              " is gone in " + gone + "."},
          {"runbook_url", at("runbooks") + "/runbooks/" + std::string(kSloAlert)},
          {"dashboard_url", at("dashboards") + "/d/tocsin-slo?viewPanel=" + std::string(kBurnRatePanel) + "&var-slo=" + slo.name + chosen + "&from=now-3h&to=now"}};
}

namespace {

class RulesText {
 public:
  RulesText(const Slo& slo, milliseconds tick) : slo_(slo), tick_(tick), groups_("slo") {
    for (const std::string& label : slo.by) groups_ += ", " + label;
  }

  std::string text() {
    line("# " + slo_.name + ": " + slo_number(slo_.target * 100) + "% of the events must be good over " + spoken(slo_.period) + ".");
    if (!slo_.description.empty()) line("# " + one_line(slo_.description));
    line("# Made by `tocsin generate slo`; " + slo_.name + "_test.yml tests it. It reads what the agent counts: slo_events_total.");
    line("groups:");
    for (const BurnPair& pair : slo_.burn) group(pair);
    return std::move(out_);
  }

 private:
  void line(const std::string& text) { out_ += text + '\n'; }
  static std::string one_line(std::string text) {
    std::ranges::replace_if(text, [](char c) { return c == '\n' || c == '\r'; }, ' ');
    return text;
  }

  std::string sum(milliseconds window, bool bad) const {
    return "sum by (" + groups_ + ") (increase(slo_events_total{slo=\"" + slo_.name + "\"" + (bad ? ",result=\"bad\"" : "") + "}[" + slo_window(window) + "]))";
  }
  void ratio(const BurnPair& pair, milliseconds window) {
    line("          (");
    line("              " + sum(window, true));
    line("            /");
    line("              (" + sum(window, false) + " > 0)");
    line("          ) > " + slo_number(slo_.limit(pair)));
  }

  void group(const BurnPair& pair) {
    const milliseconds interval = std::clamp(pair.short_window / 10, std::min<milliseconds>(tick_, 5min), milliseconds(5min));
    line("  - name: tocsin-slo-" + slo_.name + "-" + slo_window(pair.long_window));
    line("    interval: " + slo_window(milliseconds(std::max<std::int64_t>(1, interval.count() / 1000) * 1000)));
    line("    rules:");
    line("      - alert: " + std::string(kSloAlert));
    line("        expr: |");
    ratio(pair, pair.long_window);
    line("            and on (" + groups_ + ")");
    ratio(pair, pair.short_window);
    line("            and on (" + groups_ + ")");
    line("          " + sum(pair.long_window, true) + " >= " + slo_number(slo_.min_bad_events));
    line("        keep_firing_for: " + slo_window(slo_keep_firing(pair)));
    line("        labels:");
    for (const auto& [name, text] : slo_alert_labels(slo_, pair)) line("          " + name + ": " + yaml_quoted(text));
    line("        annotations:");
    std::string subject;
    for (const std::string& label : slo_.by) subject += "{{ with $labels." + label + " }} {{ . }}{{ end }}";
    for (const auto& [name, text] : slo_annotations(slo_, pair, subject, "{{ $value | humanizePercentage }}", true))
      line("          " + name + ": " + yaml_quoted(text));
  }

  const Slo& slo_;
  const milliseconds tick_;
  std::string groups_, out_;
};

}  // namespace

std::string slo_rules_text(const Slo& slo, milliseconds tick) { return RulesText(slo, tick).text(); }

}  // namespace tocsin::rules
