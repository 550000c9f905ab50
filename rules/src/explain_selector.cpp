// SPDX-License-Identifier: Apache-2.0
#include "rules/src/explain_selector.h"

#include <algorithm>
#include <limits>
#include <set>
#include <span>

#include "meters/base/text.h"
#include "rules/promql/parse.h"
#include "rules/src/missing_data.h"

namespace tocsin::rules {
namespace {

using promql::Matcher;
using promql::SeriesReader;
using promql::SeriesRow;
using promql::TimeRange;

constexpr std::size_t kRowsAtOnce = 512;
constexpr std::size_t kMostLookedInto = 1'000;  // rows, for how old they are
constexpr std::size_t kMostValues = 6;          // of a label, in words
constexpr std::int64_t kYear = std::int64_t{366} * 86'400'000;

std::int64_t to_ms(Time time) noexcept { return to_unix_ns(time) / 1'000'000; }

std::string count_text(std::size_t count) { return std::to_string(count) + " series"; }

class Selection {
 public:
  Selection(const SelectorUse& use, const SeriesReader& reader, const ExplainSettings& settings)
      : use_(use), reader_(reader), settings_(settings), matchers_(use.selector->matchers) {
    const auto& shift = use.selector->shift;
    const std::int64_t at = shift.at == promql::At::Time ? shift.at_ms : to_ms(settings.at);
    end_ = at - use.selector->shift.offset.ms;
    span_ = use.range_ms > 0 ? use.range_ms : settings.lookback.count();
  }

  void fill(ExplainedPart& into);

 private:
  TimeRange read_range() const { return {end_ - span_ + 1, end_}; }
  TimeRange ever() const { return {end_ - kYear, std::max(end_, to_ms(settings_.at))}; }
  std::vector<SeriesRow> rows(std::span<const Matcher> matchers, TimeRange range, bool of_the_alert) const;
  void take(std::span<const SeriesRow> rows, ExplainedPart& into) const;
  ExplainedSample sample(SeriesRow row, double value) const;

  std::string why() const;
  std::string too_old(const std::vector<SeriesRow>& rows) const;
  std::string unknown_name(const std::string& name) const;
  std::string which_matcher(const std::string& name) const;
  std::string values_text(const std::string& label, const std::vector<SeriesRow>& rows) const;

