// SPDX-License-Identifier: Apache-2.0
#include "wire/src/exposition_roles.h"

#include <array>

namespace tocsin::wire {
namespace {

constexpr std::array<std::string_view, 8> kTypes = {"unknown",        "counter", "gauge", "histogram",
                                                    "gaugehistogram", "summary", "info",  "stateset"};

constexpr RoleSuffix kPlain[] = {{"", SampleRole::Value}};
constexpr RoleSuffix kOpenCounter[] = {{"_total", SampleRole::Total}, {"_created", SampleRole::Created}};
constexpr RoleSuffix kTextCounter[] = {{"", SampleRole::Total}};
constexpr RoleSuffix kHistogram[] = {{"_bucket", SampleRole::Bucket}, {"_count", SampleRole::Count},
                                     {"_sum", SampleRole::Sum},       {"_created", SampleRole::Created}};
constexpr RoleSuffix kTextHistogram[] = {
    {"_bucket", SampleRole::Bucket}, {"_count", SampleRole::Count}, {"_sum", SampleRole::Sum}};
constexpr RoleSuffix kGaugeHistogram[] = {
    {"_bucket", SampleRole::Bucket}, {"_gcount", SampleRole::Count}, {"_gsum", SampleRole::Sum}};
constexpr RoleSuffix kSummary[] = {{"", SampleRole::Quantile},
                                   {"_count", SampleRole::Count},
                                   {"_sum", SampleRole::Sum},
                                   {"_created", SampleRole::Created}};
constexpr RoleSuffix kTextSummary[] = {
    {"", SampleRole::Quantile}, {"_count", SampleRole::Count}, {"_sum", SampleRole::Sum}};
constexpr RoleSuffix kInfo[] = {{"_info", SampleRole::Value}};

}  // namespace

std::string_view to_text(ExpositionType type) noexcept { return kTypes[static_cast<std::size_t>(type)]; }

std::optional<ExpositionType> open_metrics_type(std::string_view word) noexcept {
  for (std::size_t i = 0; i < kTypes.size(); ++i)
    if (kTypes[i] == word) return static_cast<ExpositionType>(i);
  return std::nullopt;
}

std::optional<ExpositionType> text_type(std::string_view word) noexcept {
  if (word == "untyped") return ExpositionType::Unknown;
  return open_metrics_type(word);
}

std::span<const RoleSuffix> open_metrics_suffixes(ExpositionType type) noexcept {
  switch (type) {
    case ExpositionType::Counter: return kOpenCounter;
    case ExpositionType::Histogram: return kHistogram;
    case ExpositionType::GaugeHistogram: return kGaugeHistogram;
    case ExpositionType::Summary: return kSummary;
    case ExpositionType::Info: return kInfo;
    case ExpositionType::Unknown:
    case ExpositionType::Gauge:
    case ExpositionType::StateSet: break;
  }
  return kPlain;
}

std::span<const RoleSuffix> text_suffixes(ExpositionType type) noexcept {
  switch (type) {
    case ExpositionType::Counter: return kTextCounter;
    case ExpositionType::Histogram: return kTextHistogram;
    case ExpositionType::GaugeHistogram: return kGaugeHistogram;
    case ExpositionType::Summary: return kTextSummary;
    case ExpositionType::Unknown:
    case ExpositionType::Gauge:
    case ExpositionType::Info:
    case ExpositionType::StateSet: break;
  }
  return kPlain;
}

std::optional<SampleRole> role_of(std::string_view sample, std::string_view family,
                                  std::span<const RoleSuffix> suffixes) noexcept {
  if (!sample.starts_with(family)) return std::nullopt;
  sample.remove_prefix(family.size());
  for (const RoleSuffix& known : suffixes)
    if (known.suffix == sample) return known.role;
  return std::nullopt;
}

std::string_view bound_label(SampleRole role) noexcept {
  return role == SampleRole::Bucket ? "le" : role == SampleRole::Quantile ? "quantile" : "";
}

ExpositionLabel* find_label(Exposition& in, const ExpositionSample& sample, std::string_view name) noexcept {
  for (std::uint32_t i = sample.first_label; i < sample.first_label + sample.labels; ++i)
    if (in.labels[i].name == name) return &in.labels[i];
  return nullptr;
}

}  // namespace tocsin::wire
