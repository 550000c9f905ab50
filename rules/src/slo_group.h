// SPDX-License-Identifier: Apache-2.0
// What SloCounts remembers of an objective, and its form as bytes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "rules/slo_counts.h"

namespace tocsin::rules {

struct SloSource {
  std::uint64_t key = 0, sender = 0;  // hashes that are the same in every process
  CountPoint last;
  std::int64_t seen_ns = 0;  // when it last lived
  bool live = false;
  bool awaited = false;  // it lived when this was kept, and was not seen since the restart
};

struct SloCounts::Group {
  CountLabels labels;
  double total = 0, bad = 0;
  double shown_good = 0, shown_bad = 0;  // never fall
  std::int64_t since_ns = 0, changed_ns = 0, seen_ns = 0;
  std::vector<std::uint32_t> sources;  // places in Objective::sources
  std::size_t live = 0, awaited = 0;
  bool dirty = true;

  void show() noexcept {
    shown_good = std::max(shown_good, total - bad);
    shown_bad = std::max(shown_bad, bad);
  }
};

// A family's rows: which source each is.
struct SloCounts::Tracked {
  static constexpr std::uint32_t kNone = 0xffff'ffff, kUnknown = 0xffff'fffe;
  struct Link {
    std::uint32_t source = kUnknown;
    bool total = false, bad = false;
  };
  std::shared_ptr<const meters::Descriptor> descriptor;
  std::shared_ptr<const meters::Origin> origin;
  std::shared_ptr<const std::vector<double>> bounds;  // of a histogram
  std::size_t good_buckets = 0;                       // of a latency objective: the first so many
  std::string unusable;
  std::vector<Link> links;
  std::int64_t seen_ns = 0;
};

struct SloCounts::Objective {
  Slo slo;
  std::string counted;
  std::int64_t since_ns = 0, kept_ns = 0;
  std::int64_t held_until_ns = 0;    // after a restart that took long
  std::int64_t awaited_until_ns = 0;
  std::map<CountLabels, std::unique_ptr<Group>> groups;
  std::vector<SloSource> sources;
  std::vector<Group*> group_of_source;
  std::unordered_map<std::uint64_t, std::uint32_t> by_key;
  std::unordered_set<std::uint64_t> senders;  // of all sources
  std::map<std::pair<std::uint64_t, std::string>, Tracked> families;
  std::vector<CountLabels> gone;
  std::string unusable;
  std::size_t unusable_series = 0;
  std::int64_t swept_ns = 0;

  std::uint32_t source(std::uint64_t key, Group& group);
  KeptCounts kept(const Group& group) const;
  KeptCounts kept_self(std::int64_t now_ns) const;
  bool take(const KeptCounts& row);  // false: it cannot be read
};

}  // namespace tocsin::rules
