// SPDX-License-Identifier: Apache-2.0
// Silence: alerts that all its matchers take are not told until it ends: who wanted it, why, and until when.
//
//   auto silence = Silence::make(matchers, {.id = id, .starts_at = now, .ends_at = now + 2h, .author = "ann"});
//   silence->covers(labels, now);
//
// What was told as firing before a silence began is still told when it ends: a silence never leaves a lie behind.
// Threads: immutable. Costs: its matchers' expressions are shared by text.
#pragma once

#include <string>
#include <vector>

#include "meters/base/clock.h"
#include "meters/base/result.h"
#include "rules/alert_state.h"
#include "rules/promql/matcher.h"

namespace tocsin::rules {

struct SilenceFacts {
  std::string id = {};
  Time starts_at = {}, ends_at = {}, created_at = {};
  std::string author = {}, comment = {};
  bool operator==(const SilenceFacts&) const = default;
};

class Silence {
 public:
  // Errors: Input: no matcher or only such as take the empty text, no author, ends before it starts.
  static Result<Silence> make(std::vector<promql::Matcher> matchers, SilenceFacts facts);

  const SilenceFacts& facts() const noexcept { return facts_; }
  const std::vector<promql::Matcher>& matchers() const noexcept { return matchers_; }
  bool active(Time now) const noexcept { return facts_.starts_at <= now && now < facts_.ends_at; }
  bool takes(const AlertLabels& labels) const;
  bool covers(const AlertLabels& labels, Time now) const { return active(now) && takes(labels); }

 private:
  Silence(std::vector<promql::Matcher> matchers, SilenceFacts facts)
      : facts_(std::move(facts)), matchers_(std::move(matchers)) {}
  SilenceFacts facts_;
  std::vector<promql::Matcher> matchers_;
};

}  // namespace tocsin::rules
