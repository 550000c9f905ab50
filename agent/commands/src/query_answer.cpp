// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/src/query_answer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <optional>

#include "agent/check/json_tree.h"
#include "meters/base/clock.h"
#include "meters/base/number.h"
#include "meters/base/text.h"
#include "wire/timestamp.h"

namespace tocsin::agent {
namespace {

using Series = QueryAnswer::Series;
using Sample = QueryAnswer::Sample;

constexpr std::size_t kSparkWidth = 60, kShortSpark = 12;

// [time, "value"] or [time, {"count": ..., "sum": ...}].
std::optional<Sample> sample_of(const JsonValue& pair) {
  if (pair.items.size() != 2) return std::nullopt;
  Sample sample{pair.items[0].number, pair.items[1].text};
  if (pair.items[1].type == JsonValue::Type::Object) {
    sample.value = "{count:" + std::string(pair.items[1].text_at("count")) + ", sum:" + std::string(pair.items[1].text_at("sum")) + '}';
  }
  return sample;
}

void take_samples(const JsonValue* list, Series& into) {
  if (list == nullptr) return;
  for (const JsonValue& pair : list->items)
    if (auto sample = sample_of(pair)) into.samples.push_back(std::move(*sample));
}

Series series_of(const JsonValue& row) {
  Series series;
  if (const JsonValue* metric = row.find("metric"))
    for (const auto& [name, value] : metric->members) series.labels.emplace_back(name, value.text);
  std::ranges::stable_sort(series.labels, [](const auto& a, const auto& b) { return a.first == "__name__" && b.first != "__name__"; });
  for (const char* key : {"value", "histogram"})
    if (const JsonValue* one = row.find(key))
      if (auto sample = sample_of(*one)) series.samples.push_back(std::move(*sample));
  take_samples(row.find("values"), series);
  take_samples(row.find("histograms"), series);
  std::ranges::stable_sort(series.samples, {}, &Sample::time);
  return series;
}

void take_notes(const JsonValue* list, std::vector<std::string>& into) {
  if (list == nullptr) return;
  for (const JsonValue& note : list->items) into.push_back(note.text);
}

// Columns in characters, not bytes: UTF-8 continuation bytes take no room.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

// Left-aligned columns, but for the last where it holds numbers.
std::string columns(const std::vector<std::vector<std::string>>& rows, bool last_right) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string out;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const bool last = i + 1 == row.size();
      const std::string pad(widths[i] - width_of(row[i]), ' ');
      out += last && last_right ? pad + row[i] : row[i] + (last ? "" : pad + "  ");
    }
    out += '\n';
  }
  return out;
}

std::vector<std::string> label_names(const QueryAnswer& answer) {
  std::vector<std::string> names;
  for (const Series& series : answer.series)
    for (const auto& [name, value] : series.labels)
      if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  std::ranges::stable_sort(names, [](const auto& a, const auto& b) { return a == "__name__" ? b != "__name__" : b != "__name__" && a < b; });
  return names;
}

std::string_view label(const Series& series, std::string_view name) {
  const auto at = std::ranges::find(series.labels, name, [](const auto& pair) -> std::string_view { return pair.first; });
  return at == series.labels.end() ? std::string_view() : std::string_view(at->second);
}

// Labels that several series have in common are taken out of them; "" where there are none.
std::string take_common_labels(QueryAnswer& answer) {
  if (answer.series.size() < 2) return "";
  Series common{answer.series[0].labels, {}};
  for (const Series& series : answer.series)
    std::erase_if(common.labels, [&](const auto& pair) { return std::ranges::find(series.labels, pair) == series.labels.end(); });
  if (common.labels.empty()) return "";
  for (Series& series : answer.series)
    std::erase_if(series.labels, [&](const auto& pair) { return std::ranges::find(common.labels, pair) != common.labels.end(); });
  return "all: " + name_of(common) + '\n';
}

