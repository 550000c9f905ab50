// SPDX-License-Identifier: Apache-2.0
#include "agent/store/src/rows.h"

#include <bit>
#include <charconv>
#include <utility>

namespace tocsin::agent {
namespace {

using rules::AlertLabels;
using rules::AlertState;
using rules::OutboxRow;
using rules::Silence;
using rules::ToldRecord;

// Texts one after the other, each behind its length: "3:job4:shop".
std::string pack(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out.append(std::to_string(text.size())).append(":").append(text);
  return out;
}
std::optional<std::vector<std::string>> unpack(std::string_view packed) {
  std::vector<std::string> out;
  while (!packed.empty()) {
    std::size_t size = 0;
    const auto [end, code] = std::from_chars(packed.data(), packed.data() + packed.size(), size);
    const auto digits = static_cast<std::size_t>(end - packed.data());
    if (code != std::errc() || digits >= packed.size() || *end != ':' || packed.size() - digits - 1 < size) return std::nullopt;
    out.emplace_back(packed.substr(digits + 1, size));
    packed.remove_prefix(digits + 1 + size);
  }
  return out;
}

std::string pack(const AlertLabels& labels) {
  std::vector<std::string> texts;
  for (const auto& [name, value] : labels) texts.push_back(name), texts.push_back(value);
  return pack(texts);
}

// Reads a row's cells in turn; a cell of another kind makes the whole row bad.
class Reader {
 public:
  Reader(const Row& row, std::size_t cells) : row_(row), good_(row.size() == cells) {}
  std::string text() {
    const auto* cell = next<std::string>();
    return cell == nullptr ? std::string() : *cell;
  }
  std::int64_t number() {
    const auto* cell = next<std::int64_t>();
    return cell == nullptr ? 0 : *cell;
  }
  Time time() { return from_unix_ns(number()); }
  double value() { return std::bit_cast<double>(number()); }
  std::vector<std::string> texts() {
    auto out = unpack(text());
    good_ = good_ && out;
    return out ? *std::move(out) : std::vector<std::string>();
  }
  AlertLabels labels() {
    std::vector<std::string> flat = texts();
    good_ = good_ && flat.size() % 2 == 0;
    AlertLabels out;
    for (std::size_t i = 0; i + 1 < flat.size(); i += 2) out.emplace_back(std::move(flat[i]), std::move(flat[i + 1]));
    return out;
  }
  bool good() const noexcept { return good_; }

