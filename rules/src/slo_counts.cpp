// SPDX-License-Identifier: Apache-2.0
// Which series an objective counts, and what of them is new; what is kept and shown of it is in slo_counts_take.cpp.
#include "rules/slo_counts.h"

#include <algorithm>
#include <cmath>

#include "meters/base/number.h"
#include "meters/series_identity.h"
#include "rules/src/slo_group.h"

namespace tocsin::rules {

using meters::Family;
using meters::Histograms;
using meters::Kind;
using meters::RowState;
using meters::Scalars;
using meters::Summaries;

namespace {

constexpr std::size_t kMostSources = 500'000;  // of an objective

// 64 bits of FNV-1a, mixed: what is kept must be found again by the next process.
class Hash {
 public:
  Hash& add(std::string_view text) noexcept {
    for (const char c : text) value_ = (value_ ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    value_ = (value_ ^ 0xffU) * 0x100000001b3U;  // a text's end is no text
    return *this;
  }
  std::uint64_t value() const noexcept {
    std::uint64_t x = value_;
    x = (x ^ (x >> 33U)) * 0xff51afd7ed558ccdU;
    x = (x ^ (x >> 33U)) * 0xc4ceb9fe1a85ec53U;
    return x ^ (x >> 33U);
  }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325U;
};

std::uint64_t hash_of(const meters::Origin& origin) {
  const char via = static_cast<char>('a' + static_cast<int>(origin.via));
  return Hash().add({&via, 1}).add(origin.resource->job).add(origin.resource->instance).value();
}

bool same_resource(const meters::Resource& a, const meters::Resource& b) {
  return &a == &b || (a.job == b.job && a.instance == b.instance && a.promoted == b.promoted);
}

std::string_view text_of(const meters::LabelPairs& pairs, std::string_view name) {
  const auto found = std::ranges::find(pairs, name, [](const auto& pair) { return pair.first; });
  return found == pairs.end() ? std::string_view() : std::string_view(found->second);
}

bool takes(const MeterSelector& selector, const meters::LabelPairs& pairs) {
  return std::ranges::all_of(selector.matchers, [&](const promql::Matcher& matcher) { return matcher.matches(text_of(pairs, matcher.label())); });
}

std::uint64_t count_of(const Histograms& histograms, meters::Row row) {
  if (const std::uint64_t count = histograms.count(row); count > 0 || histograms.native.empty()) return count;
  const meters::NativeHistogram& native = histograms.native[row];
  std::uint64_t count = native.zero_count;
  for (const auto* side : {&native.positive, &native.negative})
    for (const std::uint64_t one : *side) count += one;
  return count;
}

// What a row of a counter, or the count of a histogram or summary, stands at.
double value_of(const Family& family, meters::Row row) {
  if (const auto* scalars = std::get_if<Scalars>(&family.points)) return scalars->as_double(row);
  if (const auto* histograms = std::get_if<Histograms>(&family.points)) return static_cast<double>(count_of(*histograms, row));
  return static_cast<double>(std::get<Summaries>(family.points).counts[row]);
}

double at_most(const Histograms& histograms, meters::Row row, std::size_t buckets) {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < buckets; ++i) count += histograms.counts[row * histograms.buckets() + i];
  return static_cast<double>(count);
}

std::string number(double value) {
  std::string out;
  append_double(out, value);
  return out;
}

// Why a family cannot be counted; empty: it can. Sets how many buckets are good.
std::string judge(const Slo& slo, const Family& family, std::size_t& good_buckets) {
  const std::string& name = family.descriptor->prometheus_name;
  if (slo.latency) {
    const auto* histograms = std::get_if<Histograms>(&family.points);
    if (histograms == nullptr) return name + " is no histogram";
    const std::vector<double>& bounds = *histograms->bounds;
    const auto bound = std::ranges::find_if(bounds, [&](double one) { return std::abs(one - slo.threshold) <= 1e-9 * std::abs(one); });
    if (bound != bounds.end()) return good_buckets = static_cast<std::size_t>(bound - bounds.begin()) + 1, std::string();
    std::string near;
    for (const double one : bounds)
      if (near.empty() || std::abs(one - slo.threshold) < std::abs(*parse_double(near) - slo.threshold)) near = number(one);
    return name + " has no bucket bound " + number(slo.threshold) + (near.empty() ? "" : "; the nearest is " + near);
  }
  // Of an unknown kind, as remote write has it before its metadata came: by its name.
  const bool scalar = std::holds_alternative<Scalars>(family.points);
  if (scalar && family.descriptor->kind != Kind::Counter && !name.ends_with("_total")) return name + " is no counter";
  return {};
}

}  // namespace

CountIncrease increase_of(const CountPoint* last, const CountPoint& now, std::int64_t counting_since_ns, bool sender_known) {
  const CountIncrease whole{now.total, now.bad};
  if (last == nullptr) {
    if (now.start_ns == 0) return {};
    return now.start_ns >= counting_since_ns || sender_known ? whole : CountIncrease{};
  }
  const bool fell = now.total < last->total || now.bad < last->bad;
  const bool known = now.start_ns != 0;
  const bool later = known && (last->start_ns != 0 ? now.start_ns > last->start_ns : now.start_ns >= last->time_ns);
  return fell || later ? whole : CountIncrease{now.total - last->total, now.bad - last->bad};
}

SloCounts::SloCounts(SloCountsOptions options) : options_(std::move(options)) {}
SloCounts::~SloCounts() = default;

void SloCounts::index() {
  by_meter_.clear();
  const auto add = [&](const std::string& name, Objective* objective) {
    auto& all = by_meter_[name];
    if (std::ranges::find(all, objective) == all.end()) all.push_back(objective);
  };
  for (const auto& objective : objectives_) {
    add(objective->slo.total.meter, objective.get());
    if (!objective->slo.latency) add(objective->slo.bad.meter, objective.get());
  }
}

SloCounts::Group& SloCounts::group_of(Objective& objective, CountLabels labels) {
  auto& group = objective.groups[labels];
  if (!group) {
    group = std::make_unique<Group>();
    group->labels = std::move(labels);
    // Its series were not there when somebody looked last: nothing had happened then.
    group->since_ns = std::max(objective.since_ns, previous_ns_);
  }
  return *group;
}

// Rows that the family did not have before.
void SloCounts::settle(Objective& objective, Tracked& tracked, const Family& family, std::uint64_t sender) {
  const std::size_t before = tracked.links.size();
  tracked.links.resize(std::max<std::size_t>(before, family.rows()));
  if (before == tracked.links.size()) return;
  const bool histogram = std::holds_alternative<Histograms>(family.points);
  auto identity = meters::identity_of(family, {}, histogram ? "le" : "");
  const bool own = family.origin->resource->job.empty() && family.origin->resource->instance.empty();
  meters::LabelPairs pairs;
  for (auto row = static_cast<meters::Row>(before); row < family.rows(); ++row) {
    Tracked::Link& link = tracked.links[row];
    link.source = Tracked::kNone;
    merge_labels(identity, *family.labels, row, pairs);
    if (own && text_of(pairs, "job").empty() && !options_.own_job.empty()) pairs.emplace_back("job", options_.own_job);
    if (own && text_of(pairs, "instance").empty() && !options_.own_instance.empty()) pairs.emplace_back("instance", options_.own_instance);
    const Slo& slo = objective.slo;
    const std::string& name = family.descriptor->prometheus_name;
    const auto named = [&](const MeterSelector& selector) { return selector.meter == name || selector.meter == name + "_count"; };
    link.total = named(slo.total) && takes(slo.total, pairs);
    link.bad = !slo.latency && named(slo.bad) && takes(slo.bad, pairs);
    if (!link.total && !link.bad) continue;
    if (objective.sources.size() >= kMostSources) {
      objective.unusable = "more than " + std::to_string(kMostSources) + " series are selected";
      ++objective.unusable_series;
      continue;
    }
    CountLabels labels;
    for (const std::string& label : slo.by)
      if (const std::string_view text = text_of(pairs, label); !text.empty()) labels.emplace_back(label, text);
    std::ranges::sort(labels);
    std::ranges::sort(pairs);
    const char via = static_cast<char>('a' + static_cast<int>(family.origin->via));
    Hash hash;
    hash.add({&via, 1}).add(name);
    for (const auto& [label, text] : pairs) hash.add(label).add(text);
    link.source = objective.source(hash.value(), group_of(objective, std::move(labels)));
    objective.sources[link.source].sender = sender;
  }
}

void SloCounts::count(Objective& objective, const Family& family, std::string_view name, std::uint64_t sender) {
  Tracked& tracked = objective.families[{family.labels->table_id(), std::string(name)}];
  const auto* histograms = std::get_if<Histograms>(&family.points);
  const bool fits = tracked.descriptor && *tracked.descriptor == *family.descriptor && tracked.origin->via == family.origin->via &&
                    same_resource(*tracked.origin->resource, *family.origin->resource) && tracked.origin->scope == family.origin->scope &&
                    (histograms == nullptr || (tracked.bounds && *tracked.bounds == *histograms->bounds));
  if (!fits) {
    tracked = {};
    tracked.descriptor = family.descriptor, tracked.origin = family.origin;
    if (histograms != nullptr) tracked.bounds = histograms->bounds;
    tracked.unusable = judge(objective.slo, family, tracked.good_buckets);
  }
  tracked.seen_ns = counted_ns_;
  settle(objective, tracked, family, sender);
  const auto last_seen = senders_.find(sender);
  const bool known = objective.senders.contains(sender) || (last_seen != senders_.end() && last_seen->second >= objective.since_ns);
  for (meters::Row row = 0; row < family.rows(); ++row) {
    Tracked::Link& link = tracked.links[row];
    const bool live = family.states[row] == RowState::Live;
    if (link.source == Tracked::kNone) continue;
    if (!tracked.unusable.empty()) {
      if (live) objective.unusable = tracked.unusable, ++objective.unusable_series;
      continue;
    }
    SloSource& source = objective.sources[link.source];
    Group& group = *objective.group_of_source[link.source];
    CountPoint now;
    now.start_ns = family.start_ns.empty() ? 0 : family.start_ns[row];
    now.time_ns = family.time_ns.empty() ? counted_ns_ : family.time_ns[row];
    const double value = value_of(family, row);
    if (!std::isfinite(value) || value < 0) continue;
    now.total = link.total ? value : 0;
    now.bad = objective.slo.latency ? value - at_most(*histograms, row, tracked.good_buckets) : link.bad ? value : 0;
    const bool fresh = source.seen_ns == 0;
    const CountIncrease more = increase_of(fresh ? nullptr : &source.last, now, objective.since_ns, known);
    if (more.total != 0 || more.bad != 0) {
      group.total += more.total, group.bad += more.bad;
      group.changed_ns = counted_ns_;
      group.show();
    }
    const bool same = source.last.total == now.total && source.last.bad == now.bad && source.last.start_ns == now.start_ns;
    if (!same || fresh || source.live != live) group.dirty = true;
    source.last = now;
    source.live = live;
    if (live) source.seen_ns = group.seen_ns = counted_ns_, ++group.live;
    else if (fresh) source.seen_ns = counted_ns_;
    if (source.awaited) source.awaited = false, --group.awaited;
  }
}

void SloCounts::count(const meters::Snapshot& snapshot) {
  const std::lock_guard lock(mutex_);
  if (objectives_.empty()) return;
  const std::int64_t now_ns = to_unix_ns(snapshot.time);
  for (const auto& objective : objectives_) {
    if (objective->since_ns == 0) objective->since_ns = now_ns;
    for (auto& [labels, group] : objective->groups) group->live = 0;
    objective->unusable_series = 0;
    objective->unusable.clear();
  }
  previous_ns_ = std::exchange(counted_ns_, now_ns);
  std::unordered_map<std::uint64_t, bool> seen;
  std::unordered_map<const meters::Resource*, std::uint64_t> hashes[static_cast<std::size_t>(meters::Via::Rules) + 1];
  std::vector<std::pair<Objective*, std::uint64_t>> fresh;
  std::string with_count;
  for (const auto& family : snapshot.families) {
    auto& known = hashes[static_cast<std::size_t>(family->origin->via)];
    const auto [hash, unknown] = known.try_emplace(family->origin->resource.get(), 0);
    if (unknown) hash->second = hash_of(*family->origin);
    seen.try_emplace(hash->second, true);
    const auto all = by_meter_.find(family->descriptor->prometheus_name);
    if (all != by_meter_.end())
      for (Objective* objective : all->second) {
        count(*objective, *family, family->descriptor->prometheus_name, hash->second);
        fresh.emplace_back(objective, hash->second);
      }
    if (std::holds_alternative<Scalars>(family->points)) continue;
    with_count.assign(family->descriptor->prometheus_name).append("_count");
    if (const auto counts = by_meter_.find(with_count); counts != by_meter_.end())
      for (Objective* objective : counts->second)
        if (!objective->slo.latency) count(*objective, *family, with_count, hash->second), fresh.emplace_back(objective, hash->second);
  }
  for (const auto& [sender, yes] : seen) senders_[sender] = now_ns;
  for (const auto& [objective, sender] : fresh) objective->senders.insert(sender);
}

}  // namespace tocsin::rules
