// SPDX-License-Identifier: Apache-2.0
// Receiver: one that is told of alerts: what it is to be told now, and what its answers mean. No socket, no thread, no
// clock: a function of the rows, of what was told, and of the time, so that it is tested as a table.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/notify/receiver_config.h"
#include "agent/relabel.h"
#include "rules/outbox.h"

namespace tocsin::agent {

struct OutboxEntry {
  rules::OutboxRow row;
  bool silenced = false;
  // How long ago it ended, by a clock that nobody sets.
  std::chrono::nanoseconds ended_for{0};
};
using OutboxEntries = std::map<std::string, OutboxEntry>;          // by key
using ToldRecords = std::map<std::string, rules::ToldRecord>;      // of one receiver, by key

struct Sending {
  std::string body;
  std::vector<rules::ToldRecord> records;  // what is told once it is accepted
  std::size_t tellings = 0;                // of them for the first time
  std::string fault = {};                  // what is wrong with the body, which goes out all the same
  std::vector<std::string> news = {};      // keys of those, where the receiver needs them
};

// What an answer means to the rows that were sent.
enum class Answer : std::uint8_t { Accepted, Later, Refused };

class Receiver {
 public:
  virtual ~Receiver() = default;

  virtual const std::string& name() const = 0;
  virtual const char* kind() const = 0;
  virtual const HttpTargetConfig& target() const = 0;
  virtual std::string url() const = 0;

  // What to send now, if anything. `wake` is lowered to the next time there may be something. Records that need no
  // sending (given up, silenced, superseded) go into `settled`.
  virtual std::optional<Sending> next(const OutboxEntries& rows, const ToldRecords& told, Time now, Time& wake,
                                      std::vector<rules::ToldRecord>& settled) = 0;
  // The answer to what next() gave. Refused: the records of what will never be told.
  virtual std::vector<rules::ToldRecord> answered(const Sending& sent, Answer answer, const std::string& why, Time now) = 0;
  // False: relabelling drops it, it is no business of this receiver.
  virtual bool takes(const rules::OutboxRow& row) const = 0;
  // Nothing more will be told of this row.
  virtual bool finished(const OutboxEntry& entry, const rules::ToldRecord* told, Time now) const = 0;
};

inline constexpr Time kNever = Time::max();

std::unique_ptr<Receiver> make_alertmanager(const AlertmanagerConfig& config, const NotifyConfig& shared);
std::unique_ptr<Receiver> make_webhook(const WebhookConfig& config, const NotifyConfig& shared, std::string external_url);

// Tellings that a receiver still owes: firing, resolved.
std::size_t owed(const OutboxEntry& entry, const rules::ToldRecord* told) noexcept;

// Labels as they are sent: external ones added where absent, then relabelled as all receivers have it and as this one has it
// (Prometheus' alert_relabel_configs); names and texts that a receiver would refuse mended.
class SentLabels {
 public:
  SentLabels(const NotifyConfig& shared, const std::vector<RelabelConfig>& own);
  std::optional<rules::AlertLabels> of(const rules::AlertLabels& labels) const;  // none: dropped
  bool takes(const rules::AlertLabels& labels) const { return rules_.empty() || of(labels); }
  // What the receiver tells alerts apart by.
  std::uint64_t fingerprint(const rules::AlertLabels& labels) const;

 private:
  const std::map<std::string, std::string> external_;
  std::vector<RelabelRule> rules_;
};
rules::AlertLabels sent_annotations(const rules::AlertLabels& annotations);

}  // namespace tocsin::agent
