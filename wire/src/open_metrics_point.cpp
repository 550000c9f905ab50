// SPDX-License-Identifier: Apache-2.0
#include "wire/src/open_metrics_point.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace tocsin::wire {
namespace {

bool counts(SampleRole role) noexcept {
  return role == SampleRole::Total || role == SampleRole::Bucket || role == SampleRole::Count;
}

std::uint64_t mix(std::uint64_t x) noexcept {
  x = (x ^ (x >> 32)) * 0xD6E8FEB86659FD93U;
  x = (x ^ (x >> 32)) * 0xD6E8FEB86659FD93U;
  return x ^ (x >> 32);
}

}  // namespace

std::string OpenMetricsPoint::add(ExpositionType type, const ExpositionSample& sample) {
  const double value = sample.value;
  const SampleRole role = sample.role;
  any_ = true;
  if (type == ExpositionType::StateSet && value != 0 && value != 1) return "a state is 0 or 1";
  if (type == ExpositionType::Info && value != 1) return "the value of an info is 1";
  if (role == SampleRole::Quantile && value < 0) return "a quantile's value cannot be negative";
  if ((counts(role) || role == SampleRole::Sum) && std::isnan(value)) return "a count, sum or total cannot be NaN";
  if (counts(role) && value < 0) return "a count or total cannot be negative";
  if ((role == SampleRole::Bucket || role == SampleRole::Count) && !(std::floor(value) == value && std::isfinite(value)))
    return "a count must be a whole number";
  if (role == SampleRole::Sum && type != ExpositionType::GaugeHistogram && value < 0)
    return "the sum of a histogram or summary cannot be negative";
  if (role == SampleRole::Created && !std::isfinite(value)) return "the time of creation must be a finite number";
  switch (role) {
    case SampleRole::Total: has_total_ = true; break;
    case SampleRole::Created: has_created_ = true; break;
    case SampleRole::Count: has_count_ = true, count_ = value; break;
    case SampleRole::Sum: has_sum_ = true, sum_ = value; break;
    case SampleRole::Bucket: return add_bucket(sample);
    case SampleRole::Value:
    case SampleRole::Quantile:
    case SampleRole::Native: break;
  }
  return {};
}

std::string OpenMetricsPoint::add_bucket(const ExpositionSample& sample) {
  if (has_bucket_ && sample.bound <= last_bound_) return "buckets are not in the order of their bounds";
  if (has_bucket_ && sample.value < last_count_) return "a bucket counts less than the one before it, which it includes";
  has_bucket_ = true;
  last_bound_ = sample.bound;
  last_count_ = sample.value;
  if (sample.bound < 0) negative_bucket_ = true;
  return {};
}

std::string OpenMetricsPoint::finish(ExpositionType type) const {
  if (!any_) return {};
  if (type == ExpositionType::Counter && !has_total_) return "a counter has no _total";
  if (type != ExpositionType::Histogram && type != ExpositionType::GaugeHistogram) return {};
  if (!has_bucket_ || !(std::isinf(last_bound_) && last_bound_ > 0)) return "a histogram has no +Inf bucket";
  if (has_count_ && count_ != last_count_) return "a histogram's count is not its +Inf bucket";
  if (has_sum_ != has_count_) return has_sum_ ? "a histogram has a sum but no count" : "a histogram has a count but no sum";
  if (type == ExpositionType::Histogram && negative_bucket_ && has_sum_)
    return "a histogram with buckets below zero cannot have a sum";
  if (type == ExpositionType::GaugeHistogram && !negative_bucket_ && has_sum_ && sum_ < 0)
    return "a gauge histogram's sum is negative, but it has no bucket below zero";
  return {};
}

std::uint64_t hash_label(const ExpositionLabel& label) noexcept {
  const std::hash<std::string_view> hash;
  return mix(mix(hash(label.name)) + hash(label.text));
}

bool SeenHashes::insert(std::uint64_t hash) {
  if (hash == 0) return !std::exchange(zero_, true);
  if ((used_ + 1) * 2 > slots_.size()) {
    std::vector<std::uint64_t> old(std::max<std::size_t>(64, slots_.size() * 2));
    old.swap(slots_);
    used_ = 0;
    for (const std::uint64_t kept : old)
      if (kept != 0) insert(kept);
  }
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = mix(hash) & mask;; at = (at + 1) & mask) {
    if (slots_[at] == hash) return false;
    if (slots_[at] != 0) continue;
    slots_[at] = hash;
    ++used_;
    return true;
  }
}

void SeenHashes::clear() {
  zero_ = false;
  if (used_ == 0) return;
  // A set that one huge family needed is not wiped for each small one after it.
  if (slots_.size() > 4'096) slots_.clear();
  std::fill(slots_.begin(), slots_.end(), 0);
  used_ = 0;
}

}  // namespace tocsin::wire
