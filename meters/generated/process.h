// SPDX-License-Identifier: Apache-2.0
// Made by `tocsin generate header` from process.toml: change that file, not this one.
//
// The process. What a process uses, under the names of Prometheus' client libraries; `meters/process.h` reads them.
// What cannot be read is left out.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "meters/typed_meter.h"

namespace tocsin::meters {

// CPU time that the process used, in user and system mode. (counter in s)
struct ProcessCpuSecondsTotalLabels {
  constexpr std::array<std::string_view, 0> values() const noexcept {
    return {};
  }
};
inline constexpr DeclaredMeter kProcessCpuSecondsTotal{
    .name = "process_cpu_seconds_total", .kind = Kind::Counter, .unit = "s",
    .help = "CPU time that the process used, in user and system mode.",
    .labels = {}, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using ProcessCpuSecondsTotal = TypedObservable<ProcessCpuSecondsTotalLabels, kProcessCpuSecondsTotal>;

// Memory of the process that is resident. (gauge in By)
using ProcessResidentMemoryBytesLabels = ProcessCpuSecondsTotalLabels;
inline constexpr DeclaredMeter kProcessResidentMemoryBytes{
    .name = "process_resident_memory_bytes", .kind = Kind::Gauge, .unit = "By",
    .help = "Memory of the process that is resident.",
    .labels = {}, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using ProcessResidentMemoryBytes = TypedObservable<ProcessResidentMemoryBytesLabels, kProcessResidentMemoryBytes>;

// Address space that the process has mapped. (gauge in By)
using ProcessVirtualMemoryBytesLabels = ProcessCpuSecondsTotalLabels;
inline constexpr DeclaredMeter kProcessVirtualMemoryBytes{
    .name = "process_virtual_memory_bytes", .kind = Kind::Gauge, .unit = "By",
    .help = "Address space that the process has mapped.",
    .labels = {}, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using ProcessVirtualMemoryBytes = TypedObservable<ProcessVirtualMemoryBytesLabels, kProcessVirtualMemoryBytes>;

// Address space that the process may map. (gauge in By)
using ProcessVirtualMemoryMaxBytesLabels = ProcessCpuSecondsTotalLabels;
inline constexpr DeclaredMeter kProcessVirtualMemoryMaxBytes{
    .name = "process_virtual_memory_max_bytes", .kind = Kind::Gauge, .unit = "By",
    .help = "Address space that the process may map.",
    .labels = {}, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using ProcessVirtualMemoryMaxBytes = TypedObservable<ProcessVirtualMemoryMaxBytesLabels, kProcessVirtualMemoryMaxBytes>;

// File descriptors that are open. (gauge in {file_descriptor})
using ProcessOpenFdsLabels = ProcessCpuSecondsTotalLabels;
inline constexpr DeclaredMeter kProcessOpenFds{
    .name = "process_open_fds", .kind = Kind::Gauge, .unit = "{file_descriptor}",
    .help = "File descriptors that are open.",
    .labels = {}, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using ProcessOpenFds = TypedObservable<ProcessOpenFdsLabels, kProcessOpenFds>;

// File descriptors that may be open. (gauge in {file_descriptor})
using ProcessMaxFdsLabels = ProcessCpuSecondsTotalLabels;
inline constexpr DeclaredMeter kProcessMaxFds{
    .name = "process_max_fds", .kind = Kind::Gauge, .unit = "{file_descriptor}",
    .help = "File descriptors that may be open.",
    .labels = {}, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using ProcessMaxFds = TypedObservable<ProcessMaxFdsLabels, kProcessMaxFds>;

// When the process started, in seconds of Unix time. (gauge in s)
using ProcessStartTimeSecondsLabels = ProcessCpuSecondsTotalLabels;
inline constexpr DeclaredMeter kProcessStartTimeSeconds{
    .name = "process_start_time_seconds", .kind = Kind::Gauge, .unit = "s",
    .help = "When the process started, in seconds of Unix time.",
    .labels = {}, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using ProcessStartTimeSeconds = TypedObservable<ProcessStartTimeSecondsLabels, kProcessStartTimeSeconds>;

// Threads of the process. (gauge in {thread})
using ProcessThreadsLabels = ProcessCpuSecondsTotalLabels;
inline constexpr DeclaredMeter kProcessThreads{
    .name = "process_threads", .kind = Kind::Gauge, .unit = "{thread}",
    .help = "Threads of the process.",
    .labels = {}, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using ProcessThreads = TypedObservable<ProcessThreadsLabels, kProcessThreads>;

// Page faults that had to wait for a disk. (counter in {fault})
using ProcessMajorPageFaultsTotalLabels = ProcessCpuSecondsTotalLabels;
inline constexpr DeclaredMeter kProcessMajorPageFaultsTotal{
    .name = "process_major_page_faults_total", .kind = Kind::Counter, .unit = "{fault}",
    .help = "Page faults that had to wait for a disk.",
    .labels = {}, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using ProcessMajorPageFaultsTotal = TypedObservable<ProcessMajorPageFaultsTotalLabels, kProcessMajorPageFaultsTotal>;

// All of them, in the catalogue's order.
inline constexpr DeclaredMeter kProcessCatalogue[] = {
    kProcessCpuSecondsTotal, kProcessResidentMemoryBytes, kProcessVirtualMemoryBytes, kProcessVirtualMemoryMaxBytes,
    kProcessOpenFds, kProcessMaxFds, kProcessStartTimeSeconds, kProcessThreads, kProcessMajorPageFaultsTotal};

}  // namespace tocsin::meters
