// SPDX-License-Identifier: Apache-2.0
// Which groups there are: from files and options, as a difference to those before.
#include <algorithm>
#include <set>

#include "agent/rules/rule_engine.h"
#include "meters/generated/slo.h"
#include "rules/look_back.h"

namespace tocsin::agent {
namespace {

// Names that a rule asks for by equality.
void add_inputs(const rules::Rule& rule, std::set<std::string>& names) {
  for (const rules::SelectorUse& use : rules::selectors_of(*rule.expr, std::chrono::minutes(5))) {
    for (const rules::promql::Matcher& matcher : use.selector->matchers) {
      const bool name = matcher.label() == "__name__" && matcher.type() == rules::promql::MatchType::Equal;
      if (name) names.insert(matcher.text());
    }
  }
}

}  // namespace

rules::GroupOptions RuleEngine::group_options(const std::string& path) const {
  const auto ms = [](std::chrono::nanoseconds time) { return std::chrono::duration_cast<std::chrono::milliseconds>(time); };
  const RulesConfig& config = options_.rules;
  rules::GroupOptions out;
  out.path = path;
  out.default_interval = config.interval.count() > 0 ? config.interval : options_.tick;
  out.default_query_offset = ms(config.query_offset);
  out.lookback = ms(config.lookback);
  out.resend_delay = options_.resend_delay;
  out.missing_bound = config.missing_data_held;
  out.kept = [&window = parts_.window, recorded = recorded_](std::string_view name) {
    return recorded->contains(name) ? window.kept_of_recorded() : window.kept(name);
  };
  out.limits.timeout = config.timeout;
  out.external_labels.assign(options_.external_labels.begin(), options_.external_labels.end());
  out.external_url = options_.external_url;
  out.on_missing = [config](const rules::RuleGroup& group, const rules::Rule& rule) {
    return policy_of(config, group.name, rule.name);
  };
  out.internal = [](const rules::RuleGroup& group) { return is_shipped_group(group.name); };
  out.started_at = started_at_;
  out.clock = &parts_.clock;
  return out;
}

// True where something changed.
bool RuleEngine::load(const RuleEngineOptions& options, bool anew, bool at_once) {
  if (&options != &options_) options_ = options;
  files_seen_ = parts_.clock.monotonic();
  const rules::RuleFileOptions reading{.experimental = options_.rules.experimental};
  const bool made = files_.set_made(options_.made, reading);
  const bool changed = files_.refresh(options_.rules.files, options_.folder, reading, at_once) || made;
  if (!changed && !anew) return false;
  tell_faults();
  rebuild(anew);
  return true;
}

void RuleEngine::tell_faults() const {
  for (const std::string& pattern : files_.unmatched()) parts_.log.warning("no rule file", {{"pattern", pattern}});
  for (const auto& [path, loaded] : files_.all()) {
    for (const rules::FileFault& fault : loaded.faults) {
      parts_.log.error("rule file refused", {{"fault", fault.to_string(path)}, {"in force", loaded.version ? "as before" : "nothing of it"}});
    }
  }
}

RuleEngine::Entry RuleEngine::make_entry(const std::string& path, const LoadedRules& loaded, std::size_t index,
                                         std::vector<Entry>& old) {
  Entry entry;
  entry.path = path;
  entry.version = loaded.version;
  auto made = rules::Group::make(loaded.file.groups[index], group_options(path));
  if (!made) {
    parts_.log.error("rule group refused", {{"file", path}, {"reason", made.error().message}});
    return entry;
  }
  entry.group = *std::move(made);
  const auto before = std::ranges::find_if(old, [&](const Entry& one) {
    return one.group && one.path == path && one.group->definition().name == entry.group->definition().name;
  });
  if (before == old.end()) {
    // Of a file that could not be read until now: its alerts go on.
    const auto down = std::max<std::chrono::nanoseconds>(parts_.clock.now() - unreadable_since_ - entry.group->interval(), std::chrono::nanoseconds(0));
    if (std::ranges::any_of(unreadable_, [&](const auto& state) { return state.rule.starts_with(path + ";"); }))
      (void)entry.group->restore(unreadable_, down, unreadable_since_);  // none of them is pending
    return entry;
  }
  entry.group->take_over(*before->group);
  if (before->group->interval() == entry.group->interval()) entry.due = before->due;
  before->group.reset();
  return entry;
}

void RuleEngine::rebuild(bool anew) {
  std::vector<Entry> old = std::move(entries_);
  entries_.clear();
  std::set<std::string> inputs;
  for (const auto& [path, loaded] : files_.all()) {
    const bool same = !anew && std::ranges::any_of(old, [&, &path = path, &loaded = loaded](const Entry& entry) {
      return entry.path == path && entry.version == loaded.version;
    });
    for (std::size_t i = 0; i < loaded.file.groups.size(); ++i) {
      const auto kept = !same ? old.end() : std::ranges::find_if(old, [&, &path = path, &loaded = loaded](const Entry& entry) {
        return entry.group && entry.path == path && entry.group->definition().name == loaded.file.groups[i].name;
      });
      Entry entry = kept != old.end() ? std::move(*kept) : make_entry(path, loaded, i, old);
      if (entry.group) entries_.push_back(std::move(entry));
    }
  }
  rules::StateChange change;
  for (Entry& entry : old) {
    if (!entry.group) continue;
    rules::CycleOutcome outcome = entry.group->retire(parts_.clock.now(), parts_.storage);
    settle(outcome, change);
  }
  if (!unreadable_.empty()) adopt_unreadable(change);
  commit(std::move(change));
  {
    const std::lock_guard lock(mutex_);
    rebuilt_ = true;
  }
  recorded_->clear();
  if (!options_.made.empty()) recorded_->insert(std::string(meters::kSloEventsTotal.name));
  for (const Entry& entry : entries_) {
    for (const rules::Rule& rule : entry.group->definition().rules) {
      add_inputs(rule, inputs);
      if (rule.kind == rules::Rule::Kind::Record) recorded_->insert(rule.name);
    }
  }
  parts_.window.set_rule_inputs({inputs.begin(), inputs.end()});
  order_groups();
}

}  // namespace tocsin::agent
