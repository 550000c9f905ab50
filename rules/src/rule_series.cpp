// SPDX-License-Identifier: Apache-2.0
#include "rules/src/rule_series.h"

#include <bit>
#include <cstring>
#include <utility>

#include "rules/promql/series_reader.h"

namespace tocsin::rules {
namespace {

constexpr std::size_t kSpare = 1'000;  // places of ended series that are kept before the builder begins anew

void append_sized(std::string& out, std::string_view text) {
  const auto size = static_cast<std::uint32_t>(text.size());
  char bytes[sizeof size];
  std::memcpy(bytes, &size, sizeof size);
  out.append(bytes, sizeof size).append(text);
}

std::string_view take_sized(std::string_view& text) {
  std::uint32_t size = 0;
  std::memcpy(&size, text.data(), sizeof size);
  const std::string_view taken = text.substr(sizeof size, size);
  text.remove_prefix(sizeof size + size);
  return taken;
}

}  // namespace

void RuleSeries::begin(bool recorded, bool internal) {
  if (places_ > 2 * series_.size() + kSpare) renew();
  builder_.clear();
  builder_.set_recorded(recorded, internal);
  ++evaluation_;
}

// Churn leaves places behind; now and then only the live ones are taken over.
void RuleSeries::renew() {
  builder_ = BatchBuilder();
  std::vector<Label> labels;
  for (auto& [key, series] : series_) {
    std::string_view rest = key;
    const std::string_view name = take_sized(rest);
    labels.clear();
    while (!rest.empty()) {
      const std::string_view label = take_sized(rest);
      labels.emplace_back(label, take_sized(rest));
    }
    series.place = builder_.place(name, labels);
  }
  places_ = series_.size();
}

BatchBuilder::Place RuleSeries::place(std::string_view name, std::span<const Label> labels) {
  key_.clear();
  append_sized(key_, name);
  for (const auto& [label, value] : labels) append_sized(key_, label), append_sized(key_, value);
  auto [found, fresh] = series_.try_emplace(key_);
  if (fresh) {
    found->second.place = builder_.place(name, labels);
    ++places_;
  }
  found->second.seen = evaluation_;
  return found->second.place;
}

void RuleSeries::add(std::string_view name, std::span<const Label> labels, std::int64_t time_ms, double value) {
  builder_.add(place(name, labels), time_ms, value);
}

void RuleSeries::add(std::string_view name, std::span<const Label> labels, std::int64_t time_ms,
                     promql::HistogramPtr histogram) {
  builder_.add(place(name, labels), time_ms, std::move(histogram));
}

const Batch& RuleSeries::finish(std::int64_t time_ms) {
  std::erase_if(series_, [&](const auto& entry) {
    if (entry.second.seen == evaluation_) return false;
    builder_.add(entry.second.place, time_ms, std::bit_cast<double>(promql::kStaleBits));
    return true;
  });
  return builder_.batch();
}

const Batch& RuleSeries::end_all(std::int64_t time_ms) {
  begin();
  return finish(time_ms);
}

}  // namespace tocsin::rules
