// SPDX-License-Identifier: Apache-2.0
#include "agent/host/host_meters.h"

#include <gtest/gtest.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "exporters/prometheus_text.h"

namespace tocsin::agent {
namespace {

namespace fs = std::filesystem;

class HostMetersTest : public testing::Test {
 protected:
  void SetUp() override {
    proc_ = testing::TempDir() + "proc-" + std::to_string(getpid());
    fs::create_directories(proc_ + "/net");
    fs::create_directories(proc_ + "/pressure");
  }
  void TearDown() override { fs::remove_all(proc_); }
  void file(const std::string& name, const std::string& text) { std::ofstream(proc_ + '/' + name) << text; }
  std::shared_ptr<const meters::Snapshot> collect() {
    meters::Registry registry;
    HostMeters host;
    EXPECT_TRUE(host.start(registry, proc_).ok());
    meters::SnapshotBuilder builder(SystemClock::instance().now());
    registry.collect(builder);
    return std::move(builder).finish(1);
  }
  std::string scrape() {
    std::string text = "\n";
    exporters::encode_text(*collect(), {}, [&](std::string_view block) {
      text += block;
      return true;
    });
    return text;
  }
  std::string proc_;
};

TEST_F(HostMetersTest, what_proc_says) {
  file("stat", "cpu  300 0 0 0 0 0 0 0 0 0\ncpu0 100 2 30 4000 5 0 6 7 0 0\nintr 5\n");
  file("loadavg", "0.50 1.25 2.00 1/100 999\n");
  file("meminfo", "MemTotal:       16000 kB\nMemAvailable:    8000 kB\n");
  file("diskstats", " 254 0 vda 10 0 8 0 20 0 16 0 0 1500 0\n 254 1 vda1 10 0 8 0 20 0 16 0 0 1500 0\n 7 0 loop0 1 0 1 0 0 0 0 0 0 1 0\n");
  file("net/dev", "Inter-| Receive | Transmit\n face |bytes\n    lo: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n  eth0:123 4 5 6 0 0 0 0 789 8 9 10 0 0 0 0\n");
  file("pressure/io", "some avg10=0.00 avg60=0.00 avg300=0.00 total=2500000\nfull avg10=0.00 total=1500000\n");
  const std::string text = scrape();
  for (const char* line : {"node_cpu_seconds_total{cpu=\"0\",mode=\"system\"} 0.3", "node_load5 1.25",
                           "node_memory_total_bytes 16384000", "node_memory_available_bytes 8192000",
                           "node_disk_read_bytes_total{device=\"vda\"} 4096", "node_disk_io_time_seconds_total{device=\"vda\"} 1.5",
                           "node_network_receive_bytes_total{device=\"eth0\"} 123",
                           "node_network_transmit_drop_total{device=\"eth0\"} 10",
                           "node_pressure_io_waiting_seconds_total 2.5", "node_pressure_io_stalled_seconds_total 1.5"})
    EXPECT_NE(text.find('\n' + std::string(line) + '\n'), std::string::npos) << line << text;
  for (const char* absent : {"vda1", "loop0", "\"lo\"", "node_memory_swap_free_bytes ", "pressure_cpu_waiting_seconds_total "})
    EXPECT_EQ(text.find(absent), std::string::npos) << absent;
}

TEST_F(HostMetersTest, a_disk_whose_name_begins_like_another_is_no_part_of_it) {
  std::string lines;
  for (const char* name : {"dm-1", "dm-10", "sda", "sda1", "sdaa", "nvme0n1", "nvme0n1p2", "md1", "md10"})
    lines += std::string(" 8 0 ") + name + " 10 0 8 0 20 0 16 0 0 1500 0\n";
  file("diskstats", lines);
  const std::string text = scrape();
  for (const char* disk : {"dm-1", "dm-10", "sda", "sdaa", "nvme0n1", "md1", "md10"})
    EXPECT_NE(text.find("node_disk_read_bytes_total{device=\"" + std::string(disk) + "\"}"), std::string::npos) << disk;
  for (const char* part : {"sda1", "nvme0n1p2"}) EXPECT_EQ(text.find('"' + std::string(part) + '"'), std::string::npos) << part;
}

TEST_F(HostMetersTest, file_systems_of_disks_once_a_device_and_no_others) {
  fs::create_directories(proc_ + "/self");
  file("self/mounts", "proc /proc proc rw 0 0\ntmpfs /run tmpfs rw 0 0\n/dev/vda1 / ext4 rw 0 0\n/dev/vda1 /bound ext4 rw 0 0\n"
                      "/dev/vdb1 /no/such/mount xfs rw 0 0\n\nshort\noverlay /o overlay rw 0 0\n");
  const std::string text = scrape();
  struct statvfs root{};
  ASSERT_EQ(statvfs("/", &root), 0);
  const auto size = static_cast<double>(root.f_blocks) * static_cast<double>(root.f_frsize);
  const std::string found = "node_filesystem_size_bytes{device=\"/dev/vda1\",fstype=\"ext4\",mountpoint=\"/\"} ";
  const auto at = text.find('\n' + found);
  ASSERT_NE(at, std::string::npos) << text;
  EXPECT_EQ(std::stod(text.substr(at + 1 + found.size())), size);
  EXPECT_NE(text.find("\nnode_filesystem_avail_bytes{device=\"/dev/vda1\","), std::string::npos) << text;
  for (const char* absent : {"tmpfs", "overlay", "/bound", "vdb1"}) EXPECT_EQ(text.find(absent), std::string::npos) << absent;
}

// Else what happened since the machine's boot would look as if it had come since the agent's start.
TEST_F(HostMetersTest, counters_count_since_the_boot) {
  file("stat", "cpu0 100 2 30 4000 5 0 6 7 0 0\nbtime 1700000000\n");
  file("pressure/cpu", "some avg10=0.00 total=2500000\n");
  int counters = 0;
  const auto snapshot = collect();
  for (const auto& family : snapshot->families) {
    if (!family->descriptor->name.starts_with("node_") || family->descriptor->kind != meters::Kind::Counter || family->rows() == 0) continue;
    ++counters;
    EXPECT_EQ(family->start_ns[0], 1'700'000'000'000'000'000) << family->descriptor->name;
  }
  EXPECT_EQ(counters, 2);
}

TEST_F(HostMetersTest, what_cannot_be_read_is_left_out) {
  file("stat", "cpu0\n\n garbage");
  file("net/dev", "eth0");
  EXPECT_EQ(scrape().find("{device"), std::string::npos);
}

}  // namespace
}  // namespace tocsin::agent
