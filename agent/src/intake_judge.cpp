// SPDX-License-Identifier: Apache-2.0
#include "agent/src/intake_judge.h"

namespace tocsin::agent {

namespace {

// A stored time this far ahead of our clock is no yardstick: the clock was stepped back, ours or the sender's.
constexpr std::int64_t kClockStepNs = 60'000'000'000;

bool silent(const RowHead& head, const Arrival& arrival) noexcept {
  return arrival.now_s - head.seen_s >= arrival.silent_s;
}

bool late(const RowHead& head, const Arrival& arrival) noexcept {
  return arrival.time_ns <= head.time_ns && head.time_ns <= arrival.now_ns + kClockStepNs && !silent(head, arrival);
}

Verdict judge_total(const RowHead& head, const Arrival& arrival) noexcept {
  const bool begins_after = arrival.start_ns != 0 && arrival.start_ns >= head.time_ns;
  if (arrival.writer != head.writer)
    return begins_after || silent(head, arrival) ? Verdict::Restart : Verdict::Share;
  if (late(head, arrival)) return Verdict::Late;
  if (arrival.start_ns == head.stream_start_ns || arrival.start_ns == 0)
    return arrival.decreased ? Verdict::Reset : Verdict::Replace;
  if (begins_after || head.stream_start_ns == 0 || silent(head, arrival)) return Verdict::Restart;
  return Verdict::Share;
}

}  // namespace

std::int64_t later_of(std::int64_t time_ns, const Arrival& arrival) noexcept {
  return time_ns > arrival.time_ns && time_ns <= arrival.now_ns + kClockStepNs ? time_ns : arrival.time_ns;
}

Verdict judge(const RowHead& head, const Arrival& arrival) noexcept {
  if (arrival.report == Report::Increment) return head.phase == Phase::Live ? Verdict::Add : Verdict::Begin;
  if (arrival.report == Report::Set) return head.phase == Phase::Live ? Verdict::Replace : Verdict::Begin;
  if (head.phase != Phase::Live)
    return head.phase == Phase::Ended && late(head, arrival) ? Verdict::Late : Verdict::Begin;
  switch (arrival.report) {
    case Report::Latest: return late(head, arrival) ? Verdict::Late : Verdict::Replace;
    case Report::Cumulative: return judge_total(head, arrival);
    case Report::Delta:
      if (arrival.writer != head.writer && arrival.start_ns < head.time_ns && !silent(head, arrival))
        return Verdict::Share;
      return late(head, arrival) ? Verdict::Late : Verdict::Add;
    case Report::Increment:
    case Report::Set:
    case Report::Unknown: break;
  }
  return Verdict::Late;
}

}  // namespace tocsin::agent
