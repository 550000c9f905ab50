// SPDX-License-Identifier: Apache-2.0
#include "exporters/src/row_filter.h"

#include <algorithm>
#include <string>

namespace tocsin::exporters {

namespace {

constexpr std::string_view kName = "__name__";
constexpr std::string_view kTotal = "_total";

template <class Test>
bool any_sample_name(std::string_view name, const std::vector<std::string_view>& suffixes, const Test& test) {
  return std::any_of(suffixes.begin(), suffixes.end(),
                     [&](std::string_view suffix) { return test(std::string(name).append(suffix)); });
}

bool is_named(const SeriesFilter& filter, std::string_view name, const std::vector<std::string_view>& suffixes) {
  const auto asked = [&](std::string_view candidate) {
    return std::find(filter.names.begin(), filter.names.end(), candidate) != filter.names.end();
  };
  // A counter's family in OpenMetrics has no _total.
  return asked(name) || (name.ends_with(kTotal) && asked(name.substr(0, name.size() - kTotal.size()))) ||
         any_sample_name(name, suffixes, asked);
}

bool can_take(const Selector& selector, std::string_view name, const std::vector<std::string_view>& suffixes) {
  return std::all_of(selector.matchers.begin(), selector.matchers.end(), [&](const Matcher& matcher) {
    return matcher.label != kName ||
           any_sample_name(name, suffixes, [&](const std::string& sample) { return matcher.takes(sample); });
  });
}

}  // namespace

bool takes_name(const SeriesFilter& filter, std::string_view name, const std::vector<std::string_view>& suffixes) {
  return is_named(filter, name, suffixes) ||
         std::any_of(filter.selectors.begin(), filter.selectors.end(),
                     [&](const Selector& selector) { return can_take(selector, name, suffixes); });
}

RowFilter::RowFilter(const SeriesFilter& filter, std::string_view name, const std::vector<std::string_view>& suffixes,
                     const meters::LabelSets& labels, const meters::SeriesIdentity& identity)
    : labels_(labels), identity_(identity), all_(is_named(filter, name, suffixes)) {
  for (const Selector& selector : filter.selectors) {
    if (all_) return;
    if (!can_take(selector, name, suffixes)) continue;
    std::vector<Test> tests;
    for (const Matcher& matcher : selector.matchers) {
      if (matcher.label == kName) continue;
      Test test{&matcher, kByText, {}};
      const auto found = std::find(identity.columns.begin(), identity.columns.end(), matcher.label);
      if (!identity.collides && found != identity.columns.end()) {
        test.column = static_cast<std::size_t>(found - identity.columns.begin());
        test.said.resize(labels.ids(test.column));
      }
      tests.push_back(std::move(test));
    }
    all_ = tests.empty();
    selectors_.push_back(std::move(tests));
  }
}

bool RowFilter::takes(meters::Row row) {
  return all_ || std::any_of(selectors_.begin(), selectors_.end(), [&](auto& tests) { return takes(tests, row); });
}

bool RowFilter::takes(std::vector<Test>& tests, meters::Row row) {
  return std::all_of(tests.begin(), tests.end(), [&](Test& test) { return takes(test, row); });
}

bool RowFilter::takes(Test& test, meters::Row row) {
  if (test.column != kByText) {
    const meters::ValueId id = labels_.id(row, test.column);
    std::uint8_t& said = test.said[id];
    if (said == 0) said = test.matcher->takes(labels_.text(test.column, id)) ? 2 : 1;
    return said == 2;
  }
  if (pairs_row_ != row) {
    meters::merge_labels(identity_, labels_, row, pairs_);
    pairs_row_ = row;
  }
  for (const auto& [name, text] : pairs_)
    if (name == test.matcher->label) return test.matcher->takes(text);
  return test.matcher->takes({});
}

}  // namespace tocsin::exporters
