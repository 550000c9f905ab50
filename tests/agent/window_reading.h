// SPDX-License-Identifier: Apache-2.0
// What a window keeps of a name, as text: a line a series, sorted.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "rules/promql/matcher.h"
#include "rules/window.h"

namespace tocsin::agent {

// "a=1,job=j: 3@15 stale@0": labels without the name, values, and how many seconds before now_ms they are.
inline std::vector<std::string> read_window(rules::Window& window, const std::string& name, std::int64_t now_ms) {
  const auto view = window.view();
  const std::vector matchers{*rules::promql::Matcher::make("__name__", rules::promql::MatchType::Equal, name)};
  const rules::promql::TimeRange range{0, now_ms + 3'600'000};
  const auto rows = view->select(matchers, range);
  EXPECT_TRUE(rows);
  std::vector<std::string> lines;
  for (const auto row : *rows) {
    rules::promql::Block block;
    EXPECT_TRUE(view->read(std::vector{row}, range, block));
    if (block.values.empty()) continue;
    std::ostringstream line;
    const char* comma = "";
    for (const auto& label : view->labels(row)) {
      if (view->text(label.name) == "__name__") continue;
      line << comma << view->text(label.name) << '=' << view->text(label.value);
      comma = ",";
    }
    line << ':';
    for (std::size_t i = 0; i < block.values.size(); ++i) {
      line << ' ';
      if (!block.histograms.empty() && block.histograms[i]) line << "histogram " << block.histograms[i]->count;
      else if (rules::promql::is_stale(block.values[i])) line << "stale";
      else line << block.values[i];
      line << '@' << static_cast<double>(now_ms - block.time_ms[i]) / 1000;
    }
    lines.push_back(line.str());
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

}  // namespace tocsin::agent
