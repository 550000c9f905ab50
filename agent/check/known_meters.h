// SPDX-License-Identifier: Apache-2.0
// KnownMeters: every series name that exists, with its labels: what queries are checked against.
//
//   KnownMeters known;
//   known.add_shipped();                                 // the catalogue of this program
//   for (const auto& meter : catalogue.meters()) known.add(meter);
//   const KnownSeries* buckets = known.find("server_request_time_microseconds_bucket");
//
// Threads: one while it is filled; immutable then. Keeps copies.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "agent/check/unit.h"
#include "meters/catalogue.h"

namespace tocsin::agent {

enum class SeriesKind : std::uint8_t { Unknown, Counter, Gauge, Buckets, Native };

struct KnownSeries {
  std::string name;
  std::string meter;  // as declared; empty where it was not: a recording, or what an agent was seen to have
  SeriesKind kind = SeriesKind::Unknown;
  Unit unit;
  Unit bound_unit;              // of a histogram: what `le` measures
  bool any_label = false;       // labels are not known
  std::string now;              // of a name that a meter had before: how it is called now
  std::chrono::year_month_day until = {};  // and when that name ends
  bool absent = false;          // it exists, but the agent that was asked does not have it
  std::set<std::string> labels;
  std::map<std::string, std::vector<std::string>> closed;  // label to its values
  std::vector<double> bounds;   // of Buckets
};

class KnownMeters {
 public:
  KnownMeters();  // what Prometheus makes itself: ALERTS, up, scrape_duration_seconds, ...

  void add_shipped();
  void add(const meters::DeclaredMeter& meter);
  // A later one of the same name is the one that counts.
  void add(KnownSeries series);
  // What an agent really has: what else is declared is absent; what is not declared becomes known as it was seen.
  void restrict_to(const std::vector<KnownSeries>& seen);
  // A label that every series may have, besides job, instance and those of scopes: external labels, relabelling.
  void add_label(std::string label) { everywhere_.insert(std::move(label)); }

  const KnownSeries* find(std::string_view name) const;
  // The name that is most like it; empty where none is.
  std::string nearest_name(std::string_view name) const;
  // There are programs whose meters nobody declared here: a name that is not known may be one of theirs.
  void expect_others() noexcept { others_ = true; }
  // Whether it may, as far as the name tells: it is no misspelt one of a known meter, nor in the namespace ("shop_") of a catalogue.
  bool may_be_anothers(std::string_view name) const;
  const std::set<std::string>& everywhere() const noexcept { return everywhere_; }
  std::vector<std::string> meters() const;  // declared ones, by name

 private:
  void add(const meters::DeclaredMeter& meter, KnownSeries series);
  void add_standard(const meters::DeclaredMeter& meter);

  std::map<std::string, KnownSeries, std::less<>> series_;
  std::set<std::string> everywhere_;
  std::set<std::string, std::less<>> namespaces_;  // "shop_", of what is declared
  bool others_ = false;
};

}  // namespace tocsin::agent
