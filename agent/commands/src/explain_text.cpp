// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/src/explain_text.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <utility>
#include <vector>

#include "meters/base/quantity.h"

namespace tocsin::agent {
namespace {

constexpr std::size_t kMostAlerts = 20;
constexpr std::size_t kWidth = 100;  // of a part's text

const std::vector<JsonValue>& items(const JsonValue& value, std::string_view name) {
  static const std::vector<JsonValue> kNone;
  const JsonValue* list = value.find(name);
  return list == nullptr ? kNone : list->items;
}

double number_at(const JsonValue& value, std::string_view name) {
  const JsonValue* found = value.find(name);
  return found == nullptr ? 0 : found->number;
}

std::string duration_at(const JsonValue& value, std::string_view name) {
  return to_text(std::chrono::milliseconds(static_cast<std::int64_t>(number_at(value, name) * 1'000)));
}

std::string labels_text(const JsonValue* labels, std::string_view without = {}) {
  std::string out;
  if (labels == nullptr) return "{}";
  for (const auto& [name, value] : labels->members) {
    if (name == without || name == "__name__") continue;
    out += out.empty() ? "" : ", ";
    out += name + "=\"" + value.text + '"';
  }
  return '{' + out + '}';
}

class Text {
 public:
  explicit Text(bool colour) : colour_(colour) {}

  std::string of(const JsonValue& answer) {
    const JsonValue* data = answer.find("data");
    if (data == nullptr) return {};
    nobody_ = number_at(*data, "receivers") == 0;
    bool first = true;
    for (const JsonValue& rule : items(*data, "rules")) {
      if (!std::exchange(first, false)) out_ += '\n';
      add_rule(rule);
    }
    return std::move(out_);
  }

 private:
  std::string painted(std::string_view state) const {
    const std::string text(state);
    if (!colour_) return text;
    if (state == "firing" || state == "err") return "\033[1;31m" + text + "\033[0m";
    if (state == "pending") return "\033[1;33m" + text + "\033[0m";
    return "\033[1;32m" + text + "\033[0m";
  }

  void line(std::size_t indent, const std::string& text) { out_ += std::string(indent, ' ') + text + '\n'; }

  void add_rule(const JsonValue& rule) {
    const bool alerting = rule.text_at("type") == "alerting";
    const std::string_view state = rule.text_at("health") == "err" ? "err" : alerting ? rule.text_at("state") : rule.text_at("health");
    line(0, std::string(rule.text_at("name")) + ": " + painted(state == "err" ? "err" : state));
    line(2, std::string(rule.text_at("summary")));
    std::string facts = "every " + duration_at(rule, "interval");
    if (number_at(rule, "duration") > 0) facts += ", for " + duration_at(rule, "duration");
    if (number_at(rule, "keepFiringFor") > 0) facts += ", keep_firing_for " + duration_at(rule, "keepFiringFor");
    if (alerting) facts += ", missing data: " + std::string(rule.text_at("onMissingData"));
    line(2, facts + "; group " + std::string(rule.text_at("group")) + " of " + std::string(rule.text_at("file")));
    for (const JsonValue& remark : items(rule, "remarks")) line(2, remark.text);
    line(0, "");
    line(0, "expression at " + std::string(rule.text_at("explainedAt")));
    for (const JsonValue& part : items(rule, "parts")) add_part(part);
    add_alerts(rule);
    add_ended(rule);
  }

  void add_part(const JsonValue& part) {
    const auto depth = static_cast<std::size_t>(number_at(part, "depth"));
    const auto series = static_cast<std::uint64_t>(number_at(part, "series"));
    const auto removed = static_cast<std::uint64_t>(number_at(part, "removed"));
    const JsonValue* scalar = part.find("scalar");
    std::string text(part.text_at("text"));
    if (text.size() > kWidth) text = text.substr(0, kWidth - 3) + "...";
    const auto& samples = items(part, "samples");
    std::string gives = std::to_string(series) + " series";
    if (scalar != nullptr && scalar->boolean && !samples.empty()) gives = "= " + std::string(samples[0].text_at("value"));
    if (part.find("removed") != nullptr) gives = std::to_string(series) + " of " + std::to_string(series + removed) + " series pass";
    if (!part.text_at("error").empty()) gives = "cannot be evaluated: " + std::string(part.text_at("error"));
    const std::size_t indent = 2 + 2 * depth;
    line(indent, text);
    line(indent + 4, "-> " + gives);
    if (scalar != nullptr && scalar->boolean) return;
    // A note that its parts repeat is told where it arises.
    if (part.text_at("kind") == "selector" && !part.text_at("note").empty()) line(indent + 7, std::string(part.text_at("note")));
    for (const JsonValue& sample : samples) line(indent + 7, std::string(sample.text_at("value")) + "  " + labels_text(sample.find("labels")));
    if (samples.size() < series) line(indent + 7, "and " + std::to_string(series - samples.size()) + " more");
  }

  void add_alerts(const JsonValue& rule) {
    const auto& alerts = items(rule, "alerts");
    for (std::size_t i = 0; i < alerts.size(); ++i) {
      if (i == kMostAlerts) {
        line(0, "\nand " + std::to_string(alerts.size() - i) + " more alerts; a matcher such as 'dc=\"east\"' picks some");
        return;
      }
      line(0, "\n" + painted(alerts[i].text_at("state")) + "  " + labels_text(alerts[i].find("labels"), "alertname"));
      line(2, std::string(alerts[i].text_at("summary")));
      add_told(alerts[i], alerts[i].text_at("state") == "firing");
    }
  }

  void add_ended(const JsonValue& rule) {
    const auto& ended = items(rule, "ended");
    for (std::size_t i = 0; i < std::min(ended.size(), kMostAlerts); ++i) {
      line(0, "\n" + painted("ended") + "  " + labels_text(ended[i].find("labels"), "alertname"));
      line(2, std::string(ended[i].text_at("summary")));
      add_told(ended[i], true);
    }
  }

  void add_told(const JsonValue& alert, bool due) {
    for (const JsonValue& silence : items(alert, "silencedBy")) line(2, std::string(silence.text_at("summary")) + " (" + std::string(silence.text_at("id")) + ")");
    for (const JsonValue& told : items(alert, "told")) {
      line(2, std::string(told.text_at("receiver")) + ": " + std::string(told.text_at("summary")));
    }
    if (due && nobody_) line(2, "nobody is told: neither [[alertmanager]] nor [[webhook]] is configured");
  }

  const bool colour_;
  bool nobody_ = false;
  std::string out_;
};

}  // namespace

std::string explain_text(const JsonValue& answer, bool colour) { return Text(colour).of(answer); }

}  // namespace tocsin::agent
