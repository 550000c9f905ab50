// SPDX-License-Identifier: Apache-2.0
#include "rules/promql/memory_series.h"

#include <algorithm>
#include <bit>

#include "rules/promql/histogram_math.h"

namespace tocsin::rules::promql {
namespace {

// What matchers said of a label value, remembered: values repeat from series to series.
class Memo {
 public:
  Memo(const Matcher& matcher, const MemorySeries& series)
      : matcher_(matcher), series_(series), name_(series.symbol(matcher.label())) {}

  bool takes(std::span<const LabelId> labels) {
    Symbol value = kEmptySymbol;
    for (const LabelId& label : labels)
      if (label.name == name_) value = label.value;
    const auto [found, fresh] = known_.try_emplace(value, false);
    if (fresh) found->second = matcher_.matches(series_.text(value));
    return found->second;
  }

 private:
  const Matcher& matcher_;
  const MemorySeries& series_;
  Symbol name_;
  std::unordered_map<Symbol, bool> known_;
};

bool same_bits(double a, double b) { return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b); }

}  // namespace

MemorySeries::MemorySeries() { intern(""); }

Symbol MemorySeries::intern(std::string_view text) {
  if (const auto found = symbols_.find(text); found != symbols_.end()) return found->second;
  const auto symbol = static_cast<Symbol>(texts_.size());
  symbols_.emplace(texts_.emplace_back(text), symbol);
  return symbol;
}

Symbol MemorySeries::symbol(std::string_view text) const noexcept {
  const auto found = symbols_.find(text);
  return found == symbols_.end() ? kNoSymbol : found->second;
}

SeriesRow MemorySeries::add(const LabelTexts& labels) {
  std::map<std::string_view, std::string_view> sorted;
  for (const auto& [name, value] : labels) sorted[name] = value;
  std::vector<std::pair<Symbol, Symbol>> key;
  Row row;
  for (const auto& [name, value] : sorted) {
    if (value.empty()) continue;
    row.labels.push_back({intern(name), intern(value)});
    key.emplace_back(row.labels.back().name, row.labels.back().value);
  }
  const auto [found, fresh] = by_labels_.try_emplace(std::move(key), static_cast<SeriesRow>(rows_.size()));
  if (fresh) rows_.push_back(std::move(row));
  return found->second;
}

Result<bool> MemorySeries::admit(const Row& row, std::int64_t time_ms, double value,
                                 const FloatHistogram* histogram) const {
  if (row.times.empty() || time_ms > row.times.back()) return true;
  if (time_ms < row.times.back()) return Error{Fault::Input, "out of order sample"};
  const HistogramPtr last = row.histograms.empty() ? nullptr : row.histograms.back();
  const bool same = histogram ? last && same_data(*last, *histogram) : !last && same_bits(row.values.back(), value);
  if (!same) return Error{Fault::Input, "duplicate sample for timestamp"};
  return false;
}

Result<void> MemorySeries::append(SeriesRow row, std::int64_t time_ms, double value) {
  Row& into = rows_[row];
  const auto fresh = admit(into, time_ms, value, nullptr);
  if (!fresh) return fresh.error();
  if (!*fresh) return {};
  into.times.push_back(time_ms);
  into.values.push_back(value);
  if (!into.histograms.empty()) into.histograms.emplace_back();
  return {};
}

Result<void> MemorySeries::append(SeriesRow row, std::int64_t time_ms, const FloatHistogram& histogram) {
  if (is_stale(histogram.sum)) return append(row, time_ms, histogram.sum);
  Row& into = rows_[row];
  const auto fresh = admit(into, time_ms, 0, &histogram);
  if (!fresh) return fresh.error();
  if (!*fresh) return {};
  into.histograms.resize(into.times.size());
  auto stored = std::make_shared<FloatHistogram>(histogram);
  if (stored->hint != CounterResetHint::Gauge) {
    const FloatHistogram* last = into.histograms.empty() ? nullptr : into.histograms.back().get();
    const bool follows = last && last->hint != CounterResetHint::Gauge && continues(*stored, *last);
    stored->hint = follows ? CounterResetHint::NotReset : CounterResetHint::Unknown;
  }
  into.times.push_back(time_ms);
  into.values.push_back(0);
  into.histograms.push_back(std::move(stored));
  return {};
}

Result<std::vector<SeriesRow>> MemorySeries::select(std::span<const Matcher> matchers, TimeRange range) const {
  std::vector<Memo> memos;
  memos.reserve(matchers.size());
  for (const Matcher& matcher : matchers) memos.emplace_back(matcher, *this);
  std::vector<SeriesRow> taken;
  for (SeriesRow row = 0; row < rows_.size(); ++row) {
    const Row& series = rows_[row];
    if (series.times.empty() || series.times.front() > range.to_ms || series.times.back() < range.from_ms) continue;
    if (std::all_of(memos.begin(), memos.end(), [&](Memo& memo) { return memo.takes(series.labels); }))
      taken.push_back(row);
  }
  return taken;
}

Result<void> MemorySeries::read(std::span<const SeriesRow> rows, TimeRange range, Block& into) const {
  into.clear();
  for (const SeriesRow row : rows) {
    const Row& series = rows_[row];
    const auto from = std::lower_bound(series.times.begin(), series.times.end(), range.from_ms) - series.times.begin();
    const auto to = std::upper_bound(series.times.begin(), series.times.end(), range.to_ms) - series.times.begin();
    if (from < to) {
      if (!series.histograms.empty()) {
        into.histograms.resize(into.time_ms.size());
        into.histograms.insert(into.histograms.end(), series.histograms.begin() + from, series.histograms.begin() + to);
      }
      into.time_ms.insert(into.time_ms.end(), series.times.begin() + from, series.times.begin() + to);
      into.values.insert(into.values.end(), series.values.begin() + from, series.values.begin() + to);
      if (!into.histograms.empty()) into.histograms.resize(into.time_ms.size());
    }
    into.ends.push_back(static_cast<std::uint32_t>(into.time_ms.size()));
  }
  return {};
}

}  // namespace tocsin::rules::promql
