// SPDX-License-Identifier: Apache-2.0
#include "rules/promql/series_notation.h"

#include <bit>
#include <memory>

#include "rules/promql/histogram_math.h"
#include "rules/promql/series_reader.h"
#include "rules/promql/src/notation_cursor.h"

namespace tocsin::rules::promql {
namespace {

class Sequence {
 public:
  Sequence(NotationCursor& cursor, std::vector<SequenceValue>& into) : cursor_(cursor), into_(into) {}

  void item() {
    if (cursor_.starts_with("{{")) histograms();
    else if (cursor_.take("_")) blanks();
    else numbers();
  }

 private:
  // What stands behind an item: xN, with N repetitions; 0 where there is none.
  std::uint64_t times() {
    if (!cursor_.take("x")) return 0;
    const std::uint64_t count = cursor_.count("invalid repetition in series values").value_or(0);
    if (count <= kMostSequence - into_.size()) return count;
    cursor_.fault("more than " + std::to_string(kMostSequence) + " values", Fault::TooLarge);
    return 0;
  }

  void blanks() {
    const std::uint64_t count = cursor_.peek() == 'x' ? times() : 1;
    for (std::uint64_t i = 0; i < count; ++i) into_.push_back({true, 0, nullptr, false});
  }

  void numbers() {
    double value = 0, step = 0;
    if (cursor_.word_is("stale")) cursor_.word(), value = std::bit_cast<double>(kStaleBits);
    else value = cursor_.number(true).value_or(0);
    const char next = cursor_.peek();
    if (next == '+' || next == '-') {
      step = cursor_.number(true).value_or(0);
      if (cursor_.peek() != 'x') cursor_.fault("unexpected " + cursor_.found() + " in series values, expected \"x\"");
    }
    const std::uint64_t count = times();
    if (cursor_.failed()) return;
    for (std::uint64_t i = 0; i <= count; ++i) {
      into_.push_back({false, value, nullptr, false});
      if (i < count && (next == '+' || next == '-')) value += step;
    }
  }

  void histograms() {
    auto first = read_histogram(cursor_);
    if (!first) return;
    const char next = cursor_.peek();
    if (next == '+' || next == '-') {
      steps(std::move(*first), next == '+');
      return;
    }
    const auto histogram = std::make_shared<const FloatHistogram>(std::move(first->histogram));
    const std::uint64_t count = times();
    if (cursor_.failed()) return;
    for (std::uint64_t i = 0; i <= count; ++i) into_.push_back({false, 0, histogram, first->hint_given});
  }

  void steps(DescribedHistogram first, bool rising) {
    cursor_.take(rising ? "+" : "-");
    if (!cursor_.starts_with("{{")) {
      cursor_.fault("unexpected " + cursor_.found() + " in series values, expected a histogram");
      return;
    }
    const auto step = read_histogram(cursor_);
    if (!step) return;
    if (cursor_.peek() != 'x') cursor_.fault("unexpected " + cursor_.found() + " in series values, expected \"x\"");
    const std::uint64_t count = times();
    FloatHistogram current = std::move(first.histogram);
    if (current.schema > step->histogram.schema)
      cursor_.fault("error combining histograms: cannot merge from schema " + std::to_string(step->histogram.schema) +
                    " to " + std::to_string(current.schema));
    for (std::uint64_t i = 0; !cursor_.failed(); ++i) {
      into_.push_back({false, 0, std::make_shared<const FloatHistogram>(current), step->hint_given});
      if (i == count) break;
      const auto combined = rising ? add(current, step->histogram) : subtract(current, step->histogram);
      if (!combined) cursor_.fault("error combining histograms: " + combined.error().message);
    }
  }

  NotationCursor& cursor_;
  std::vector<SequenceValue>& into_;
};

}  // namespace

Result<SeriesDescription> parse_series(std::string_view text) {
  NotationCursor cursor(text);
  SeriesDescription series;
  if (!read_metric(cursor, series.labels)) return cursor.error();
  Sequence sequence(cursor, series.values);
  while (!cursor.at_end() && !cursor.failed()) {
    if (!cursor.skip_space()) cursor.fault("unexpected " + cursor.found() + " in series values");
    else if (!cursor.at_end()) sequence.item();
  }
  if (cursor.failed()) return cursor.error();
  return series;
}

Result<LabelTexts> parse_metric(std::string_view text) {
  NotationCursor cursor(text);
  LabelTexts labels;
  if (!read_metric(cursor, labels)) return cursor.error();
  cursor.skip_space();
  if (!cursor.at_end()) cursor.fault("unexpected " + cursor.found());
  if (cursor.failed()) return cursor.error();
  return labels;
}

}  // namespace tocsin::rules::promql
