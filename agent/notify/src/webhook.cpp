// SPDX-License-Identifier: Apache-2.0
// A webhook: alerts in groups, a group at a time, when something in it is new, and again after repeat_interval.
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "agent/notify/src/receiver.h"
#include "agent/notify/src/webhook_message.h"
#include "meters/base/text.h"
#include "wire/url.h"

namespace tocsin::agent {
namespace {

using rules::AlertLabels;
using rules::OutboxRow;
using rules::ToldRecord;

class Webhook final : public Receiver {
 public:
  Webhook(WebhookConfig config, const NotifyConfig& shared, std::string external_url)
      : config_(std::move(config)), labels_(shared, config_.alert_relabel), external_url_(std::move(external_url)) {
    if (auto text = parse_message_text(config_.text)) text_ = *std::move(text);
  }

  const std::string& name() const override { return config_.name; }
  const char* kind() const override { return "webhook"; }
  const HttpTargetConfig& target() const override { return config_.target; }
  std::string url() const override { return config_.target.url; }

  std::optional<Sending> next(const OutboxEntries& rows, const ToldRecords& told, Time now, Time& wake,
                              std::vector<ToldRecord>& settled) override {
    std::erase_if(alone_, [&](const std::string& key) { return !rows.contains(key); });
    std::map<AlertLabels, Group> groups;
    for (const auto& [key, entry] : rows) {
      if (!takes(entry.row)) continue;
      const auto found = told.find(key);
      sort_in(groups, entry, found == told.end() ? nullptr : &found->second, now, wake, settled);
    }
    const std::pair<const AlertLabels, Group>* chosen = nullptr;
    for (const auto& one : groups) {
      const Time due = due_at(one.second, now);
      if (due > now) wake = std::min(wake, due);
      else if (chosen == nullptr || due < due_at(chosen->second, now)) chosen = &one;
    }
    if (chosen == nullptr) return std::nullopt;
    return make(chosen->first, chosen->second, now);
  }

