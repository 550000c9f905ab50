// SPDX-License-Identifier: Apache-2.0
// The envelope and the value shapes of Prometheus' API as JSON text.
// Threads: pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "meters/base/result.h"
#include "rules/promql/ast.h"
#include "rules/promql/series_reader.h"
#include "rules/promql/value.h"
#include "wire/json_writer.h"

namespace tocsin::agent {

// What went wrong, as the API classifies it.
struct ApiError {
  int status = 400;
  std::string_view type = "bad_data";  // bad_data, execution, timeout, canceled, unavailable, not_found, internal
  std::string message;
};

// Of an evaluation that failed.
ApiError execution_error(const Error& error);
std::string error_text(const ApiError& error);
// {"status": "success", "data": {...}} and a newline; `members` writes what is in the braces.
std::string success_text(const std::function<void(wire::JsonWriter&)>& members);

// Seconds with as many of three decimals as are needed.
void append_api_time(std::string& out, std::int64_t time_ms);
// As Go prints it in the API: "1", "0.1", "1e+21", "NaN", "+Inf".
void append_api_number(std::string& out, double value);

// Pairs of a name and a text as an object.
template <class Pairs>
void write_labels(wire::JsonWriter& json, const Pairs& pairs) {
  json.begin_object();
  for (const auto& [name, text] : pairs) json.field(name, text);
  json.end();
}
template <class Pairs>
void write_labels(wire::JsonWriter& json, std::string_view key, const Pairs& pairs) {
  json.key(key);
  write_labels(json, pairs);
}
// The labels of a stored series.
void write_labels(wire::JsonWriter& json, const rules::promql::SeriesReader& reader, std::span<const rules::promql::LabelId> labels);

// How long a query took: until its evaluation began, and all of it.
struct QueryTimes {
  std::chrono::nanoseconds prepared{0}, all{0};
};
// {"resultType": ..., "result": ...}, at most `limit` series (0: all); with `times` the query's statistics as well.
// True: something was left out.
bool write_value(wire::JsonWriter& json, const rules::promql::Evaluation& answer, std::size_t limit, const QueryTimes* times);

// The syntax tree as /api/v1/parse_query gives it.
void write_tree(wire::JsonWriter& json, const rules::promql::Expr& expr);

}  // namespace tocsin::agent
