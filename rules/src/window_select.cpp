// SPDX-License-Identifier: Apache-2.0
// Which series of a view all matchers take: by the postings of the labels that are asked of.
#include <algorithm>
#include <unordered_map>

#include "rules/src/window_view.h"

namespace tocsin::rules {

using promql::kEmptySymbol;
using promql::kNoSymbol;
using promql::LabelId;
using promql::Matcher;
using promql::MatchType;
using promql::SeriesRow;
using promql::Symbol;
using promql::TimeRange;

namespace {

constexpr std::string_view kName = "__name__";
// Of a name with fewer series each is looked at: postings would cost more than they save.
constexpr std::size_t kFewRows = 64;
// A matcher that takes a smaller part than this leads: its rows are gathered. Else all rows are gone through.
constexpr std::size_t kLeads = 4;

// A matcher asked once a text.
class Condition {
 public:
  Condition(const Matcher& matcher, const promql::SeriesReader& reader)
      : matcher_(matcher), label_(reader.symbol(matcher.label())), reader_(reader) {
    if (plain()) wanted_ = reader.symbol(matcher.text());
  }

  // Only this text: no need to go through all.
  bool is_one_text() const noexcept { return matcher_.type() == MatchType::Equal; }
  Symbol wanted() const noexcept { return wanted_; }
  Symbol label() const noexcept { return label_; }

  bool takes(std::span<const LabelId> labels) {
    Symbol value = kEmptySymbol;
    for (const LabelId& label : labels)
      if (label.name == label_) value = label.value;
    return takes(value);
  }

  bool takes(Symbol value) {
    if (matcher_.type() == MatchType::Equal) return value == wanted_;
    if (matcher_.type() == MatchType::NotEqual) return value != wanted_;
    const auto [at, added] = known_.try_emplace(value, false);
    if (added) at->second = matcher_.matches(reader_.text(value));
    return at->second;
  }

 private:
  bool plain() const noexcept { return matcher_.type() == MatchType::Equal || matcher_.type() == MatchType::NotEqual; }

  const Matcher& matcher_;
  const Symbol label_;
  const promql::SeriesReader& reader_;
  Symbol wanted_ = kNoSymbol;
  std::unordered_map<Symbol, bool> known_;
};

// The values of a label that a matcher takes, in one name.
struct TakenValues {
  TakenValues(const LabelPostings& of, Condition& condition) : postings(&of), takes(of.values().size()) {
    if (condition.is_one_text()) {
      if (const auto found = of.find(condition.wanted())) take(*found);
      return;
    }
    for (std::uint32_t value = 0; value < takes.size(); ++value)
      if (condition.takes(of.values()[value])) take(value);
  }
  void take(std::uint32_t value) {
    takes[value] = 1;
    values.push_back(value);
    rows += postings->count(value);
  }
  bool at(std::uint32_t place) const noexcept { return takes[postings->value_of(place)] != 0; }

  const LabelPostings* postings;
  std::vector<char> takes;            // by value
  std::vector<std::uint32_t> values;  // that it takes
  std::size_t rows = 0;
};

class Selection {
 public:
  Selection(const WindowView& view, const WindowView::State& state, TimeRange range, std::vector<Condition> conditions)
      : view_(view), state_(state), range_(range), conditions_(std::move(conditions)) {}

  void take(const NamePostings& name) {
    const auto rows = name.rows();
    if (conditions_.empty()) {
      for (const SeriesRow row : rows) add(row);
    } else if (rows.size() < kFewRows) {
      for (const SeriesRow row : rows)
        if (takes(view_.labels(row))) add(row);
    } else {
      take_by_postings(name);
    }
  }

  std::vector<SeriesRow> rows() && { return std::move(rows_); }
  bool empty() const noexcept { return rows_.empty(); }

 private:
  bool takes(std::span<const LabelId> labels) {
    return std::all_of(conditions_.begin(), conditions_.end(), [&](Condition& condition) { return condition.takes(labels); });
  }

  void take_by_postings(const NamePostings& name) {
    std::vector<TakenValues> wanted;
    for (Condition& condition : conditions_) {
      const LabelPostings* const postings =
          condition.label() == kNoSymbol ? nullptr : name.label(condition.label(), [&](SeriesRow row) { return view_.labels(row); });
      if (postings == nullptr) {  // an absent label is an empty text
        if (!condition.takes(kEmptySymbol)) return;
        continue;
      }
      TakenValues taken(*postings, condition);
      if (taken.rows == 0) return;
      if (taken.rows < name.rows().size()) wanted.push_back(std::move(taken));
    }
    std::sort(wanted.begin(), wanted.end(), [](const auto& a, const auto& b) { return a.rows < b.rows; });
    const auto rows = name.rows();
    if (!wanted.empty() && wanted[0].rows * kLeads < rows.size()) return follow(wanted, rows);
    for (std::uint32_t place = 0; place < rows.size(); ++place)
      if (std::all_of(wanted.begin(), wanted.end(), [&](const TakenValues& taken) { return taken.at(place); })) add(rows[place]);
  }

  // The first leads.
  void follow(const std::vector<TakenValues>& wanted, std::span<const SeriesRow> rows) {
    const TakenValues& leader = wanted[0];
    const auto others = std::span(wanted).subspan(1);
    const std::size_t before = rows_.size();
    for (const std::uint32_t value : leader.values)
      for (const std::uint32_t place : leader.postings->places(value))
        if (std::all_of(others.begin(), others.end(), [&](const TakenValues& taken) { return taken.at(place); })) add(rows[place]);
    if (leader.values.size() > 1) std::sort(rows_.begin() + static_cast<std::ptrdiff_t>(before), rows_.end());
  }

  // Where it may have a sample in the range.
  void add(SeriesRow row) {
    const Directory::Slot& slot = state_.strips[row / kStripSlots]->directory->slots[row & kSlotMask];
    if (slot.born_ms <= range_.to_ms && (slot.ended_ms == 0 || slot.ended_ms >= range_.from_ms)) rows_.push_back(row);
  }

  const WindowView& view_;
  const WindowView::State& state_;
  const TimeRange range_;
  std::vector<Condition> conditions_;
  std::vector<SeriesRow> rows_;
};

}  // namespace

Result<std::vector<SeriesRow>> WindowView::select(std::span<const Matcher> matchers, TimeRange range) const {
  std::vector<Condition> names, others;
  for (const Matcher& matcher : matchers) (matcher.label() == kName ? names : others).emplace_back(matcher, *this);
  Selection selection(*this, *state_, range, std::move(others));
  const auto allowed = [&](Symbol name) {
    return std::all_of(names.begin(), names.end(), [&](Condition& other) { return other.takes(name); });
  };
  const auto one = std::find_if(names.begin(), names.end(), [](const Condition& name) { return name.is_one_text(); });
  if (one != names.end()) {
    const auto found = state_->names->find(one->wanted());
    if (found != state_->names->end() && allowed(found->first)) selection.take(*found->second);
    return std::move(selection).rows();
  }
  bool sorted = true;
  for (const auto& [name, postings] : *state_->names) {
    if (!allowed(name)) continue;
    sorted = sorted && selection.empty();
    selection.take(*postings);
  }
  std::vector<SeriesRow> rows = std::move(selection).rows();
  if (!sorted) std::sort(rows.begin(), rows.end());
  return rows;
}

}  // namespace tocsin::rules
