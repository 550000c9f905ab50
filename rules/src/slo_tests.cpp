// SPDX-License-Identifier: Apache-2.0
// The unit test of an objective's rules. All data is constant, so that each window has the same share of bad events however
// much of it there is.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <set>

#include "rules/slo_rules.h"
#include "rules/src/slo_words.h"

namespace tocsin::rules {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

namespace {

constexpr int kSteps = 10;  // of data, twice the shortest window

class TestsText {
 public:
  TestsText(const Slo& slo, std::string_view rule_file) : slo_(slo) {
    milliseconds shortest = slo.burn[0].short_window;
    double lowest = 1;
    for (const BurnPair& pair : slo.burn) {
      shortest = std::min(shortest, pair.short_window);
      longest_ = std::max(longest_, pair.short_window + slo_keep_firing(pair));
      lowest = std::min(lowest, slo.limit(pair));
    }
    step_ = shortest / 5;
    // So many events a step that a thousandth of the lowest threshold is one.
    events_ = std::pow(10, std::ceil(std::log10(std::max(slo.min_bad_events, 1.0) * 100 / lowest)));
    out_ = "# Made by `tocsin generate slo`.\nrule_files: [" + yaml_quoted(rule_file) + "]\nevaluation_interval: " + slo_window(step_) + "\ntests:\n";
  }

  std::string text() {
    std::set<double> limits;
    for (const BurnPair& pair : slo_.burn) limits.insert(slo_.limit(pair));
    for (auto at = limits.begin(); at != limits.end(); ++at) {
      const double above = std::next(at) == limits.end() ? std::min(1.0, *at * 1.05) : std::min(*std::next(at), *at * 1.05);
      const double bad = std::min(events_, std::ceil(events_ * (*at + (above - *at) / 2))), less = std::floor(events_ * *at * 0.98);
      constant("just above " + slo_number(*at * 100) + "%", bad, expanding(bad), expanding(events_ - bad));
      constant("just below " + slo_number(*at * 100) + "%", less, expanding(less), expanding(events_ - less));
      if (at == limits.begin()) constant("over a loss of the counts", bad, again(bad), again(events_ - bad));
    }
    // In every window, also in the shortest: half of what the floor asks for.
    if (slo_.min_bad_events > 0) quiet("all bad, but too few", expanding(slo_.min_bad_events / 2 / kSteps), "0x" + std::to_string(kSteps + 1));
    quiet("idle", "7x" + std::to_string(kSteps + 1), "1000x" + std::to_string(kSteps + 1));
    name("absent");
    out_ += "    input_series: []\n";
    expect(step_ * kSteps, {});
    over();
    return std::move(out_);
  }

 private:
  static std::string expanding(double more) { return "0+" + slo_number(more) + "x" + std::to_string(kSteps + 1); }
  static std::string again(double more) {
    return "0+" + slo_number(more) + "x" + std::to_string(kSteps / 2) + " 0+" + slo_number(more) + "x" + std::to_string(kSteps / 2);
  }

  void name(std::string_view what) { out_ += "  - name: " + yaml_quoted(what) + "\n    interval: " + slo_window(step_) + "\n"; }
  void series(const std::string& bad, const std::string& good) {
    std::string labels;
    for (const std::string& label : slo_.by) labels += "," + label + "=\"test\"";
    out_ += "    input_series:\n";
    for (const auto& [result, values] : {std::pair("bad", &bad), std::pair("good", &good)})
      out_ += "      - series: " + yaml_quoted("slo_events_total{slo=\"" + slo_.name + "\",result=\"" + result + "\"" + labels + "}") + "\n        values: " + yaml_quoted(*values) + "\n";
  }
  void expect(milliseconds at, const std::vector<const BurnPair*>& pairs, const std::string& value = {}) {
    out_ += "    alert_rule_test:\n      - eval_time: " + slo_window(at) + "\n        alertname: " + std::string(kSloAlert) + "\n";
    out_ += pairs.empty() ? "        exp_alerts: []\n" : "        exp_alerts:\n";
    std::string subject;
    for (std::size_t i = 0; i < slo_.by.size(); ++i) subject += " test";
    for (const BurnPair* pair : pairs) {
      out_ += "          - exp_labels:\n";
      const auto field = [&](const std::string& name, const std::string& text) { out_ += "              " + name + ": " + yaml_quoted(text) + "\n"; };
      for (const auto& [name, text] : slo_alert_labels(slo_, *pair)) field(name, text);
      field("slo", slo_.name);
      for (const std::string& label : slo_.by) field(label, "test");
      out_ += "            exp_annotations:\n";
      for (const auto& [name, text] : slo_annotations(slo_, *pair, subject, value, false)) field(name, text);
    }
  }

  // All pairs below the share fire: none, perhaps.
  void constant(const std::string& what, double bad, const std::string& bad_values, const std::string& good_values) {
    name(what);
    series(bad_values, good_values);
    std::vector<const BurnPair*> firing;
    for (const BurnPair& pair : slo_.burn)
      if (bad / events_ > slo_.limit(pair)) firing.push_back(&pair);
    char value[32];
    std::snprintf(value, sizeof value, "%.4g%%", bad / events_ * 100);  // as humanizePercentage
    expect(step_ * kSteps, firing, value);
  }
  void quiet(const std::string& what, const std::string& bad, const std::string& good) {
    name(what);
    series(bad, good);
    expect(step_ * kSteps, {});
  }
  // The long windows still remember it, the short ones do not.
  void over() {
    const auto steps = static_cast<std::int64_t>(kSteps + longest_ / step_ + 3);
    const std::string rest = std::to_string(steps - kSteps);
    name("over");
    series("0+" + slo_number(events_) + "x" + std::to_string(kSteps) + " " + slo_number(events_ * kSteps) + "x" + rest,
           "0x" + std::to_string(kSteps) + " 0+" + slo_number(events_) + "x" + rest);
    expect(step_ * steps, {});
  }

  const Slo& slo_;
  milliseconds step_{0}, longest_{0};
  double events_ = 0;
  std::string out_;
};

}  // namespace

std::string slo_tests_text(const Slo& slo, std::string_view rule_file) { return TestsText(slo, rule_file).text(); }

}  // namespace tocsin::rules
