// SPDX-License-Identifier: Apache-2.0
// Made by `tocsin generate header` from host.toml: change that file, not this one.
//
// The host. What the agent's machine does, under the names of Prometheus' node exporter, so that its dashboards and
// rules fit. Only memory differs: `node_memory_total_bytes` where the exporter has `node_memory_MemTotal_bytes`, since
// promtool refuses capitals. What cannot be read is left out.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "meters/typed_meter.h"

namespace tocsin::meters {

// mode: what the time was spent on, as in /proc/stat
enum class CpuMode : std::uint8_t {User, Nice, System, Idle, Iowait, Irq, Softirq, Steal};
inline constexpr std::array<std::string_view, 8> kCpuModeWords = {"user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"};
constexpr std::string_view to_text(CpuMode value) noexcept { return kCpuModeWords[static_cast<std::size_t>(value)]; }

namespace label {
inline constexpr std::string_view kCpu = "cpu";
inline constexpr std::string_view kCpuMode = "mode";
inline constexpr std::string_view kDevice = "device";
inline constexpr std::string_view kFstype = "fstype";
inline constexpr std::string_view kMountpoint = "mountpoint";
}  // namespace label

namespace declared {
inline constexpr DeclaredLabel kCpu{"cpu", label::kCpu,
    "the processor's number", {}, false};
inline constexpr DeclaredLabel kCpuMode{"cpu_mode", label::kCpuMode,
    "what the time was spent on, as in /proc/stat", kCpuModeWords, false};
inline constexpr DeclaredLabel kDevice{"device", label::kDevice,
    "the disk, the file system's device, or the network interface", {}, false};
inline constexpr DeclaredLabel kFstype{"fstype", label::kFstype,
    "the kind of file system", {}, false};
inline constexpr DeclaredLabel kMountpoint{"mountpoint", label::kMountpoint,
    "where it is mounted", {}, false};
}  // namespace declared

// Time that each CPU spent in each mode. (counter in s)
struct NodeCpuSecondsTotalLabels {
  Required<std::string_view> cpu;
  Required<CpuMode> cpu_mode;
  constexpr std::array<std::string_view, 2> values() const noexcept {
    return {cpu.get(), to_text(cpu_mode.get())};
  }
};
inline constexpr DeclaredLabel kNodeCpuSecondsTotalLabels[] = {declared::kCpu, declared::kCpuMode};
inline constexpr DeclaredMeter kNodeCpuSecondsTotal{
    .name = "node_cpu_seconds_total", .kind = Kind::Counter, .unit = "s",
    .help = "Time that each CPU spent in each mode.",
    .labels = kNodeCpuSecondsTotalLabels, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using NodeCpuSecondsTotal = TypedObservable<NodeCpuSecondsTotalLabels, kNodeCpuSecondsTotal>;

// Load average over 1 minute. (gauge)
struct NodeLoad1Labels {
  constexpr std::array<std::string_view, 0> values() const noexcept {
    return {};
  }
};
inline constexpr DeclaredMeter kNodeLoad1{
    .name = "node_load1", .kind = Kind::Gauge, .unit = "",
    .help = "Load average over 1 minute.",
    .labels = {}, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using NodeLoad1 = TypedObservable<NodeLoad1Labels, kNodeLoad1>;

// Load average over 5 minutes. (gauge)
using NodeLoad5Labels = NodeLoad1Labels;
inline constexpr DeclaredMeter kNodeLoad5{
    .name = "node_load5", .kind = Kind::Gauge, .unit = "",
    .help = "Load average over 5 minutes.",
    .labels = {}, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using NodeLoad5 = TypedObservable<NodeLoad5Labels, kNodeLoad5>;

// Load average over 15 minutes. (gauge)
using NodeLoad15Labels = NodeLoad1Labels;
inline constexpr DeclaredMeter kNodeLoad15{
    .name = "node_load15", .kind = Kind::Gauge, .unit = "",
    .help = "Load average over 15 minutes.",
    .labels = {}, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using NodeLoad15 = TypedObservable<NodeLoad15Labels, kNodeLoad15>;

// Memory in all. (gauge in By)
using NodeMemoryTotalBytesLabels = NodeLoad1Labels;
inline constexpr DeclaredMeter kNodeMemoryTotalBytes{
    .name = "node_memory_total_bytes", .kind = Kind::Gauge, .unit = "By",
    .help = "Memory in all.",
    .labels = {}, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using NodeMemoryTotalBytes = TypedObservable<NodeMemoryTotalBytesLabels, kNodeMemoryTotalBytes>;

// Memory that new programs can have without swapping. (gauge in By)
using NodeMemoryAvailableBytesLabels = NodeLoad1Labels;
inline constexpr DeclaredMeter kNodeMemoryAvailableBytes{
    .name = "node_memory_available_bytes", .kind = Kind::Gauge, .unit = "By",
    .help = "Memory that new programs can have without swapping.",
    .labels = {}, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using NodeMemoryAvailableBytes = TypedObservable<NodeMemoryAvailableBytesLabels, kNodeMemoryAvailableBytes>;

// Memory that nothing uses. (gauge in By)
using NodeMemoryFreeBytesLabels = NodeLoad1Labels;
inline constexpr DeclaredMeter kNodeMemoryFreeBytes{
    .name = "node_memory_free_bytes", .kind = Kind::Gauge, .unit = "By",
    .help = "Memory that nothing uses.",
    .labels = {}, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using NodeMemoryFreeBytes = TypedObservable<NodeMemoryFreeBytesLabels, kNodeMemoryFreeBytes>;

// Swap in all. (gauge in By)
using NodeMemorySwapTotalBytesLabels = NodeLoad1Labels;
inline constexpr DeclaredMeter kNodeMemorySwapTotalBytes{
    .name = "node_memory_swap_total_bytes", .kind = Kind::Gauge, .unit = "By",
    .help = "Swap in all.",
    .labels = {}, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using NodeMemorySwapTotalBytes = TypedObservable<NodeMemorySwapTotalBytesLabels, kNodeMemorySwapTotalBytes>;

// Swap that is free. (gauge in By)
using NodeMemorySwapFreeBytesLabels = NodeLoad1Labels;
inline constexpr DeclaredMeter kNodeMemorySwapFreeBytes{
    .name = "node_memory_swap_free_bytes", .kind = Kind::Gauge, .unit = "By",
    .help = "Swap that is free.",
    .labels = {}, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using NodeMemorySwapFreeBytes = TypedObservable<NodeMemorySwapFreeBytesLabels, kNodeMemorySwapFreeBytes>;

// Reads that ended. (counter in {read})
struct NodeDiskReadsCompletedTotalLabels {
  Required<std::string_view> device;
  constexpr std::array<std::string_view, 1> values() const noexcept {
    return {device.get()};
  }
};
inline constexpr DeclaredLabel kNodeDiskReadsCompletedTotalLabels[] = {declared::kDevice};
inline constexpr DeclaredMeter kNodeDiskReadsCompletedTotal{
    .name = "node_disk_reads_completed_total", .kind = Kind::Counter, .unit = "{read}",
    .help = "Reads that ended.",
    .labels = kNodeDiskReadsCompletedTotalLabels, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using NodeDiskReadsCompletedTotal = TypedObservable<NodeDiskReadsCompletedTotalLabels, kNodeDiskReadsCompletedTotal>;

// Bytes read. (counter in By)
using NodeDiskReadBytesTotalLabels = NodeDiskReadsCompletedTotalLabels;
inline constexpr DeclaredMeter kNodeDiskReadBytesTotal{
    .name = "node_disk_read_bytes_total", .kind = Kind::Counter, .unit = "By",
    .help = "Bytes read.",
    .labels = kNodeDiskReadsCompletedTotalLabels, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using NodeDiskReadBytesTotal = TypedObservable<NodeDiskReadBytesTotalLabels, kNodeDiskReadBytesTotal>;

// Writes that ended. (counter in {write})
using NodeDiskWritesCompletedTotalLabels = NodeDiskReadsCompletedTotalLabels;
inline constexpr DeclaredMeter kNodeDiskWritesCompletedTotal{
    .name = "node_disk_writes_completed_total", .kind = Kind::Counter, .unit = "{write}",
    .help = "Writes that ended.",
    .labels = kNodeDiskReadsCompletedTotalLabels, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using NodeDiskWritesCompletedTotal = TypedObservable<NodeDiskWritesCompletedTotalLabels, kNodeDiskWritesCompletedTotal>;

// Bytes written. (counter in By)
using NodeDiskWrittenBytesTotalLabels = NodeDiskReadsCompletedTotalLabels;
inline constexpr DeclaredMeter kNodeDiskWrittenBytesTotal{
    .name = "node_disk_written_bytes_total", .kind = Kind::Counter, .unit = "By",
    .help = "Bytes written.",
    .labels = kNodeDiskReadsCompletedTotalLabels, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using NodeDiskWrittenBytesTotal = TypedObservable<NodeDiskWrittenBytesTotalLabels, kNodeDiskWrittenBytesTotal>;

// Time in which the disk was at work. (counter in s)
using NodeDiskIoTimeSecondsTotalLabels = NodeDiskReadsCompletedTotalLabels;
inline constexpr DeclaredMeter kNodeDiskIoTimeSecondsTotal{
    .name = "node_disk_io_time_seconds_total", .kind = Kind::Counter, .unit = "s",
    .help = "Time in which the disk was at work.",
    .labels = kNodeDiskReadsCompletedTotalLabels, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using NodeDiskIoTimeSecondsTotal = TypedObservable<NodeDiskIoTimeSecondsTotalLabels, kNodeDiskIoTimeSecondsTotal>;

// Size of the file system. (gauge in By)
struct NodeFilesystemSizeBytesLabels {
  Required<std::string_view> device;
  Required<std::string_view> fstype;
  Required<std::string_view> mountpoint;
  constexpr std::array<std::string_view, 3> values() const noexcept {
    return {device.get(), fstype.get(), mountpoint.get()};
  }
};
inline constexpr DeclaredLabel kNodeFilesystemSizeBytesLabels[] = {declared::kDevice, declared::kFstype, declared::kMountpoint};
inline constexpr DeclaredMeter kNodeFilesystemSizeBytes{
    .name = "node_filesystem_size_bytes", .kind = Kind::Gauge, .unit = "By",
    .help = "Size of the file system.",
    .labels = kNodeFilesystemSizeBytesLabels, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using NodeFilesystemSizeBytes = TypedObservable<NodeFilesystemSizeBytesLabels, kNodeFilesystemSizeBytes>;

// What users may still fill. (gauge in By)
using NodeFilesystemAvailBytesLabels = NodeFilesystemSizeBytesLabels;
inline constexpr DeclaredMeter kNodeFilesystemAvailBytes{
    .name = "node_filesystem_avail_bytes", .kind = Kind::Gauge, .unit = "By",
    .help = "What users may still fill.",
    .labels = kNodeFilesystemSizeBytesLabels, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using NodeFilesystemAvailBytes = TypedObservable<NodeFilesystemAvailBytesLabels, kNodeFilesystemAvailBytes>;

// Bytes received. (counter in By)
using NodeNetworkReceiveBytesTotalLabels = NodeDiskReadsCompletedTotalLabels;
inline constexpr DeclaredMeter kNodeNetworkReceiveBytesTotal{
    .name = "node_network_receive_bytes_total", .kind = Kind::Counter, .unit = "By",
    .help = "Bytes received.",
    .labels = kNodeDiskReadsCompletedTotalLabels, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using NodeNetworkReceiveBytesTotal = TypedObservable<NodeNetworkReceiveBytesTotalLabels, kNodeNetworkReceiveBytesTotal>;

// Receive errors. (counter in {error})
using NodeNetworkReceiveErrsTotalLabels = NodeDiskReadsCompletedTotalLabels;
inline constexpr DeclaredMeter kNodeNetworkReceiveErrsTotal{
    .name = "node_network_receive_errs_total", .kind = Kind::Counter, .unit = "{error}",
    .help = "Receive errors.",
    .labels = kNodeDiskReadsCompletedTotalLabels, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using NodeNetworkReceiveErrsTotal = TypedObservable<NodeNetworkReceiveErrsTotalLabels, kNodeNetworkReceiveErrsTotal>;

// Received packets that were dropped. (counter in {packet})
using NodeNetworkReceiveDropTotalLabels = NodeDiskReadsCompletedTotalLabels;
inline constexpr DeclaredMeter kNodeNetworkReceiveDropTotal{
    .name = "node_network_receive_drop_total", .kind = Kind::Counter, .unit = "{packet}",
    .help = "Received packets that were dropped.",
    .labels = kNodeDiskReadsCompletedTotalLabels, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using NodeNetworkReceiveDropTotal = TypedObservable<NodeNetworkReceiveDropTotalLabels, kNodeNetworkReceiveDropTotal>;

// Bytes sent. (counter in By)
using NodeNetworkTransmitBytesTotalLabels = NodeDiskReadsCompletedTotalLabels;
inline constexpr DeclaredMeter kNodeNetworkTransmitBytesTotal{
    .name = "node_network_transmit_bytes_total", .kind = Kind::Counter, .unit = "By",
    .help = "Bytes sent.",
    .labels = kNodeDiskReadsCompletedTotalLabels, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using NodeNetworkTransmitBytesTotal = TypedObservable<NodeNetworkTransmitBytesTotalLabels, kNodeNetworkTransmitBytesTotal>;

// Transmit errors. (counter in {error})
using NodeNetworkTransmitErrsTotalLabels = NodeDiskReadsCompletedTotalLabels;
inline constexpr DeclaredMeter kNodeNetworkTransmitErrsTotal{
    .name = "node_network_transmit_errs_total", .kind = Kind::Counter, .unit = "{error}",
    .help = "Transmit errors.",
    .labels = kNodeDiskReadsCompletedTotalLabels, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using NodeNetworkTransmitErrsTotal = TypedObservable<NodeNetworkTransmitErrsTotalLabels, kNodeNetworkTransmitErrsTotal>;

// Packets to be sent that were dropped. (counter in {packet})
using NodeNetworkTransmitDropTotalLabels = NodeDiskReadsCompletedTotalLabels;
inline constexpr DeclaredMeter kNodeNetworkTransmitDropTotal{
    .name = "node_network_transmit_drop_total", .kind = Kind::Counter, .unit = "{packet}",
    .help = "Packets to be sent that were dropped.",
    .labels = kNodeDiskReadsCompletedTotalLabels, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using NodeNetworkTransmitDropTotal = TypedObservable<NodeNetworkTransmitDropTotalLabels, kNodeNetworkTransmitDropTotal>;

// Time in which some task waited for a CPU. (counter in s)
using NodePressureCpuWaitingSecondsTotalLabels = NodeLoad1Labels;
inline constexpr DeclaredMeter kNodePressureCpuWaitingSecondsTotal{
    .name = "node_pressure_cpu_waiting_seconds_total", .kind = Kind::Counter, .unit = "s",
    .help = "Time in which some task waited for a CPU.",
    .labels = {}, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using NodePressureCpuWaitingSecondsTotal = TypedObservable<NodePressureCpuWaitingSecondsTotalLabels, kNodePressureCpuWaitingSecondsTotal>;

// Time in which some task waited for a disk. (counter in s)
using NodePressureIoWaitingSecondsTotalLabels = NodeLoad1Labels;
inline constexpr DeclaredMeter kNodePressureIoWaitingSecondsTotal{
    .name = "node_pressure_io_waiting_seconds_total", .kind = Kind::Counter, .unit = "s",
    .help = "Time in which some task waited for a disk.",
    .labels = {}, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using NodePressureIoWaitingSecondsTotal = TypedObservable<NodePressureIoWaitingSecondsTotalLabels, kNodePressureIoWaitingSecondsTotal>;

// Time in which all tasks waited for a disk. (counter in s)
using NodePressureIoStalledSecondsTotalLabels = NodeLoad1Labels;
inline constexpr DeclaredMeter kNodePressureIoStalledSecondsTotal{
    .name = "node_pressure_io_stalled_seconds_total", .kind = Kind::Counter, .unit = "s",
    .help = "Time in which all tasks waited for a disk.",
    .labels = {}, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using NodePressureIoStalledSecondsTotal = TypedObservable<NodePressureIoStalledSecondsTotalLabels, kNodePressureIoStalledSecondsTotal>;

// Time in which some task waited for memory. (counter in s)
using NodePressureMemoryWaitingSecondsTotalLabels = NodeLoad1Labels;
inline constexpr DeclaredMeter kNodePressureMemoryWaitingSecondsTotal{
    .name = "node_pressure_memory_waiting_seconds_total", .kind = Kind::Counter, .unit = "s",
    .help = "Time in which some task waited for memory.",
    .labels = {}, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using NodePressureMemoryWaitingSecondsTotal = TypedObservable<NodePressureMemoryWaitingSecondsTotalLabels, kNodePressureMemoryWaitingSecondsTotal>;

// Time in which all tasks waited for memory. (counter in s)
using NodePressureMemoryStalledSecondsTotalLabels = NodeLoad1Labels;
inline constexpr DeclaredMeter kNodePressureMemoryStalledSecondsTotal{
    .name = "node_pressure_memory_stalled_seconds_total", .kind = Kind::Counter, .unit = "s",
    .help = "Time in which all tasks waited for memory.",
    .labels = {}, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using NodePressureMemoryStalledSecondsTotal = TypedObservable<NodePressureMemoryStalledSecondsTotalLabels, kNodePressureMemoryStalledSecondsTotal>;

// 1 where something keeps the clock right (NTP), 0 where nothing does. (gauge)
using NodeTimexSyncStatusLabels = NodeLoad1Labels;
inline constexpr DeclaredMeter kNodeTimexSyncStatus{
    .name = "node_timex_sync_status", .kind = Kind::Gauge, .unit = "",
    .help = "1 where something keeps the clock right (NTP), 0 where nothing does.",
    .labels = {}, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using NodeTimexSyncStatus = TypedObservable<NodeTimexSyncStatusLabels, kNodeTimexSyncStatus>;

// How far the clock is from where its keeper wants it. (gauge in s)
using NodeTimexOffsetSecondsLabels = NodeLoad1Labels;
inline constexpr DeclaredMeter kNodeTimexOffsetSeconds{
    .name = "node_timex_offset_seconds", .kind = Kind::Gauge, .unit = "s",
    .help = "How far the clock is from where its keeper wants it.",
    .labels = {}, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using NodeTimexOffsetSeconds = TypedObservable<NodeTimexOffsetSecondsLabels, kNodeTimexOffsetSeconds>;

// The most that the clock may be wrong; it grows while nothing keeps it. (gauge in s)
using NodeTimexMaxerrorSecondsLabels = NodeLoad1Labels;
inline constexpr DeclaredMeter kNodeTimexMaxerrorSeconds{
    .name = "node_timex_maxerror_seconds", .kind = Kind::Gauge, .unit = "s",
    .help = "The most that the clock may be wrong; it grows while nothing keeps it.",
    .labels = {}, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using NodeTimexMaxerrorSeconds = TypedObservable<NodeTimexMaxerrorSecondsLabels, kNodeTimexMaxerrorSeconds>;

// All of them, in the catalogue's order.
inline constexpr DeclaredMeter kHostCatalogue[] = {
    kNodeCpuSecondsTotal, kNodeLoad1, kNodeLoad5, kNodeLoad15, kNodeMemoryTotalBytes, kNodeMemoryAvailableBytes,
    kNodeMemoryFreeBytes, kNodeMemorySwapTotalBytes, kNodeMemorySwapFreeBytes, kNodeDiskReadsCompletedTotal,
    kNodeDiskReadBytesTotal, kNodeDiskWritesCompletedTotal, kNodeDiskWrittenBytesTotal, kNodeDiskIoTimeSecondsTotal,
    kNodeFilesystemSizeBytes, kNodeFilesystemAvailBytes, kNodeNetworkReceiveBytesTotal, kNodeNetworkReceiveErrsTotal,
    kNodeNetworkReceiveDropTotal, kNodeNetworkTransmitBytesTotal, kNodeNetworkTransmitErrsTotal,
    kNodeNetworkTransmitDropTotal, kNodePressureCpuWaitingSecondsTotal, kNodePressureIoWaitingSecondsTotal,
    kNodePressureIoStalledSecondsTotal, kNodePressureMemoryWaitingSecondsTotal, kNodePressureMemoryStalledSecondsTotal,
    kNodeTimexSyncStatus, kNodeTimexOffsetSeconds, kNodeTimexMaxerrorSeconds};

}  // namespace tocsin::meters
