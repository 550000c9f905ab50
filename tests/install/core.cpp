// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <memory>

#include "meters/registry.h"

int main() {
  using namespace tocsin::meters;
  Registry registry;
  auto jobs = registry.counter({.name = "jobs_total", .unit = "{job}", .help = "Jobs done.", .labels = {"queue"}});
  if (!jobs) return 1;
  jobs->with({"mail"}).add(3);
  SnapshotBuilder builder(tocsin::SystemClock::instance().now());
  registry.collect(builder);
  const auto snapshot = std::move(builder).finish(1);
  for (const auto& family : snapshot->families)
    if (family->descriptor->name == "jobs_total")
      return std::get<Scalars>(family->points).bits.at(0) == 3 ? 0 : 2;
  return 3;
}
