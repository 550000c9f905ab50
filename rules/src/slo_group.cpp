// SPDX-License-Identifier: Apache-2.0
#include "rules/src/slo_group.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <utility>

namespace tocsin::rules {
namespace {

constexpr std::uint64_t kVersion = 1;
constexpr std::size_t kSourceWords = 8;

class Writer {
 public:
  void word(std::uint64_t value) {
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    bytes_.append(bytes, sizeof value);
  }
  void number(double value) { word(std::bit_cast<std::uint64_t>(value)); }
  void time(std::int64_t value) { word(static_cast<std::uint64_t>(value)); }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  std::uint64_t word() {
    std::uint64_t value = 0;
    if (bytes_.size() < sizeof value) return good_ = false, 0;
    std::memcpy(&value, bytes_.data(), sizeof value);
    bytes_.remove_prefix(sizeof value);
    return value;
  }
  double number() {
    const double value = std::bit_cast<double>(word());
    if (!(value >= 0) || !std::isfinite(value)) good_ = false;
    return value;
  }
  std::int64_t time() { return static_cast<std::int64_t>(word()); }
  std::size_t left() const noexcept { return bytes_.size() / sizeof(std::uint64_t); }
  bool whole() const noexcept { return good_ && bytes_.empty(); }

 private:
  std::string_view bytes_;
  bool good_ = true;
};

// The row of the objective itself: "slo" is no label that a group may have.
CountLabels self_labels() { return {{"slo", ""}}; }

}  // namespace

std::uint32_t SloCounts::Objective::source(std::uint64_t key, Group& group) {
  const auto [at, fresh] = by_key.try_emplace(key, static_cast<std::uint32_t>(sources.size()));
  if (fresh) {
    sources.emplace_back().key = key;
    group_of_source.push_back(&group);
    group.sources.push_back(at->second);
  }
  return at->second;
}

KeptCounts SloCounts::Objective::kept(const Group& group) const {
  Writer out;
  out.word(kVersion);
  for (const double value : {group.total, group.bad, group.shown_good, group.shown_bad}) out.number(value);
  for (const std::int64_t value : {group.since_ns, group.changed_ns, group.seen_ns}) out.time(value);
  out.word(group.sources.size());
  for (const std::uint32_t at : group.sources) {
    const SloSource& one = sources[at];
    out.word(one.key), out.word(one.sender);
    out.time(one.last.start_ns), out.time(one.last.time_ns);
    out.number(one.last.total), out.number(one.last.bad);
    out.time(one.seen_ns);
    out.word(one.live || one.awaited ? 1 : 0);
  }
  return {slo.name, group.labels, counted, out.take()};
}

KeptCounts SloCounts::Objective::kept_self(std::int64_t now_ns) const {
  Writer out;
  out.word(kVersion);
  out.time(since_ns), out.time(now_ns);
  return {slo.name, self_labels(), counted, out.take()};
}

bool SloCounts::Objective::take(const KeptCounts& row) {
  Reader in(row.state);
  if (in.word() != kVersion) return false;
  if (row.labels == self_labels()) {
    const std::int64_t since = in.time(), kept = in.time();
    if (!in.whole()) return false;
    since_ns = since, kept_ns = kept;
    return true;
  }
  auto group = std::make_unique<Group>();
  group->labels = row.labels;
  group->total = in.number(), group->bad = in.number(), group->shown_good = in.number(), group->shown_bad = in.number();
  group->since_ns = in.time(), group->changed_ns = in.time(), group->seen_ns = in.time();
  const std::uint64_t count = in.word();
  if (in.left() != count * kSourceWords || count > 10'000'000) return false;
  std::vector<SloSource> read(count);
  for (SloSource& one : read) {
    one.key = in.word(), one.sender = in.word();
    one.last.start_ns = in.time(), one.last.time_ns = in.time();
    one.last.total = in.number(), one.last.bad = in.number();
    one.seen_ns = in.time();
    one.awaited = in.word() != 0;
  }
  if (!in.whole()) return false;
  for (const SloSource& one : read) {
    if (by_key.contains(one.key)) continue;
    sources[source(one.key, *group)] = one;
    senders.insert(one.sender);
    if (one.awaited) ++group->awaited;
  }
  group->dirty = false;
  groups.insert_or_assign(row.labels, std::move(group));
  return true;
}

}  // namespace tocsin::rules
