// SPDX-License-Identifier: Apache-2.0
#include "meters/src/observed_family.h"

#include <algorithm>
#include <cmath>
#include <shared_mutex>

#include "meters/base/text.h"
#include "meters/src/fork.h"

namespace tocsin::meters {

void Observer::observe(std::span<const std::string_view> labels, double value) {
  detail::ObservedValue seen{{}, value, since_};
  for (const std::string_view text : labels) seen.labels.push_back(to_utf8(text));
  seen_.push_back(std::move(seen));
}

Observation& Observation::operator=(Observation&& other) noexcept {
  if (this != &other) {
    end();
    callback_ = std::move(other.callback_);
  }
  return *this;
}

Observation::~Observation() { end(); }

void Observation::end() noexcept {
  if (callback_) std::exchange(callback_, nullptr)->end();
}

namespace detail {

namespace {
thread_local const ObservedCallback* running_here = nullptr;
}

std::vector<ObservedValue> ObservedCallback::ask(RegistryLedger& ledger, std::uint64_t collection) {
  std::uint32_t idle = 0;
  if (!state_.compare_exchange_strong(idle, kRunning, std::memory_order_acq_rel)) return {};
  Observer observer(collection);
  const ObservedCallback* outer = std::exchange(running_here, this);
  try {
    callback_(observer);
  } catch (...) {
    ledger.count(Drop::CallbackFailed);
    observer.seen_.clear();
  }
  running_here = outer;
  state_.fetch_and(~kRunning, std::memory_order_acq_rel);
  state_.notify_all();
  return std::move(observer.seen_);
}

void ObservedCallback::end() noexcept {
  std::uint32_t now = state_.fetch_or(kEnded, std::memory_order_acq_rel) | kEnded;
  while ((now & kRunning) != 0 && running_here != this) {
    state_.wait(now, std::memory_order_acquire);
    now = state_.load(std::memory_order_acquire);
  }
}

ObservedFamily::ObservedFamily(FamilySetup setup, std::shared_ptr<RegistryLedger> ledger)
    : setup_(std::move(setup)),
      descriptor_(std::make_shared<const Descriptor>(setup_.descriptor)),
      ledger_(std::move(ledger)),
      table_(std::make_unique<LabelSetTable>(setup_.labels)),
      last_ns_(to_unix_ns(ledger_->clock->now())) {}

ObservedFamily::~ObservedFamily() {
  ledger_->series.fetch_sub(static_cast<std::uint32_t>(series_.size()) - (overflow_ ? 1 : 0), std::memory_order_relaxed);
}

std::shared_ptr<ObservedCallback> ObservedFamily::add(Callback callback) {
  const std::lock_guard lock(mutex_);
  return callbacks_.emplace_back(std::make_shared<ObservedCallback>(std::move(callback)));
}

bool ObservedFamily::accepts(const ObservedValue& seen) const noexcept {
  if (seen.labels.size() != setup_.labels.size())
    ledger_->count(Drop::WrongLabels);
  else if (std::isnan(seen.value))
    ledger_->count(Drop::NotANumber);
  else if (std::isinf(seen.value))
    ledger_->count(Drop::Infinite);
  else if (seen.value < 0 && setup_.descriptor.kind == Kind::Counter)
    ledger_->count(Drop::Negative);
  else
    return true;
  return false;
}

Row ObservedFamily::row_of(const std::vector<std::string>& labels) {
  std::vector<ValueId> ids;
  for (std::size_t i = 0; i < labels.size(); ++i) ids.push_back(table_->lookup(i, labels[i]));
  // A text that is not in the table is kNoValue above, as is an empty one.
  bool known = true;
  for (std::size_t i = 0; i < labels.size(); ++i) known = known && (ids[i] != kNoValue || labels[i].empty());
  if (const auto row = known ? table_->find(ids) : std::nullopt) return *row;
  const std::size_t own = series_.size() - (overflow_ ? 1 : 0);
  if (own >= setup_.max_series || !ledger_->admit()) return overflow_row();
  for (std::size_t i = 0; i < labels.size(); ++i) ids[i] = table_->intern(i, labels[i], LabelType::String);
  series_.emplace_back();
  return table_->find_or_append(ids);
}

Row ObservedFamily::overflow_row() {
  if (overflow_) return *overflow_;
  const std::size_t column = table_->add_column({std::string(kOverflowLabel), std::string(kOverflowName)});
  std::vector<ValueId> ids(column + 1, kNoValue);
  ids[column] = table_->intern(column, "true", LabelType::Bool);
  series_.emplace_back();
  overflow_ = table_->find_or_append(ids);
  return *overflow_;
}

void ObservedFamily::take(const ObservedValue& seen, std::int64_t now_ns, std::uint64_t collection) {
  if (!accepts(seen)) return;
  const Row row = row_of(seen.labels);
  Series& series = series_[row];
  const bool again = series.observed_in == collection;
  const double value = overflow_ == row && again ? series.value + seen.value : seen.value;
  const bool fell = setup_.descriptor.kind == Kind::Counter && !again && value < series.value;
  const bool begins = series.observed_in == 0 || series.ended_in != 0;
  if (begins || fell) series.start_ns = std::min(last_ns_, now_ns);
  if (begins && seen.since) series.start_ns = std::min(to_unix_ns(*seen.since), now_ns);
  series.value = value;
  series.observed_in = collection;
  series.ended_in = 0;
}

void ObservedFamily::end_unobserved(std::uint64_t collection) noexcept {
  for (Series& series : series_)
    if (series.observed_in != collection && series.ended_in == 0) series.ended_in = collection;
}

meters::Family ObservedFamily::family() const {
  meters::Family family;
  Scalars points{NumberType::Double, {}};
  for (const Series& series : series_) {
    points.bits.push_back(std::bit_cast<std::uint64_t>(series.value));
    family.states.push_back(series.ended_in == 0 ? RowState::Live : RowState::Ended);
    family.start_ns.push_back(series.start_ns);
  }
  family.descriptor = descriptor_;
  family.origin = ledger_->origin;
  family.points = std::move(points);
  return family;
}

void ObservedFamily::collect(SnapshotBuilder& builder, std::uint64_t collection) {
  std::vector<std::shared_ptr<ObservedCallback>> callbacks;
  {
    const std::shared_lock gate(fork_gate());
    const std::lock_guard lock(mutex_);
    std::erase_if(callbacks_, [](const auto& callback) { return callback->ended(); });
    callbacks = callbacks_;
  }
  std::vector<ObservedValue> all;
  for (const auto& callback : callbacks)
    for (ObservedValue& seen : callback->ask(*ledger_, collection)) all.push_back(std::move(seen));

  meters::Family told;
  {
    const std::shared_lock gate(fork_gate());
    const std::lock_guard lock(mutex_);
    const std::int64_t now_ns = to_unix_ns(builder.time());
    for (const ObservedValue& seen : all) take(seen, now_ns, collection);
    end_unobserved(collection);
    last_ns_ = now_ns;
    told = family();
    told.labels = table_->view();
  }
  builder.add(std::move(told));
}

// The table only grows: the series that are left go into a new one.
void ObservedFamily::release_ended(std::uint64_t seen) {
  const std::shared_lock gate(fork_gate());
  const std::lock_guard lock(mutex_);
  const auto gone = [&](const Series& series) { return series.ended_in != 0 && series.ended_in <= seen; };
  if (std::none_of(series_.begin(), series_.end(), gone)) return;
  const auto labels = table_->view();
  const std::vector<Series> old = std::exchange(series_, {});
  const std::optional<Row> old_overflow = std::exchange(overflow_, std::nullopt);
  table_ = std::make_unique<LabelSetTable>(setup_.labels);
  for (Row row = 0; row < labels->rows(); ++row) {
    if (row == old_overflow) continue;
    if (gone(old[row])) {
      ledger_->series.fetch_sub(1, std::memory_order_relaxed);
      continue;
    }
    std::vector<ValueId> ids;
    for (std::size_t i = 0; i < setup_.labels.size(); ++i)
      ids.push_back(table_->intern(i, labels->text(i, labels->id(row, i)), LabelType::String));
    table_->find_or_append(ids);
    series_.push_back(old[row]);
  }
  if (old_overflow && !gone(old[*old_overflow])) series_[overflow_row()] = old[*old_overflow];
}

FamilyCardinality ObservedFamily::cardinality() {
  const std::shared_lock gate(fork_gate());
  const std::lock_guard lock(mutex_);
  return cardinality_of(setup_, *table_->view(), overflow_.has_value());
}

void ObservedFamily::reset_after_fork() noexcept {
  last_ns_ = to_unix_ns(ledger_->clock->now());
  for (Series& series : series_) series.start_ns = last_ns_;
  for (const auto& callback : callbacks_) callback->reset_after_fork();
}

}  // namespace detail
}  // namespace tocsin::meters
