// SPDX-License-Identifier: Apache-2.0
#include "agent/host/host_meters.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "agent/host/src/host_reading.h"
#include "meters/base/number.h"
#include "meters/generated/host.h"

namespace tocsin::agent {

using meters::Observer;

namespace {

double number(std::string_view text) { return parse_double(text).value_or(0); }

constexpr double kTicksASecond = 100;  // USER_HZ is 100 on every Linux that Debian runs on
constexpr double kSector = 512;        // proc_diskstats(5): always, whatever the disk's own sector

void cpu(const HostReading& host, Observer& observer) {
  constexpr const auto& kModes = meters::kCpuModeWords;  // in the order of proc_stat(5)
  for (const auto& words : host.cpus.lines) {
    if (!words[0].starts_with("cpu") || words[0] == "cpu") continue;
    for (std::size_t i = 0; i < kModes.size() && i + 1 < words.size(); ++i)
      observer.observe({words[0].substr(3), kModes[i]}, number(words[i + 1]) / kTicksASecond);
  }
}

template <int Word>
void load(const HostReading& host, Observer& observer) {
  const auto& lines = host.load.lines;
  if (!lines.empty() && lines[0].size() > Word) observer.observe({}, number(lines[0][Word]));
}

// One figure of /proc/meminfo, in KiB there.
void memory(const HostReading& host, std::string_view key, Observer& observer) {
  for (const auto& words : host.memory.lines)
    if (words[0] == key && words.size() > 1) observer.observe({}, number(words[1]) * 1024);
}

// "sda1" of sda, "nvme0n1p2" of nvme0n1; but dm-10 is no part of dm-1, nor sdaa of sda.
bool is_partition(std::string_view name, std::string_view disk) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (name.size() <= disk.size() || disk.empty() || !name.starts_with(disk)) return false;
  std::string_view rest = name.substr(disk.size());
  if (is_digit(disk.back())) {
    if (rest[0] != 'p') return false;
    rest.remove_prefix(1);
  }
  return !rest.empty() && std::all_of(rest.begin(), rest.end(), is_digit);
}

// Whole disks that have done something; partitions would count everything twice.
bool is_disk(std::string_view name, const std::set<std::string_view>& names) {
  if (name.starts_with("loop") || name.starts_with("ram") || name.starts_with("sr")) return false;
  for (const std::string_view other : names)
    if (is_partition(name, other)) return false;
  return true;
}

template <int Word>
void disk(const HostReading& host, Observer& observer, double scale) {
  std::set<std::string_view> names;
  for (const auto& words : host.disks.lines)
    if (words.size() > 12) names.insert(words[2]);
  for (const auto& words : host.disks.lines)
    if (words.size() > 12 && is_disk(words[2], names)) observer.observe({words[2]}, number(words[Word]) * scale);
}

template <int Word>
void network(const HostReading& host, Observer& observer) {
  for (const auto& words : host.network.lines)
    if (words.size() > 16 && words[0] != "lo") observer.observe({words[0]}, number(words[Word]));
}

// "some avg10=0.00 ... total=123": microseconds in which some task waited, or all did.
void pressure(const HostReading::File& file, std::string_view who, Observer& observer) {
  for (const auto& words : file.lines) {
    if (words[0] != who) continue;
    for (const std::string_view word : words)
      if (word.starts_with("total=")) observer.observe({}, number(word.substr(6)) / 1e6);
  }
}

void file_systems(const HostReading& host, Observer& observer, double HostReading::FileSystem::*figure) {
  for (const auto& each : host.file_systems) observer.observe({each.device, each.kind, each.mount}, each.*figure);
}

using Read = void (*)(const HostReading& host, Observer& observer);

// What it is, is in meters/catalogue/host.toml.
struct Meter {
  const meters::DeclaredMeter& declared;
  Read read;
};

const std::vector<Meter>& all_meters() {
  static const std::vector<Meter> meters{
      {meters::kNodeCpuSecondsTotal, cpu},
      {meters::kNodeLoad1, load<0>},
      {meters::kNodeLoad5, load<1>},
      {meters::kNodeLoad15, load<2>},
      {meters::kNodeMemoryTotalBytes, [](auto& h, auto& o) { memory(h, "MemTotal", o); }},
      {meters::kNodeMemoryAvailableBytes, [](auto& h, auto& o) { memory(h, "MemAvailable", o); }},
      {meters::kNodeMemoryFreeBytes, [](auto& h, auto& o) { memory(h, "MemFree", o); }},
      {meters::kNodeMemorySwapTotalBytes, [](auto& h, auto& o) { memory(h, "SwapTotal", o); }},
      {meters::kNodeMemorySwapFreeBytes, [](auto& h, auto& o) { memory(h, "SwapFree", o); }},
      {meters::kNodeDiskReadsCompletedTotal, [](auto& h, auto& o) { disk<3>(h, o, 1); }},
      {meters::kNodeDiskReadBytesTotal, [](auto& h, auto& o) { disk<5>(h, o, kSector); }},
      {meters::kNodeDiskWritesCompletedTotal, [](auto& h, auto& o) { disk<7>(h, o, 1); }},
      {meters::kNodeDiskWrittenBytesTotal, [](auto& h, auto& o) { disk<9>(h, o, kSector); }},
      {meters::kNodeDiskIoTimeSecondsTotal, [](auto& h, auto& o) { disk<12>(h, o, 0.001); }},
      {meters::kNodeFilesystemSizeBytes, [](auto& h, auto& o) { file_systems(h, o, &HostReading::FileSystem::size_bytes); }},
      {meters::kNodeFilesystemAvailBytes, [](auto& h, auto& o) { file_systems(h, o, &HostReading::FileSystem::available_bytes); }},
      {meters::kNodeNetworkReceiveBytesTotal, network<1>},
      {meters::kNodeNetworkReceiveErrsTotal, network<3>},
      {meters::kNodeNetworkReceiveDropTotal, network<4>},
      {meters::kNodeNetworkTransmitBytesTotal, network<9>},
      {meters::kNodeNetworkTransmitErrsTotal, network<11>},
      {meters::kNodeNetworkTransmitDropTotal, network<12>},
      {meters::kNodePressureCpuWaitingSecondsTotal, [](auto& h, auto& o) { pressure(h.cpu_pressure, "some", o); }},
      {meters::kNodePressureIoWaitingSecondsTotal, [](auto& h, auto& o) { pressure(h.io_pressure, "some", o); }},
      {meters::kNodePressureIoStalledSecondsTotal, [](auto& h, auto& o) { pressure(h.io_pressure, "full", o); }},
      {meters::kNodePressureMemoryWaitingSecondsTotal, [](auto& h, auto& o) { pressure(h.memory_pressure, "some", o); }},
      {meters::kNodePressureMemoryStalledSecondsTotal, [](auto& h, auto& o) { pressure(h.memory_pressure, "full", o); }},
      {meters::kNodeTimexSyncStatus, [](auto& h, auto& o) { if (h.clock) o.observe({}, h.clock->kept ? 1 : 0); }},
      {meters::kNodeTimexOffsetSeconds, [](auto& h, auto& o) { if (h.clock) o.observe({}, h.clock->offset_seconds); }},
      {meters::kNodeTimexMaxerrorSeconds, [](auto& h, auto& o) { if (h.clock) o.observe({}, h.clock->most_wrong_seconds); }},
  };
  return meters;
}

}  // namespace

struct HostMeters::Reading {
  explicit Reading(std::string where) : proc(std::move(where)) {}
  const std::string proc;
  meters::OncePerCollection<HostReading> latest;
};

HostMeters::HostMeters() = default;
HostMeters::~HostMeters() { stop(); }

Result<void> HostMeters::start(meters::Registry& registry, std::string proc) {
  reading_ = std::make_unique<Reading>(std::move(proc));
  for (const Meter& meter : all_meters()) {
    const auto callback = [reading = reading_.get(), read = meter.read](Observer& observer) {
      const HostReading& host = reading->latest.get(observer, reading->proc);
      if (host.boot) observer.since(*host.boot);
      read(host, observer);
    };
    auto observation = meters::observe(registry, meter.declared, callback);
    if (!observation) return observation.error();
    observations_.push_back(std::move(*observation));
  }
  return {};
}

}  // namespace tocsin::agent
