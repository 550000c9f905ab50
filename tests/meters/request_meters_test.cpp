// SPDX-License-Identifier: Apache-2.0
#include "meters/request_meters.h"

#include <gtest/gtest.h>

#include "meters/exponential_histogram.h"
#include "tests/meters/collected.h"

namespace tocsin::meters {
namespace {

using Texts = std::vector<std::string_view>;

std::uint64_t timed(const Collected& collected, std::string_view name, const Texts& labels) {
  const auto& points = std::get<Histograms>(collected.family(name).points);
  const Row row = collected.the_row(name, labels);
  EXPECT_EQ(count(points.native[row]), points.count(row));
  return points.count(row);
}

TEST(RequestMeters, a_func_and_its_codes_stand_at_zero) {
  Registry registry;
  const RequestMeters meters = RequestMeters::make(registry, {.server_name = "shop"}).value();
  (void)meters.func("GET /items", {{"E42", Status::ServerError}, {"404", Status::ClientError}});
  const Collected collected(registry);
  for (const Texts& labels : {Texts{"shop", "GET /items", "ok", "0"}, Texts{"shop", "GET /items", "server_error", "E42"},
                              Texts{"shop", "GET /items", "client_error", "404"}}) {
    EXPECT_EQ(collected.value("server_request_total", labels), 0);
    EXPECT_EQ(timed(collected, "server_request_time_microseconds", labels), 0U);
  }
  EXPECT_EQ(collected.value("server_conc", {"shop", "GET /items"}), 0);
  EXPECT_EQ(collected.family("server_request_total").rows(), 3U);
  EXPECT_EQ(*std::get<Histograms>(collected.family("server_request_time_microseconds").points).bounds,
            std::vector<double>(kRequestTimeBounds.begin(), kRequestTimeBounds.end()));
}

TEST(RequestMeters, each_request_is_recorded_once) {
  Registry registry;
  const RequestMeters meters = RequestMeters::make(registry, {.server_name = "shop"}).value();
  const RequestFunc items = meters.func("f", {{"E42", Status::ServerError}});
  {
    Request request(items);
    EXPECT_EQ(Collected(registry).value("server_conc", {"shop", "f"}), 1);
    request.succeed();
    request.fail("E42", Status::ServerError);
    request.succeed();
  }
  { Request(items).fail("E42", Status::ServerError); }
  { Request(items).fail("other", Status::Timeout); }
  { Request dropped(items); }
  { Request(items).finish_http(200); }
  { Request(items).finish_http(404); }
  { Request(items).finish_grpc(1); }
  const Collected collected(registry);
  const std::pair<Texts, double> expected[] = {
      {{"shop", "f", "ok", "0"}, 2},          {{"shop", "f", "server_error", "E42"}, 1}, {{"shop", "f", "timeout", "other"}, 1},
      {{"shop", "f", "unmarked", "unmarked"}, 1}, {{"shop", "f", "client_error", "404"}, 1}, {{"shop", "f", "cancelled", "1"}, 1}};
  for (const auto& [labels, value] : expected) {
    EXPECT_EQ(collected.value("server_request_total", labels), value) << labels[3];
    EXPECT_EQ(timed(collected, "server_request_time_microseconds", labels), value) << labels[3];
  }
  EXPECT_EQ(collected.family("server_request_total").rows(), 6U);
  EXPECT_EQ(collected.value("server_conc", {"shop", "f"}), 0);
}

TEST(RequestMeters, elapsed_is_what_was_recorded) {
  Registry registry;
  const RequestFunc items = RequestMeters::make(registry, {.server_name = "shop"}).value().func("f");
  Request request(items);
  const auto before = request.elapsed();
  EXPECT_LE(before, request.elapsed());
  request.succeed();
  const Collected collected(registry);
  const auto& points = std::get<Histograms>(collected.family("server_request_time_microseconds").points);
  EXPECT_EQ(points.sums[collected.the_row("server_request_time_microseconds", {"shop", "f", "ok", "0"})],
            static_cast<double>(request.elapsed().count()) * 1e-3);
  EXPECT_EQ(request.elapsed(), request.elapsed());
}

TEST(RequestMeters, labels_belong_to_the_object) {
  Registry registry;
  const RequestMeters meters = RequestMeters::make(registry, {.server_name = "shop", .dc = "eu1", .app_id = "a7"}).value();
  const RequestFunc first = meters.func("first"), second = meters.func("second");
  {
    Request outer(first);
    { Request(second).succeed(); }
    outer.succeed();
  }
  const Collected collected(registry);
  EXPECT_EQ(collected.value("server_request_total", {"shop", "first", "ok", "0", "eu1", "", "a7"}), 1);
  EXPECT_EQ(collected.value("server_request_total", {"shop", "second", "ok", "0", "eu1", "", "a7"}), 1);
  EXPECT_EQ(collected.family("server_request_total").labels->column(4).name, "dc");
  EXPECT_EQ(collected.family("server_request_total").labels->column(6).name, "app_id");
}

TEST(RequestMeters, calls_going_out_have_a_peer_and_count_408_as_a_timeout) {
  Registry registry;
  const RequestMeters meters = RequestMeters::make(registry, {.server_name = "shop"}).value();
  const RequestFunc call = meters.rely("bank", "POST /pay");
  { Request(call).finish_http(408); }
  const Collected collected(registry);
  EXPECT_EQ(collected.value("rely_server_request_total", {"shop", "POST /pay", "timeout", "408", "bank"}), 1);
  EXPECT_EQ(collected.value("rely_server_conc", {"shop", "POST /pay", "bank"}), 0);
  EXPECT_EQ(timed(collected, "rely_server_request_time_microseconds", {"shop", "POST /pay", "ok", "0", "bank"}), 0U);
}

TEST(RequestMeters, the_trace_is_the_exemplar) {
  Registry registry;
  const RequestMeters meters = RequestMeters::make(registry, {.server_name = "shop"}).value();
  const RequestFunc func = meters.func("f");
  ExemplarContext context;
  context.trace_id[0] = 0xAB;
  {
    Request request(func);
    request.trace(context);
    request.succeed();
  }
  const Collected collected(registry);
  const auto& kept = collected.family("server_request_time_microseconds").exemplars;
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].trace_id, context.trace_id);
}

