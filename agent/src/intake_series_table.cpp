// SPDX-License-Identifier: Apache-2.0
#include "agent/src/intake_series_table.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "agent/intake.h"
#include "agent/src/intake_context.h"
#include "meters/base/text.h"

namespace tocsin::agent {

using meters::Row;

namespace {

constexpr std::string_view kOverflow = "otel.metric.overflow";
constexpr std::string_view kServerName = "server_name";
constexpr std::size_t kExemplarBytes = 1'024;  // of attribute texts; beyond it they are left out

}  // namespace

SeriesTable::SeriesTable(meters::Kind kind, std::optional<meters::NameStrategy> names)
    : kind_(kind), names_(names), labels_(std::make_unique<meters::LabelSetTable>()) {}

std::optional<Row> SeriesTable::find(Labels labels) const {
  ids_.assign(labels_->columns(), meters::kNoValue);
  for (const auto& label : labels) {
    const auto column = labels_->find_column(label.name);
    if (!column) return std::nullopt;
    const meters::ValueId id = labels_->lookup(*column, label.text);
    if (id == meters::kNoValue) return std::nullopt;
    ids_[*column] = id;
  }
  return labels_->find(ids_);
}

bool SeriesTable::room_for(Labels labels, std::uint32_t limit) const noexcept {
  std::size_t columns = labels_->columns();
  for (const auto& label : labels) columns += labels_->find_column(label.name) ? 0 : 1;
  return columns <= limit;
}

std::size_t SeriesTable::column_for(std::string_view name) {
  if (const auto column = labels_->find_column(name)) return *column;
  if (!names_) return labels_->add_column({std::string(name), std::string(name)});
  return labels_->add_column(label_column(name, kind_, *names_));
}

Row SeriesTable::append(Labels labels) {
  for (const auto& label : labels) column_for(label.name);
  ids_.assign(labels_->columns(), meters::kNoValue);
  for (const auto& label : labels) {
    const std::size_t column = column_for(label.name);
    ids_[column] = labels_->intern(column, label.text, label.type);
  }
  return labels_->find_or_append(ids_);
}

Row SeriesTable::overflow(Labels labels) {
  std::array<LabelReader::Label, 2> wanted{{{kOverflow, "true", meters::LabelType::Bool}, {kServerName, {}, {}}}};
  for (const auto& label : labels)
    if (label.name == kServerName) wanted[1].text = label.text;
  const bool named = !wanted[1].text.empty();
  Labels set(wanted.data(), named ? 2 : 1);
  if (const auto row = find(set)) {
    overflow_.resize(rows());
    if (!overflow_[*row]) overflow_[*row] = true, ++overflow_rows_;
    return *row;
  }
  if (named && overflow_rows_ >= kOverflowNames) {
    set = set.first(1);
    if (const auto row = find(set)) return *row;
  }
  const Row row = append(set);
  overflow_.resize(rows());
  overflow_[row] = true;
  ++overflow_rows_;
  return row;
}

std::string SeriesTable::text_of(Row row) {
  const auto view = labels_->view();
  std::string out = "{";
  for (std::size_t column = 0; column < view->columns(); ++column) {
    const meters::ValueId id = view->id(row, column);
    if (id == meters::kNoValue) continue;
    if (out.size() > 1) out += ", ";
    out += view->column(column).name;
    out += '=';
    append_json_string(out, view->text(column, id));
  }
  return out + '}';
}

std::pair<std::string, std::uint32_t> SeriesTable::widest() {
  const auto view = labels_->view();
  std::pair<std::string, std::uint32_t> widest;
  for (std::size_t column = 0; column < view->columns(); ++column)
    if (view->ids(column) - 1 > widest.second) widest = {view->column(column).name, view->ids(column) - 1};
  return widest;
}

void SeriesTable::keep_exemplar(Row row, std::uint32_t bucket, const PointExemplar& exemplar) {
  meters::Exemplar kept;
  kept.row = row;
  kept.bucket = bucket;
  kept.value = exemplar.form == NumberForm::Integer
                   ? static_cast<double>(std::bit_cast<std::int64_t>(exemplar.bits))
                   : std::bit_cast<double>(exemplar.bits);
  kept.time = from_unix_ns(static_cast<std::int64_t>(exemplar.time_ns));
  meters::Exemplar& there = exemplars_[{row, bucket}];
  if (there.time > kept.time) return;
  if (exemplar.trace_id.size() == kept.trace_id.size())
    std::memcpy(kept.trace_id.data(), exemplar.trace_id.data(), kept.trace_id.size());
  if (exemplar.span_id.size() == kept.span_id.size())
    std::memcpy(kept.span_id.data(), exemplar.span_id.data(), kept.span_id.size());
  LabelReader reader;
  IntakeLimits limits;
  limits.label_bytes = kExemplarBytes;
  if (!exemplar.attributes.empty() && exemplar.attributes.size() <= kExemplarBytes &&
      !reader.read(exemplar.attributes, limits))
    for (const auto& label : reader.labels()) kept.attributes.emplace_back(label.name, label.text);
  there = std::move(kept);
}

void SeriesTable::drop_exemplars(Row row) {
  exemplars_.erase(exemplars_.lower_bound({row, 0}), exemplars_.upper_bound({row, 0xFFFFFFFF}));
}

std::vector<meters::Exemplar> SeriesTable::exemplars() const {
  std::vector<meters::Exemplar> out;
  out.reserve(exemplars_.size());
  for (const auto& [key, exemplar] : exemplars_) out.push_back(exemplar);
  return out;
}

std::vector<Row> SeriesTable::compact(const std::vector<bool>& keep) {
  const auto old = labels_->view();
  const std::vector<bool> old_overflow = std::move(overflow_);
  labels_ = std::make_unique<meters::LabelSetTable>();
  overflow_.clear();
  overflow_rows_ = 0;
  std::vector<Row> moved(old->rows(), kGone);
  std::vector<LabelReader::Label> labels;
  for (Row row = 0; row < old->rows(); ++row) {
    if (!keep[row]) continue;
    labels.clear();
    for (std::size_t column = 0; column < old->columns(); ++column) {
      const meters::ValueId id = old->id(row, column);
      if (id != meters::kNoValue)
        labels.push_back({old->column(column).name, old->text(column, id), old->type(column, id)});
    }
    moved[row] = append(labels);
    overflow_.push_back(row < old_overflow.size() && old_overflow[row]);
    overflow_rows_ += overflow_.back() ? 1 : 0;
  }
  decltype(exemplars_) exemplars;
  for (auto& [key, exemplar] : exemplars_) {
    const Row row = moved[key.first];
    if (row == kGone) continue;
    exemplar.row = row;
    exemplars.emplace(std::pair{row, key.second}, std::move(exemplar));
  }
  exemplars_ = std::move(exemplars);
  return moved;
}

std::size_t SeriesTable::bytes() const noexcept {
  constexpr std::size_t kNodeBytes = 48;  // of a std::map
  return labels_->bytes() + exemplars_.size() * (sizeof(meters::Exemplar) + kNodeBytes) + overflow_.size() / 8;
}

}  // namespace tocsin::agent
