// SPDX-License-Identifier: Apache-2.0
#include "rules/template/alert_template.h"

#include <utility>

namespace tocsin::rules::templates {
namespace {

// Prometheus writes these before every template, so the columns in its errors count them.
constexpr std::string_view kPrefix =
    "{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}{{$externalURL := .ExternalURL}}{{$value := .Value}}";
constexpr std::string_view kType =
    "struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; Value interface {} }";

std::string failure(const std::string& message) { return "<error expanding template: " + message + ">"; }

}  // namespace

Result<AlertTemplate> AlertTemplate::parse(std::string text, std::string_view alert, Place* place) {
  AlertTemplate made;
  made.text_ = std::move(text);
  made.name_ = "__alert_" + std::string(alert);
  if (made.text_.find("{{") == std::string::npos) return made;
  auto parsed = Template::parse(made.text_, {.name = made.name_, .prefix = std::string(kPrefix)}, place);
  if (!parsed) return Error{parsed.error()};
  made.parsed_ = *std::move(parsed);
  return made;
}

std::string AlertTemplate::expand(const AlertFacts& facts, const Environment& environment, bool* failed) const {
  if (failed != nullptr) *failed = false;
  if (!parsed_) return text_;
  const Value data = Value::structure(
      std::string(kType), {{"Labels", Value::texts(facts.labels)},
                           {"ExternalLabels", Value::texts(facts.external_labels)},
                           {"ExternalURL", Value(environment.external_url)},
                           {"Value", facts.value_text.empty() ? Value(facts.value) : Value(facts.value_text)}});
  auto text = parsed_->execute(data, environment);
  if (text) return *std::move(text);
  if (failed != nullptr) *failed = true;
  return failure("error executing template " + name_ + ": " + text.error().message);
}

std::vector<std::string> AlertTemplate::labels_used() const {
  return parsed_ ? parsed_->labels_used() : std::vector<std::string>();
}

}  // namespace tocsin::rules::templates