TEST(RequestMeters, workflow_nodes_and_tokens) {
  Registry registry;
  const RequestMeters meters = RequestMeters::make(registry, {.server_name = "flow"}).value();
  const RequestFunc node = meters.workflow_node("orders", "http");
  {
    NodeExecution execution(node);
    execution.succeed();
  }
  {
    NodeExecution execution(node);
    execution.fail(Status::Timeout);
  }
  { NodeExecution dropped(node); }
  const LlmTokens tokens = meters.llm_tokens("small");
  tokens.prompt.add(120);
  const Collected collected(registry);
  EXPECT_EQ(collected.value("workflow_node_executions_total", {"flow", "orders", "http", "ok"}), 1);
  EXPECT_EQ(collected.value("workflow_node_executions_total", {"flow", "orders", "http", "timeout"}), 1);
  EXPECT_EQ(collected.value("workflow_node_executions_total", {"flow", "orders", "http", "unmarked"}), 1);
  EXPECT_EQ(timed(collected, "workflow_node_time_microseconds", {"flow", "orders", "http", "timeout"}), 1U);
  EXPECT_EQ(collected.value("llm_tokens_total", {"flow", "small", "prompt"}), 120);
  EXPECT_EQ(collected.value("llm_tokens_total", {"flow", "small", "completion"}), 0);
}

TEST(RequestMeters, a_failure_that_is_none_is_a_success_and_an_unknown_one_unmarked) {
  Registry registry;
  const auto meters = RequestMeters::make(registry, {.server_name = "shop"}).value();
  const RequestFunc items = meters.func("items");
  Request(items).fail("E1", Status::Ok);
  Request(items).fail("E2", static_cast<Status>(77));
  Collected collected(registry);
  EXPECT_EQ(collected.value("server_request_total", {"shop", "items", "ok", "0"}), 1);
  EXPECT_EQ(collected.value("server_request_total", {"shop", "items", "unmarked", "E2"}), 1);
}

TEST(RequestMeters, wrong_use_is_told) {
  Registry registry;
  EXPECT_FALSE(RequestMeters::make(registry, {}).ok());
  (void)RequestMeters::make(registry, {.server_name = "a"}).value();
  EXPECT_TRUE(RequestMeters::make(registry, {.server_name = "b"}).ok());
  EXPECT_TRUE(RequestMeters::make(registry, {.server_name = "c", .dc = "eu1"}).ok());
  Registry taken;
  ASSERT_TRUE(taken.counter({.name = "server_request_total", .unit = "{request}", .labels = {"code"}}).ok());
  const auto other = RequestMeters::make(taken, {.server_name = "d"});
  ASSERT_FALSE(other.ok());
  EXPECT_NE(other.error().message.find("labels"), std::string::npos) << other.error().message;
  const RequestFunc nowhere;
  Request(nowhere).succeed();
}

}  // namespace
}  // namespace tocsin::meters
