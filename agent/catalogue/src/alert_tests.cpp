// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <filesystem>

#include "agent/catalogue/catalogue_file.h"
#include "agent/catalogue/meter_alert.h"
#include "agent/catalogue/src/alert_words.h"
#include "rules/template/alert_template.h"

namespace tocsin::agent {

using meters::DeclaredLabel;
using meters::DeclaredMeter;
using meters::Kind;

namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;
using std::chrono::seconds;

constexpr seconds kStep{30};

std::string yaml(std::string_view text) {
  std::string made = "'";
  for (const char c : text) made += c == '\'' ? "''" : std::string(1, c);
  return made + '\'';
}

std::string escaped(std::string_view text) {
  std::string made;
  for (const char c : text) made += c == '"' || c == '\\' ? std::string{'\\', c} : std::string(1, c);
  return made;
}

struct Series {
  std::string name;
  Labels labels;
  std::string values;
};

// The tests of one alert.
class AlertTests {
 public:
  AlertTests(const CatalogueFile& catalogue, const MeterAlert& alert)
      : catalogue_(catalogue), alert_(alert), meter_(catalogue.meters()[alert.meter]),
        name_(meters::prometheus_name(meter_.name, meter_.unit, meter_.kind)),
        steps_((alert.for_ + alert.window + std::chrono::minutes(15)) / kStep) {}

  std::string write() {
    if (judged()) {
      ratios();
    } else if (meter_.kind == Kind::Counter) {
      growths();
    } else {
      values();
    }
    add("nothing there", {{"up", {{"job", "x"}}, "1x" + std::to_string(steps_)}}, std::nullopt);
    return std::move(text_);
  }

 private:
  bool judged() const { return alert_.is_share() || meter_.kind == Kind::Histogram; }

  // A value of each label; of a share's label the one that is given.
  Labels labels(const std::string& share_value = {}) const {
    Labels made;
    for (const DeclaredLabel& label : meter_.labels) {
      const std::string name = meters::prometheus_label_name(label.name);
      std::string value = label.closed() ? std::string(label.values.front()) : "a";
      if (!share_value.empty() && name == alert_.share_label) value = share_value;
      made.emplace_back(name, std::move(value));
    }
    return made;
  }
  // One of the share's label that is not counted; empty where all are.
  std::string other_value() const {
    for (const DeclaredLabel& label : meter_.labels) {
      if (meters::prometheus_label_name(label.name) != alert_.share_label) continue;
      if (!label.closed()) return "other";
      for (const std::string_view value : label.values)
        if (std::find(alert_.share_values.begin(), alert_.share_values.end(), value) == alert_.share_values.end()) return std::string(value);
    }
    return {};
  }

  std::string steadily(double each) const { return "0+" + number_text(each) + 'x' + std::to_string(steps_); }
  seconds judged_at() const { return alert_.for_ + alert_.window + std::chrono::minutes(10); }
  // A counter that stood high and begins anew in the middle of the window that is looked at.
  std::string anew(double each) const {
    const auto before = (judged_at() - alert_.window / 2) / kStep;
    return "100000+" + number_text(each) + 'x' + std::to_string(before) + " 0+" + number_text(each) + 'x' + std::to_string(steps_ - before);
  }

  // The series of `all` events a step, of which `bad` are what is counted.
  std::vector<Series> events(double all, double bad, bool restarted = false) const {
    const auto notation = [&](double each) { return restarted ? anew(each) : steadily(each); };
    if (meter_.kind != Kind::Histogram) {
      std::vector<Series> made{{name_, labels(alert_.share_values.front()), notation(bad)}};
      if (const std::string other = other_value(); !other.empty()) made.push_back({name_, labels(other), notation(all - bad)});
      return made;
    }
    Labels bucket = labels();
    bucket.emplace_back("le", bound_spellings(alert_.limit).front());
    return {{name_ + "_bucket", bucket, notation(all - bad)}, {name_ + "_count", labels(), notation(all)}};
  }

  void ratios() {
    const double limit = meter_.kind == Kind::Histogram ? alert_.share : alert_.limit, window = static_cast<double>(alert_.window / kStep);
    const double enough = std::ceil(std::max(100.0, 4 * alert_.events / window)), few = alert_.events / (4 * window);
    const double fires = alert_.below ? limit / 2 : std::min(1.0, limit + std::min(limit, (1 - limit) / 2) + (limit == 0 ? 0.5 : 0));
    const double silent = alert_.below ? limit + (1 - limit) / 2 : limit * 0.9;
    if (!other_value().empty() || meter_.kind == Kind::Histogram) {
      add("fires", events(enough, enough * fires), fires);
      add(alert_.below ? "above its limit" : "below its limit", events(enough, enough * silent), std::nullopt);
      add("a counter that begins anew", events(enough, enough * silent, true), std::nullopt);
    }
    add("too few to judge", events(few, alert_.below ? 0 : few), std::nullopt);
  }

