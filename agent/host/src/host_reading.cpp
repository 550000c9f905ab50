// SPDX-License-Identifier: Apache-2.0
#include "agent/host/src/host_reading.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <set>

#include "meters/base/number.h"
#include "meters/base/text.h"

namespace tocsin::agent {

namespace {

std::string read_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return {};
  std::string text;
  std::array<char, 16 * 1024> block{};
  ssize_t size = 0;
  while ((size = ::read(file, block.data(), block.size())) > 0) text.append(block.data(), static_cast<std::size_t>(size));
  ::close(file);
  return text;
}

std::vector<HostReading::Words> words_of(std::string_view text) {
  std::vector<HostReading::Words> lines;
  for (const std::string_view line : split(text, '\n')) {
    HostReading::Words words;
    for (std::size_t at = 0; at < line.size();) {
      const auto begin = line.find_first_not_of(" \t:", at);
      if (begin == std::string_view::npos) break;
      const auto end = std::min(line.find_first_of(" \t:", begin), line.size());
      words.push_back(line.substr(begin, end - begin));
      at = end;
    }
    if (!words.empty()) lines.push_back(std::move(words));
  }
  return lines;
}

std::vector<HostReading::FileSystem> file_systems_of(const std::string& mounts) {
  constexpr std::array<std::string_view, 8> kKinds{"ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "vfat"};
  std::vector<HostReading::FileSystem> found;
  std::set<std::string_view> devices;
  for (const std::string_view line : split(mounts, '\n')) {
    const auto words = split(line, ' ');
    if (words.size() < 3 || std::find(kKinds.begin(), kKinds.end(), words[2]) == kKinds.end()) continue;
    if (!devices.insert(words[0]).second) continue;
    const std::string mount(words[1]);
    struct statvfs state{};
    if (statvfs(mount.c_str(), &state) != 0) continue;
    const auto block = static_cast<double>(state.f_frsize);
    found.push_back({std::string(words[0]), std::string(words[2]), mount, static_cast<double>(state.f_blocks) * block,
                     static_cast<double>(state.f_bavail) * block});
  }
  return found;
}

std::optional<HostReading::Clock> clock_now() {
  timex state{};  // modes 0: nothing is changed
  const int told = adjtimex(&state);
  if (told < 0) return std::nullopt;
  const double unit = (state.status & STA_NANO) != 0 ? 1e-9 : 1e-6;
  return HostReading::Clock{told != TIME_ERROR, static_cast<double>(state.offset) * unit, static_cast<double>(state.maxerror) * 1e-6};
}

// proc_stat(5): "btime 1700000000".
std::optional<Time> boot_of(const HostReading::File& stat) {
  for (const auto& words : stat.lines)
    if (words.size() > 1 && words[0] == "btime")
      if (const auto seconds = parse_double(words[1])) return Time(std::chrono::seconds(static_cast<std::int64_t>(*seconds)));
  return std::nullopt;
}

}  // namespace

HostReading::File::File(const std::string& path) : text(read_file(path)), lines(words_of(text)) {}

HostReading::HostReading(const std::string& proc)
    : cpus(proc + "/stat"),
      load(proc + "/loadavg"),
      memory(proc + "/meminfo"),
      disks(proc + "/diskstats"),
      network(proc + "/net/dev"),
      cpu_pressure(proc + "/pressure/cpu"),
      io_pressure(proc + "/pressure/io"),
      memory_pressure(proc + "/pressure/memory"),
      boot(boot_of(cpus)),
      clock(clock_now()),
      file_systems(file_systems_of(read_file(proc + "/self/mounts"))) {}

}  // namespace tocsin::agent
