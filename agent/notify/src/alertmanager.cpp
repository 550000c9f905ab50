// SPDX-License-Identifier: Apache-2.0
// Alertmanager's v2 API: every firing alert again and again, an end for a while, 256 in a request.
#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include "agent/notify/src/receiver.h"
#include "wire/json_writer.h"
#include "wire/timestamp.h"
#include "wire/url.h"

namespace tocsin::agent {
namespace {

using rules::AlertLabels;
using rules::OutboxRow;
using rules::ToldRecord;

constexpr std::size_t kBatch = 256;

enum class Word : std::uint8_t {
  Firing,
  Late,      // it has ended already, but the receiver never heard that it fired
  Resolved,
};

struct Telling {
  const OutboxRow* row;
  Word word;
  bool first;
};

void write_pairs(wire::JsonWriter& json, const char* key, const AlertLabels& pairs) {
  json.key(key);
  json.begin_object();
  for (const auto& [name, value] : pairs) json.field(name, value);
  json.end();
}

class Alertmanager final : public Receiver {
 public:
  Alertmanager(AlertmanagerConfig config, const NotifyConfig& shared)
      : config_(std::move(config)), labels_(shared, config_.alert_relabel), resend_(shared.resend_delay), resolved_for_(shared.resolved_for) {}

  const std::string& name() const override { return config_.name; }
  const char* kind() const override { return "alertmanager"; }
  const HttpTargetConfig& target() const override { return config_.target; }
  std::string url() const override { return config_.alerts_url(); }

  std::optional<Sending> next(const OutboxEntries& rows, const ToldRecords& told, Time now, Time& wake,
                              std::vector<ToldRecord>& settled) override {
    std::erase_if(sent_at_, [&](const auto& one) { return !rows.contains(one.first); });
    std::erase_if(alone_, [&](const std::string& key) { return !rows.contains(key); });
    const auto newest = newest_by_labels(rows);
    std::vector<Telling> due;
    for (const auto& [key, entry] : rows) {
      if (!takes(entry.row)) continue;
      const auto found = told.find(key);
      const ToldRecord* record = found == told.end() ? nullptr : &found->second;
      if (record != nullptr && record->gave_up_at != Time{}) continue;
      if (entry.row.ended() && newest.at(labels_.fingerprint(entry.row.labels)) != &entry.row) {
        if (record == nullptr || record->resolved_at == Time{}) settled.push_back(closed(key, record, now, "a newer alert has the same labels"));
        continue;
      }
      consider(entry, record, now, wake, due, settled);
    }
    if (due.empty()) return std::nullopt;
    const auto most = due.begin() + static_cast<std::ptrdiff_t>(alone_.empty() ? std::min(due.size(), kBatch) : due.size());
    std::partial_sort(due.begin(), most, due.end(), [](const Telling& a, const Telling& b) {
      return std::tie(b.first, a.row->starts_at, a.row->key) < std::tie(a.first, b.row->starts_at, b.row->key);
    });
    return make(chosen(due), told, now);
  }

  std::vector<ToldRecord> answered(const Sending& sent, Answer answer, const std::string& why, Time now) override {
    if (answer == Answer::Later) return {};
    if (answer == Answer::Accepted) {
      for (const ToldRecord& record : sent.records) sent_at_[record.key] = now, alone_.erase(record.key);
      return {};
    }
    if (sent.records.size() > 1) {
      // One of them is bad: from now on each alone, so that the others are told.
      for (const ToldRecord& record : sent.records) alone_.insert(record.key);
      return {};
    }
    std::vector<ToldRecord> out = sent.records;
    for (ToldRecord& record : out) {
      record.firing_at = {}, record.resolved_at = {};
      record.gave_up_at = now, record.reason = "refused: " + why;
      alone_.erase(record.key);
    }
    return out;
  }

  bool takes(const OutboxRow& row) const override { return labels_.takes(row.labels); }

  bool finished(const OutboxEntry& entry, const ToldRecord* told, Time now) const override {
    if (!entry.row.ended() || told == nullptr) return false;
    if (told->gave_up_at != Time{}) return true;
    return told->resolved_at != Time{} && (!told->reason.empty() || now >= told->resolved_at + resolved_for_);
  }

 private:
  // Alertmanager knows an alert by its labels alone: what came later with the same ones stands for all.
  // Nothing where none has ended, which is most of the time.
  std::unordered_map<std::uint64_t, const OutboxRow*> newest_by_labels(const OutboxEntries& rows) const {
    std::unordered_map<std::uint64_t, const OutboxRow*> newest;
    if (std::none_of(rows.begin(), rows.end(), [](const auto& one) { return one.second.row.ended(); })) return newest;
    for (const auto& [key, entry] : rows) {
      const OutboxRow*& held = newest[labels_.fingerprint(entry.row.labels)];
      if (held == nullptr || std::pair(!entry.row.ended(), entry.row.starts_at) > std::pair(!held->ended(), held->starts_at)) held = &entry.row;
    }
    return newest;
  }

