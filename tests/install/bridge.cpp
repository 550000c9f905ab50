// SPDX-License-Identifier: Apache-2.0
// A prometheus-cpp registry as a Source, by what was installed.
#include <exporters/patterns.h>
#include <exporters/prometheus_cpp.h>
#include <prometheus/counter.h>
#include <prometheus/registry.h>

#include <memory>

int main() {
  const auto theirs = std::make_shared<prometheus::Registry>();
  prometheus::BuildCounter().Name("theirs_total").Help("h").Register(*theirs).Add({}).Increment();
  tocsin::exporters::PrometheusCppSource source(theirs);
  tocsin::meters::SnapshotBuilder builder(tocsin::SystemClock::instance().now());
  source.collect(builder);
  const bool compiles = tocsin::exporters::compile_pattern("a|b").ok();
  return std::move(builder).finish(1)->families.size() == 1 && compiles ? 0 : 1;
}
