// SPDX-License-Identifier: Apache-2.0
// Selecting by postings is the same as looking at each series, whatever its labels, the matchers and what comes and goes.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "rules/window.h"
#include "tests/rules/window_reader.h"

namespace tocsin::rules {
namespace {

using namespace std::chrono_literals;
using promql::Matcher;
using promql::MatchType;
using promql::SeriesRow;
using promql::TimeRange;
using testing::Texts;

constexpr std::int64_t kStartMs = 1'700'000'000'000, kTickMs = 15'000;
constexpr TimeRange kAll{0, kStartMs * 2};

bool takes(const WindowView& view, SeriesRow row, const Matcher& matcher) {
  for (const promql::LabelId& label : view.labels(row))
    if (view.text(label.name) == matcher.label()) return matcher.matches(view.text(label.value));
  return matcher.matches("");
}

// Each series of the view looked at.
std::vector<SeriesRow> looked_at(const WindowView& view, const std::vector<Matcher>& matchers, TimeRange range) {
  const std::vector any{*Matcher::make("__name__", MatchType::Regex, ".*")};
  std::vector<SeriesRow> rows = *view.select(any, range);
  std::erase_if(rows, [&](SeriesRow row) {
    return !std::all_of(matchers.begin(), matchers.end(), [&](const Matcher& matcher) { return takes(view, row, matcher); });
  });
  return rows;
}

class Chance {
 public:
  explicit Chance(unsigned seed) : random_(seed) {}
  std::size_t below(std::size_t most) { return random_() % most; }
  template <class T>
  T of(std::initializer_list<T> choices) { return choices.begin()[below(choices.size())]; }

  // Names with few series and with many, labels that all, most and hardly any have.
  std::pair<std::string, Texts> series() {
    const std::string name = of({"many", "many", "many", "many", "some", "few"}) + std::string(below(20) == 0 ? "_other" : "");
    Texts labels;
    if (below(10) != 0) labels.emplace_back("dc", of({"north", "south", "südost"}));
    labels.emplace_back("func", "f" + std::to_string(below(name == "few" ? 3 : 50)));
    if (below(3) == 0) labels.emplace_back("ret", std::to_string(below(5)));
    if (below(100) == 0) labels.emplace_back("seldom", "1");
    labels.emplace_back("server", "s" + std::to_string(below(9)));
    return {name, labels};
  }

  std::vector<Matcher> matchers() {
    std::vector<Matcher> made;
    if (below(4) != 0) {
      const auto type = of({MatchType::Equal, MatchType::Equal, MatchType::Equal, MatchType::NotEqual, MatchType::Regex});
      made.push_back(*Matcher::make("__name__", type, of({"many", "some", "few", "many_other"})));
    }
    for (std::size_t count = below(4); count > 0; --count) {
      const auto type = of({MatchType::Equal, MatchType::NotEqual, MatchType::Regex, MatchType::NotRegex});
      const std::string label = of({"dc", "func", "ret", "seldom", "server", "nowhere", "north"});
      const bool regex = type == MatchType::Regex || type == MatchType::NotRegex;
      const std::string text = regex ? of({"f1.*", "north|south", "", ".*", ".+", "[0-2]", "s[1-4]|", "f7|f8|f9"})
                                     : of({"north", "südost", "f7", "3", "1", "", "s2", "gone"});
      made.push_back(*Matcher::make(label, type, text));
    }
    return made;
  }

