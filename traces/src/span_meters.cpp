// SPDX-License-Identifier: Apache-2.0
#include "traces/span_meters.h"

#include <algorithm>
#include <utility>

#include "traces/request_labels.h"
#include "traces/src/span_memo.h"
#include "traces/src/span_senders.h"

namespace tocsin::traces {

namespace {

using meters::Side;

constexpr std::array<Side, kSides> kBothSides = {Side::Server, Side::Rely};

// Spans are taken in chunks, so that the memory of one is fetched while the others are looked at.
constexpr std::size_t kChunk = 16;

struct Observation {
  const Span* span;
  SpanHash hash;
  std::uint64_t ns;
  double microseconds;
  std::uint32_t bucket;
  std::int32_t native;
  Side side;
  RequestRow* row;
};

struct Chunk {
  std::array<Observation, kChunk> items;
  std::size_t size = 0;
};

void store_exemplar(RequestRow& row, const Observation& seen, const SpanBatch& batch, Time now) {
  row.fresh |= 1U << seen.bucket;
  auto place = std::find_if(row.exemplars.begin(), row.exemplars.end(),
                            [&](const StoredExemplar& stored) { return stored.bucket >= seen.bucket; });
  if (place == row.exemplars.end() || place->bucket != seen.bucket) place = row.exemplars.insert(place, StoredExemplar{});
  *place = {seen.bucket, seen.ns, std::min(now, from_unix_ns(static_cast<std::int64_t>(seen.span->end_ns))),
            batch.trace_id(*seen.span), batch.span_id(*seen.span)};
}

}  // namespace

std::string_view to_text(SpanReject reason) noexcept {
  static constexpr std::array<std::string_view, kSpanRejects> kWords = {"invalid_ids", "missing_time",
                                                                        "negative_duration", "future",
                                                                        "too_many_senders"};
  return kWords[static_cast<std::size_t>(reason)];
}

struct SpanMeters::State {
  State(const Clock& the_clock, SpanMetersOptions the_options, SendsItself predicate)
      : clock(the_clock),
        sends_itself(std::move(predicate)),
        options(std::make_shared<const SpanMetersOptions>(std::move(the_options))) {}

  // Fixed after construction.
  const Clock& clock;
  const SendsItself sends_itself;
  const SpanHasher hasher;
  const NativeIndex& native_index = NativeIndex::instance();

  mutable std::mutex mutex;
  // Guarded by mutex.
  std::shared_ptr<const SpanMetersOptions> options;
  SpanSenders senders;
  SpanMemo memo;
  SpanLedger ledger;
  std::uint32_t series = 0;
  std::uint64_t ticks = 0, collected_ticks = 0;

  std::array<bool, kSides> suppressed(const SenderKey& key) const;
  void refresh_suppressed();

  void apply(const SpanBatch& batch, const SpanResource& resource, const Profile& profile, SpanLedger& count);
  void record(const SpanBatch& batch, const Profile& profile, Chunk& chunk, SpanLedger& count);
  RequestRow* make_row(const SpanBatch& batch, const Observation& seen, const Profile& profile);
  void count_series();

