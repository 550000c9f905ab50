// SPDX-License-Identifier: Apache-2.0
#include "agent/api/src/explain_words.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

#include "meters/base/quantity.h"
#include "wire/timestamp.h"

namespace tocsin::agent {
namespace {

using rules::AlertPhase;
using rules::AlertState;

bool is_set(Time time) noexcept { return time != Time{}; }

std::string seconds_text(std::chrono::nanoseconds duration) {
  using std::chrono::seconds;
  if (duration < seconds(1)) return "0s";
  if (duration < std::chrono::hours(1)) return tocsin::to_text(std::chrono::floor<seconds>(duration));
  return tocsin::to_text(std::chrono::floor<std::chrono::minutes>(duration));
}

std::string value_text(double value) {
  std::array<char, 32> buffer{};
  const int length = std::snprintf(buffer.data(), buffer.size(), "%.6g", value);
  return {buffer.data(), static_cast<std::size_t>(length)};
}

std::string plural(std::size_t count, const char* one, const char* many) { return std::to_string(count) + (count == 1 ? one : many); }

}  // namespace

std::string moment_text(Time time, Time now) {
  const std::string whole = wire::format_rfc3339(std::chrono::floor<std::chrono::seconds>(time));  // 2026-03-01T12:00:00Z
  const bool same_day = whole.substr(0, 10) == wire::format_rfc3339(now).substr(0, 10);
  std::string out = (same_day ? "" : whole.substr(0, 10) + " ") + whole.substr(11, 8) + " UTC";
  const auto away = time > now ? time - now : now - time;
  return out + (time > now ? " (in " : " (") + seconds_text(away) + (time > now ? ")" : " ago)");
}

AlertOutlook outlook_of(const AlertState& alert, const rules::Rule& rule, const rules::RuleStatus& status,
                        const rules::GroupStatus& group) {
  AlertOutlook out;
  if (alert.phase == AlertPhase::Pending) out.fires_at = alert.active_at + rule.hold;
  if (is_set(alert.keep_firing_since)) out.kept_until = alert.keep_firing_since + rule.keep_firing_for;
  const bool held = is_set(alert.missing_since) && status.on_missing == rules::OnMissingData::Hold;
  if (held) out.held_until = alert.missing_since + group.options->missing_bound;
  return out;
}

std::string alert_summary(const AlertState& alert, const AlertOutlook& outlook, Time now) {
  const bool pending = alert.phase == AlertPhase::Pending;
  std::string out = pending ? "pending since " + moment_text(alert.active_at, now) : "firing since " + moment_text(alert.fired_at, now);
  out += ", value " + value_text(alert.value);
  if (is_set(alert.missing_since)) {
    out += "; its data is missing since " + moment_text(alert.missing_since, now);
    if (is_set(outlook.held_until)) {
      out += pending ? ": it waits, and is dropped " : ": it is held as it was, and ends with that reason ";
      out += moment_text(outlook.held_until, now) + " if nothing comes";
    } else {
      out += ": taken as if the condition held";
    }
    return out;
  }
  if (is_set(alert.keep_firing_since)) {
    return out + "; the condition is over since " + moment_text(alert.keep_firing_since, now) + ", keep_firing_for holds it until " +
           moment_text(outlook.kept_until, now);
  }
  if (pending) {
    if (outlook.fires_at > now) return out + "; fires " + moment_text(outlook.fires_at, now) + " if the condition goes on";
    return out + "; fires at the next evaluation if the condition goes on";
  }
  return out + "; the condition holds";
}

std::string told_summary(const rules::ToldRecord* told, Time ended_at, bool silenced, const ReceiverState* receiver, Time now) {
  const bool ended = is_set(ended_at);
  if (told != nullptr && is_set(told->gave_up_at)) return "will not be told: " + told->reason;
  const bool knows_begin = told != nullptr && is_set(told->firing_at), knows_end = told != nullptr && is_set(told->resolved_at);
  std::string out;
  if (knows_begin) out = "told that it fires " + moment_text(told->firing_at, now);
  if (knows_end) {
    out += (out.empty() ? "told of its end " : ", of its end ") + moment_text(told->resolved_at, now);
    if (!told->reason.empty()) out += " (" + told->reason + ")";
  }
  if (knows_end || (knows_begin && !ended)) return out;
  if (ended && told == nullptr && receiver != nullptr && ended_at < receiver->since) return "was not configured then; will not be told";
  out += knows_begin ? ", not yet of its end" : "not told yet";
  if (silenced && !knows_begin) return out + ": silenced";
  if (receiver == nullptr) return out + ": it is no longer configured";
  if (!receiver->last_error.empty()) return out + ": it failed" + (receiver->failing_since ? " since " + moment_text(*receiver->failing_since, now) : "") + ": " + receiver->last_error;
  return out + ": it waits to be grouped, or is on its way";
}

std::string rule_summary(const rules::Rule& rule, const rules::RuleStatus& status, const rules::GroupStatus& group,
                         const rules::Explanation& said, Time now) {
  if (status.health == rules::RuleHealth::Error) {
    return "the rule fails, and its alerts neither begin nor end until that is mended: " + status.last_error;
  }
  const bool recording = rule.kind == rules::Rule::Kind::Record;
  if (!is_set(status.last_evaluation) && status.alerts.empty()) return "not evaluated yet; its interval is " + tocsin::to_text(group.interval);
  const auto firing = static_cast<std::size_t>(std::ranges::count(status.alerts, AlertPhase::Firing, &AlertState::phase));
  const std::size_t pending = status.alerts.size() - firing;
  if (firing > 0 || pending > 0) {
    std::string out = firing > 0 ? plural(firing, " alert fires", " alerts fire") : "";
    if (pending > 0) out += (out.empty() ? "" : ", ") + plural(pending, " is pending", " are pending");
    return out;
  }
  if (!said.why_nothing.empty()) return (recording ? "records nothing: " : "does not fire: ") + said.why_nothing;
  const std::string gives = "the expression gives " + std::to_string(said.parts.front().series) + " series";
  if (recording) return gives;
  return "nothing is active, but " + gives + "; the next evaluation is " + moment_text(group.last_evaluation + group.interval, now);
}

}  // namespace tocsin::agent
