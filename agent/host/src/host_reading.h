// SPDX-License-Identifier: Apache-2.0
// HostReading: what /proc (and the clock) says at one moment, each file read once and cut into words.
//
//   const HostReading host("/proc");
//   for (const auto& words : host.disks.lines) ...
//
// What cannot be read has no lines. Threads: a value, not to be moved: its words are views into it. Costs some 120 us.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "meters/base/clock.h"

namespace tocsin::agent {

struct HostReading {
  using Words = std::vector<std::string_view>;

  struct File {
    explicit File(const std::string& path);
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    const std::string text;
    const std::vector<Words> lines;  // without empty ones; a colon ends a word as a blank does
  };

  // Of a kind that has blocks of its own; one mount of each device.
  struct FileSystem {
    std::string device, kind, mount;
    double size_bytes = 0, available_bytes = 0;
  };

  explicit HostReading(const std::string& proc);

  File cpus, load, memory, disks, network;
  File cpu_pressure, io_pressure, memory_pressure;
  std::optional<Time> boot;  // since when all of it counts
  // Of adjtimex(2), not of /proc; none where the kernel does not say.
  struct Clock {
    bool kept = false;  // somebody keeps it right
    double offset_seconds = 0, most_wrong_seconds = 0;
  };
  std::optional<Clock> clock;
  std::vector<FileSystem> file_systems;
};

}  // namespace tocsin::agent
