// SPDX-License-Identifier: Apache-2.0
#include "meters/typed_meter.h"

#include <gtest/gtest.h>

#include "meters/generated/host.h"
#include "meters/generated/process.h"
#include "meters/generated/request.h"
#include "meters/generated/tocsin.h"
#include "tests/meters/collected.h"

namespace tocsin::meters {
namespace {

template <class Labels>
concept TakesItsLabels = requires { Labels{.server_name = "a", .model = "b", .token_kind = TokenKind::Prompt}; };
template <class Labels>
concept TakesAnUnknownLabel =
    requires { Labels{.server_name = "a", .model = "b", .token_kind = TokenKind::Prompt, .func = "c"}; };
template <class Labels>
concept TakesOneTooFew = requires { Labels{.server_name = "a", .model = "b"}; };
template <class Labels>
concept TakesTextForAClosedLabel = requires { Labels{.server_name = "a", .model = "b", .token_kind = "prompt"}; };
template <class Labels>
concept TakesAnotherLabelsValue = requires { Labels{.server_name = "a", .model = "b", .token_kind = Status::Ok}; };

static_assert(TakesItsLabels<LlmTokensTotal::Labels>);
static_assert(!TakesAnUnknownLabel<LlmTokensTotal::Labels>);
static_assert(!TakesOneTooFew<LlmTokensTotal::Labels>);
static_assert(!TakesTextForAClosedLabel<LlmTokensTotal::Labels>);
static_assert(!TakesAnotherLabelsValue<LlmTokensTotal::Labels>);

TEST(TypedMeter, records_under_the_names_of_the_catalogue) {
  Registry registry;
  const auto tokens = LlmTokensTotal::declare(registry).value();
  const Counter prompt = tokens.with({.server_name = "chat", .model = "m1", .token_kind = TokenKind::Prompt});
  prompt.add(3);
  tokens.add({.server_name = "chat", .model = "m1", .token_kind = TokenKind::Completion}, 4);
  tokens.declare({.server_name = "chat", .model = "m2", .token_kind = TokenKind::Prompt});
  const Collected collected(registry);
  EXPECT_EQ(collected.value("llm_tokens_total", {"chat", "m1", "prompt"}), 3);
  EXPECT_EQ(collected.value("llm_tokens_total", {"chat", "m1", "completion"}), 4);
  EXPECT_EQ(collected.value("llm_tokens_total", {"chat", "m2", "prompt"}), 0);
  EXPECT_EQ(collected.family("llm_tokens_total").descriptor->unit, "{token}");
  EXPECT_EQ(collected.family("llm_tokens_total").labels->column(2).name, "kind");
}

constexpr DeclaredMeter kRenamed{.name = "jobs_total", .kind = Kind::Counter, .unit = {}, .help = "Jobs.", .formerly = "tasks_total",
                                 .formerly_until = std::chrono::year{2027} / 3 / 1};

// Until its former name ends the meter is there twice, with the same rows; then the rows of the former one end.
TEST(TypedMeter, a_renamed_meter_is_shown_as_both_until_the_former_name_ends) {
  Registry registry;
  const auto jobs = registry.counter(spec_of(kRenamed)).value();
  jobs.with({}).add(3);
  const Time end = std::chrono::sys_days(std::chrono::year{2027} / 3 / 1);
  const Collected before(registry, end - std::chrono::seconds(1));
  EXPECT_EQ(before.value("jobs_total", {}), 3);
  EXPECT_EQ(before.value("tasks_total", {}), 3);
  EXPECT_EQ(before.family("tasks_total").descriptor->help, "Now jobs_total. Jobs.");
  const Collected at_end(registry, end);
  EXPECT_EQ(at_end.state("jobs_total", {}), RowState::Live);
  EXPECT_EQ(at_end.state("tasks_total", {}), RowState::Ended);
  const Collected later(registry, end + std::chrono::hours(1));
  EXPECT_TRUE(later.has("jobs_total"));
  EXPECT_FALSE(later.has("tasks_total"));
  // One object, whatever collection: what compares families by it sees no new meter at each tick.
  EXPECT_EQ(before.family("tasks_total").descriptor, at_end.family("tasks_total").descriptor);
  const auto other = registry.counter({.name = "tasks_total"});
  ASSERT_FALSE(other);
  EXPECT_NE(other.error().message.find("would both be written as"), std::string::npos) << other.error().message;
}

TEST(TypedMeter, a_former_name_that_is_written_as_the_new_one_is_refused) {
  for (const auto& [name, formerly, unit] : {std::tuple{"jobs.done", "jobs_done", ""}, {"jobs_total", "jobs", ""}, {"wait_seconds_total", "wait", "s"}}) {
    Registry registry;
    const auto made = registry.counter({.name = name, .unit = unit, .formerly = formerly, .formerly_until = std::chrono::sys_days(std::chrono::year{2027} / 3 / 1)});
    ASSERT_FALSE(made) << name;
    EXPECT_NE(made.error().message.find("would be written as"), std::string::npos) << made.error().message;
  }
}

TEST(TypedMeter, an_optional_label_may_be_left_out) {
  Registry registry;
  const auto requests = ServerRequestTotal::declare(registry).value();
  requests.add({.server_name = "shop", .func = "f", .status = Status::Timeout, .ret = "504"});
  requests.add({.server_name = "shop", .func = "f", .status = Status::Timeout, .ret = "504", .app_id = "a7"});
  const Collected collected(registry);
  EXPECT_EQ(collected.value("server_request_total", {"shop", "f", "timeout", "504"}), 1);
  EXPECT_EQ(collected.value("server_request_total", {"shop", "f", "timeout", "504", "", "", "a7"}), 1);
}

TEST(TypedMeter, a_histogram_has_the_buckets_of_its_ladder) {
  Registry registry;
  const auto time = WorkflowNodeTimeMicroseconds::declare(registry).value();
  time.observe({.server_name = "flow", .workflow = "w", .node_type = "llm", .status = Status::Ok}, 300.0);
  const Collected collected(registry);
  const auto& points = std::get<Histograms>(collected.family("workflow_node_time_microseconds").points);
  EXPECT_EQ(*points.bounds, std::vector<double>(kRequestTimeBounds.begin(), kRequestTimeBounds.end()));
  EXPECT_FALSE(points.native.empty());
}

TEST(TypedMeter, declared_otherwise_is_an_error) {
  Registry registry;
  ASSERT_TRUE(registry.counter({.name = "llm_tokens_total", .unit = "{token}", .labels = {"model"}}).ok());
  const auto tokens = LlmTokensTotal::declare(registry);
  ASSERT_FALSE(tokens.ok());
  EXPECT_NE(tokens.error().message.find("typed_meter_test.cpp"), std::string::npos) << tokens.error().message;
}

inline constexpr std::string_view kQueues[] = {"mail", "print"};
inline constexpr DeclaredLabel kQueueLabels[] = {{"queue", "queue", "which", kQueues}};
inline constexpr DeclaredMeter kJobs{.name = "jobs", .kind = Kind::Gauge, .unit = "", .help = "Jobs.", .labels = kQueueLabels, .sets = kQueues};
struct JobsLabels {
  Required<std::string_view> queue;
  std::array<std::string_view, 1> values() const noexcept { return {queue.get()}; }
};

TEST(TypedMeter, declared_label_sets_stand_at_zero) {
  Registry registry;
  const auto jobs = TypedMeter<IntegerGauge, JobsLabels, kJobs>::declare(registry).value();
  jobs.set({.queue = "mail"}, 5);
  const Collected collected(registry);
  EXPECT_EQ(collected.value("jobs", {"mail"}), 5);
  EXPECT_EQ(collected.value("jobs", {"print"}), 0);
}

TEST(TypedMeter, what_is_observed) {
  Registry registry;
  const auto observation = TocsinExportQueued::declare(registry, [](Observer& observer) {
    TocsinExportQueued::observe(observer, {.destination = "d", .signal = Signal::Spans}, 7);
  });
  ASSERT_TRUE(observation.ok());
  EXPECT_EQ(Collected(registry).value("tocsin_export_queued", {"d", "spans"}), 7);
  EXPECT_FALSE(observe(registry, kServerRequestTimeMicroseconds, [](Observer&) {}).ok());
}

}  // namespace
}  // namespace tocsin::meters
