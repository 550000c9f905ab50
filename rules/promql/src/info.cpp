// SPDX-License-Identifier: Apache-2.0
#include "rules/promql/src/info.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <unordered_map>
#include <unordered_set>

namespace tocsin::rules::promql {
namespace {

class Info final : public WholeOperator {
 public:
  Info(Run& run, InfoPlan plan) : WholeOperator(run), child_(std::move(plan.child)), shift_(plan.shift) {
    bool chosen = false;  // a matcher says which metrics, not only which not
    for (Matcher& matcher : plan.matchers) {
      const bool name = matcher.label() == "__name__";
      chosen |= name && (matcher.type() == MatchType::Equal || matcher.type() == MatchType::Regex);
      (name ? name_matchers_ : data_matchers_).push_back(std::move(matcher));
    }
    if (name_matchers_.empty()) {
      name_matchers_.push_back(*Matcher::make("__name__", MatchType::Equal, "target_info"));
    } else if (!chosen) {
      name_matchers_.push_back(*Matcher::make("__name__", MatchType::Regex, ".+_info"));
    }
    for (const Matcher& matcher : data_matchers_) data_labels_.push_back(run.space.intern(matcher.label()));
    identifying_ = {run.space.intern("instance"), run.space.intern("job")};
  }

 private:
  struct Newest {
    std::size_t row;
    std::int64_t time_ms;
  };

  Result<void> make(const Steps& steps, Grid& into) override {
    MemoryUse base_memory(run_), info_memory(run_);
    auto base = collect(*child_, steps, run_, base_memory);
    if (!base) return base.error();
    std::vector<char> ignored(base->size());
    for (std::size_t i = 0; i < base->size(); ++i) ignored[i] = is_info(base->series[i]);
    auto info = read(*base, ignored, steps, info_memory);
    if (!info) return info.error();
    signatures_ = KeyTable();
    std::vector<std::uint32_t> info_signatures;
    metrics_.clear();
    for (const SeriesKey key : info->series) {
      const Symbol name = LabelSpace::value(key, run_.space.name());
      if (std::find(metrics_.begin(), metrics_.end(), name) == metrics_.end()) metrics_.push_back(name);
      info_signatures.push_back(signature(key, name));
    }
    KeyTable results;
    for (std::uint32_t step = 0; step < steps.count; ++step) {
      std::unordered_map<std::uint32_t, Newest> newest;
      if (auto found = find_newest(*info, info_signatures, step, newest); !found) return found;
      for (std::size_t i = 0; i < base->size(); ++i) {
        if (is_absent(base->row(i)[step])) continue;
        const auto key = ignored[i] ? std::optional(base->series[i]) : enriched(base->series[i], *info, newest);
        if (conflict_) return *std::exchange(conflict_, {});
        if (!key) continue;
        if (auto put = copy(*base, i, step, results.number(*key), *key, into); !put) return put;
      }
    }
    return {};
  }

  bool is_info(SeriesKey key) const {
    const std::string_view name = run_.space.metric_name(key);
    return std::all_of(name_matchers_.begin(), name_matchers_.end(),
                                        [&](const Matcher& matcher) { return matcher.matches(name); });
  }

  // The info series of the instances and jobs that the vector has, with the times of their samples.
  Result<Grid> read(const Grid& base, const std::vector<char>& ignored, const Steps& steps, MemoryUse& memory) {
    // By which of the two labels a series has, the values seen.
    std::array<std::array<std::unordered_set<Symbol>, 2>, 4> wanted;
    bool any = false;
    for (std::size_t i = 0; i < base.size(); ++i) {
      const std::size_t has = labels_had(base.series[i]);
      if (ignored[i] || has == 0) continue;
      any = true;
      for (std::size_t l = 0; l < 2; ++l) wanted[has][l].insert(LabelSpace::value(base.series[i], identifying_[l]));
    }
    Grid none;
    none.clear(steps.count);
    if (!any) return none;
    std::vector<Matcher> matchers = name_matchers_;
    matchers.insert(matchers.end(), data_matchers_.begin(), data_matchers_.end());
    const auto selector = make_selector(run_, {std::move(matchers), {}, kNoCoverage, shift_, false}, Take::NamedTime);
    auto all = collect(*selector, steps, run_, memory);
    if (!all) return all;
    for (std::size_t i = 0; i < all->size(); ++i) {
      const auto& values = wanted[labels_had(all->series[i])];
      const bool named = values[0].contains(LabelSpace::value(all->series[i], identifying_[0])) &&
                         values[1].contains(LabelSpace::value(all->series[i], identifying_[1]));
      if (!named) continue;
      none.series.push_back(all->series[i]);
      none.values.insert(none.values.end(), all->row(i), all->row(i) + steps.count);
    }
    return none;
  }

