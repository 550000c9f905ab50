// SPDX-License-Identifier: Apache-2.0
#include "agent/receivers/statsd.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "meters/base/text.h"
#include "meters/request_convention.h"

namespace tocsin::agent {

namespace {

// For histograms and distributions, whose unit nobody says: 0.001 to 1,000,000 by 1, 2.5, 5.
const std::vector<double>& plain_bounds() {
  static const std::vector<double> bounds = [] {
    std::vector<double> ladder;
    for (double decade = 0.001; decade < 1e6; decade *= 10)
      for (const double step : {1.0, 2.5, 5.0}) ladder.push_back(decade * step);
    ladder.push_back(1e6);
    return ladder;
  }();
  return bounds;
}

std::vector<double> milliseconds_ladder() {
  std::vector<double> ladder;
  for (const double microseconds : meters::kRequestTimeBounds) ladder.push_back(microseconds / 1000);
  return ladder;
}

bool is_histogram(StatsdType type) noexcept {
  return type == StatsdType::Timer || type == StatsdType::Histogram || type == StatsdType::Distribution;
}

}  // namespace

StatsdReceiver::StatsdReceiver(Intake& intake, StatsdOptions options, const Clock& clock)
    : intake_(intake),
      clock_(clock),
      max_set_members_(options.max_set_members),
      timer_bounds_(options.timer_bounds.empty() ? milliseconds_ladder() : std::move(options.timer_bounds)),
      writer_(meters::Via::Statsd, {{"service.name", "statsd"}, {"service.instance.id", options.instance}}) {}

void StatsdReceiver::configure_timers(std::vector<double> bounds) {
  const std::lock_guard lock(write_mutex_);
  timer_bounds_ = bounds.empty() ? milliseconds_ladder() : std::move(bounds);
}

void StatsdReceiver::take(std::string_view lines) {
  Ledger::Entry entry;
  std::string words;
  const std::lock_guard lock(write_mutex_);
  const auto now_ns = static_cast<std::uint64_t>(to_unix_ns(clock_.now()));
  while (!lines.empty()) {
    const auto end = lines.find('\n');
    const std::string_view text = lines.substr(0, end);
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
    StatsdFault fault = parse_statsd_line(text, line_);
    if (fault == StatsdFault::Empty) continue;  // the line feed at the end of a datagram
    if (fault == StatsdFault::None && !is_utf8(text)) fault = StatsdFault::BadValue;
    if (fault != StatsdFault::None) {
      words = reject(entry, fault, text);
    } else if (read_labels(line_); line_.type != StatsdType::Set) {
      write(line_, now_ns);
    } else if (add_to_set(line_)) {
      ++entry.accepted;
    } else {
      entry.rejected.emplace_back("set_members", 1);
      words = "set_members: more than " + std::to_string(max_set_members_) + " different members between two ticks";
    }
  }
  if (!writer_.empty()) {
    Intake::Outcome applied = intake_.apply(writer_.finish());
    entry.accepted += applied.accepted;
    entry.rejected.insert(entry.rejected.end(), applied.rejected.begin(), applied.rejected.end());
    if (!applied.message.empty()) words = std::move(applied.message);
  }
  writer_.clear();
  ledger_.record(entry, words);
}

std::string StatsdReceiver::reject(Ledger::Entry& entry, StatsdFault fault, std::string_view text) {
  entry.rejected.emplace_back(to_text(fault), 1);
  std::string words = std::string(to_text(fault)) + ": " + to_utf8(text.substr(0, 200));
  const std::lock_guard lock(mutex_);
  return last_malformed_ = std::move(words);
}

// A tag that stands twice counts once, the last time: a label has one value.
void StatsdReceiver::read_labels(const StatsdLine& line) {
  labels_.clear();
  for (auto tag = line.tags.begin(); tag != line.tags.end(); ++tag) {
    const auto same = [&](const auto& later) { return later.first == tag->first; };
    if (std::any_of(std::next(tag), line.tags.end(), same)) continue;
    labels_.push_back({tag->first, tag->second.empty() ? "true" : tag->second});
  }
}

// One point a line, however many values are packed into it: the ledger counts lines.
void StatsdReceiver::write(const StatsdLine& line, std::uint64_t now_ns) {
  if (is_histogram(line.type)) {
    const bool timer = line.type == StatsdType::Timer;
    writer_.meter({.name = line.name, .unit = timer ? "ms" : "", .kind = meters::Kind::Histogram,
                   .bounds = timer ? timer_bounds_ : plain_bounds()});
    return writer_.observe(labels_, line.values, static_cast<std::uint64_t>(std::llround(1 / line.rate)), now_ns);
  }
  const bool counter = line.type == StatsdType::Counter;
  writer_.meter({.name = line.name, .kind = counter ? meters::Kind::Counter : meters::Kind::Gauge});
  if (!counter && !line.relative) return writer_.set(labels_, line.values.back(), now_ns);
  double change = 0;
  for (const double value : line.values) change += value / (counter ? line.rate : 1);
  writer_.add(labels_, change, now_ns);
}

bool StatsdReceiver::add_to_set(const StatsdLine& line) {
  if (set_members_ >= max_set_members_) return false;
  std::string key(line.name);
  for (const auto& [name, text] : labels_) key.append(1, '\0').append(name).append(1, '\0').append(text);
  Set& set = sets_[key];
  if (set.name.empty()) {
    set.name = line.name;
    for (const auto& [name, text] : labels_) set.tags.emplace_back(name, text);
  }
  for (const std::string_view member : line.members) set_members_ += set.members.emplace(member).second ? 1 : 0;
  return true;
}

// A set that was quiet since the flush before is reported as 0 once, and then forgotten.
void StatsdReceiver::flush_sets(Time now) {
  const std::lock_guard lock(write_mutex_);
  for (auto at = sets_.begin(); at != sets_.end();) {
    Set& set = at->second;
    labels_.clear();
    for (const auto& [name, text] : set.tags) labels_.push_back({name, text});
    writer_.meter({.name = set.name, .kind = meters::Kind::Gauge});
    writer_.set(labels_, static_cast<double>(set.members.size()), static_cast<std::uint64_t>(to_unix_ns(now)));
    const bool quiet = set.members.empty();
    set.members.clear();
    at = quiet ? sets_.erase(at) : std::next(at);
  }
  set_members_ = 0;
  if (!writer_.empty()) {
    // The lines of a set were accepted when they came; what cannot be shown of it now is a rejection of its own.
    Intake::Outcome applied = intake_.apply(writer_.finish());
    if (!applied.rejected.empty()) ledger_.record({0, std::move(applied.rejected)}, applied.message);
  }
  writer_.clear();
}

std::string StatsdReceiver::last_malformed() const {
  const std::lock_guard lock(mutex_);
  return last_malformed_;
}

}  // namespace tocsin::agent
