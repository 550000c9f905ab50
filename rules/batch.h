// SPDX-License-Identifier: Apache-2.0
// Batch: samples at their own times, never re-sampled: what was scraped, written remotely or computed by a rule. Each
// sample is one of Prometheus: a float or a native histogram of a series whose labels are complete.
//
//   BatchBuilder builder;                                   // one a sender, kept: the window remembers its tables
//   auto place = builder.place("up", {{"job", "shop"}});    // labels in any order, without the name
//   builder.add(place, now_ms, 1);
//   window.append(builder.batch());
//   builder.clear();                                        // samples go, places stay
//
// Threads: a value; a builder belongs to one thread. Costs 28 bytes a sample, and the tables 4 bytes a series and label.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "meters/descriptor.h"
#include "meters/labels.h"
#include "rules/promql/float_histogram.h"

namespace tocsin::rules {

// Series of one name. Labels are the tables' prometheus_name and text; nothing is added to them.
struct SampleFamily {
  std::string name;  // of the samples: "x_bucket"
  std::shared_ptr<const meters::LabelSets> labels;
  std::shared_ptr<const meters::Descriptor> descriptor;  // of "x"; null where nothing is known
};

struct SampleExemplar {
  std::uint32_t family = 0;
  meters::Row row = 0;
  std::int64_t time_ms = 0;
  double value = 0;
  std::vector<std::pair<std::string, std::string>> labels;  // trace_id and span_id among them
};

struct Batch {
  std::vector<SampleFamily> families;
  bool recorded = false;         // by a recording rule: kept longer, see WindowOptions
  bool internal = false;         // for rules and queries here, not for /metrics
  std::int64_t previous_ms = 0;  // when this sender's batch before was taken; 0: there was none, or it failed

  // One element a sample.
  std::vector<std::uint32_t> family;
  std::vector<meters::Row> row;
  std::vector<std::int64_t> time_ms;
  std::vector<double> values;                     // a series ends with promql::kStaleBits
  std::vector<std::int64_t> start_ms;             // since when a cumulative value counts; 0 = not known; empty = none known
  std::vector<promql::HistogramPtr> histograms;   // empty where there is none; null for floats

  std::vector<SampleExemplar> exemplars;

  std::size_t size() const noexcept { return values.size(); }
};

// The same for whoever has names and texts.
class BatchBuilder {
 public:
  using Label = std::pair<std::string_view, std::string_view>;
  struct Place {
    std::uint32_t family = 0;
    meters::Row row = 0;
  };

  // Empty texts are no labels. Requires: no label name twice, none is __name__.
  Place place(std::string_view name, std::span<const Label> labels);
  Place place(std::string_view name, std::initializer_list<Label> labels) {
    return place(name, std::span(labels.begin(), labels.size()));
  }
  // What is known of the samples of that name; else nothing.
  void describe(std::string_view name, std::shared_ptr<const meters::Descriptor> descriptor);

  void add(Place place, std::int64_t time_ms, double value, std::int64_t start_ms = 0);
  void add(Place place, std::int64_t time_ms, promql::HistogramPtr histogram, std::int64_t start_ms = 0);
  void add_exemplar(Place place, SampleExemplar exemplar);
  void set_recorded(bool recorded, bool internal = false) noexcept { batch_.recorded = recorded, batch_.internal = internal; }
  void set_previous(std::int64_t ms) noexcept { batch_.previous_ms = ms; }

  // Valid until the next call that changes the builder.
  const Batch& batch();
  void clear();

 private:
  struct Family {
    std::string name;
    std::unique_ptr<meters::LabelSetTable> table;
    std::shared_ptr<const meters::Descriptor> descriptor;
    std::unordered_map<std::string, std::size_t> columns;
  };
  std::uint32_t family(std::string_view name);

  std::vector<Family> families_;
  std::unordered_map<std::string, std::uint32_t> by_name_;
  Batch batch_;
};

}  // namespace tocsin::rules