std::size_t widest_line(std::string_view text) {
  std::size_t widest = 0;
  for (const std::string_view line : split(text, '\n')) widest = std::max(widest, width_of(line));
  return widest;
}

std::string instant_table(const QueryAnswer& answer) {
  const std::vector<std::string> names = label_names(answer);
  std::vector<std::vector<std::string>> rows(1);
  for (const std::string& name : names) rows[0].push_back(name == "__name__" ? "name" : name);
  rows[0].emplace_back("value");
  for (const Series& series : answer.series) {
    std::vector<std::string>& row = rows.emplace_back();
    for (const std::string& name : names) row.emplace_back(label(series, name));
    row.push_back(series.samples.empty() ? "" : series.samples.back().value);
  }
  return columns(rows, true);
}

std::string short_number(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.4g", value);
  return text.data();
}

struct Shape {
  double start = std::numeric_limits<double>::infinity(), end = -start;
  std::size_t samples = 1;  // of the series with most of them
};

Shape shape_of(const QueryAnswer& answer) {
  Shape shape;
  for (const Series& series : answer.series) {
    if (series.samples.empty()) continue;
    shape.start = std::min(shape.start, series.samples.front().time);
    shape.end = std::max(shape.end, series.samples.back().time);
    shape.samples = std::max(shape.samples, series.samples.size());
  }
  return shape;
}

// Least, greatest and last.
std::array<std::string, 3> numbers_of(const Series& series) {
  double least = std::numeric_limits<double>::infinity(), greatest = -least;
  for (const Sample& sample : series.samples) {
    const double value = parse_double(sample.value).value_or(std::nan(""));
    least = std::fmin(least, value);
    greatest = std::fmax(greatest, value);
  }
  const std::string last = series.samples.empty() ? "" : series.samples.back().value;
  const auto number = parse_double(last);
  if (least > greatest) return {"", "", last};
  return {short_number(least), short_number(greatest), number ? short_number(*number) : last};
}

// A character a sample, while there is room.
std::string range_table(const QueryAnswer& answer, const Shape& shape, std::size_t spark, bool two_lines) {
  std::vector<std::vector<std::string>> rows{{two_lines ? "" : "series", "over time", "least", "greatest", "last"}};
  for (const Series& series : answer.series) {
    const auto [least, greatest, last] = numbers_of(series);
    rows.push_back({two_lines ? "" : name_of(series), sparkline(series.samples, shape.start, shape.end, spark), least, greatest, last});
  }
  if (!two_lines) return columns(rows, true);
  const std::string table = columns(rows, true);
  const auto lines = split(table, '\n');
  std::string out = std::string(lines[0]) + '\n';
  for (std::size_t i = 0; i < answer.series.size(); ++i) out += name_of(answer.series[i]) + '\n' + std::string(lines[i + 1]) + '\n';
  return out;
}

std::string range_table_within(QueryAnswer answer, std::size_t width) {
  const Shape shape = shape_of(answer);
  const std::size_t spark = std::clamp(shape.samples, std::size_t{1}, kSparkWidth);
  const std::string whole = range_table(answer, shape, spark, false);
  if (width == 0 || widest_line(whole) <= width) return whole;
  const std::string common = take_common_labels(answer);
  const std::size_t others = widest_line(range_table(answer, shape, spark, false)) - spark;
  if (others + std::min(spark, kShortSpark) <= width) return common + range_table(answer, shape, std::min(spark, width - others), false);
  const std::size_t numbers = widest_line(range_table(answer, shape, spark, true)) - spark;
  return common + range_table(answer, shape, width > numbers + kShortSpark ? std::min(spark, width - numbers) : kShortSpark, true);
}

std::string instant_table_within(QueryAnswer answer, std::size_t width) {
  const std::string whole = instant_table(answer);
  if (width == 0 || widest_line(whole) <= width) return whole;
  const std::string common = take_common_labels(answer);
  return common + instant_table(answer);
}

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (const char c : text) out.append(c == '"' ? 2 : 1, c);
  return out += '"';
}

}  // namespace

