// SPDX-License-Identifier: Apache-2.0
// Snapshot: the state of all series at one time, immutable and columnar. What was registered here and what was
// received is one type; every encoder, exporter and rule reads this and nothing else.
//
//   for (const auto& family : snapshot.families)
//     std::visit([&](const auto& points) { encode(*family, points); }, family->points);   // no default: a new form is an error where it is not handled
//
// A Family is the series of one descriptor that came from one Origin. Families are sorted by prometheus_name, so that
// those of one name from several origins are neighbours. All columns have one element a row of `labels`.
// Threads: immutable once shared. Costs about 17 bytes a scalar series, besides its labels, which are shared.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "meters/attributes.h"
#include "meters/base/clock.h"
#include "meters/descriptor.h"
#include "meters/labels.h"

namespace tocsin::meters {

enum class Via : std::uint8_t { Registry, Otlp, Spans, Statsd, Scrape, RemoteWrite, Rules };

// Who sent it. For what this process registered itself job and instance are empty (the scraper's labels hold).
struct Resource {
  Attributes attributes = {};
  std::string schema_url = {};
  std::string job = {};       // service.namespace/service.name
  std::string instance = {};  // service.instance.id or its stand-in
  std::vector<std::pair<std::string, std::string>> promoted = {};  // Prometheus label name and text, by name
  NameStrategy names = NameStrategy::UnderscoreEscapingWithSuffixes;  // of what it sends
};

struct Scope {
  std::string name = {}, version = {}, schema_url = {};
  Attributes attributes = {};
  bool operator==(const Scope&) const = default;
};

struct Origin {
  Via via = Via::Registry;
  std::shared_ptr<const Resource> resource = {};  // never null
  Scope scope = {};
};

enum class RowState : std::uint8_t { Live, Ended };  // Ended: no more points; kept until every tick sink saw it

enum class NumberType : std::uint8_t { Integer, Double };

struct Scalars {
  NumberType type = NumberType::Double;
  std::vector<std::uint64_t> bits;  // int64 or double, as `type` says

  double as_double(Row row) const noexcept {
    return type == NumberType::Integer ? static_cast<double>(std::bit_cast<std::int64_t>(bits[row]))
                                       : std::bit_cast<double>(bits[row]);
  }
};

// Exponential buckets of base 2^(2^-scale): positive[i] counts (base^(offset+i), base^(offset+i+1)], as in OTLP.
struct NativeHistogram {
  std::int32_t scale = 0;
  double zero_threshold = 0;
  std::uint64_t zero_count = 0;
  std::int32_t positive_offset = 0, negative_offset = 0;
  std::vector<std::uint64_t> positive, negative;
};

inline constexpr double kNoValueSent = std::numeric_limits<double>::quiet_NaN();  // an optional field that was absent

struct Histograms {
  // Upper bounds, inclusive, ascending, without +Inf; empty when there are only native buckets. Never null.
  std::shared_ptr<const std::vector<double>> bounds;
  std::vector<std::uint64_t> counts;  // rows x (bounds + 1), each its own bucket's (not cumulative)
  std::vector<double> sums;           // kNoValueSent where not known
  std::vector<double> min, max;       // one a row, or empty when not kept
  std::vector<NativeHistogram> native;  // one a row, or empty when there is none

  std::size_t buckets() const noexcept { return bounds->size() + 1; }
  std::uint64_t count(Row row) const noexcept {
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < buckets(); ++i) total += counts[row * buckets() + i];
    return total;
  }
};

struct Quantile {
  double quantile, value;
};

struct Summaries {
  std::vector<std::uint64_t> counts;
  std::vector<double> sums;
  std::vector<std::vector<Quantile>> quantiles;
};

struct Exemplar {
  Row row = 0;
  std::uint32_t bucket = 0;  // index into the row's explicit buckets; 0 for scalars and native-only
  double value = 0;
  Time time;
  std::array<std::uint8_t, 16> trace_id{};  // all zero: none
  std::array<std::uint8_t, 8> span_id{};
  std::vector<std::pair<std::string, std::string>> attributes;  // those that are no label of the series
};

struct Family {
  std::shared_ptr<const Descriptor> descriptor;
  std::shared_ptr<const Origin> origin;
  std::shared_ptr<const LabelSets> labels;
  std::variant<Scalars, Histograms, Summaries> points;
  std::vector<RowState> states;
  std::vector<std::int64_t> start_ns;  // unix; 0 = not known; empty = none known
  std::vector<std::int64_t> time_ns;   // unix; empty = the Snapshot's time
  std::vector<Exemplar> exemplars;     // sorted by (row, bucket)

  std::uint32_t rows() const noexcept { return static_cast<std::uint32_t>(states.size()); }
};

struct Snapshot {
  std::uint64_t sequence = 0;
  Time time;
  std::vector<std::shared_ptr<const Family>> families;  // by prometheus_name
};

}  // namespace tocsin::meters
