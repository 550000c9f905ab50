// SPDX-License-Identifier: Apache-2.0
// Exposition: a Snapshot written as a scraper reads it, streamed in blocks of at most 64 KiB.
//
//   ExpositionReport report = encode_text(*snapshot, {}, [&](std::string_view block) { return socket.write(block); });
//   if (report.left_out() != 0) log(report.first_fault);
//
// Series that came from elsewhere carry job, instance and scope labels; each of their resources has one target_info.
// Families of one name have one header; what a format cannot hold is left out and counted in the report.
// Threads: pure; the sink is called on the caller's thread. Costs: one block, and per column of a family at most 256
// KiB; memory by the number of series only where rows are hidden (a bit each) or two sources have equal constant
// labels. Requires: texts are UTF-8, as receivers and registries see to.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "meters/snapshot.h"
#include "wire/escaping.h"

namespace tocsin::exporters {

struct SeriesFilter;

// Takes a block, at most 64 KiB; false ends the encoding.
using BlockSink = std::function<bool(std::string_view block)>;

struct ExpositionOptions {
  wire::Escaping escaping = wire::Escaping::Underscores;
  bool scope_labels = true;  // otel_scope_name and its kin, where the scope has a name
  bool target_info = true;
  bool created_lines = false;            // OpenMetrics' _created: a default Prometheus stores them as extra series
  const SeriesFilter* filter = nullptr;  // null: all series
};

// Rows are the series of the Snapshot: a histogram is one.
struct ExpositionReport {
  std::uint64_t families = 0, rows = 0, bytes = 0;
  std::uint64_t rows_of_other_type = 0;    // an earlier source sends the name as another type
  std::uint64_t rows_with_name_clash = 0;  // no name is left; in OpenMetrics, a sample's name is another family's
  std::uint64_t rows_with_bad_value = 0;   // OpenMetrics: a counter that is negative or not a number
  std::uint64_t rows_sent_twice = 0;       // equal to an earlier series in every label
  std::string first_fault;                 // names the first family of which something was left out
  bool complete = true;                    // false: the sink wanted no more

  std::uint64_t left_out() const noexcept {
    return rows_of_other_type + rows_with_name_clash + rows_with_bad_value + rows_sent_twice;
  }
};

}  // namespace tocsin::exporters
