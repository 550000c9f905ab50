// SPDX-License-Identifier: Apache-2.0
#include "rules/promql/src/script_compare.h"

#include <algorithm>
#include <map>

#include "meters/base/number.h"
#include "rules/promql/histogram_math.h"
#include "rules/promql/histogram_text.h"
#include "rules/promql/parse.h"
#include "rules/promql/print.h"
#include "rules/promql/series_reader.h"

namespace tocsin::rules::promql {
namespace {

using Finding = std::optional<std::string>;

std::string number(double value) {
  std::string out;
  append_go_double(out, value);
  return out;
}

std::string shown(double value, const HistogramPtr& histogram) {
  if (histogram) return notation(*histogram);
  return is_stale(value) ? "stale" : number(value);
}
std::string shown(const SequenceValue& value) { return value.omitted ? "_" : shown(value.value, value.histogram); }
std::string shown(const Point& point) { return shown(point.value, point.histogram); }

LabelTexts texts_of(Labels labels) {
  LabelTexts texts;
  for (const Label& label : labels) texts.emplace_back(label.name, label.value);
  return texts;
}

// A series as it is written; sorted labels.
std::string shown(const LabelTexts& labels) {
  std::string name, rest;
  for (const auto& [key, value] : labels) {
    if (key == "__name__") {
      name = value;
      continue;
    }
    if (!rest.empty()) rest += ", ";
    rest.append(key).append("=").append(quoted(value));
  }
  return rest.empty() && !name.empty() ? name : name + '{' + rest + '}';
}

bool same(const SequenceValue& expected, const Point& point) {
  if (!expected.histogram || !point.histogram)
    return !expected.histogram && !point.histogram && nearly_same(expected.value, point.value, kScriptTolerance);
  FloatHistogram left = *expected.histogram, right = *point.histogram;
  compact(left), compact(right);
  return nearly_same(left, right, kScriptTolerance) && (!expected.hint_given || left.hint == right.hint);
}

// The expected series by their labels; each may come once.
class Expected {
 public:
  explicit Expected(const ScriptEval& eval) {
    for (const ScriptSeries& series : eval.series) left_[series.expected.labels] = &series;
  }
  const ScriptSeries* take(const LabelTexts& labels) {
    const auto found = left_.find(labels);
    if (found == left_.end()) return nullptr;
    const ScriptSeries* series = found->second;
    left_.erase(found);
    return series;
  }
  Finding missing() const {
    if (left_.empty()) return std::nullopt;
    const auto& [labels, series] = *left_.begin();
    std::string values;
    for (const SequenceValue& value : series->expected.values) values.append(" ").append(shown(value));
    return "expected " + shown(labels) + " with" + values + ", got no such series";
  }

 private:
  std::map<LabelTexts, const ScriptSeries*> left_;
};

Finding compare_points(const ScriptEval& eval, const LabelTexts& labels, const SeriesDescription& expected,
                       const std::vector<Point>& points) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < expected.values.size(); ++i) {
    const std::int64_t time = eval.start_ms + static_cast<std::int64_t>(i) * eval.step_ms;
    if (time > eval.end_ms)
      return "expected " + std::to_string(expected.values.size()) + " points for " + shown(labels) +
             ", but the time range cannot return this many";
    const bool here = at < points.size() && points[at].time_ms == time;
    if (expected.values[i].omitted && !here) continue;
    const std::string place = " for " + shown(labels) + " at " + duration_text(time);
    if (!here) return "expected " + shown(expected.values[i]) + place + ", got no point";
    if (expected.values[i].omitted || !same(expected.values[i], points[at]))
      return "expected " + (expected.values[i].omitted ? "no point" : shown(expected.values[i])) + place + ", got " +
             shown(points[at]);
    ++at;
  }
  if (at == points.size()) return std::nullopt;
  return "expected no point for " + shown(labels) + " at " + duration_text(points[at].time_ms) + ", got " +
         shown(points[at]);
}

Finding compare_matrix(const ScriptEval& eval, const Matrix& matrix) {
  if (eval.expects(ExpectKind::Ordered)) return "expected an ordered result, got a matrix";
  if (eval.scalar) return "expected scalar " + shown(*eval.scalar) + ", got a matrix";
  Expected expected(eval);
  const Series* before = nullptr;
  for (const Series& series : matrix) {
    const LabelTexts labels = texts_of(series.labels);
    if (before && compare(before->labels, series.labels) > 0)
      return "expected series sorted by labels, got " + shown(labels) + " behind " + to_string(before->labels);
    before = &series;
    const ScriptSeries* wanted = expected.take(labels);
    if (!wanted)
      return "expected no series " + shown(labels) + ", got it with " +
             (series.points.empty() ? "no point" : shown(series.points.front()));
    if (auto wrong = compare_points(eval, labels, wanted->expected, series.points)) return wrong;
  }
  return expected.missing();
}

