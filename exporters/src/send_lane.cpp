// SPDX-License-Identifier: Apache-2.0
#include "exporters/src/send_lane.h"

#include <algorithm>
#include <cassert>

namespace tocsin::exporters {

using wire::DropReason;
using wire::Verdict;

Lane::Parcel* Lane::begin(Monotonic now) {
  assert(!in_flight_);
  if (parcels_.empty()) {
    auto request = form(limit_);
    if (!request) return nullptr;
    parcels_.push_back({*std::move(request), nullptr, std::nullopt});
  }
  Parcel& parcel = parcels_.front();
  requests_ += 1;
  retries_ += parcel.first_attempt ? 1 : 0;
  if (!parcel.first_attempt) parcel.first_attempt = now;
  ledger_.begin(parcel.request.points);
  in_flight_ = true;
  return &parcel;
}

void Lane::finish_front(std::uint64_t sent, std::uint64_t dropped, DropReason reason) {
  ledger_.finish(sent, dropped, reason);
  parcels_.pop_front();
}

void Lane::settle(const Verdict& verdict, Monotonic now) {
  assert(in_flight_);
  in_flight_ = false;
  Parcel& parcel = parcels_.front();
  const std::uint64_t items = parcel.request.points;
  switch (verdict.kind) {
    case Verdict::Kind::Accepted: return accepted(std::min(verdict.rejected, items));
    case Verdict::Kind::Retry:
      if (!backoff_.again(*parcel.first_attempt, now, verdict.retry_after))
        return finish_front(0, items, DropReason::RetryTimeout);
      return ledger_.again(items);
    case Verdict::Kind::TooLarge: return too_large();
    case Verdict::Kind::Refused: break;
  }
  backoff_.succeeded();
  finish_front(0, items, DropReason::Refused);
}

void Lane::accepted(std::uint64_t rejected) {
  constexpr std::uint32_t kTrust = 100;  // requests that fit before a larger one is tried
  backoff_.succeeded();
  if (limit_ < max_bytes_ && ++accepted_since_limit_ >= kTrust) {
    accepted_since_limit_ = 0;
    limit_ = std::min(max_bytes_, limit_ * 2);
  }
  const ExportRequest& request = parcels_.front().request;
  delivered(request);
  finish_front(request.points - rejected, rejected, DropReason::Rejected);
}

void Lane::too_large() {
  constexpr std::size_t kLeast = 4096;
  backoff_.succeeded();
  const ExportRequest request = std::move(parcels_.front().request);
  auto parts = halve(request);
  if (parts.empty()) return finish_front(0, request.points, DropReason::TooLarge);
  limit_ = std::max(kLeast, std::min(limit_, request.body.size() / 2));
  accepted_since_limit_ = 0;
  ledger_.again(request.points);
  parcels_.pop_front();
  for (auto part = parts.rbegin(); part != parts.rend(); ++part)
    parcels_.push_front({std::move(*part), nullptr, std::nullopt});
}

void Lane::abandon() {
  if (in_flight_) finish_front(0, parcels_.front().request.points, DropReason::Stopped);
  in_flight_ = false;
  for (; !parcels_.empty(); parcels_.pop_front()) ledger_.drop(parcels_.front().request.points, DropReason::Stopped);
  abandon_waiting();
}

}  // namespace tocsin::exporters
