// SPDX-License-Identifier: Apache-2.0
// ApiCall: one request of Prometheus' HTTP API: its parameters, of the URL and of a form, and how it is answered.
//
//   answer_call(request, responder, [&](ApiCall& call) {
//     const auto end_ms = call.time_ms("end");
//     if (call.error) return;                                // the first thing wrong is what is answered
//     call.send([&](auto& json) { json.value("data"); return false; });
//   });
//
// Threads: one. It runs on a thread with a whole stack (whole_stack.h): what is asked may nest deeply.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/api/src/api_answer.h"
#include "rules/promql/ast.h"
#include "rules/promql/matcher.h"
#include "rules/promql/series_reader.h"
#include "rules/promql/value.h"
#include "wire/http_message.h"
#include "wire/json_writer.h"

namespace tocsin::agent {

struct ApiCall {
  explicit ApiCall(const wire::HttpRequest& asked);
  explicit ApiCall(wire::QueryParameters given) : parameters(std::move(given)) {}

  // The first thing wrong is what is answered; what is read after it does not matter.
  void refuse(ApiError why) {
    if (!error) error = std::move(why);
  }
  void refuse_parameter(std::string_view name, std::string_view why);

  // None where the parameter is not given. What cannot be read is refused.
  std::optional<std::int64_t> time_ms(std::string_view name);
  std::optional<std::int64_t> duration_ms(std::string_view name);
  std::optional<std::int64_t> integer(std::string_view name);
  std::size_t limit();  // 0: none
  // From start to end; all time where they are not given.
  rules::promql::TimeRange range();
  rules::promql::ExprPtr expression(std::string_view name, bool experimental);
  // Each match[]. Refuses one that takes series without labels.
  std::vector<std::vector<rules::promql::Matcher>> selectors();

  // `write` makes the data; what it returns as true is told as a cut. Annotations say where in `query` they are of.
  template <class Write>
  void send(Write write, const std::vector<rules::promql::Annotation>& annotations = {}, std::string_view query = {}) {
    body.clear();
    wire::JsonWriter json(body);
    json.begin_object();
    json.field("status", "success");
    json.key("data");
    const bool cut = write(json);
    write_notes(json, cut, annotations, query);
    json.end();
  }

  wire::QueryParameters parameters;
  std::optional<ApiError> error;
  std::string body;
  std::vector<std::string> warnings;  // told beside the data

 private:
  void write_notes(wire::JsonWriter& json, bool cut, const std::vector<rules::promql::Annotation>& annotations,
                   std::string_view query) const;
};

void answer_call(const wire::HttpRequest& request, wire::HttpResponder& responder, const std::function<void(ApiCall&)>& work);

}  // namespace tocsin::agent
