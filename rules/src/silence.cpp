// SPDX-License-Identifier: Apache-2.0
#include "rules/silence.h"

#include <algorithm>
#include <utility>

namespace tocsin::rules {

Result<Silence> Silence::make(std::vector<promql::Matcher> matchers, SilenceFacts facts) {
  if (matchers.empty()) return Error{Fault::Input, "a silence needs a matcher"};
  // Such a silence would cover alerts that do not even have the label, by mistake all of them.
  if (std::all_of(matchers.begin(), matchers.end(), [](const promql::Matcher& one) { return one.matches(""); })) {
    return Error{Fault::Input, "at least one matcher must not match the empty text"};
  }
  if (facts.author.empty()) return Error{Fault::Input, "a silence needs an author"};
  if (facts.ends_at <= facts.starts_at) return Error{Fault::Input, "a silence must end after it starts"};
  return Silence(std::move(matchers), std::move(facts));
}

bool Silence::takes(const AlertLabels& labels) const {
  return std::all_of(matchers_.begin(), matchers_.end(), [&](const promql::Matcher& matcher) {
    return matcher.matches(label_value(labels, matcher.label()));
  });
}

}  // namespace tocsin::rules
