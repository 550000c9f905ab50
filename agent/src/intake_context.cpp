// SPDX-License-Identifier: Apache-2.0
#include "agent/src/intake_context.h"

#include <algorithm>

#include "meters/base/text.h"

namespace tocsin::agent {

namespace {

struct Reason {
  std::string_view reason, words;
};

constexpr std::array<Reason, kRejections> kReasons{{
    {"late", "not newer than the last point of its series"},
    {"ahead", "its time is too far in the future"},
    {"bad_time", "its time is not a time"},
    {"no_name", "the metric has no name, or one that is too long"},
    {"no_value", "it has no value"},
    {"no_temporality", "the metric says neither delta nor cumulative"},
    {"not_finite", "a total or observation that is not a finite number"},
    {"negative", "a monotonic total below zero"},
    {"bad_buckets", "its buckets do not fit together"},
    {"bounds_conflict", "another sender writes this series with other buckets"},
    {"kind_conflict", "the sender has this metric with another kind or unit"},
    {"bad_attributes", "its attributes are not well-formed"},
    {"bad_label_name", "an attribute has no name, or one that is too long"},
    {"invalid_utf8", "a text that is not UTF-8"},
    {"label_too_long", "an attribute's text is too long"},
    {"too_many_labels", "it has too many attributes, or its metric too many different ones"},
    {"too_many_streams", "too many senders write this series"},
    {"too_many_scopes", "the sender has too many scopes, or one that is too long"},
    {"series_limit", "the limit of series in all is reached"},
    {"memory_limit", "the limit of memory for series is reached"},
    {"target_limit", "the limit of senders is reached"},
}};

constexpr std::size_t kShownNameBytes = 100;

}  // namespace

std::string_view reason_of(Rejection rejection) noexcept { return kReasons[static_cast<std::size_t>(rejection)].reason; }
std::string_view words_of(Rejection rejection) noexcept { return kReasons[static_cast<std::size_t>(rejection)].words; }

std::shared_ptr<ConflictLog::Entry> ConflictLog::open(Intake::Conflict conflict) {
  auto entry = std::make_shared<Entry>();
  entry->conflict = std::move(conflict);
  const std::lock_guard lock(mutex_);
  entries_.push_back(entry);
  if (entries_.size() > kKept) entries_.pop_front();
  return entry;
}

std::vector<Intake::Conflict> ConflictLog::list() const {
  std::vector<Intake::Conflict> out;
  const std::lock_guard lock(mutex_);
  for (const auto& entry : entries_) {
    out.push_back(entry->conflict);
    out.back().points = entry->points.load(std::memory_order_relaxed);
    out.back().last = from_unix_ns(entry->last_ns.load(std::memory_order_relaxed));
  }
  return out;
}

void ApplyContext::reject(Rejection rejection, std::uint64_t points, std::string_view detail) {
  const auto index = static_cast<std::size_t>(rejection);
  rejected_ += points;
  counts_[index] += points;
  std::string& example = examples_[index];
  if (!example.empty()) return;
  example = "metric \"";
  example += metric == nullptr ? std::string() : to_utf8(metric->name.substr(0, kShownNameBytes));
  example += "\": ";
  example += words_of(rejection);
  if (!detail.empty()) (example += ": ") += to_utf8(detail.substr(0, 4 * kShownNameBytes));
}

Intake::Outcome ApplyContext::outcome() && {
  Intake::Outcome out;
  out.accepted = accepted;
  for (std::size_t i = 0; i < kRejections; ++i) {
    if (counts_[i] == 0) continue;
    out.rejected.emplace_back(kReasons[i].reason, counts_[i]);
    if (!out.message.empty()) out.message += "; ";
    out.message += std::to_string(counts_[i]);
    out.message += counts_[i] == 1 ? " point rejected, " : " points rejected, the first in ";
    out.message += counts_[i] == 1 ? "in " + examples_[i] : examples_[i];
  }
  return out;
}

}  // namespace tocsin::agent
