// SPDX-License-Identifier: Apache-2.0
// What one destination last acknowledged of each series, and the deltas since then.
//
//   OtlpDeltas deltas;
//   deltas.begin(plan);                                      // finds each family's stream; forgets those that are gone
//   if (auto delta = deltas.scalar(at, row)) write(*delta);  // nothing: nothing new, or no place to count from
//   deltas.acknowledge(at, row);
//
// A stream belongs to a family's label table. When the table was rewritten (expiry), its rows are found again by their
// label texts. Threads: one. Costs, a series: 24 bytes for a counter, 24 + 8 a bucket for a histogram.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "exporters/src/otlp_plan.h"
#include "meters/snapshot.h"

namespace tocsin::exporters {

// A scalar's growth; bits as Scalars::type says.
struct ScalarDelta {
  std::int64_t start_ns = 0;
  std::uint64_t bits = 0;
};

// A histogram's growth: explicit and native buckets, whichever the family has.
struct HistogramDelta {
  std::int64_t start_ns = 0;
  std::vector<std::uint64_t> counts;
  double sum = meters::kNoValueSent;
  meters::NativeHistogram native;
};

class OtlpDeltas {
 public:
  // For the families that `is_delta` says are sent as deltas; the index is that of the plan.
  void begin(const OtlpPlan& plan, const std::function<bool(const meters::Family&)>& is_delta);

  // Requires: the family is a delta, with Scalars or Histograms. Valid until the next call.
  const ScalarDelta* scalar(std::uint32_t at, meters::Row row);
  const HistogramDelta* histogram(std::uint32_t at, meters::Row row);
  void acknowledge(std::uint32_t at, meters::Row row);

  std::size_t bytes() const noexcept;

 private:
  struct Stream {
    std::shared_ptr<const meters::LabelSets> labels;
    std::uint64_t identity = 0;  // resource, scope, name, kind and bounds: survives a new table
    bool seen = false;
    meters::NumberType type = meters::NumberType::Double;
    bool is_histogram = false;
    std::size_t width = 1;                // cells a row
    std::vector<std::uint64_t> cells;     // bits, or bucket counts
    std::vector<double> sums;             // of histograms
    std::vector<meters::NativeHistogram> native;
    std::vector<std::int64_t> time_ns;    // of the acknowledged point; 0: none
    std::vector<std::int64_t> start_ns;
  };

  // A copy whose rows are those of another table of the same meter, found by their label texts.
  static std::unique_ptr<Stream> moved(const Stream& from, const std::shared_ptr<const meters::LabelSets>& labels);
  static void resize(Stream& stream, std::uint32_t rows, bool has_native);
  static void fit(Stream& stream, const meters::Family& family);
  static void retype(Stream& stream, meters::NumberType type);
  // Where to count from; nothing: the point only sets the place.
  struct Base {
    bool from_zero;
    std::int64_t start_ns;
  };
  std::optional<Base> base_of(std::uint32_t at, meters::Row row, bool fell) const;

  std::vector<std::unique_ptr<Stream>> streams_;
  std::vector<PlannedFamily> families_;  // the plan's
  std::vector<Stream*> of_family_;       // by place in the plan; null: not a delta
  ScalarDelta scalar_;
  HistogramDelta histogram_;
};

// The same buckets at a lower resolution: `scale` at most histogram.scale.
void reduce_scale(meters::NativeHistogram& histogram, std::int32_t scale);
// now - before. Nothing when a bucket or the count fell: the histogram began anew.
std::optional<meters::NativeHistogram> subtract(const meters::NativeHistogram& now, const meters::NativeHistogram& before);

}  // namespace tocsin::exporters
