// SPDX-License-Identifier: Apache-2.0
// Evaluation of PromQL over 100,000 series of the window: the evaluator and its reads, not the parser.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "rules/promql/evaluate.h"
#include "rules/promql/parse.h"
#include "rules/window.h"
#include "tests/bench/harness.h"

namespace {

using namespace tocsin;
using namespace tocsin::rules;
using namespace tocsin::rules::promql;

constexpr std::int64_t kStep = 15'000, kNow = 7'200'000;

using LabelPairs = std::vector<std::pair<std::string, std::string>>;

// Series of one name, each growing by its own rate a second, every 15 s from a time on.
class History {
 public:
  explicit History(std::string name) : name_(std::move(name)) {}

  void add(const LabelPairs& labels, double rate) {
    std::vector<BatchBuilder::Label> views(labels.begin(), labels.end());
    places_.push_back({builder_.place(name_, views), rate});
  }

  std::shared_ptr<const WindowView> since(std::int64_t from_ms) {
    for (std::int64_t t = from_ms; t <= kNow; t += kStep) {
      builder_.clear();
      for (const auto& [place, rate] : places_) builder_.add(place, t, static_cast<double>(t) / 1000 * rate);
      window_.append(builder_.batch());
    }
    return window_.view();
  }

 private:
  std::string name_;
  Window window_{{.retention = std::chrono::hours(3), .max_bytes = std::size_t{1} << 30}};
  BatchBuilder builder_;
  std::vector<std::pair<BatchBuilder::Place, double>> places_;
};

// 100 servers, each with some series of one counter that grows by one a second.
void add_counters(History& history, std::size_t per_server) {
  for (int server = 0; server < 100; ++server)
    for (std::size_t i = 0; i < per_server; ++i)
      history.add({{"func", "func" + std::to_string(i / 10)},
                   {"ret", std::to_string(i % 10)},
                   {"server_name", "server" + std::to_string(server)},
                   {"status", i % 10 == 0 ? "ok" : "server_error"}},
                  1);
}

// 5,000 histograms of 16 buckets; half of what is observed is below 0.5.
void add_buckets(History& history) {
  for (int histogram = 0; histogram < 5000; ++histogram) {
    for (int bucket = 1; bucket <= 16; ++bucket) {
      char bound[16];
      std::snprintf(bound, sizeof bound, "%g", bucket / 16.0);
      history.add({{"func", "func" + std::to_string(histogram % 50)},
                   {"le", bucket == 16 ? "+Inf" : bound},
                   {"server_name", "server" + std::to_string(histogram / 50)}},
                  bucket);
    }
  }
}

// Evaluates once; true where every value of the answer is near what is expected, and there are as many.
bool ask(const Expr& expr, const SeriesReader& reader, EvaluationTime time, std::size_t series, double value) {
  const auto answer = evaluate(expr, reader, {.time = time});
  if (!answer) return std::fprintf(stderr, "%s\n", answer.error().message.c_str()), false;
  const auto near = [&](const Point& point) { return std::abs(point.value - value) <= 1e-6 * std::abs(value); };
  if (const auto* vector = std::get_if<Vector>(&answer->value)) {
    for (const Sample& sample : *vector)
      if (!near(sample.point)) return false;
    return vector->size() == series;
  }
  const Matrix& matrix = std::get<Matrix>(answer->value);
  for (const Series& each : matrix)
    for (const Point& point : each.points)
      if (!near(point)) return false;
  return matrix.size() == series;
}

// In milliseconds, a query.
void measure(bench::Bench& bench, const bench::RowSpec& row, const SeriesReader& reader, const std::string& query,
             EvaluationTime time, std::size_t series, double value) {
  const auto expr = *parse(query);
  bench.compare(row, [&](bench::Timing& timing) {
    bool right = true;
    timing.run(1, 1, [&](std::size_t) { right = ask(*expr, reader, time, series, value) && right; });
    timing.set(timing.value() / 1e6);
    return right;
  });
}

// 1,000 rules in one tick: ten for each of the 100 servers, each over that server's 1,000 series.
void measure_rules(bench::Bench& bench, const SeriesReader& reader) {
  std::vector<ExprPtr> rules;
  for (int i = 0; i < 1000; ++i) {
    rules.push_back(*parse("sum by (func) (rate(server_request_total{server_name=\"server" + std::to_string(i % 100) + "\"}[1m])) > " +
                           std::to_string(i / 100)));
  }
  bench.compare({"1,000 rules in one tick, 100,000 series", "ms", 1000}, [&](bench::Timing& timing) {
    bool right = true;
    timing.run(1, 1, [&](std::size_t) {
      // Each func has ten series: ten a second, so the rules that compare with 10 and more would find none.
      for (const ExprPtr& rule : rules) right = ask(*rule, reader, instant(kNow), 100, 10) && right;
    });
    timing.set(timing.value() / 1e6);
    return right;
  });
}

}  // namespace

int main(int argc, char** argv) {
  bench::Bench bench(argc, argv);
  {
    History history("server_request_total");
    add_counters(history, 1000);
    const auto view = history.since(kNow - 300'000);
    measure(bench, {"instant sum by (rate[1m]), 100,000 series", "ms", 4}, *view,
            "sum by (server_name) (rate(server_request_total[1m]))", instant(kNow), 100, 1000);
    measure(bench, {"instant ratio of sums by (rate[5m]), 100,000 series", "ms", 12}, *view,
            "sum by (server_name) (rate(server_request_total{status=\"server_error\"}[5m])) / "
            "sum by (server_name) (rate(server_request_total[5m]))",
            instant(kNow), 100, 0.9);
    measure(bench, {"instant sum by (gauge), 100,000 series", "ms", 4}, *view, "sum by (server_name) (server_request_total)",
            instant(kNow), 100, 1000.0 * kNow / 1000);
    measure_rules(bench, *view);
  }
  {
    History history("latency_bucket");
    add_buckets(history);
    const auto view = history.since(kNow - 300'000);
    measure(bench, {"instant histogram_quantile(rate[5m]), 80,000 buckets", "ms", 20}, *view,
            "histogram_quantile(0.5, rate(latency_bucket[5m]))", instant(kNow), 5000, 0.5);
    measure(bench, {"instant histogram_quantile(sum by (rate[5m])), 80,000 buckets", "ms", 10}, *view,
            "histogram_quantile(0.5, sum by (server_name, le) (rate(latency_bucket[5m])))", instant(kNow), 100, 0.5);
  }
  {
    History history("server_request_total");
    add_counters(history, 100);
    const auto view = history.since(0);
    measure(bench, {"range of 1 h at 15 s, sum by (rate[1m]), 10,000 series", "ms", 100}, *view,
            "sum by (server_name) (rate(server_request_total[1m]))", {kNow - 3'600'000, kNow, kStep}, 100, 100);
  }
  return bench.finish();
}