Result<QueryAnswer> parse_answer(std::string_view json) {
  const auto tree = JsonTree::parse(json);
  if (!tree) return Error{Fault::Input, "this is no answer of Prometheus' API: " + tree.error().message};
  const JsonValue& root = tree->root();
  if (root.text_at("status") == "error") return Error{Fault::Input, std::string(root.text_at("error"))};
  const JsonValue* data = root.find("data");
  const JsonValue* result = data == nullptr ? nullptr : data->find("result");
  if (result == nullptr) return Error{Fault::Input, "this is no answer of Prometheus' API: it has no result"};
  QueryAnswer answer;
  answer.type = data->text_at("resultType");
  if (answer.type == "scalar" || answer.type == "string") {
    if (auto sample = sample_of(*result)) answer.series.push_back({{}, {std::move(*sample)}});
  } else {
    for (const JsonValue& row : result->items) answer.series.push_back(series_of(row));
  }
  take_notes(root.find("warnings"), answer.notes);
  take_notes(root.find("infos"), answer.notes);
  return answer;
}

std::string name_of(const QueryAnswer::Series& series) {
  std::string name, inside;
  for (const auto& [key, value] : series.labels) {
    if (key == "__name__") {
      name = value;
    } else {
      inside += (inside.empty() ? "" : ", ") + key + "=\"" + value + '"';
    }
  }
  return inside.empty() && !name.empty() ? name : name + '{' + inside + '}';
}

std::string print_table(const QueryAnswer& answer, std::size_t width) {
  if (answer.type == "scalar" || answer.type == "string") return answer.series.empty() ? "" : answer.series[0].samples[0].value + '\n';
  if (answer.series.empty()) return "";
  return answer.type == "matrix" ? range_table_within(answer, width) : instant_table_within(answer, width);
}

std::string print_csv(const QueryAnswer& answer) {
  const std::vector<std::string> names = label_names(answer);
  std::string out = "time";
  for (const std::string& name : names) out += ',' + csv_field(name);
  out += ",value\n";
  for (const Series& series : answer.series) {
    for (const Sample& sample : series.samples) {
      out += wire::format_rfc3339(from_unix_ns(std::llround(sample.time * 1e3) * 1'000'000));
      for (const std::string& name : names) out += ',' + csv_field(label(series, name));
      out += ',' + csv_field(sample.value) + '\n';
    }
  }
  return out;
}

std::string sparkline(const std::vector<QueryAnswer::Sample>& samples, double start, double end, std::size_t width) {
  static constexpr auto kLevels = std::to_array<const char*>({"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"});
  if (samples.empty() || width == 0) return "";
  std::vector<double> sums(width), counts(width);
  for (const Sample& sample : samples) {
    const double value = parse_double(sample.value).value_or(std::nan(""));
    if (!std::isfinite(value)) continue;
    const double part = end > start ? (sample.time - start) / (end - start) : 0;
    const auto at = std::min(width - 1, static_cast<std::size_t>(std::clamp(part, 0.0, 1.0) * static_cast<double>(width)));
    sums[at] += value;
    counts[at] += 1;
  }
  double least = 0, greatest = 0;
  for (std::size_t i = 0; i < width; ++i) {
    if (counts[i] == 0) continue;
    sums[i] /= counts[i];
    least = std::min(least, sums[i]);
    greatest = std::max(greatest, sums[i]);
  }
  std::string out;
  for (std::size_t i = 0; i < width; ++i) {
    const double part = greatest > least ? (sums[i] - least) / (greatest - least) : 0;
    out += counts[i] == 0 ? " " : kLevels[static_cast<std::size_t>(std::lround(part * 7))];
  }
  return out;
}

}  // namespace tocsin::agent
