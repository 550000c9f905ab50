// SPDX-License-Identifier: Apache-2.0
#include "agent/check/seen_series.h"

#include <map>

#include "wire/exposition_parser.h"

namespace tocsin::agent {

using wire::ExpositionType;
using wire::SampleRole;

namespace {

SeriesKind kind_of(ExpositionType type, SampleRole role) {
  switch (role) {
    case SampleRole::Bucket: return SeriesKind::Buckets;
    case SampleRole::Native: return SeriesKind::Native;
    case SampleRole::Total:
    case SampleRole::Count:
    case SampleRole::Sum: return SeriesKind::Counter;
    case SampleRole::Created:
    case SampleRole::Quantile: return SeriesKind::Gauge;
    case SampleRole::Value: break;
  }
  if (type == ExpositionType::Counter) return SeriesKind::Counter;
  return type == ExpositionType::Unknown ? SeriesKind::Unknown : SeriesKind::Gauge;
}

}  // namespace

Result<std::vector<KnownSeries>> series_of_exposition(std::string_view content_type, std::string_view body) {
  const auto format = wire::exposition_format(content_type);
  if (!format) return format.error();
  wire::Exposition scraped;
  if (auto parsed = wire::parse_exposition(*format, body, scraped, {.syntax_only = true}); !parsed) return parsed.error();
  std::map<std::string_view, KnownSeries> by_name;
  for (const wire::ExpositionSample& sample : scraped.samples) {
    KnownSeries& series = by_name[sample.name];
    if (series.name.empty()) {
      series.name = sample.name;
      series.kind = kind_of(scraped.families[sample.family].type, sample.role);
    }
    for (const wire::ExpositionLabel& label : scraped.labels_of(sample)) series.labels.emplace(label.name);
  }
  std::vector<KnownSeries> all;
  for (auto& [name, series] : by_name) all.push_back(std::move(series));
  return all;
}

}  // namespace tocsin::agent
