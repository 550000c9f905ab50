// SPDX-License-Identifier: Apache-2.0
#include "rules/src/window_exemplars.h"

#include <algorithm>
#include <span>
#include <utility>

#include "rules/src/window_view.h"

namespace tocsin::rules {

namespace {

std::string hexadecimal(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

bool any(std::span<const std::uint8_t> bytes) {
  return std::any_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte != 0; });
}

}  // namespace

WindowExemplar window_exemplar(const meters::Exemplar& from) {
  WindowExemplar exemplar;
  exemplar.time_ms = to_unix_ns(from.time) / 1'000'000;
  exemplar.value = from.value;
  if (any(from.trace_id)) exemplar.labels.emplace_back("trace_id", hexadecimal(from.trace_id));
  if (any(from.span_id)) exemplar.labels.emplace_back("span_id", hexadecimal(from.span_id));
  exemplar.labels.insert(exemplar.labels.end(), from.attributes.begin(), from.attributes.end());
  return exemplar;
}

void ExemplarRing::add(KeptExemplar exemplar) {
  if (most_ == 0) return;
  if (kept_.size() >= most_) kept_.pop_front();
  kept_.push_back(std::make_shared<const KeptExemplar>(std::move(exemplar)));
  shown_.reset();
}

void ExemplarRing::cut_after(std::int64_t last_ms) {
  std::erase_if(kept_, [&](const auto& kept) { return kept->exemplar.time_ms > last_ms; });
  shown_.reset();
}

std::shared_ptr<const KeptExemplars> ExemplarRing::view() {
  if (!shown_) shown_ = std::make_shared<const KeptExemplars>(kept_.begin(), kept_.end());
  return shown_;
}

Result<std::vector<SeriesExemplars>> WindowView::exemplars(std::span<const promql::Matcher> matchers,
                                                           promql::TimeRange range) const {
  // Series that ended are asked too: their exemplars are within the range by their own times.
  const auto rows = select(matchers, {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()});
  if (!rows) return rows.error();
  std::vector<SeriesExemplars> found;
  for (const auto& kept : *state_->exemplars) {
    if (kept->exemplar.time_ms < range.from_ms || kept->exemplar.time_ms > range.to_ms) continue;
    if (!std::binary_search(rows->begin(), rows->end(), kept->row)) continue;
    if (state_->strips[kept->row / kStripSlots]->directory->slots[kept->row & kSlotMask].born_ms != kept->born_ms) continue;
    auto at = std::find_if(found.begin(), found.end(), [&](const SeriesExemplars& of) { return of.row == kept->row; });
    if (at == found.end()) at = found.insert(found.end(), {kept->row, {}});
    const auto same = [&](const WindowExemplar& other) {
      return other.time_ms == kept->exemplar.time_ms && other.value == kept->exemplar.value;
    };
    if (std::none_of(at->exemplars.begin(), at->exemplars.end(), same)) at->exemplars.push_back(kept->exemplar);
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.row < b.row; });
  for (SeriesExemplars& of : found)
    std::stable_sort(of.exemplars.begin(), of.exemplars.end(),
                     [](const auto& a, const auto& b) { return a.time_ms < b.time_ms; });
  return found;
}

const Metadata& WindowView::metadata() const noexcept { return *state_->metadata; }

}  // namespace tocsin::rules
