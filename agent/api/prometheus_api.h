// SPDX-License-Identifier: Apache-2.0
// Prometheus' HTTP API over the agent's history: what Grafana, promtool and the agent's page ask.
//
//   PrometheusApi api([&] { return window.view(); }, clock, {});
//   api.add_routes(router);        // /api/v1/query, query_range, series, labels, label/<name>/values, format_query, parse_query
//
// Shapes, error types and words are Prometheus' own (https://prometheus.io/docs/prometheus/latest/querying/api/). GET, and
// POST with a form. Rules, alerts, targets and exemplars have their routes where these things live.
// Threads: thread-safe. Costs: an answer is one string; limits bound what a query reads and how long it runs.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>

#include "agent/api/router.h"
#include "meters/base/clock.h"
#include "rules/promql/evaluate.h"
#include "rules/promql/series_reader.h"

namespace tocsin::agent {

struct ApiCall;  // one request: its parameters, and how it is answered

struct QueryOptions {
  std::chrono::milliseconds lookback = std::chrono::minutes(5);
  std::chrono::milliseconds timeout = std::chrono::minutes(2);
  std::uint64_t max_samples = 50'000'000;
  bool experimental = false;  // functions that Prometheus calls so
};

class PrometheusApi {
 public:
  using View = std::function<std::shared_ptr<const rules::promql::SeriesReader>()>;

  PrometheusApi(View view, const Clock& clock, QueryOptions options)
      : view_(std::move(view)), clock_(clock), options_(options) {}
  void configure(QueryOptions options) {
    const std::lock_guard lock(mutex_);
    options_ = options;
  }

  void add_routes(Router& router);

 private:
  using Method = void (PrometheusApi::*)(ApiCall&) const;

  void add(Router& router, const char* path, Method method);
  void query(ApiCall& call) const;
  void query_range(ApiCall& call) const;
  void answer_query(ApiCall& call, rules::promql::EvaluationTime time) const;
  void series(ApiCall& call) const;
  void labels(ApiCall& call) const;
  void label_values(ApiCall& call, std::string_view path) const;
  void format_query(ApiCall& call) const;
  void parse_query(ApiCall& call) const;
  rules::promql::EvaluationSettings settings(ApiCall& call, rules::promql::EvaluationTime time) const;

  QueryOptions options() const {
    const std::lock_guard lock(mutex_);
    return options_;
  }

  const View view_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  QueryOptions options_;  // guarded by mutex_
};

}  // namespace tocsin::agent
