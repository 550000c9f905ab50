// SPDX-License-Identifier: Apache-2.0
#include "traces/src/request_table.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace tocsin::traces {

namespace {

using meters::RowState;
using meters::Side;

struct Descriptors {
  std::shared_ptr<const meters::Descriptor> total, time;
};

const Descriptors& descriptors(Side side) {
  static const auto make = [](Side of) {
    const meters::RequestMeterNames& names = meters::request_meter_names(of);
    return Descriptors{std::make_shared<const meters::Descriptor>(meters::descriptor_of(names.total)),
                       std::make_shared<const meters::Descriptor>(meters::descriptor_of(names.time))};
  };
  static const Descriptors server = make(Side::Server), rely = make(Side::Rely);
  return side == Side::Server ? server : rely;
}

const std::shared_ptr<const std::vector<double>>& time_bounds() {
  static const auto bounds = std::make_shared<const std::vector<double>>(meters::kRequestTimeBounds.begin(),
                                                                         meters::kRequestTimeBounds.end());
  return bounds;
}

meters::NativeHistogram native_of(const RequestRow& row) {
  meters::NativeHistogram native;
  native.scale = row.native.scale;
  native.zero_count = row.zero_count;
  const std::uint64_t* begin = row.native.counts.get();
  const std::uint64_t* end = begin + row.native.size;
  const auto used = [](std::uint64_t count) { return count != 0; };
  const std::uint64_t* first = std::find_if(begin, end, used);
  while (end != first && end[-1] == 0) --end;
  native.positive_offset = row.native.offset + static_cast<std::int32_t>(first - begin);
  if (first == end) native.positive_offset = 0;
  native.positive.assign(first, end);
  return native;
}

}  // namespace

void RequestRow::reset(Time now, Monotonic monotonic) {
  sum_microseconds = 0;
  zero_count = 0;
  native = {};
  counts.fill(0);
  exemplars.clear();
  fresh = 0;
  state = RowState::Live;
  start_ns = to_unix_ns(now);
  last = monotonic;
  ended_at_tick = 0;
}

RequestTable::RequestTable(Side side) : side_(side), labels_(make_labels()) {}

std::unique_ptr<meters::LabelSetTable> RequestTable::make_labels() const {
  const auto column = [](std::string_view name) { return meters::LabelColumn{std::string(name), std::string(name)}; };
  std::vector<meters::LabelColumn> columns = {
      column(meters::label::kServerName), column(meters::label::kFunc), column(meters::label::kStatus),
      column(meters::label::kRet),        column(meters::label::kDc),   column(meters::label::kServerHost),
      column(meters::label::kAppId),      {"otel.metric.overflow", "otel_metric_overflow"}};
  if (side_ == Side::Rely) columns.push_back(column(meters::label::kPeer));
  return std::make_unique<meters::LabelSetTable>(std::move(columns));
}

// False where one of the texts was never entered: then no row has them all.
bool RequestTable::known(const TextRow& texts, Ids& ids) const noexcept {
  for (std::size_t i = 0; i < columns(); ++i) {
    ids[i] = labels_->lookup(i, texts[i]);
    if (ids[i] == meters::kNoValue && !texts[i].empty()) return false;
  }
  return true;
}

RequestRow& RequestTable::add(const TextRow& texts, Time now, Monotonic monotonic) {
  Ids ids{};
  for (std::size_t i = 0; i < columns(); ++i)
    ids[i] = labels_->intern(i, texts[i], i == Overflow ? meters::LabelType::Bool : meters::LabelType::String);
  const meters::Row row = labels_->find_or_append(std::span(ids.data(), columns()));
  if (row == rows_.size()) rows_.push_back(std::make_unique<RequestRow>());
  rows_[row]->reset(now, monotonic);
  return *rows_[row];
}

RequestRow& RequestTable::revived(RequestRow& row, Time now, Monotonic monotonic) {
  if (row.state == RowState::Ended) row.reset(now, monotonic);
  return row;
}

RequestRow* RequestTable::find_or_add(const RowLabels& labels, std::uint32_t limit, Time now, Monotonic monotonic) {
  TextRow texts;
  texts[ServerName] = labels.server_name;
  texts[Func] = labels.func;
  texts[StatusClass] = meters::to_text(labels.status);
  texts[Ret] = labels.ret;
  texts[Dc] = labels.dc;
  texts[ServerHost] = labels.server_host;
  texts[AppId] = labels.app_id;
  texts[Peer] = labels.peer;
  Ids ids{};
  if (known(texts, ids))
    if (const auto row = labels_->find(std::span(ids.data(), columns()))) return &revived(*rows_[*row], now, monotonic);
  if (rows() - overflow_rows_ >= limit) return nullptr;
  return &add(texts, now, monotonic);
}

RequestRow& RequestTable::overflow_row(std::string_view server_name, Time now, Monotonic monotonic) {
  TextRow texts;
  texts[ServerName] = server_name;
  texts[Overflow] = "true";
  Ids ids{};
  if (known(texts, ids))
    if (const auto row = labels_->find(std::span(ids.data(), columns()))) return revived(*rows_[*row], now, monotonic);
  RequestRow& row = add(texts, now, monotonic);
  row.overflow = true;
  ++overflow_rows_;
  return row;
}