Finding compare_vector(const ScriptEval& eval, const Vector& vector) {
  if (eval.scalar) return "expected scalar " + shown(*eval.scalar) + ", got a vector";
  Expected expected(eval);
  std::size_t position = 0;
  for (const Sample& sample : vector) {
    ++position;
    const LabelTexts labels = texts_of(sample.labels);
    const ScriptSeries* wanted = expected.take(labels);
    if (!wanted) return "expected no series " + shown(labels) + ", got it with " + shown(sample.point);
    const SequenceValue& value = wanted->expected.values.front();
    if (eval.expects(ExpectKind::Ordered) && wanted->position != position)
      return "expected " + shown(labels) + " at position " + std::to_string(wanted->position) + ", got it at " +
             std::to_string(position);
    if (!same(value, sample.point))
      return "expected " + shown(value) + " for " + shown(labels) + ", got " + shown(sample.point);
  }
  return expected.missing();
}

Finding compare_scalar(const ScriptEval& eval, double value) {
  if (!eval.scalar) return "expected a vector or matrix, got scalar " + number(value);
  if (nearly_same(eval.scalar->value, value, kScriptTolerance)) return std::nullopt;
  return "expected scalar " + shown(*eval.scalar) + ", got " + number(value);
}

}  // namespace

Finding compare_value(const ScriptEval& eval, const Value& value) {
  return std::visit(Overloaded{
                        [&](const Scalar& scalar) { return compare_scalar(eval, scalar.value); },
                        [&](const StringValue& text) -> Finding {
                          const std::string expected = eval.text.value_or("");
                          if (expected == text.text) return std::nullopt;
                          return "expected string " + quoted(expected) + ", got " + quoted(text.text);
                        },
                        [&](const Vector& vector) { return compare_vector(eval, vector); },
                        [&](const Matrix& matrix) { return compare_matrix(eval, matrix); },
                    },
                    value);
}

Finding compare_failure(const ScriptEval& eval, const std::string& message) {
  for (const ScriptExpectation& expected : eval.expectations) {
    if (expected.kind != ExpectKind::Fail) continue;
    if (expected.takes(message)) return std::nullopt;
    return "expected failure " + quoted(expected.text) + ", got " + quoted(message);
  }
  return "expected a result, got failure " + quoted(message);
}

Finding compare_annotations(const ScriptEval& eval, std::string_view query, const std::vector<Annotation>& annotations) {
  const auto check = [&](Annotation::Level level, ExpectKind wanted, ExpectKind none, const char* word) -> Finding {
    std::vector<std::string> found;
    for (const Annotation& annotation : annotations)
      if (annotation.level == level) found.push_back(to_string(annotation, query));
    const std::string first = found.empty() ? "none" : quoted(found.front());
    std::vector<const ScriptExpectation*> expected;
    for (const ScriptExpectation& expectation : eval.expectations) {
      if (expectation.kind == none && !found.empty()) return std::string("expected no ") + word + ", got " + first;
      if (expectation.kind == wanted) expected.push_back(&expectation);
    }
    for (const ScriptExpectation* expectation : expected)
      if (std::none_of(found.begin(), found.end(), [&](const std::string& text) { return expectation->takes(text); }))
        return std::string("expected ") + word + ' ' + (expectation->text.empty() ? "of any kind" : quoted(expectation->text)) +
               ", got " + first;
    if (expected.empty()) return std::nullopt;
    for (const std::string& text : found)
      if (std::none_of(expected.begin(), expected.end(), [&](const auto* expectation) { return expectation->takes(text); }))
        return std::string("expected no such ") + word + ", got " + quoted(text);
    return std::nullopt;
  };
  if (auto wrong = check(Annotation::Level::Warning, ExpectKind::Warn, ExpectKind::NoWarn, "warning")) return wrong;
  return check(Annotation::Level::Info, ExpectKind::Info, ExpectKind::NoInfo, "info");
}

}  // namespace tocsin::rules::promql
