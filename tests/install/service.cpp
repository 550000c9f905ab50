// SPDX-License-Identifier: Apache-2.0
// Pushes to where nobody listens and exposes on a free port: unharmed by the one, served by the other.
#include <chrono>
#include <cstdio>

#include "exporters/expose.h"
#include "exporters/push.h"
#include "meters/registry.h"

int main() {
  using namespace tocsin;
  auto& registry = meters::Registry::global();
  auto jobs = registry.counter({.name = "jobs_total", .unit = "{job}", .help = "Jobs done.", .labels = {"queue"}});
  auto push = exporters::Push::start(registry, {.destination = exporters::DestinationOptions{.endpoint = "http://127.0.0.1:9"}});
  auto expose = exporters::Expose::start(registry, {.listen = "127.0.0.1:0"});
  if (!jobs || !push || !expose) return 1;
  jobs->with({"mail"}).add(3);
  std::printf("%s\n", (*expose)->address().c_str());
  return (*expose)->port() > 0 ? 0 : 2;
}