 private:
  std::mt19937 random_;
};

std::string told(const std::vector<Matcher>& matchers) {
  std::string out;
  for (const Matcher& matcher : matchers) out += matcher.to_string() + ' ';
  return out;
}

TEST(WindowSelect, equals_looking_at_each_series_while_series_come_and_go) {
  for (unsigned seed = 1; seed <= 4; ++seed) {
    Chance chance(seed);
    Window window({.retention = 90s});
    std::vector<std::pair<std::string, Texts>> live;
    std::size_t found = 0;
    for (std::int64_t tick = 0; tick < 20; ++tick) {
      const std::int64_t ms = kStartMs + tick * kTickMs;
      // Some ticks bring nothing new, so that postings outlive a view; others let go of many.
      if (tick % 3 == 0)
        for (int i = 0; i < 400; ++i) live.push_back(chance.series());
      if (tick % 7 == 6) live.erase(live.begin(), live.begin() + static_cast<std::ptrdiff_t>(live.size() / 2));
      std::sort(live.begin(), live.end());
      live.erase(std::unique(live.begin(), live.end()), live.end());
      BatchBuilder builder;
      for (const auto& [name, labels] : live) {
        const std::vector<BatchBuilder::Label> views(labels.begin(), labels.end());
        builder.add(builder.place(name, views), ms, 1);
      }
      window.append(builder.batch());
      window.expire(from_unix_ns(ms * 1'000'000));
      const auto view = window.view();
      ASSERT_EQ(looked_at(*view, {}, kAll).size(), window.stats().series);
      for (int i = 0; i < 60; ++i) {
        const std::vector<Matcher> matchers = chance.matchers();
        const TimeRange range = chance.of({kAll, TimeRange{ms - 20'000, ms}, TimeRange{ms - 60'000, ms - 30'000}});
        const auto rows = *view->select(matchers, range);
        ASSERT_EQ(rows, looked_at(*view, matchers, range)) << told(matchers) << "seed " << seed << " tick " << tick;
        found += rows.empty() ? 0 : 1;
      }
    }
    EXPECT_GT(found, 300U) << "matchers that find nothing prove little";
  }
}

TEST(WindowSelect, many_readers_ask_a_view_at_once_while_series_come_and_go) {
  Window window({.retention = 60s});
  std::jthread writer([&](const std::stop_token& stop) {
    Chance chance(7);
    for (std::int64_t tick = 0; !stop.stop_requested() && tick < 10'000; ++tick) {
      BatchBuilder builder;
      for (int i = 0; i < 50; ++i) {
        const auto [name, labels] = chance.series();
        const std::vector<BatchBuilder::Label> views(labels.begin(), labels.end());
        builder.add(builder.place(name, views), kStartMs + tick * 1'000, 1);
      }
      window.append(builder.batch());
      if (tick % 10 == 0) window.expire(from_unix_ns((kStartMs + tick * 1'000) * 1'000'000));
    }
  });
  std::vector<std::jthread> readers;
  for (unsigned reader = 0; reader < 3; ++reader) {
    readers.emplace_back([&, reader] {
      Chance chance(reader);
      for (int i = 0; i < 40; ++i) {
        const auto view = window.view();
        for (int j = 0; j < 5; ++j) {
          const std::vector<Matcher> matchers = chance.matchers();
          EXPECT_EQ(*view->select(matchers, kAll), looked_at(*view, matchers, kAll)) << told(matchers);
        }
      }
    });
  }
  readers.clear();
}

TEST(WindowSelect, labels_that_no_series_of_a_name_has_cost_nothing) {
  Window window({});
  BatchBuilder builder;
  for (int i = 0; i < 1'000; ++i) builder.add(builder.place("m", {{"a", std::to_string(i)}}), kStartMs, 1);
  window.append(builder.batch());
  const auto view = window.view();
  const std::size_t before = window.stats().bytes;
  for (int i = 0; i < 1'000; ++i) {  // texts of values, asked for as labels
    const std::vector matchers{testing::named("m"), *Matcher::make(std::to_string(i), MatchType::Equal, "")};
    EXPECT_EQ(view->select(matchers, kAll)->size(), 1'000U);
  }
  EXPECT_EQ(window.stats().bytes, before);
  const std::vector matchers{testing::named("m"), *Matcher::make("a", MatchType::Equal, "7")};
  EXPECT_EQ(view->select(matchers, kAll)->size(), 1U);
  EXPECT_GT(window.stats().bytes, before) << "postings are counted against the limit";
  EXPECT_LT(window.stats().bytes, before + 30'000);
}

}  // namespace
}  // namespace tocsin::rules
