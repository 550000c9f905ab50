// SPDX-License-Identifier: Apache-2.0
#include "meters/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <ctime>

#include "meters/base/number.h"
#include "meters/generated/process.h"

namespace tocsin::meters {

namespace {

enum Which : std::size_t { kCpu, kResident, kVirtual, kVirtualMax, kOpenFds, kMaxFds, kStart, kThreads, kMajorFaults, kMeters };

constexpr std::array<const DeclaredMeter*, kMeters> kDeclared = {
    &kProcessCpuSecondsTotal,       &kProcessResidentMemoryBytes, &kProcessVirtualMemoryBytes,
    &kProcessVirtualMemoryMaxBytes, &kProcessOpenFds,             &kProcessMaxFds,
    &kProcessStartTimeSeconds,      &kProcessThreads,             &kProcessMajorPageFaultsTotal,
};
static_assert(kMeters == std::size(kProcessCatalogue));

const std::shared_ptr<const Descriptor>& descriptor(std::size_t which) {
  static const auto& all = []() -> auto& {
    auto& made = *new std::array<std::shared_ptr<const Descriptor>, kMeters>;
    for (std::size_t i = 0; i < kMeters; ++i) made[i] = std::make_shared<const Descriptor>(descriptor_of(*kDeclared[i]));
    return made;
  }();
  return all[which];
}

std::string_view read_small(const char* path, std::span<char> into) noexcept {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return {};
  const ssize_t got = read(file, into.data(), into.size());
  close(file);
  return {into.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
}

// Since Linux 6.2 the size of the directory is the number of open files; before it is 0.
std::optional<std::uint64_t> open_fds() noexcept {
  struct stat about {};
  if (stat("/proc/self/fd", &about) != 0) return std::nullopt;
  if (about.st_size > 0) return static_cast<std::uint64_t>(about.st_size);
  DIR* listing = opendir("/proc/self/fd");
  if (listing == nullptr) return std::nullopt;
  std::uint64_t entries = 0;
  while (readdir(listing) != nullptr) ++entries;
  closedir(listing);
  return entries < 3 ? 0 : entries - 3;  // ".", ".." and the listing's own
}

std::optional<double> limit(decltype(RLIMIT_NOFILE) resource) noexcept {
  rlimit found{};
  if (getrlimit(resource, &found) != 0 || found.rlim_cur == RLIM_INFINITY) return std::nullopt;
  return static_cast<double>(found.rlim_cur);
}

double ticks_per_second() noexcept { return static_cast<double>(sysconf(_SC_CLK_TCK)); }

std::int64_t since_boot_ns() noexcept {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

std::optional<ProcessStat> parse_process_stat(std::string_view text) noexcept {
  const std::size_t bracket = text.rfind(')');
  if (bracket == std::string_view::npos || bracket + 2 > text.size()) return std::nullopt;
  text.remove_prefix(bracket + 2);
  ProcessStat stat;
  constexpr int kFirstField = 3, kLastField = 24;  // "state" and "rss" in proc(5)
  for (int field = kFirstField; field <= kLastField; ++field) {
    const std::string_view word = text.substr(0, text.find_first_of(" \n"));
    if (word.empty()) return std::nullopt;
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    std::uint64_t* into = nullptr;
    switch (field) {
      case 12: into = &stat.majflt; break;
      case 14: into = &stat.utime; break;
      case 15: into = &stat.stime; break;
      case 20: into = &stat.num_threads; break;
      case 22: into = &stat.starttime; break;
      case 23: into = &stat.vsize; break;
      case 24: into = &stat.rss; break;
      default: continue;
    }
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), *into);
    if (error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
  }
  return stat;
}

ProcessMeters::ProcessMeters(std::shared_ptr<const Origin> origin, const Clock& clock) : origin_(std::move(origin)), clock_(clock) {
  if (!origin_) {
    auto own = std::make_shared<Origin>();
    own->resource = std::make_shared<const Resource>();
    origin_ = std::move(own);
  }
  LabelSetTable table;
  table.append({});
  one_row_ = table.view();
}

void ProcessMeters::add(SnapshotBuilder& builder, std::size_t which, double value) const {
  Family family;
  family.descriptor = descriptor(which);
  family.origin = origin_;
  family.labels = one_row_;
  family.points = Scalars{NumberType::Double, {std::bit_cast<std::uint64_t>(value)}};
  family.states = {RowState::Live};
  family.start_ns = {start_ns_};
  builder.add(std::move(family));
}

void ProcessMeters::collect(SnapshotBuilder& builder) {
  std::array<char, 1024> buffer;
  if (const auto stat = parse_process_stat(read_small("/proc/self/stat", buffer))) {
    if (std::exchange(pid_, getpid()) != getpid()) {
      const auto started_after_boot = static_cast<double>(stat->starttime) / ticks_per_second() * 1e9;
      start_ns_ = to_unix_ns(clock_.now()) - since_boot_ns() + static_cast<std::int64_t>(started_after_boot);
    }
    add(builder, kCpu, static_cast<double>(stat->utime + stat->stime) / ticks_per_second());
    add(builder, kResident, static_cast<double>(stat->rss) * static_cast<double>(sysconf(_SC_PAGESIZE)));
    add(builder, kVirtual, static_cast<double>(stat->vsize));
    add(builder, kStart, static_cast<double>(start_ns_) * 1e-9);
    add(builder, kThreads, static_cast<double>(stat->num_threads));
    add(builder, kMajorFaults, static_cast<double>(stat->majflt));
  }
  if (const auto most = limit(RLIMIT_AS)) add(builder, kVirtualMax, *most);
  if (const auto open_now = open_fds()) add(builder, kOpenFds, static_cast<double>(*open_now));
  if (const auto most = limit(RLIMIT_NOFILE)) add(builder, kMaxFds, *most);
}

}  // namespace tocsin::meters