  ToldRecord closed(const std::string& key, const ToldRecord* record, Time now, const char* reason) const {
    ToldRecord out = record != nullptr ? *record : ToldRecord{.key = key, .receiver = config_.name};
    out.resolved_at = now;
    out.reason = reason;
    return out;
  }
  ToldRecord given_up(const std::string& key, const ToldRecord* record, Time now, const char* reason) const {
    ToldRecord out = record != nullptr ? *record : ToldRecord{.key = key, .receiver = config_.name};
    out.gave_up_at = now;
    out.reason = reason;
    return out;
  }

  void consider(const OutboxEntry& entry, const ToldRecord* record, Time now, Time& wake, std::vector<Telling>& due,
                std::vector<ToldRecord>& settled) const {
    const OutboxRow& row = entry.row;
    const Time firing_at = record == nullptr ? Time{} : record->firing_at;
    const bool first = firing_at == Time{};
    const auto last = sent_at_.find(row.key);
    // Sent in the future: the clock was set back, and a receiver that waits for us would call the alert over.
    const bool unsent = last == sent_at_.end() || last->second > now;
    const auto add = [&](Word word, Time at, bool is_first) {
      if (at <= now) due.push_back({&row, word, is_first});
      else wake = std::min(wake, at);
    };
    if (!row.ended()) {
      if (first && entry.silenced) return;
      return add(Word::Firing, first || unsent ? now : last->second + resend_, first);
    }
    const bool told = record != nullptr && record->resolved_at != Time{};
    const auto left = config_.max_retry_time - entry.ended_for;
    if (!told && left.count() <= 0) return settled.push_back(given_up(row.key, record, now, "retry_timeout"));
    if (!told) wake = std::min(wake, now + left);
    if (first && !told) {
      if (entry.silenced) return settled.push_back(given_up(row.key, record, now, "silenced"));
      return add(Word::Late, now, true);
    }
    if (!told) return add(Word::Resolved, firing_at > row.ends_at && firing_at <= now ? firing_at + config_.late_firing_for : now, true);
    const Time until = record->resolved_at + resolved_for_;
    wake = std::min(wake, until > now ? until : kNever);
    if (record->reason.empty() && now < until) add(Word::Resolved, unsent ? now : last->second + resend_, false);
  }

  std::vector<Telling> chosen(const std::vector<Telling>& due) const {
    for (const Telling& one : due) {
      if (alone_.contains(one.row->key)) return {one};
    }
    return {due.begin(), due.begin() + static_cast<std::ptrdiff_t>(std::min(due.size(), kBatch))};
  }

  Sending make(const std::vector<Telling>& tellings, const ToldRecords& told, Time now) const {
    Sending sending;
    wire::JsonWriter json(sending.body);
    json.begin_array();
    for (const Telling& one : tellings) {
      write(json, one, now);
      const auto found = told.find(one.row->key);
      ToldRecord record = found == told.end() ? ToldRecord{.key = one.row->key, .receiver = config_.name} : found->second;
      if (one.word == Word::Resolved && one.first) record.resolved_at = now;
      if (one.word != Word::Resolved && one.first) record.firing_at = now;
      sending.tellings += one.first ? 1 : 0;
      sending.records.push_back(std::move(record));
    }
    json.end();
    return sending;
  }

  void write(wire::JsonWriter& json, const Telling& telling, Time now) const {
    const OutboxRow& row = *telling.row;
    AlertLabels annotations = row.annotations;
    if (telling.word == Word::Late) annotations.emplace_back("tocsin_ended_at", wire::format_rfc3339(row.ends_at));
    if (telling.word != Word::Firing && !row.end_reason.empty()) annotations.emplace_back("tocsin_end_reason", row.end_reason);
    const auto valid = std::max<std::chrono::nanoseconds>(row.valid_for, 4 * resend_);
    // Never in the future, where the clock was set back since: that is refused, and an end in the future is none.
    const Time starts = std::min(row.starts_at, now);
    const Time ends = telling.word == Word::Resolved ? std::min(std::max(row.ends_at, starts), now)
                      : telling.word == Word::Late   ? now + config_.late_firing_for + valid
                                                     : now + valid;
    json.begin_object();
    write_pairs(json, "labels", *labels_.of(row.labels));
    write_pairs(json, "annotations", sent_annotations(annotations));
    json.field("startsAt", wire::format_rfc3339(starts));
    json.field("endsAt", wire::format_rfc3339(ends));
    // Not a URI is answered 422, for the whole batch.
    if (wire::parse_url(row.generator_url)) json.field("generatorURL", row.generator_url);
    json.end();
  }

  // Fixed after construction.
  const AlertmanagerConfig config_;
  const SentLabels labels_;
  const std::chrono::nanoseconds resend_, resolved_for_;

  std::map<std::string, Time> sent_at_;  // in this process: after a restart everything is sent again at once
  std::set<std::string> alone_;          // were in a batch that was refused
};

}  // namespace

std::unique_ptr<Receiver> make_alertmanager(const AlertmanagerConfig& config, const NotifyConfig& shared) {
  return std::make_unique<Alertmanager>(config, shared);
}

}  // namespace tocsin::agent
