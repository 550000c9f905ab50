// SPDX-License-Identifier: Apache-2.0
// What alerting and recording rules share, and recording rules; alerting rules are in alert_run.cpp.
#include "rules/src/rule_run.h"

#include <algorithm>

#include "rules/promql/parse.h"
#include "rules/promql/print.h"
#include "rules/template/links.h"

namespace tocsin::rules {
namespace {

std::int64_t to_ms(Time time) noexcept { return to_unix_ns(time) / 1'000'000; }

// A rule's labels set, replace, or (empty) take away.
void set_label(std::vector<RuleSeries::Label>& labels, std::string_view name, std::string_view value) {
  const auto found = std::ranges::find(labels, name, &RuleSeries::Label::first);
  if (found == labels.end()) labels.emplace_back(name, value);
  else found->second = value;
}

}  // namespace

Group::Run::Run(std::shared_ptr<const RuleGroup> group, std::size_t index, std::string key, std::shared_ptr<const GroupOptions> options)
    : group_(std::move(group)),
      index_(index),
      options_(std::move(options)),
      key_(std::move(key)),
      uses_(selectors_of(*rule().expr, options_->lookback)),
      unsettled_since_(options_->started_at) {
  status_.key = key_;
  if (options_->on_missing) on_missing_ = options_->on_missing(*group_, rule());
  status_.on_missing = on_missing_;
  generator_url_ = options_->external_url + templates::table_link(promql::to_string(*rule().expr));
}

Result<std::unique_ptr<Group::Run>> Group::Run::make(std::shared_ptr<const RuleGroup> group, std::size_t index, std::string key,
                                                     std::shared_ptr<const GroupOptions> options) {
  std::unique_ptr<Run> run(new Run(std::move(group), index, std::move(key), std::move(options)));
  if (run->rule().kind == Rule::Kind::Record) return run;
  for (auto [texts, parsed] : {std::pair(&run->rule().labels, &run->labels_), std::pair(&run->rule().annotations, &run->annotations_)}) {
    for (const auto& [name, text] : *texts) {
      auto words = templates::AlertTemplate::parse(text, run->rule().name);
      if (!words) return words.error();
      parsed->emplace_back(name, *std::move(words));
    }
  }
  return run;
}

std::chrono::milliseconds Group::Run::query_offset() const noexcept {
  return group_->query_offset.value_or(options_->default_query_offset);
}

std::int64_t Group::Run::time_ms(Time now) const noexcept { return to_ms(now) - query_offset().count(); }

bool Group::Run::may_read(const std::vector<std::string>& names) const {
  if (names.empty()) return false;
  // A template may ask for anything.
  if (rule().kind == Rule::Kind::Alert) {
    const auto queries = [](const auto& entry) { return entry.second.text().find("query") != std::string::npos; };
    if (std::ranges::any_of(labels_, queries) || std::ranges::any_of(annotations_, queries)) return true;
  }
  return may_select(names);
}

bool Group::Run::may_select(const std::vector<std::string>& names) const {
  const auto named = [&](const auto& entry) {
    const std::string& text = entry.second.text();
    return text.find("query") != std::string::npos &&
           std::ranges::any_of(names, [&](const std::string& name) { return text.find(name) != std::string::npos; });
  };
  if (std::ranges::any_of(labels_, named) || std::ranges::any_of(annotations_, named)) return true;
  return std::ranges::any_of(uses_, [&](const SelectorUse& use) {
    return std::ranges::any_of(names, [&](const std::string& name) {
      return std::ranges::all_of(use.selector->matchers, [&](const promql::Matcher& matcher) {
        return matcher.label() != "__name__" || matcher.matches(name);
      });
    });
  });
}

std::vector<std::string> Group::Run::names_written() const {
  if (rule().kind == Rule::Kind::Record) return {rule().name};
  return {"ALERTS", "ALERTS_FOR_STATE"};
}

Result<promql::Evaluation> Group::Run::query(const promql::Expr& expr, const RunContext& context, Time at) const {
  promql::EvaluationSettings settings;
  settings.time = promql::instant(to_ms(at));
  settings.lookback = options_->lookback;
  settings.subquery_step = std::chrono::duration_cast<std::chrono::milliseconds>(options_->default_interval);
  settings.limits = options_->limits;
  settings.stop = *context.stop;
  settings.clock = options_->clock;
  auto answer = promql::evaluate(expr, *context.reader, settings);
  if (!answer) return answer;
  if (const auto* scalar = std::get_if<promql::Scalar>(&answer->value)) {
    const promql::Sample sample{{}, {scalar->time_ms, scalar->value, nullptr}};
    answer->value = promql::Vector{sample};
  }
  if (!std::holds_alternative<promql::Vector>(answer->value)) {
    return Error{Fault::Input, "rule result is not a vector or scalar"};
  }
  return answer;
}

// Why it must not be evaluated on less than it asks for; empty where all is kept. A name that is recorded goes further back.
std::string Group::Run::too_far_back() const {
  if (!options_->kept) return {};
  for (const SelectorUse& use : uses_) {
    const auto name = std::ranges::find_if(use.selector->matchers, [](const promql::Matcher& matcher) {
      return matcher.label() == "__name__" && matcher.type() == promql::MatchType::Equal;
    });
    const auto kept = options_->kept(name == use.selector->matchers.end() ? std::string_view() : name->text());
    const auto back = std::chrono::milliseconds(use.oldest_ms) + query_offset();
    if (use.fixed || back <= kept) continue;
    const auto kept_ms = std::chrono::duration_cast<std::chrono::milliseconds>(kept);
    return "looks back " + promql::duration_text(back.count()) + ", but the history keeps " + promql::duration_text(kept_ms.count());
  }
  return {};
}

std::string Group::Run::described(const std::string& error) const {
  return options_->path + ": " + group_->name + ": " + rule().name + ": " + error;
}

void Group::Run::evaluate(const RunContext& context, RuleStorage& storage, CycleOutcome& out) {
  const Clock& clock = options_->clock ? *options_->clock : SystemClock::instance();
  const Monotonic begin = clock.monotonic();
  const std::string refusal = too_far_back();
  const Result<void> done = !refusal.empty()                     ? Error{Fault::Unsupported, refusal}
                            : rule().kind == Rule::Kind::Record ? record(context, out)
                                                                : alert(context, out);
  ++out.evaluated;
  status_.last_evaluation = context.now;
  status_.health = done ? RuleHealth::Ok : RuleHealth::Error;
  status_.last_error = done ? std::string() : done.error().message;
  if (done) {
    const Batch& batch = series_.finish(time_ms(context.now));
    out.samples += batch.size();
    if (batch.size() > 0) out.discarded += storage.append(batch);
  } else {
    ++out.failed;
    status_.samples = 0;
    out.errors.push_back(described(done.error().message));
  }
  status_.duration = clock.monotonic() - begin;
}

Result<void> Group::Run::record(const RunContext& context, CycleOutcome&) {
  auto answer = query(*rule().expr, context, context.now - query_offset());
  if (!answer) return answer.error();
  const auto& vector = std::get<promql::Vector>(answer->value);
  series_.begin(true, options_->internal && options_->internal(*group_));
  std::map<std::vector<RuleSeries::Label>, const promql::Sample*> results;
  for (const promql::Sample& sample : vector) {
    std::vector<RuleSeries::Label> labels;
    for (const promql::Label& label : sample.labels) {
      if (label.name != "__name__") labels.emplace_back(label.name, label.value);
    }
    for (const auto& [name, value] : rule().labels) set_label(labels, name, value);
    std::erase_if(labels, [](const auto& label) { return label.second.empty(); });
    std::ranges::sort(labels);
    if (!results.emplace(std::move(labels), &sample).second) {
      return Error{Fault::Input, "vector contains metrics with the same labelset after applying rule labels"};
    }
  }
  if (group_->limit > 0 && results.size() > group_->limit) {
    return Error{Fault::TooLarge, "exceeded limit of " + std::to_string(group_->limit) + " with " +
                                      std::to_string(results.size()) + " series"};
  }
  const std::int64_t at = time_ms(context.now);
  for (const auto& [labels, sample] : results) {
    if (sample->point.histogram) series_.add(rule().name, labels, at, sample->point.histogram);
    else series_.add(rule().name, labels, at, sample->point.value);
  }
  status_.samples = vector.size();
  status_.annotations = std::move(answer->annotations);
  status_.coverage = std::move(answer->coverage);
  return {};
}

void Group::Run::take_over(Run& previous) {
  series_ = std::move(previous.series_);
  alerts_ = std::move(previous.alerts_);
  unsettled_since_ = previous.unsettled_since_;
  status_ = std::move(previous.status_);
  status_.key = key_;
  status_.on_missing = on_missing_;
  for (auto& [labels, tracked] : alerts_) tracked.state.rule = key_;
}

void Group::Run::retire(Time now, RuleStorage& storage, CycleOutcome& out) {
  const RunContext context{now, {}, nullptr, nullptr};
  for (auto& [labels, tracked] : alerts_) {
    AlertState& state = tracked.state;
    if (state.phase != AlertPhase::Firing) continue;
    state.phase = AlertPhase::Resolved;
    state.resolved_at = state.last_sent_at = now;
    tell(state, "the rule was removed", context, out);
  }
  if (!alerts_.empty()) out.change.rules_gone.push_back(key_);
  alerts_.clear();
  const Batch& batch = series_.end_all(time_ms(now));
  out.samples += batch.size();
  if (batch.size() > 0) out.discarded += storage.append(batch);
}

}  // namespace tocsin::rules
