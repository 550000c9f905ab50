// SPDX-License-Identifier: Apache-2.0
#include "rules/src/missing_data.h"

#include <algorithm>

namespace tocsin::rules {
namespace {

constexpr std::size_t kMostContributors = 20'000;  // an alert made of more is taken for one whose condition is over
constexpr std::int64_t kSlackMs = 1'000;

struct Finding {
  bool contributed = false, ended = false, too_few = false;
};

// One series' samples, from well before the alert was last there until now (both as the selector sees them).
Finding judge(std::span<const std::int64_t> times, std::span<const double> values, const SelectorUse& use,
              const GoneContext& context) {
  Finding out;
  const std::int64_t now = context.now_ms - use.newest_ms, then = context.last_present_ms - use.newest_ms;
  const std::int64_t span = use.range_ms > 0 ? use.range_ms : context.lookback_ms;
  std::int64_t newest = 0, before = 0, usual = 0;
  std::size_t inside = 0, inside_then = 0;
  bool stale = false;
  for (std::size_t i = 0; i < times.size(); ++i) {
    stale = promql::is_stale(values[i]);
    if (stale) continue;
    if (times[i] > then - span && times[i] <= then) ++inside_then;
    if (times[i] > now - span) ++inside;
    before = newest;
    newest = times[i];
    if (before != 0) usual = usual == 0 ? newest - before : std::min(usual, newest - before);
  }
  const std::size_t needed = use.range_ms > 0 ? 2 : 1;
  out.contributed = inside_then > 0;
  out.too_few = inside < needed;
  const bool ran_out = out.too_few && inside_then >= needed;
  out.ended = stale || ran_out || (usual > 0 && now - newest > usual * 5 / 2 + kSlackMs);
  return out;
}

}  // namespace

bool agrees(const promql::SeriesReader& reader, promql::SeriesRow row, const AlertLabels& alert) {
  return std::ranges::all_of(reader.labels(row), [&](const promql::LabelId& label) {
    const std::string_view name = reader.text(label.name);
    if (name == "__name__") return true;
    const std::string_view wanted = label_value(alert, name);
    return wanted.empty() || wanted == reader.text(label.value);
  });
}

namespace {

// The very series that the alert was of: nothing was aggregated away.
bool is_itself(const promql::SeriesReader& reader, promql::SeriesRow row, const AlertLabels& alert) {
  return std::ranges::all_of(reader.labels(row), [&](const promql::LabelId& label) {
    const std::string_view name = reader.text(label.name);
    return name == "__name__" || label_value(alert, name) == reader.text(label.value);
  });
}

}  // namespace

Sight why_gone(std::span<const SelectorUse> uses, const AlertLabels& alert, const GoneContext& context) {
  bool ended = false, too_few = false, contributed = false, blind = false;
  promql::Block block;
  for (const SelectorUse& use : uses) {
    if (use.fixed) continue;
    const std::int64_t from = context.last_present_ms - use.oldest_ms - context.lookback_ms;
    const promql::TimeRange range{from, context.now_ms - use.newest_ms};
    auto rows = context.reader->select(use.selector->matchers, range);
    if (!rows) continue;
    std::erase_if(*rows, [&](promql::SeriesRow row) { return !agrees(*context.reader, row, alert); });
    blind = blind || rows->empty();
    if (rows->empty() || rows->size() > kMostContributors || !context.reader->read(*rows, range, block)) continue;
    bool enough = false;
    std::size_t begin = 0, at = 0;
    for (const std::uint32_t end : block.ends) {
      const std::size_t count = end - begin;
      const Finding found = judge(std::span(block.time_ms).subspan(begin, count), std::span(block.values).subspan(begin, count),
                                  use, context);
      begin = end;
      const promql::SeriesRow row = (*rows)[at++];
      // Also where what it had before is lost: it is here again, and says that its condition is over. Of a range that is not filled
      // yet that would say little.
      const bool is_back = context.early && use.range_ms == 0 && !found.too_few && is_itself(*context.reader, row, alert);
      contributed = contributed || found.contributed || is_back;
      ended = ended || (found.contributed && found.ended);
      too_few = too_few || (found.contributed && found.too_few);
      enough = enough || !found.too_few;
    }
    blind = blind || !enough;
  }
  // Where the history of before is lost, whoever contributed is not known: some time must pass, and data be there.
  if (context.settling && (ended || too_few || blind || (!contributed && context.early))) return Sight::Unknown;
  return ended ? Sight::Missing : Sight::Absent;
}

}  // namespace tocsin::rules
