// SPDX-License-Identifier: Apache-2.0
// HostMeters: what this machine does, under the names of Prometheus' node exporter, so that its dashboards and rules
// fit: CPU, memory, load, disks, file systems, network, pressure, clock. Only memory differs: node_memory_total_bytes where the
// exporter has node_memory_MemTotal_bytes, since promtool refuses capitals.
//
//   HostMeters host;
//   auto started = host.start(registry, "/proc");
//
// Read once at each collection, never by a thread of its own. What cannot be read is left out.
// Threads: start from one owner; read on the collecting thread. Costs nine reads below /proc, some 120 us.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "meters/base/result.h"
#include "meters/observable.h"
#include "meters/registry.h"

namespace tocsin::agent {

class HostMeters {
 public:
  HostMeters();
  ~HostMeters();
  // `proc`: where procfs is mounted; a test gives a folder of its own. Errors: Configuration, our own mistake.
  Result<void> start(meters::Registry& registry, std::string proc = "/proc");
  void stop() { observations_.clear(); }

 private:
  struct Reading;
  std::unique_ptr<Reading> reading_;
  std::vector<meters::Observation> observations_;
};

}  // namespace tocsin::agent