  // Of the request that is being applied.
  Time now;
  Monotonic monotonic;
};

std::array<bool, kSides> SpanMeters::State::suppressed(const SenderKey& key) const {
  std::array<bool, kSides> flags{};
  if (!sends_itself) return flags;
  meters::Resource sender;
  sender.job = key.job, sender.instance = key.instance, sender.promoted = key.promoted;
  for (const Side side : kBothSides)
    flags[index_of(side)] = sends_itself(sender, meters::request_meter_names(side).total.name);
  return flags;
}

// A sender that has begun to send the meter itself loses its series at once: from now on they are the other's, and an
// end of ours would end those.
void SpanMeters::State::refresh_suppressed() {
  if (!sends_itself) return;
  std::vector<std::pair<SenderKey, std::shared_ptr<Sender>>> all;
  {
    const std::lock_guard lock(mutex);
    all.assign(senders.all().begin(), senders.all().end());
  }
  for (const auto& [key, sender] : all) {
    const std::array<bool, kSides> flags = suppressed(key);
    const std::lock_guard lock(mutex);
    for (const Side side : kBothSides) {
      RequestTable& table = sender->tables[index_of(side)];
      sender->suppressed[index_of(side)] = flags[index_of(side)];
      if (!flags[index_of(side)] || table.rows() == 0) continue;
      memo.clear();
      table = RequestTable(side);
      count_series();
    }
  }
}

void SpanMeters::State::count_series() {
  series = 0;
  for (const auto& [key, sender] : senders.all()) series += sender->rows();
}

RequestRow* SpanMeters::State::make_row(const SpanBatch& batch, const Observation& seen, const Profile& profile) {
  RequestLabels labels = request_labels(batch, *seen.span, seen.side);
  RequestTable& table = profile.sender->tables[index_of(seen.side)];
  if (labels.func_is_name && !table.admit_name(labels.func, options->max_names)) labels.func = "(other)";
  if (labels.peer_is_address && !table.admit_peer(labels.peer, options->max_addresses)) labels.peer = "(other)";
  RowLabels values{profile.server_name, labels.func, labels.ret,   labels.peer, profile.dc, profile.server_host,
                   labels.app_id.empty() ? profile.app_id : labels.app_id, labels.status};
  const std::uint32_t rows_before = table.rows();
  const std::uint32_t limit = series < options->max_series ? options->max_label_sets : 0;
  RequestRow* row = table.find_or_add(values, limit, now, monotonic);
  if (!row) {
    row = &table.overflow_row(profile.server_name, now, monotonic);
  } else if (labels.status != meters::Status::Ok) {
    values.status = meters::Status::Ok;
    values.ret = meters::kRetSuccess;
    table.find_or_add(values, limit, now, monotonic);
  }
  series += table.rows() - rows_before;
  memo.insert(seen.hash, row);
  return row;
}

void SpanMeters::State::record(const SpanBatch& batch, const Profile& profile, Chunk& chunk, SpanLedger& count) {
  const std::span items(chunk.items.data(), chunk.size);
  for (Observation& seen : items) {
    seen.row = memo.find(seen.hash);
    if (!seen.row) seen.row = make_row(batch, seen, profile);
    __builtin_prefetch(seen.row, 1);
    __builtin_prefetch(&seen.row->counts[seen.bucket], 1);
  }
  for (const Observation& seen : items)
    if (const std::uint64_t* cell = seen.row->native.cell(seen.native)) __builtin_prefetch(cell, 1);
  for (const Observation& seen : items) {
    RequestRow& row = *seen.row;
    row.last = monotonic;
    row.sum_microseconds += seen.microseconds;
    ++row.counts[seen.bucket];
    if (seen.ns == 0) {
      ++row.zero_count;
    } else {
      std::uint64_t* cell = row.native.cell(seen.native);
      if (!cell) {
        row.native.grow(seen.native);
        cell = row.native.cell(seen.native);
      }
      ++*cell;
    }
    count.overflowed += row.overflow ? 1 : 0;
    if ((row.fresh >> seen.bucket & 1) == 0) store_exemplar(row, seen, batch, now);
  }
  chunk.size = 0;
}

void SpanMeters::State::apply(const SpanBatch& batch, const SpanResource& resource, const Profile& profile,
                              SpanLedger& count) {
  const auto reject = [&](SpanReject reason) { ++count.rejected[static_cast<std::size_t>(reason)]; };
  const std::uint64_t latest = static_cast<std::uint64_t>(to_unix_ns(now) + options->future_tolerance.count());
  Sender& sender = *profile.sender;
  sender.last = monotonic;
  Chunk chunk;
  for (std::uint32_t i = 0; i < resource.spans; ++i) {
    const Span& span = batch.spans[resource.first_span + i];
    if (span.start_ns == 0 || span.end_ns == 0) {
      reject(SpanReject::MissingTime);
    } else if (span.end_ns < span.start_ns) {
      reject(SpanReject::NegativeDuration);
    } else if (span.end_ns > latest) {
      reject(SpanReject::Future);
    } else if (const auto side = side_of(span.kind); !side) {
      ++count.other_kinds;
    } else if (sender.suppressed[index_of(*side)]) {
      ++count.suppressed;
    } else {
      ++(*side == Side::Server ? count.server : count.rely);
      Observation& seen = chunk.items[chunk.size++];
      seen.span = &span;
      seen.side = *side;
      seen.hash = hasher(batch, span, *side, profile.id);
      memo.prefetch(seen.hash);
      seen.ns = span.end_ns - span.start_ns;
      seen.microseconds = static_cast<double>(seen.ns) / 1000.0;
      seen.bucket = time_bucket(seen.ns);
      seen.native = native_index.of(seen.microseconds);
      if (chunk.size == kChunk) record(batch, profile, chunk, count);
    }
  }
  record(batch, profile, chunk, count);
}

SpanMeters::SpanMeters(const Clock& clock, SpanMetersOptions options, SendsItself sends_itself)
    : state_(std::make_unique<State>(clock, std::move(options), std::move(sends_itself))) {}

SpanMeters::~SpanMeters() = default;

namespace {

void add_to(SpanLedger& ledger, const SpanLedger& count) {
  ledger.received += count.received;
  ledger.accepted += count.accepted;
  for (std::size_t i = 0; i < kSpanRejects; ++i) ledger.rejected[i] += count.rejected[i];
  ledger.server += count.server;
  ledger.rely += count.rely;
  ledger.other_kinds += count.other_kinds;
  ledger.suppressed += count.suppressed;
  ledger.overflowed += count.overflowed;
}

std::string reason_of(const SpanLedger& count) {
  static constexpr std::array<std::string_view, kSpanRejects> kReasons = {
      "a trace or span id is missing, all zero or of a wrong length", "the start or end time is missing",
      "the span ends before it starts", "the span ends in the future", "too many senders"};
  std::string reason;
  for (std::size_t i = 0; i < kSpanRejects; ++i) {
    if (count.rejected[i] == 0) continue;
    if (!reason.empty()) reason += "; ";
    reason += std::to_string(count.rejected[i]) + " not measured: " + std::string(kReasons[i]);
  }
  return reason;
}

}  // namespace

void SpanMeters::configure(SpanMetersOptions options) {
  auto made = std::make_shared<const SpanMetersOptions>(std::move(options));
  const std::lock_guard lock(state_->mutex);
  state_->options = std::move(made);
  state_->senders.forget_profiles();
  state_->memo.clear();
}

SpanMeters::Applied SpanMeters::apply(const SpanBatch& batch) {
  State& state = *state_;
  SpanLedger count;
  count.received = batch.received;
  count.rejected[static_cast<std::size_t>(SpanReject::InvalidIds)] = batch.invalid_ids;
  const Time now = state.clock.now();
  const Monotonic monotonic = state.clock.monotonic();
  std::unique_lock lock(state.mutex);
  for (const SpanResource& resource : batch.resources) {
    const Profile* profile = state.senders.find(resource);
    while (!profile) {
      const auto options = state.options;
      lock.unlock();
      NewProfile made = describe_sender(resource, *options);
      made.suppressed = state.suppressed(made.key);
      lock.lock();
      if (options != state.options) continue;  // configured meanwhile: these labels are the old ones
      profile = state.senders.add(resource, std::move(made), *options);
      break;
    }
    if (!profile) {
      count.rejected[static_cast<std::size_t>(SpanReject::TooManySenders)] += resource.spans;
      continue;
    }
    state.now = now;
    state.monotonic = monotonic;
    state.apply(batch, resource, *profile, count);
  }
  Applied applied;
  for (const std::uint64_t rejected : count.rejected) applied.rejected += rejected;
  applied.rejected_by = count.rejected;
  count.accepted = applied.accepted = count.received - applied.rejected;
  add_to(state.ledger, count);
  lock.unlock();
  if (applied.rejected != 0) applied.reason = reason_of(count);
  return applied;
}

void SpanMeters::tick() {
  State& state = *state_;
  state.refresh_suppressed();
  const Monotonic now = state.clock.monotonic();
  const std::lock_guard lock(state.mutex);
  ++state.ticks;
  std::uint32_t ended = 0;
  for (const auto& [key, sender] : state.senders.all()) {
    const bool silent = now - sender->last > state.options->silent_after;
    for (RequestTable& table : sender->tables)
      ended += table.end_idle(silent ? Monotonic::max() : now - state.options->idle_after, state.ticks);
  }
  if (ended != 0) state.memo.clear();  // it must not lead to an ended row
  state.senders.forget_silent(now - state.options->silent_after);
}

void SpanMeters::sinks_saw() {
  const std::lock_guard lock(state_->mutex);
  for (const auto& [key, sender] : state_->senders.all())
    for (RequestTable& table : sender->tables) state_->series -= table.remove_ended(state_->collected_ticks);
}

void SpanMeters::collect(meters::SnapshotBuilder& builder) {
  State& state = *state_;
  state.refresh_suppressed();
  std::vector<std::shared_ptr<Sender>> senders;
  {
    const std::lock_guard lock(state.mutex);
    state.collected_ticks = state.ticks;
    for (const auto& [key, sender] : state.senders.all()) senders.push_back(sender);
  }
  for (const auto& sender : senders) {
    const std::lock_guard lock(state.mutex);
    for (RequestTable& table : sender->tables) table.collect(sender->origin, builder);
  }
}

SpanLedger SpanMeters::ledger() const {
  const std::lock_guard lock(state_->mutex);
  return state_->ledger;
}

SpanMeters::Stats SpanMeters::stats() const {
  const std::lock_guard lock(state_->mutex);
  Stats stats;
  stats.series = state_->series;
  for (const auto& [key, sender] : state_->senders.all()) {
    ++stats.senders;
    stats.suppressed_senders += sender->suppressed[0] || sender->suppressed[1] ? 1 : 0;
  }
  return stats;
}

}  // namespace tocsin::traces
