// SPDX-License-Identifier: Apache-2.0
#include "agent/slo/slo_series.h"

#include <bit>
#include <memory>

#include "meters/generated/slo.h"
#include "rules/promql/series_reader.h"

namespace tocsin::agent {

SloSeries::SloSeries(bool recorded) {
  builder_.set_recorded(recorded);
  for (const meters::DeclaredMeter& meter : meters::kSloCatalogue)
    builder_.describe(meter.name, std::make_shared<const meters::Descriptor>(meters::descriptor_of(meter)));
}

void SloSeries::begin() {
  builder_.clear();
  ++round_;
}

void SloSeries::set(const std::string& name, const Labels& labels, std::int64_t time_ms, double value, std::int64_t start_ms) {
  const auto [at, fresh] = known_.try_emplace({name, labels});
  if (fresh) {
    std::vector<rules::BatchBuilder::Label> views(labels.begin(), labels.end());
    at->second.place = builder_.place(name, views);
  }
  at->second.round = round_;
  at->second.ended = false;
  builder_.add(at->second.place, time_ms, value, start_ms);
}

const rules::Batch& SloSeries::end(std::int64_t time_ms) {
  for (auto& [key, known] : known_) {
    if (known.round == round_ || known.ended) continue;
    known.ended = true;
    builder_.add(known.place, time_ms, std::bit_cast<double>(rules::promql::kStaleBits));
  }
  return builder_.batch();
}

}  // namespace tocsin::agent