  std::size_t labels_had(SeriesKey key) const noexcept {
    const bool first = LabelSpace::value(key, identifying_[0]) != kEmptySymbol;
    const bool second = LabelSpace::value(key, identifying_[1]) != kEmptySymbol;
    return (first ? 1U : 0U) | (second ? 2U : 0U);
  }

  std::uint32_t signature(SeriesKey key, Symbol metric) {
    return signatures_.number(run_.space.with(run_.space.keep(key, identifying_), run_.space.name(), metric));
  }

  Result<void> find_newest(const Grid& info, const std::vector<std::uint32_t>& signatures, std::uint32_t step,
                           std::unordered_map<std::uint32_t, Newest>& newest) const {
    for (std::size_t i = 0; i < info.size(); ++i) {
      if (is_absent(info.row(i)[step])) continue;
      const auto time = static_cast<std::int64_t>(std::llround(info.row(i)[step] * 1000));
      const auto [place, fresh] = newest.try_emplace(signatures[i], Newest{i, time});
      if (fresh || place->second.time_ms > time) continue;
      if (place->second.time_ms == time) {
        return Error{Fault::Input, "found duplicate series for info metric: existing " +
                                       run_.space.to_string(info.series[place->second.row]) + " @ " + std::to_string(time) +
                                       ", new " + run_.space.to_string(info.series[i]) + " @ " + std::to_string(time)};
      }
      place->second = {i, time};
    }
    return {};
  }

  // Nothing where no info series matches and a matcher asks for one.
  std::optional<SeriesKey> enriched(SeriesKey key, const Grid& info, const std::unordered_map<std::uint32_t, Newest>& newest) {
    SeriesKey result = key, added;
    bool any = false;
    for (const Symbol metric : metrics_) {
      const auto found = newest.find(signature(key, metric));
      if (found == newest.end()) continue;
      any = true;
      for (const LabelId& label : info.series[found->second.row].labels()) {
        if (label.name == run_.space.name() || (!data_labels_.empty() && !is_data_label(label.name))) continue;
        const Symbol before = LabelSpace::value(added, label.name);
        if (before != kEmptySymbol && before != label.value) {
          conflict_ = Error{Fault::Input, "conflicting label: " + std::string(run_.space.text(label.name))};
          return {};
        }
        if (LabelSpace::value(key, label.name) != kEmptySymbol) continue;
        added = run_.space.with(added, label.name, label.value);
        result = run_.space.with(result, label.name, label.value);
      }
    }
    const bool optional = std::all_of(data_matchers_.begin(), data_matchers_.end(), [](const Matcher& m) { return m.matches(""); });
    if (!any && !optional) return {};
    return result;
  }

  bool is_data_label(Symbol label) const noexcept {
    return std::find(data_labels_.begin(), data_labels_.end(), label) != data_labels_.end();
  }

  static Result<void> copy(const Grid& base, std::size_t i, std::uint32_t step, std::uint32_t row, SeriesKey key, Grid& into) {
    if (row == into.size()) into.add(key);
    if (!is_absent(into.row(row)[step])) return Error{Fault::Input, "vector cannot contain metrics with the same labelset"};
    if (base.has_histogram(i, step)) into.set(row, step, base.histogram(i, step));
    else into.row(row)[step] = base.row(i)[step];
    return {};
  }

  OperatorPtr child_;
  Shift shift_;
  std::vector<Matcher> name_matchers_, data_matchers_;
  std::vector<Symbol> data_labels_;
  std::vector<Symbol> identifying_;
  KeyTable signatures_;
  std::vector<Symbol> metrics_;  // of the info series
  std::optional<Error> conflict_;
};

}  // namespace

OperatorPtr make_info(Run& run, InfoPlan plan) { return std::make_unique<Info>(run, std::move(plan)); }

}  // namespace tocsin::rules::promql