  const SelectorUse& use_;
  const SeriesReader& reader_;
  const ExplainSettings& settings_;
  const std::vector<Matcher>& matchers_;
  std::int64_t end_ = 0, span_ = 0;
};

std::vector<SeriesRow> Selection::rows(std::span<const Matcher> matchers, TimeRange range, bool of_the_alert) const {
  auto found = reader_.select(matchers, range);
  if (!found) return {};
  if (of_the_alert && !settings_.about.empty()) {
    std::erase_if(*found, [&](SeriesRow row) { return !agrees(reader_, row, settings_.about); });
  }
  return *std::move(found);
}

ExplainedSample Selection::sample(SeriesRow row, double value) const {
  ExplainedSample out;
  for (const promql::LabelId& label : reader_.labels(row)) out.labels.emplace_back(reader_.text(label.name), reader_.text(label.value));
  out.value = value;
  return out;
}

void Selection::take(std::span<const SeriesRow> rows, ExplainedPart& into) const {
  promql::Block block;
  if (auto read = reader_.read(rows, read_range(), block); !read) {
    into.error = read.error().message;
    return;
  }
  std::size_t begin = 0;
  for (std::size_t i = 0; i < block.ends.size(); ++i) {
    const std::size_t end = block.ends[i];
    // An instant sees its newest sample only; a range all that are no marker.
    std::size_t newest = end;
    for (std::size_t at = end; at > begin && newest == end; --at) {
      if (!promql::is_stale(block.values[at - 1])) newest = at - 1;
      else if (use_.range_ms == 0) break;
    }
    begin = end;
    if (newest == end) continue;
    ++into.series;
    if (into.samples.size() < settings_.most_samples) into.samples.push_back(sample(rows[i], block.values[newest]));
  }
}

void Selection::fill(ExplainedPart& into) {
  const auto found = rows(matchers_, read_range(), true);
  for (std::size_t from = 0; from < found.size() && into.error.empty(); from += kRowsAtOnce) {
    take(std::span(found).subspan(from, std::min(kRowsAtOnce, found.size() - from)), into);
  }
  if (into.series == 0 && into.error.empty()) into.note = why();
}

std::string Selection::why() const {
  const auto known = rows(matchers_, ever(), true);
  if (!known.empty()) return too_old(known);
  if (const auto others = rows(matchers_, read_range(), false); !others.empty()) {
    return count_text(others.size()) + " match, but none with this alert's labels";
  }
  const auto name = std::ranges::find_if(matchers_, [](const Matcher& matcher) {
    return matcher.label() == "__name__" && matcher.type() == promql::MatchType::Equal;
  });
  if (name != matchers_.end() && rows(std::span(&*name, 1), ever(), false).empty()) return unknown_name(name->text());
  return which_matcher(name != matchers_.end() ? name->text() : std::string());
}

// They were there, but not in the time that is read.
std::string Selection::too_old(const std::vector<SeriesRow>& rows) const {
  const std::size_t most = std::min(rows.size(), kMostLookedInto);
  promql::Block block;
  std::int64_t newest = std::numeric_limits<std::int64_t>::min(), oldest = std::numeric_limits<std::int64_t>::max();
  bool ended = false;
  if (reader_.read(std::span(rows).first(most), ever(), block)) {
    for (std::size_t i = 0; i < block.time_ms.size(); ++i) {
      if (promql::is_stale(block.values[i])) {
        ended = ended || block.time_ms[i] >= newest;
        continue;
      }
      if (block.time_ms[i] > newest) newest = block.time_ms[i], ended = false;
      oldest = std::min(oldest, block.time_ms[i]);
    }
  }
  const std::string many = count_text(rows.size());
  if (newest == std::numeric_limits<std::int64_t>::min()) return many + " match, but have no sample";
  if (oldest > end_) return many + " match, but none is as old as the time that is read";
  const std::string age = age_text(end_ - newest);
  if (ended) return many + " matched until " + age + " ago, then they ended: the sender or target is gone or no longer has them";
  return many + " match, but the newest sample is " + age + " old, and only " + promql::duration_text(span_) + " are read: the sender or target is silent";
}

std::string Selection::unknown_name(const std::string& name) const {
  std::set<std::string_view> names;
  const auto any = Matcher::make("__name__", promql::MatchType::NotEqual, "");
  const promql::Symbol label = reader_.symbol("__name__");
  if (any) {
    for (const SeriesRow row : rows(std::span(&*any, 1), ever(), false)) {
      for (const promql::LabelId& one : reader_.labels(row)) {
        if (one.name == label) names.insert(reader_.text(one.value));
      }
    }
  }
  std::string out = "no series is called " + name;
  const std::vector<std::string_view> list(names.begin(), names.end());
  if (const std::string near = nearest(name, list); !near.empty()) out += "; there is " + near;
  return out;
}

std::string Selection::which_matcher(const std::string& name) const {
  const std::string whose = name.empty() ? "no series" : "no series of " + name;
  for (std::size_t i = 0; i < matchers_.size(); ++i) {
    if (matchers_[i].label() == "__name__" && !name.empty()) continue;
    std::vector<Matcher> others = matchers_;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
    if (others.empty()) continue;
    const auto without = rows(others, ever(), false);
    if (without.empty()) continue;
    return whose + " has " + matchers_[i].to_string() + ": without it " + count_text(without.size()) + " match, where " +
           values_text(matchers_[i].label(), without);
  }
  for (const Matcher& matcher : matchers_) {
    if (matcher.label() == "__name__") continue;
    std::vector<Matcher> alone = {matcher};
    for (const Matcher& one : matchers_) {
      if (one.label() == "__name__") alone.push_back(one);
    }
    if (rows(alone, ever(), false).empty()) return whose + " has " + matcher.to_string();
  }
  return whose + " has all of these labels together";
}

std::string Selection::values_text(const std::string& label, const std::vector<SeriesRow>& rows) const {
  std::set<std::string_view> values;
  const promql::Symbol symbol = reader_.symbol(label);
  for (const SeriesRow row : rows) {
    for (const promql::LabelId& one : reader_.labels(row)) {
      if (one.name == symbol) values.insert(reader_.text(one.value));
    }
  }
  if (values.empty()) return "there is no label " + label;
  std::string out = label + " is ";
  std::size_t shown = 0;
  for (const std::string_view value : values) {
    if (shown == kMostValues) return out + " or one of " + std::to_string(values.size() - shown) + " others";
    out += shown++ == 0 ? "" : ", ";
    append_json_string(out, value);
  }
  return out;
}

}  // namespace

void explain_selector(const SelectorUse& use, const SeriesReader& reader, const ExplainSettings& settings, ExplainedPart& into) {
  Selection(use, reader, settings).fill(into);
}

std::string age_text(std::int64_t ms) {
  if (ms < 10'000) return promql::duration_text(ms);
  if (ms < 3'600'000) return promql::duration_text(ms / 1'000 * 1'000);
  if (ms < 86'400'000) return promql::duration_text(ms / 60'000 * 60'000);
  return promql::duration_text(ms / 3'600'000 * 3'600'000);
}

}  // namespace tocsin::rules
