// SPDX-License-Identifier: Apache-2.0
#include "rules/alert_state.h"

#include <algorithm>
#include <cstdio>

namespace tocsin::rules {
namespace {

constexpr std::uint64_t kOffset = 14695981039346656037U, kPrime = 1099511628211U;

std::uint64_t add(std::uint64_t sum, std::string_view text) noexcept {
  for (const char c : text) sum = (sum ^ static_cast<unsigned char>(c)) * kPrime;
  return (sum ^ 0xffU) * kPrime;
}

}  // namespace

std::string_view to_text(AlertPhase phase) noexcept {
  switch (phase) {
    case AlertPhase::Pending: return "pending";
    case AlertPhase::Firing: return "firing";
    case AlertPhase::Resolved: return "inactive";
  }
  return "inactive";
}

std::uint64_t fingerprint(const AlertLabels& labels) noexcept {
  std::uint64_t sum = kOffset;
  for (const auto& [name, value] : labels) sum = add(add(sum, name), value);
  return sum;
}

std::string fingerprint_text(std::uint64_t fingerprint) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(fingerprint));
  return text;
}

std::string_view label_value(const AlertLabels& labels, std::string_view name) noexcept {
  const auto found = std::find_if(labels.begin(), labels.end(), [&](const auto& label) { return label.first == name; });
  return found == labels.end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace tocsin::rules
