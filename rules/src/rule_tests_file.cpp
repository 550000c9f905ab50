// SPDX-License-Identifier: Apache-2.0
#include "rules/src/rule_tests_file.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "meters/base/number.h"
#include "rules/src/yaml_fields.h"

namespace tocsin::rules {
namespace {

using std::chrono::milliseconds;

constexpr double kMostSeconds = 1e11;

bool read_digits(std::string_view& text, std::size_t count, int& into) {
  if (text.size() < count) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + count, into);
  if (error != std::errc{} || end != text.data() + count) return false;
  text.remove_prefix(count);
  return true;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

// RFC 3339: 2024-05-06T07:08:09.123Z, or with an offset of hours and minutes.
std::optional<std::int64_t> rfc3339_ms(std::string_view text) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (!read_digits(text, 4, year) || !take(text, '-') || !read_digits(text, 2, month) || !take(text, '-') ||
      !read_digits(text, 2, day) || !take(text, 'T') || !read_digits(text, 2, hour) || !take(text, ':') ||
      !read_digits(text, 2, minute) || !take(text, ':') || !read_digits(text, 2, second))
    return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  std::int64_t ms = std::chrono::sys_days(date).time_since_epoch().count() * std::int64_t{86'400'000} +
                    ((hour * 60 + minute) * 60 + second) * std::int64_t{1000};
  if (take(text, '.')) {
    std::size_t length = 0;
    while (length < text.size() && text[length] >= '0' && text[length] <= '9') ++length;
    const auto fraction = parse_double("0." + std::string(text.substr(0, length)));
    if (length == 0 || !fraction) return std::nullopt;
    ms += static_cast<std::int64_t>(*fraction * 1000);
    text.remove_prefix(length);
  }
  if (text == "Z") return ms;
  const int sign = text.starts_with('-') ? -1 : 1;
  int hours = 0, minutes = 0;
  if (!(take(text, '+') || take(text, '-')) || !read_digits(text, 2, hours) || !take(text, ':') ||
      !read_digits(text, 2, minutes) || !text.empty())
    return std::nullopt;
  return ms - sign * (hours * 60 + minutes) * std::int64_t{60'000};
}

class Reader {
 public:
  explicit Reader(std::vector<FileFault>& faults) : faults_(faults) {}

  TestFile read(const Yaml& root) {
    TestFile file;
    YamlFields fields(root, "a file of rule tests", faults_);
    for (const YamlPtr& node : fields.list("rule_files"))
      file.rule_files.push_back({text_of(*node, faults_), node->place});
    const milliseconds interval = fields.duration("evaluation_interval").value_or(milliseconds(0));
    if (interval.count() != 0) file.evaluation_interval = interval;
    std::set<std::string> seen;
    for (const YamlPtr& node : fields.list("group_eval_order")) {
      file.group_order.push_back(text_of(*node, faults_));
      if (!seen.insert(file.group_order.back()).second)
        fields.fault(*node, "group name repeated in evaluation order: " + file.group_order.back());
    }
    file.fuzzy_compare = fields.boolean("fuzzy_compare").value_or(false);
    for (const YamlPtr& node : fields.list("tests")) file.groups.push_back(group(*node));
    fields.finish();
    return file;
  }

 private:
  TestGroup group(const Yaml& node) {
    TestGroup group;
    group.place = node.place;
    YamlFields fields(node, "a test group", faults_);
    group.name = fields.text("name");
    group.external_url = fields.text("external_url");
    group.external_labels = fields.texts("external_labels");
    group.interval = fields.duration("interval");
    if (group.interval && group.interval->count() == 0) group.interval.reset();
    start(fields, group);
    for (const YamlPtr& each : fields.list("input_series")) {
      YamlFields series(*each, "an input series", faults_);
      group.input.push_back({series.text("series"), series.text("values"), each->place});
      series.finish();
    }
    for (const YamlPtr& each : fields.list("alert_rule_test")) group.alerts.push_back(alert(*each));
    for (const YamlPtr& each : fields.list("promql_expr_test")) group.expressions.push_back(expression(*each));
    fields.finish();
    return group;
  }

  void start(YamlFields& fields, TestGroup& group) {
    const Yaml* node = fields.find("start_timestamp");
    if (!node) return;
    const std::string text = fields.text("start_timestamp");
    if (const auto seconds = parse_double(text); seconds && std::abs(*seconds) < kMostSeconds)
      group.start_ms = std::llround(*seconds * 1000);
    else if (const auto ms = rfc3339_ms(text)) group.start_ms = *ms;
    else fields.fault(*node, "cannot parse \"" + text + "\" to a valid timestamp");
  }

  AlertCase alert(const Yaml& node) {
    AlertCase test;
    test.place = node.place;
    YamlFields fields(node, "an alert_rule_test", faults_);
    test.at_ms = fields.duration("eval_time").value_or(milliseconds(0)).count();
    test.alert = fields.text("alertname");
    for (const YamlPtr& each : fields.list("exp_alerts")) {
      YamlFields expected(*each, "an exp_alerts", faults_);
      test.expected.push_back({expected.texts("exp_labels"), expected.texts("exp_annotations")});
      expected.finish();
    }
    fields.finish();
    return test;
  }

  ExpressionCase expression(const Yaml& node) {
    ExpressionCase test;
    test.place = node.place;
    YamlFields fields(node, "a promql_expr_test", faults_);
    test.expression = fields.text("expr");
    test.at_ms = fields.duration("eval_time").value_or(milliseconds(0)).count();
    for (const YamlPtr& each : fields.list("exp_samples")) {
      ExpectedSample& sample = test.expected.emplace_back();
      sample.place = each->place;
      YamlFields expected(*each, "an exp_samples", faults_);
      sample.labels = expected.text("labels");
      sample.value = expected.number("value").value_or(0);
      sample.histogram = expected.text("histogram");
      expected.finish();
    }
    fields.finish();
    return test;
  }

  std::vector<FileFault>& faults_;
};

}  // namespace

std::int64_t TestGroup::last_ms() const noexcept {
  std::int64_t last = 0;
  for (const AlertCase& test : alerts) last = std::max(last, test.at_ms);
  for (const ExpressionCase& test : expressions) last = std::max(last, test.at_ms);
  return last;
}

TestFile read_test_file(std::string_view text, std::vector<FileFault>& faults) {
  const YamlDocument document = parse_yaml(text);
  if (document.fault) {
    add_fault(faults, *document.fault);
    return {};
  }
  return document.root ? Reader(faults).read(*document.root) : TestFile{};
}

}  // namespace tocsin::rules