bool RequestTable::admit(Texts& texts, std::string_view text, std::uint32_t limit) {
  if (texts.find(text) != texts.end()) return true;
  if (texts.size() >= limit) return false;
  texts.emplace(text);
  return true;
}

// For each row a number that rows of one func, peer and app share, whatever their status and ret.
std::vector<std::uint64_t> RequestTable::func_keys() const {
  std::unordered_map<std::string, std::uint64_t> numbers;
  std::vector<std::uint64_t> keys(rows_.size());
  const auto sets = labels_->view();
  std::string key;
  for (meters::Row row = 0; row < rows_.size(); ++row) {
    key.clear();
    for (std::size_t column = 0; column < columns(); ++column) {
      if (column == StatusClass || column == Ret) continue;
      const meters::ValueId id = sets->id(row, column);
      key.append(reinterpret_cast<const char*>(&id), sizeof id);
    }
    keys[row] = numbers.try_emplace(key, numbers.size()).first->second;
  }
  return keys;
}

std::uint32_t RequestTable::end_idle(Monotonic idle_since, std::uint64_t tick) {
  const auto idle = [&](const auto& row) { return row->state == RowState::Live && row->last < idle_since; };
  if (std::none_of(rows_.begin(), rows_.end(), idle)) return 0;
  const std::vector<std::uint64_t> keys = func_keys();
  std::unordered_set<std::uint64_t> in_use;
  for (meters::Row row = 0; row < rows_.size(); ++row)
    if (rows_[row]->state == RowState::Live && !idle(rows_[row])) in_use.insert(keys[row]);
  const auto sets = labels_->view();
  const meters::ValueId ok = labels_->lookup(StatusClass, meters::to_text(meters::Status::Ok));
  std::uint32_t ended = 0;
  for (meters::Row row = 0; row < rows_.size(); ++row) {
    if (!idle(rows_[row])) continue;
    if (ok != meters::kNoValue && sets->id(row, StatusClass) == ok && in_use.contains(keys[row])) continue;
    rows_[row]->state = RowState::Ended;
    rows_[row]->ended_at_tick = tick;
    ++ended;
  }
  return ended;
}

std::uint32_t RequestTable::remove_ended(std::uint64_t tick) {
  const auto gone = [&](const auto& row) { return row->state == RowState::Ended && row->ended_at_tick <= tick; };
  if (std::none_of(rows_.begin(), rows_.end(), gone)) return 0;
  const std::uint32_t before = rows();
  const auto sets = labels_->view();
  labels_ = make_labels();
  overflow_rows_ = 0;
  std::vector<std::unique_ptr<RequestRow>> kept;
  for (meters::Row row = 0; row < before; ++row) {
    if (gone(rows_[row])) continue;
    Ids ids{};
    for (std::size_t column = 0; column < columns(); ++column) {
      const meters::ValueId id = sets->id(row, column);
      ids[column] = labels_->intern(column, sets->text(column, id), sets->type(column, id));
    }
    labels_->find_or_append(std::span(ids.data(), columns()));
    overflow_rows_ += rows_[row]->overflow ? 1 : 0;
    kept.push_back(std::move(rows_[row]));
  }
  rows_ = std::move(kept);
  names_.clear();
  peers_.clear();
  return before - rows();
}

void RequestTable::collect(const std::shared_ptr<const meters::Origin>& origin, meters::SnapshotBuilder& builder) {
  if (rows_.empty()) return;
  meters::Scalars totals{meters::NumberType::Integer, {}};
  meters::Histograms times;
  times.bounds = time_bounds();
  meters::Family total, time;
  totals.bits.reserve(rows_.size());
  times.counts.reserve(rows_.size() * kTimeBuckets);
  times.sums.reserve(rows_.size());
  times.native.reserve(rows_.size());
  total.states.reserve(rows_.size());
  total.start_ns.reserve(rows_.size());
  for (meters::Row index = 0; index < rows_.size(); ++index) {
    RequestRow& row = *rows_[index];
    std::uint64_t count = 0;
    for (const std::uint64_t bucket : row.counts) count += bucket;
    totals.bits.push_back(count);
    times.counts.insert(times.counts.end(), row.counts.begin(), row.counts.end());
    times.sums.push_back(row.sum_microseconds);
    times.native.push_back(native_of(row));
    total.states.push_back(row.state);
    total.start_ns.push_back(row.start_ns);
    for (const StoredExemplar& stored : row.exemplars)
      time.exemplars.push_back({index, stored.bucket, static_cast<double>(stored.ns) / 1000.0, stored.time,
                                stored.trace_id, stored.span_id, {}});
    row.fresh = 0;
  }
  const Descriptors& described = descriptors(side_);
  total.descriptor = described.total;
  time.descriptor = described.time;
  total.origin = time.origin = origin;
  total.labels = time.labels = labels_->view();
  time.states = total.states;
  time.start_ns = total.start_ns;
  total.points = std::move(totals);
  time.points = std::move(times);
  builder.add(std::move(total));
  builder.add(std::move(time));
}

}  // namespace tocsin::traces
