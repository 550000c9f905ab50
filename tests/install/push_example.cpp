// SPDX-License-Identifier: Apache-2.0
#include <exporters/push.h>
#include <meters/registry.h>
#include <meters/request_meters.h>

int main() {
  using namespace tocsin;
  auto& registry = meters::Registry::global();
  auto push = exporters::Push::start(registry);  // to http://localhost:4318, or as the OTEL_* variables say
  auto shop = meters::RequestMeters::make(registry, {.server_name = "shop"});
  if (!shop) return 1;
  const auto items = shop->func("GET /items");   // stands at zero from now on
  meters::Request request(items);                // in flight, timed and counted
  request.succeed();                             // or fail("E42", meters::Status::ServerError)
}                                                // what there is, is sent
