// SPDX-License-Identifier: Apache-2.0
// What a window holds: what is counted now, less what stood in the history at its begin.
#include <algorithm>
#include <array>

#include "agent/slo/slo_engine.h"
#include "agent/slo/src/slo_samples.h"

namespace tocsin::agent {

using rules::promql::Block;
using rules::promql::Matcher;
using rules::promql::MatchType;
using rules::promql::SeriesReader;
using rules::promql::SeriesRow;
using std::chrono::milliseconds;

namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;
// A begin is looked for so far back at first, then ever further: samples are a minute apart at most, but for pauses.
constexpr std::array<std::int64_t, 3> kLookBack{180'000, 3'600'000, 86'400'000};
constexpr std::int64_t kMostAge = 60'000;  // of a begin that is looked up no more often than this

}  // namespace

std::optional<SloSample> last_sample(const SeriesReader& view, SeriesRow row, std::int64_t from_ms, std::int64_t to_ms, Block& block) {
  if (!view.read(std::array{row}, {from_ms, to_ms}, block)) return std::nullopt;
  for (std::size_t i = block.values.size(); i-- > 0;)
    if (!rules::promql::is_stale(block.values[i])) return SloSample{block.time_ms[i], block.values[i]};
  return std::nullopt;
}

std::optional<SloSample> first_sample(const SeriesReader& view, SeriesRow row, std::int64_t from_ms, std::int64_t to_ms, Block& block) {
  if (!view.read(std::array{row}, {from_ms, to_ms}, block)) return std::nullopt;
  for (std::size_t i = 0; i < block.values.size(); ++i)
    if (!rules::promql::is_stale(block.values[i])) return SloSample{block.time_ms[i], block.values[i]};
  return std::nullopt;
}

SloEngine::GroupRows SloEngine::rows_of(const SeriesReader& view, const std::string& objective, std::int64_t time_ms) const {
  GroupRows out;
  auto name = Matcher::make("__name__", MatchType::Equal, "slo_events_total");
  auto slo = Matcher::make("slo", MatchType::Equal, objective);
  if (!name || !slo) return out;
  const auto rows = view.select(std::array{*std::move(name), *std::move(slo)}, {0, time_ms});
  if (!rows) return out;
  for (const SeriesRow row : *rows) {
    rules::CountLabels labels;
    bool bad = false;
    for (const rules::promql::LabelId label : view.labels(row)) {
      const std::string_view key = view.text(label.name), text = view.text(label.value);
      if (key == "result") bad = text == "bad";
      else if (key != "__name__" && key != "slo") labels.emplace_back(key, text);
    }
    Rows& at = out[std::move(labels)];
    (bad ? at.bad : at.good) = row;
    (bad ? at.has_bad : at.has_good) = true;
  }
  return out;
}

const SloEngine::Baseline& SloEngine::baseline(const SeriesReader& view, const rules::Slo& slo, const rules::CountGroup& group, const Rows& rows,
                                               milliseconds window, std::int64_t time_ms) {
  Baseline& known = baselines_[{window.count(), {slo.name, group.labels}}];
  const std::int64_t since_ms = group.since_ns / kNsPerMs, begin_ms = time_ms - window.count();
  if (since_ms >= begin_ms) return known = {0, since_ms, 0, 0};
  const std::int64_t age = time_ms - known.read_ms;
  if (known.read_ms != 0 && age >= 0 && age < std::min(kMostAge, window.count() / 300)) return known;
  known = {time_ms, begin_ms, 0, 0};
  for (const bool bad : {false, true}) {
    if (!(bad ? rows.has_bad : rows.has_good)) continue;
    const SeriesRow row = bad ? rows.bad : rows.good;
    std::optional<SloSample> begin;
    for (const std::int64_t back : kLookBack)
      if (!begin) begin = last_sample(view, row, begin_ms - back, begin_ms, block_);
    if (!begin) begin = last_sample(view, row, since_ms, begin_ms, block_);
    if (!begin) {  // the history does not go back so far
      begin = first_sample(view, row, begin_ms, time_ms, block_);
      if (begin) known.since_ms = std::max(known.since_ms, begin->time_ms);
    }
    if (begin) (bad ? known.bad : known.good) = begin->value;
  }
  return known;
}

SloStates SloEngine::measure(const rules::CountChange& change, std::int64_t time_ms) {
  std::vector<rules::Slo> slos;
  {
    const std::lock_guard lock(mutex_);
    slos = slos_;
  }
  const auto view = parts_.storage.view();
  SloStates states;
  for (const rules::ObjectiveCounts& objective : change.objectives) {
    const auto slo = std::ranges::find(slos, objective.name, &rules::Slo::name);
    if (slo == slos.end()) continue;
    SloState& state = states.emplace_back(SloState{*slo, from_unix_ns(objective.since_ns), objective.unusable, {}, {}});
    const GroupRows rows = rows_of(*view, slo->name, time_ms);
    for (const rules::CountGroup& group : objective.groups) {
      const auto found = rows.find(group.labels);
      const Rows at = found == rows.end() ? Rows{} : found->second;
      SloGroupState& shown = state.groups.emplace_back();
      shown.labels = group.labels;
      shown.sources = group.sources;
      const auto events = [&](milliseconds window, std::int64_t* since_ms) {
        const Baseline& begin = baseline(*view, *slo, group, at, window, time_ms);
        if (since_ms != nullptr) *since_ms = begin.since_ms;
        const double bad = std::max(0.0, group.bad - begin.bad), good = std::max(0.0, group.good - begin.good);
        return SloEvents{good + bad, bad};
      };
      std::int64_t since_ms = 0;
      shown.period = events(slo->period, &since_ms);
      shown.since = from_unix_ns(since_ms * kNsPerMs);
      const double allowed = slo->allowed() * shown.period.total;
      shown.budget_left = allowed > 0 ? 1 - shown.period.bad / allowed : 1;
      for (const milliseconds window : slo->windows()) {
        const SloEvents in = events(window, nullptr);
        shown.windows.push_back({window, in, in.ratio() / slo->allowed()});
      }
      shown.phase = group.held ? SloPhase::Starting : group.sources == 0 ? SloPhase::Absent : shown.period.total > 0 ? SloPhase::Counting : SloPhase::Idle;
    }
  }
  if (baselines_.size() > 100'000) baselines_.clear();
  return states;
}

}  // namespace tocsin::agent