  std::vector<ToldRecord> answered(const Sending& sent, Answer answer, const std::string& why, Time now) override {
    if (answer == Answer::Later) return {};
    if (answer == Answer::Accepted) {
      for (const ToldRecord& record : sent.records) alone_.erase(record.key);
      return {};
    }
    if (sent.records.size() > 1) {
      // One of them is bad, or they are too many: what is new goes alone, so that it is told; what was told before is not told again.
      alone_.insert(sent.news.begin(), sent.news.end());
      if (sent.news.empty())
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

  bool finished(const OutboxEntry& entry, const ToldRecord* told, Time) const override {
    return entry.row.ended() && told != nullptr && (told->gave_up_at != Time{} || told->resolved_at != Time{});
  }

 private:
  struct Member {
    const OutboxRow* row;
    const ToldRecord* record;
  };
  struct Group {
    std::vector<Member> firing, ended;  // ended: not told yet
    Time last_told = {}, oldest_new = kNever;
    bool news = false;
  };

  AlertLabels group_of(const OutboxRow& row) const {
    const AlertLabels all = *labels_.of(row.labels);
    if (config_.group_by.size() == 1 && config_.group_by[0] == "...") return all;
    AlertLabels out;
    for (const auto& pair : all) {
      if (std::find(config_.group_by.begin(), config_.group_by.end(), pair.first) != config_.group_by.end()) out.push_back(pair);
    }
    return out;
  }

  ToldRecord record_of(const std::string& key, const ToldRecord* record) const {
    return record != nullptr ? *record : ToldRecord{.key = key, .receiver = config_.name};
  }
  void settle(const std::string& key, const ToldRecord* record, Time now, const char* gave_up, std::vector<ToldRecord>& settled) const {
    ToldRecord out = record_of(key, record);
    (gave_up != nullptr ? out.gave_up_at : out.resolved_at) = now;
    out.reason = gave_up != nullptr ? gave_up : "ends are not sent";
    settled.push_back(std::move(out));
  }

  void sort_in(std::map<AlertLabels, Group>& groups, const OutboxEntry& entry, const ToldRecord* record, Time now, Time& wake,
               std::vector<ToldRecord>& settled) const {
    const OutboxRow& row = entry.row;
    if (record != nullptr && record->gave_up_at != Time{}) return;
    const bool told_firing = record != nullptr && record->firing_at != Time{};
    const bool told_end = record != nullptr && record->resolved_at != Time{};
    if (row.ended() && !told_end) {
      if (!told_firing && entry.silenced) return settle(row.key, record, now, "silenced", settled);
      if (told_firing && !config_.send_resolved) return settle(row.key, record, now, nullptr, settled);
      const auto left = config_.max_retry_time - entry.ended_for;
      if (left.count() <= 0) return settle(row.key, record, now, "retry_timeout", settled);
      wake = std::min(wake, now + left);
    }
    Group& group = groups[group_of(row)];
    if (record != nullptr) group.last_told = std::max({group.last_told, record->firing_at, record->resolved_at});
    // Silenced: not told, and not repeated; an end is told where the beginning was.
    if (told_end || (entry.silenced && !row.ended())) return;
    const bool news = !told_firing || row.ended();
    group.news = group.news || news;
    if (news) group.oldest_new = std::min(group.oldest_new, row.ended() ? row.ends_at : row.starts_at);
    (row.ended() ? group.ended : group.firing).push_back({&row, record});
  }

  const Member* first_alone(const std::vector<Member>& members) const {
    const auto found = std::find_if(members.begin(), members.end(), [&](const Member& one) { return alone_.contains(one.row->key); });
    return found == members.end() ? nullptr : &*found;
  }

  Time due_at(const Group& group, Time now) const {
    if (group.firing.empty() && group.ended.empty()) return kNever;
    if (first_alone(group.firing) != nullptr || first_alone(group.ended) != nullptr) return now;
    if (!group.news) return group.last_told + config_.repeat_interval;
    if (group.last_told > now) return now;  // the clock was set back: news does not wait for it
    if (group.last_told == Time{}) return group.oldest_new + config_.group_wait;
    return group.last_told + config_.group_interval;
  }

  Sending make(const AlertLabels& labels, const Group& group, Time now) const {
    Sending sending;
    WebhookMessage message{config_.name, external_url_, labels, {}, 0};
    std::vector<Member> members = group.firing;
    members.insert(members.end(), group.ended.begin(), group.ended.end());
    if (const Member* single = first_alone(members)) members = {Member(*single)};
    std::stable_sort(members.begin(), members.end(), [](const Member& a, const Member& b) {
      return std::pair(a.row->ended(), a.row->starts_at) < std::pair(b.row->ended(), b.row->starts_at);
    });
    const auto most = static_cast<std::size_t>(config_.max_alerts);
    for (const Member& member : members) {
      add(sending, member, now);
      if (most != 0 && message.alerts.size() == most) ++message.truncated;
      else message.alerts.push_back(alert_of(*member.row));
    }
    sending.body = to_json(message, text_, now, &sending.fault);
    return sending;
  }

  void add(Sending& sending, const Member& member, Time now) const {
    ToldRecord record = record_of(member.row->key, member.record);
    const std::size_t fresh = owed({*member.row}, member.record);
    sending.tellings += fresh;
    if (fresh > 0) sending.news.push_back(record.key);
    if (member.row->ended()) record.resolved_at = now;
    if (!member.row->ended() || record.firing_at == Time{}) record.firing_at = now;
    sending.records.push_back(std::move(record));
  }

  MessageAlert alert_of(const OutboxRow& row) const {
    MessageAlert alert{*labels_.of(row.labels), {}, row.starts_at, {}, row.generator_url};
    AlertLabels annotations = row.annotations;
    if (!row.end_reason.empty()) annotations.emplace_back("tocsin_end_reason", row.end_reason);
    alert.annotations = sent_annotations(annotations);
    if (row.ended()) alert.ends_at = std::max(row.ends_at, row.starts_at);
    return alert;
  }

  // Fixed after construction.
  const WebhookConfig config_;
  const SentLabels labels_;
  const std::string external_url_;
  std::optional<rules::templates::Template> text_;

  std::set<std::string> alone_;  // were in a group that was refused
};

}  // namespace

std::unique_ptr<Receiver> make_webhook(const WebhookConfig& config, const NotifyConfig& shared, std::string external_url) {
  return std::make_unique<Webhook>(config, shared, std::move(external_url));
}

}  // namespace tocsin::agent
