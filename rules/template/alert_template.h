// SPDX-License-Identifier: Apache-2.0
// AlertTemplate: a label or an annotation of a rule. The alert fires whatever becomes of its words.
//
//   auto words = AlertTemplate::parse("{{ $value | humanize }} on {{ $labels.instance }}", "HighErrorRate");
//   std::string summary = words->expand({labels, external_labels, 0.12}, environment);
//
// A template that fails gives "<error expanding template: ...>", as Prometheus writes it, and is counted.
// Threads: immutable. Costs: a text without {{ is copied; others about 2 us.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "meters/base/result.h"
#include "rules/alert_state.h"
#include "rules/template/template.h"

namespace tocsin::rules::templates {

struct AlertFacts {
  const AlertLabels& labels;  // of the result, without __name__ ... as $labels
  const AlertLabels& external_labels;
  double value = 0;
  std::string value_text = {};  // of a native histogram: then $value is this text
};

class AlertTemplate {
 public:
  // `alert` is the rule's name. Errors: Input, in Go's words, with the line in `text`.
  static Result<AlertTemplate> parse(std::string text, std::string_view alert, Place* place = nullptr);

  std::string expand(const AlertFacts& facts, const Environment& environment, bool* failed = nullptr) const;

  const std::string& text() const noexcept { return text_; }
  // Labels it reads: what an aggregation must not drop.
  std::vector<std::string> labels_used() const;

 private:
  AlertTemplate() = default;
  std::string text_, name_;
  std::optional<Template> parsed_;  // none: plain text
};

}  // namespace tocsin::rules::templates
