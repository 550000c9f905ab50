// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstdint>
#include <string_view>

#include "meters/counter.h"
#include "meters/gauge.h"
#include "meters/generated/request.h"
#include "meters/histogram.h"
#include "meters/meter.h"
#include "meters/observable.h"
#include "meters/registry.h"
#include "meters/request_convention.h"
#include "meters/request_meters.h"
#include "meters/timer.h"
#include "meters/typed_meter.h"
#include "meters/up_down_counter.h"
#include "tests/examples/reader.h"

namespace tocsin::examples {

using namespace meters;

double busy();
double idle();
bool load();
void parse();

void counter_example(Registry& registry) {
  Meter<Counter> requests = registry.counter({.name = "jobs_total", .unit = "{job}", .labels = {"queue"}}).value();
  Counter mail = requests.with({"mail"});
  mail.add();
}

void gauge_example(Registry& registry) {
  Gauge depth = registry.gauge({.name = "queue_depth", .unit = "{job}", .labels = {"queue"}}).value().with({"mail"});
  depth.set(17);
}

void histogram_example(Registry& registry, const std::array<std::uint8_t, 16>& trace_id,
                       const std::array<std::uint8_t, 8>& span_id) {
  Meter<Histogram> sizes = registry.histogram({.name = "reply_size", .unit = "By"}, {.bounds = {1e2, 1e4, 1e6}}).value();
  Histogram all = sizes.with({});
  all.observe(1234);
  all.observe(1234, {trace_id, span_id});
}

void meter_example(Registry& registry) {
  Meter<Counter> requests = registry.counter({.name = "requests_total", .labels = {"func", "status"}}).value();
  requests.declare({"GET /items", "ok"});
  Counter ok = requests.with({"GET /items", "ok"});
  requests.add({"GET /items", "timeout"});
}

void observable_example(Registry& registry) {
  Observation pool = registry.observable_gauge({.name = "pool_connections", .labels = {"state"}}, [&](Observer& observer) {
    observer.observe({"idle"}, idle());
    observer.observe({"busy"}, busy());
  }).value();
}

void registry_example(SnapshotBuilder& builder) {
  Registry& registry = Registry::global();
  Result<Meter<Counter>> jobs = registry.counter({.name = "jobs_total", .unit = "{job}", .labels = {"queue"}});
  if (!jobs) die(jobs.error().message);
  Counter mail = jobs->with({"mail"});
  registry.collect(builder);
  auto follower = registry.follow();
}

void request_convention_example() {
  std::string_view name = request_meter_names(Side::Server).total.name;
  Status status = status_of_http(404, Side::Server);
  std::string_view word = to_text(status);
}

void request_meters_example() {
  RequestMeters meters = RequestMeters::make(Registry::global(), {.server_name = "shop", .dc = "eu1"}).value();
  const RequestFunc items = meters.func("GET /items", {{"E42", Status::ServerError}});
  {
    Request request(items);
    if (!load()) return request.fail("E42", Status::ServerError);
    request.succeed();
  }
}

void timer_example(const Histogram& parse_time) {
  {
    Timer timer(parse_time);
    parse();
  }
}

void typed_meter_example() {
  Result<LlmTokensTotal> tokens = LlmTokensTotal::declare(Registry::global());
  Counter prompt = tokens->with({.server_name = "chat", .model = "m1", .token_kind = TokenKind::Prompt});
  tokens->add({.server_name = "chat", .model = "m1", .token_kind = TokenKind::Completion}, 17);
}

void up_down_counter_example(Registry& registry) {
  UpDownCounter in_flight = registry.up_down_counter({.name = "jobs_active", .unit = "{job}"}).value().with({});
  in_flight.add(1);
  in_flight.add(-1);
}

}  // namespace tocsin::examples