  void growths() {
    const double in_seconds = alert_.per == "hour" ? 3600 : alert_.per == "minute" ? 60 : 1, step = static_cast<double>(kStep.count());
    const auto each = [&](double rate) { return rate / in_seconds * step; };
    const double fires = alert_.below ? alert_.limit / 2 : alert_.limit == 0 ? in_seconds : alert_.limit * 2;
    const double silent = alert_.below ? alert_.limit * 1.5 : alert_.limit * 0.9;
    add("fires", {{name_, labels(), steadily(each(fires))}}, fires);
    add(alert_.below ? "above its limit" : "below its limit", {{name_, labels(), steadily(each(silent))}}, std::nullopt);
    add("a counter that begins anew", {{name_, labels(), anew(each(silent))}}, std::nullopt);
  }

  void values() {
    const double away = alert_.limit == 0 ? 1 : std::abs(alert_.limit) / 2, fires = alert_.limit + (alert_.below ? -away : away);
    const auto constant = [&](double value) { return number_text(value) + 'x' + std::to_string(steps_); };
    add("fires", {{name_, labels(), constant(fires)}}, fires);
    add("at its limit", {{name_, labels(), constant(alert_.limit)}}, std::nullopt);
  }

  void add(std::string_view what, const std::vector<Series>& series, std::optional<double> fires) {
    text_ += "\n  - name: " + yaml(alert_.name + ": " + std::string(what)) + "\n    interval: " + duration_words(kStep) + "\n    input_series:\n";
    for (const Series& one : series) {
      std::string selector = one.name;
      for (std::size_t i = 0; i < one.labels.size(); ++i)
        selector += (i == 0 ? "{" : ",") + one.labels[i].first + "=\"" + escaped(one.labels[i].second) + '"';
      if (!one.labels.empty()) selector += '}';
      text_ += "      - series: " + yaml(selector) + "\n        values: " + yaml(one.values) + "\n";
    }
    text_ += "    alert_rule_test:\n";
    if (fires && alert_.for_ >= std::chrono::minutes(2)) expect(alert_.for_ / 2, std::nullopt);
    expect(judged_at(), fires);
  }

  void expect(seconds at, std::optional<double> fires) {
    text_ += "      - eval_time: " + duration_words(std::chrono::duration_cast<seconds>(at)) + "\n        alertname: " + alert_.name + "\n";
    if (!fires) {
      text_ += "        exp_alerts: []\n";
      return;
    }
    Labels kept;
    for (const auto& [name, value] : labels())
      if (std::find(alert_.by.begin(), alert_.by.end(), name) != alert_.by.end()) kept.emplace_back(name, value);
    text_ += "        exp_alerts:\n          - exp_labels: {severity: " + alert_.severity;
    for (const auto& [name, value] : kept) text_ += ", " + name + ": " + yaml(value);
    text_ += "}\n            exp_annotations:\n";
    for (const auto& [name, words] : annotations_of(catalogue_, alert_))
      text_ += "              " + name + ": " + yaml(expanded(words, kept, *fires)) + "\n";
  }

  std::string expanded(const std::string& words, const Labels& kept, double value) const {
    const auto parsed = rules::templates::AlertTemplate::parse(words, alert_.name);
    if (!parsed) return words;  // the rule file's check tells it
    return parsed->expand({kept, {}, value}, {});
  }

  const CatalogueFile& catalogue_;
  const MeterAlert& alert_;
  const DeclaredMeter& meter_;
  const std::string name_;
  const std::int64_t steps_;
  std::string text_;
};

}  // namespace

std::string alert_tests(const CatalogueFile& catalogue, std::string_view rules_path) {
  std::string text = "# Made by `tocsin generate rules` from " + std::filesystem::path(catalogue.file()).filename().string() +
                     ": change that file, not this one.\nrule_files:\n  - " + std::string(rules_path) +
                     "\n\nevaluation_interval: 30s\n\ntests:";
  for (const MeterAlert& alert : catalogue.alerts()) text += AlertTests(catalogue, alert).write();
  return text;
}

}  // namespace tocsin::agent
