// SPDX-License-Identifier: Apache-2.0
#include "rules/group.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "rules/src/rule_run.h"

namespace tocsin::rules {
namespace {

const Clock& clock_of(const GroupOptions& options) noexcept {
  return options.clock ? *options.clock : SystemClock::instance();
}

}  // namespace

Group::Group(std::shared_ptr<const RuleGroup> definition, std::shared_ptr<const GroupOptions> options)
    : definition_(std::move(definition)), options_(std::move(options)) {}

Group::~Group() = default;

Result<std::unique_ptr<Group>> Group::make(RuleGroup definition, GroupOptions options) {
  auto shared = std::make_shared<const RuleGroup>(std::move(definition));
  auto shared_options = std::make_shared<const GroupOptions>(std::move(options));
  std::unique_ptr<Group> group(new Group(shared, shared_options));
  std::vector<std::string> keys = rule_keys(shared_options->path, *shared);
  for (std::size_t i = 0; i < shared->rules.size(); ++i) {
    auto run = Run::make(shared, i, std::move(keys[i]), shared_options);
    if (!run) return run.error();
    group->runs_.push_back(*std::move(run));
  }
  group->publish({}, {});
  return group;
}

std::chrono::nanoseconds Group::interval() const noexcept {
  return definition_->interval.count() > 0 ? std::chrono::nanoseconds(definition_->interval) : options_->default_interval;
}

std::vector<AlertKey> Group::restore(std::span<const AlertState> states, std::chrono::nanoseconds down, Time last_evaluation) {
  std::vector<AlertKey> over;
  std::map<std::string_view, Run*> by_key;
  for (const auto& run : runs_) by_key.emplace(run->key(), run.get());
  for (const AlertState& state : states) {
    const auto found = by_key.find(state.rule);
    if (found == by_key.end()) continue;
    if (auto restored = after_restart(state, down)) found->second->restore(*std::move(restored), last_evaluation);
    else over.push_back({state.rule, state.labels});
  }
  publish({}, {});
  return over;
}

void Group::clock_set(std::chrono::nanoseconds step, Time now) {
  for (const auto& run : runs_) run->clock_set(step, now);
}

void Group::forget_saved() {
  for (const auto& run : runs_) run->forget_saved();
}

bool Group::reads_what(const Group& other) const {
  std::vector<std::string> written;
  for (const auto& run : other.runs_) std::ranges::move(run->names_written(), std::back_inserter(written));
  return std::ranges::any_of(runs_, [&](const auto& run) { return run->may_select(written); });
}

CycleOutcome Group::evaluate(Time now, RuleStorage& storage, const std::stop_token& stop,
                             std::shared_ptr<const promql::SeriesReader> view) {
  const Monotonic begin = clock_of(*options_).monotonic();
  CycleOutcome out;
  for (const auto& run : gone_) run->retire(now, storage, out);
  gone_.clear();
  auto reader = view ? std::move(view) : storage.view();
  std::vector<std::string> written;  // since the view was taken
  for (const auto& run : runs_) {
    if (stop.stop_requested()) break;
    if (run->may_read(written)) {
      reader = storage.view();
      written.clear();
    }
    run->evaluate({now, interval(), reader.get(), &stop}, storage, out);
    std::ranges::move(run->names_written(), std::back_inserter(written));
    out.missing += run->missing();
  }
  publish(now, clock_of(*options_).monotonic() - begin);
  return out;
}

void Group::take_over(Group& previous) {
  std::unordered_map<std::string_view, std::unique_ptr<Run>*> by_key;  // keys number duplicates
  for (auto& old : previous.runs_)
    if (old) by_key.emplace(old->key(), &old);
  for (const auto& run : runs_) {
    const auto same = by_key.find(run->key());
    if (same == by_key.end()) continue;
    std::unique_ptr<Run>& old = *same->second;
    by_key.erase(same);
    run->take_over(*old);
    old.reset();
  }
  for (auto& old : previous.runs_) {
    if (old) gone_.push_back(std::move(old));
  }
  for (auto& old : previous.gone_) gone_.push_back(std::move(old));
  previous.runs_.clear();
  previous.gone_.clear();
  const auto status = previous.status();
  publish(status->last_evaluation, status->duration);
}

CycleOutcome Group::retire(Time now, RuleStorage& storage) {
  CycleOutcome out;
  for (const auto& run : gone_) run->retire(now, storage, out);
  for (const auto& run : runs_) run->retire(now, storage, out);
  gone_.clear();
  runs_.clear();
  return out;
}

void Group::publish(Time now, std::chrono::nanoseconds duration) {
  auto status = std::make_shared<GroupStatus>();
  status->group = definition_;
  status->path = options_->path;
  status->interval = interval();
  status->options = options_;
  status->last_evaluation = now;
  status->duration = duration;
  for (const auto& run : runs_) {
    status->rules.push_back(run->status());
    status->rules.back().alerts = run->active();
  }
  const std::lock_guard lock(mutex_);
  status_ = std::move(status);
}

std::shared_ptr<const GroupStatus> Group::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

}  // namespace tocsin::rules
