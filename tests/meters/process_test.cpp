// SPDX-License-Identifier: Apache-2.0
#include "meters/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <latch>
#include <thread>

#include "tests/meters/collected.h"

namespace tocsin::meters {
namespace {

TEST(ProcessStat, the_command_may_hold_anything) {
  const auto stat = parse_process_stat(
      "4242 (a) b (c) R 1 4242 4242 0 -1 4194304 100 0 7 0 250 50 0 0 20 0 9 0 123456 1048576 77 184467 1 1 0\n");
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->majflt, 7U);
  EXPECT_EQ(stat->utime, 250U);
  EXPECT_EQ(stat->stime, 50U);
  EXPECT_EQ(stat->num_threads, 9U);
  EXPECT_EQ(stat->starttime, 123456U);
  EXPECT_EQ(stat->vsize, 1048576U);
  EXPECT_EQ(stat->rss, 77U);
  for (const std::string_view wrong : {"", "no bracket", "1 (a)", "1 (a) R", "1 (a) R 1 2 3", "1 (a) R 1 2 3 4 5 6 7 8 x 0 250"})
    EXPECT_FALSE(parse_process_stat(wrong)) << wrong;
}

TEST(ProcessMeters, tell_what_this_process_uses) {
  std::jthread([] {}).join();  // a sanitizer begins its own thread with our first
  ProcessMeters process;
  const Collected first(process);
  const double start = first.value("process_start_time_seconds", {});
  const double now = static_cast<double>(to_unix_ns(SystemClock::instance().now())) * 1e-9;
  EXPECT_LE(start, now + 1);
  EXPECT_GT(start, now - 3600);
  EXPECT_GT(first.value("process_resident_memory_bytes", {}), 1e6);
  EXPECT_GT(first.value("process_virtual_memory_bytes", {}), first.value("process_resident_memory_bytes", {}));
  rlimit files{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &files), 0);
  EXPECT_EQ(first.value("process_max_fds", {}), static_cast<double>(files.rlim_cur));
  EXPECT_EQ(first.family("process_cpu_seconds_total").descriptor->kind, Kind::Counter);
  EXPECT_DOUBLE_EQ(static_cast<double>(first.family("process_cpu_seconds_total").start_ns[0]) * 1e-9, start);

  const int file = open("/dev/null", O_RDONLY);
  std::latch done(1);
  const std::jthread waits([&] { done.wait(); });
  volatile double sink = 0;
  const double cpu = first.value("process_cpu_seconds_total", {});
  for (int i = 0; i < 200 && Collected(process).value("process_cpu_seconds_total", {}) < cpu + 0.02; ++i)
    for (int j = 0; j < 1'000'000; ++j) sink = sink + j;
  const Collected second(process);
  EXPECT_EQ(second.value("process_open_fds", {}), first.value("process_open_fds", {}) + 1);
  EXPECT_EQ(second.value("process_threads", {}), first.value("process_threads", {}) + 1);
  EXPECT_GE(second.value("process_cpu_seconds_total", {}), cpu + 0.02);
  EXPECT_EQ(second.value("process_start_time_seconds", {}), start);
  close(file);
  done.count_down();
}

}  // namespace
}  // namespace tocsin::meters