 private:
  template <class T>
  const T* next() {
    const T* cell = good_ && at_ < row_.size() ? std::get_if<T>(&row_[at_]) : nullptr;
    ++at_;
    good_ = cell != nullptr;
    return cell;
  }
  const Row& row_;
  std::size_t at_ = 0;
  bool good_;
};

Cell cell(Time time) { return std::int64_t{to_unix_ns(time)}; }
// By its bits: SQLite makes a NULL of a NaN.
Cell cell(double value) { return std::bit_cast<std::int64_t>(value); }

template <class T>
std::optional<T> checked(const Reader& reader, T value) {
  return reader.good() ? std::optional<T>(std::move(value)) : std::nullopt;
}

}  // namespace

std::string alert_key(const std::string& rule, const AlertLabels& labels) { return pack({rule, pack(labels)}); }
std::string counts_key(const rules::KeptCounts& counts) { return alert_key(counts.objective, counts.labels); }

Row to_row(const rules::KeptCounts& counts) {
  return {counts_key(counts), counts.objective, pack(counts.labels), counts.counted, counts.state};
}

std::optional<rules::KeptCounts> counts_of(const Row& row) {
  Reader reader(row, 4);
  rules::KeptCounts out;
  out.objective = reader.text();
  out.labels = reader.labels();
  out.counted = reader.text(), out.state = reader.text();
  return checked(reader, std::move(out));
}

Row to_row(const AlertState& state) {
  return {alert_key(state.rule, state.labels), state.rule, pack(state.labels), pack(state.annotations),
          static_cast<std::int64_t>(state.phase), cell(state.value), cell(state.active_at), cell(state.fired_at),
          cell(state.resolved_at), cell(state.keep_firing_since), cell(state.missing_since), cell(state.last_sent_at)};
}

std::optional<AlertState> alert_of(const Row& row) {
  Reader reader(row, 11);
  AlertState state;
  state.rule = reader.text();
  state.labels = reader.labels();
  state.annotations = reader.labels();
  const std::int64_t phase = reader.number();
  if (phase < 0 || phase > static_cast<std::int64_t>(rules::AlertPhase::Resolved)) return std::nullopt;
  state.phase = static_cast<rules::AlertPhase>(phase);
  state.value = reader.value();
  state.active_at = reader.time(), state.fired_at = reader.time(), state.resolved_at = reader.time();
  state.keep_firing_since = reader.time(), state.missing_since = reader.time(), state.last_sent_at = reader.time();
  return checked(reader, std::move(state));
}

Row to_row(const OutboxRow& row) {
  return {row.key, row.rule, pack(row.labels), pack(row.annotations), row.generator_url, cell(row.value), cell(row.starts_at),
          cell(row.ends_at), row.end_reason, cell(row.updated_at), std::int64_t{row.valid_for.count()}};
}

std::optional<OutboxRow> outbox_of(const Row& row) {
  Reader reader(row, 11);
  OutboxRow out;
  out.key = reader.text(), out.rule = reader.text();
  out.labels = reader.labels(), out.annotations = reader.labels();
  out.generator_url = reader.text();
  out.value = reader.value();
  out.starts_at = reader.time(), out.ends_at = reader.time();
  out.end_reason = reader.text();
  out.updated_at = reader.time();
  out.valid_for = std::chrono::nanoseconds(reader.number());
  return checked(reader, std::move(out));
}

Row to_row(const ToldRecord& record) {
  return {record.key, record.receiver, cell(record.firing_at), cell(record.resolved_at), cell(record.gave_up_at), record.reason};
}

std::optional<ToldRecord> told_of(const Row& row) {
  Reader reader(row, 6);
  ToldRecord record;
  record.key = reader.text(), record.receiver = reader.text();
  record.firing_at = reader.time(), record.resolved_at = reader.time(), record.gave_up_at = reader.time();
  record.reason = reader.text();
  return checked(reader, std::move(record));
}

Row to_row(const Silence& silence) {
  std::vector<std::string> matchers;
  for (const auto& one : silence.matchers()) {
    matchers.insert(matchers.end(), {one.label(), std::string(operator_text(one.type())), one.text()});
  }
  const auto& facts = silence.facts();
  return {facts.id, pack(matchers), cell(facts.starts_at), cell(facts.ends_at), cell(facts.created_at), facts.author, facts.comment};
}

std::optional<Silence> silence_of(const Row& row) {
  using rules::promql::Matcher;
  using rules::promql::MatchType;
  Reader reader(row, 7);
  rules::SilenceFacts facts;
  facts.id = reader.text();
  const std::vector<std::string> flat = reader.texts();
  facts.starts_at = reader.time(), facts.ends_at = reader.time(), facts.created_at = reader.time();
  facts.author = reader.text(), facts.comment = reader.text();
  if (!reader.good() || flat.size() % 3 != 0) return std::nullopt;
  std::vector<Matcher> matchers;
  for (std::size_t i = 0; i < flat.size(); i += 3) {
    std::optional<MatchType> type;
    for (const MatchType one : {MatchType::Equal, MatchType::NotEqual, MatchType::Regex, MatchType::NotRegex}) {
      if (operator_text(one) == flat[i + 1]) type = one;
    }
    if (!type) return std::nullopt;
    auto matcher = Matcher::make(flat[i], *type, flat[i + 2]);
    if (!matcher) return std::nullopt;
    matchers.push_back(*std::move(matcher));
  }
  auto made = Silence::make(std::move(matchers), std::move(facts));
  return made ? std::optional(*std::move(made)) : std::nullopt;
}

}  // namespace tocsin::agent
