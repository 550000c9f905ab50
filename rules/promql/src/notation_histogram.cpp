// SPDX-License-Identifier: Apache-2.0
// {{schema:1 count:3 buckets:[1 2]}}: the histograms of series notation.
#include <cstdint>
#include <set>
#include <string>

#include "meters/base/text.h"
#include "rules/promql/src/notation_cursor.h"

namespace tocsin::rules::promql {
namespace {

std::vector<double> read_set(NotationCursor& cursor) {
  std::vector<double> values;
  if (!cursor.take("[")) {
    cursor.fault("unexpected " + cursor.found() + " in histogram description, expected \"[\"");
    return values;
  }
  cursor.skip_space();
  do {
    const auto value = cursor.number(true);
    if (!value) return values;
    values.push_back(*value);
    cursor.skip_space();
  } while (!cursor.take("]"));
  return values;
}

std::int32_t read_index(NotationCursor& cursor, const std::string& key) {
  const bool negative = cursor.take("-");
  const auto value = cursor.count(key.c_str());
  if (!value) return 0;
  if (*value > 0x7fff'ffffU) {
    cursor.fault(key + " out of range");
    return 0;
  }
  const auto index = static_cast<std::int32_t>(*value);
  return negative ? -index : index;
}

CounterResetHint read_hint(NotationCursor& cursor) {
  const std::string word = to_lower(cursor.word());
  if (word == "unknown") return CounterResetHint::Unknown;
  if (word == "reset") return CounterResetHint::Reset;
  if (word == "not_reset") return CounterResetHint::NotReset;
  if (word == "gauge") return CounterResetHint::Gauge;
  cursor.fault("bad counter_reset_hint: \"" + word + '"');
  return CounterResetHint::Unknown;
}

struct Offsets {
  std::int32_t positive = 0, negative = 0;
};

void read_item(NotationCursor& cursor, const std::string& key, DescribedHistogram& into, Offsets& offsets) {
  FloatHistogram& histogram = into.histogram;
  const auto number = [&] { return cursor.number(true).value_or(0); };
  if (key == "schema") histogram.schema = read_index(cursor, key);
  else if (key == "sum") histogram.sum = number();
  else if (key == "count") histogram.count = number();
  else if (key == "z_bucket") histogram.zero_count = number();
  else if (key == "z_bucket_w") histogram.zero_threshold = number();
  else if (key == "custom_values") histogram.custom_bounds = read_set(cursor);
  else if (key == "buckets") histogram.positive = read_set(cursor);
  else if (key == "n_buckets") histogram.negative = read_set(cursor);
  else if (key == "offset") offsets.positive = read_index(cursor, key);
  else if (key == "n_offset") offsets.negative = read_index(cursor, key);
  else if (key == "counter_reset_hint") histogram.hint = read_hint(cursor), into.hint_given = true;
  else cursor.fault("bad histogram descriptor found: \"" + key + '"');
}

}  // namespace

std::optional<DescribedHistogram> read_histogram(NotationCursor& cursor) {
  DescribedHistogram described;
  Offsets offsets;
  std::set<std::string> seen;
  cursor.take("{{");
  cursor.skip_space();
  while (!cursor.take("}}")) {
    const std::string key = to_lower(cursor.word());
    if (!cursor.take(":")) {
      cursor.fault("unexpected " + cursor.found() +
                   " in histogram description, expected histogram description key, e.g. buckets:[5 10 7]");
      return std::nullopt;
    }
    if (!seen.insert(key).second) cursor.fault("duplicate key \"" + key + "\" in histogram");
    read_item(cursor, key, described, offsets);
    if (cursor.failed()) return std::nullopt;
    if (!cursor.skip_space() && !cursor.starts_with("}}")) {
      cursor.fault("histogram description incomplete, unexpected " + cursor.found());
      return std::nullopt;
    }
  }
  FloatHistogram& histogram = described.histogram;
  const auto length = [](const std::vector<double>& counts) { return static_cast<std::uint32_t>(counts.size()); };
  if (!histogram.positive.empty()) histogram.positive_spans = {{offsets.positive, length(histogram.positive)}};
  if (!histogram.negative.empty()) histogram.negative_spans = {{offsets.negative, length(histogram.negative)}};
  return described;
}

}  // namespace tocsin::rules::promql
