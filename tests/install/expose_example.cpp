// SPDX-License-Identifier: Apache-2.0
#include <exporters/expose.h>
#include <meters/registry.h>
#include <cstdio>

int main() {
  using namespace tocsin;
  auto& registry = meters::Registry::global();
  auto jobs = registry.counter({.name = "jobs_total", .unit = "{job}", .help = "Jobs done.", .labels = {"queue"}});
  auto endpoint = exporters::Expose::start(registry, {.listen = "127.0.0.1:0"});
  if (!jobs) return 1;
  const auto mail = jobs->with({"mail"});  // bound: an add costs about a nanosecond
  mail.add(3);
  if (!endpoint) return 1;
  std::printf("curl http://%s/metrics\n", (*endpoint)->address().c_str());
  std::getchar();  // served until then
}
