// SPDX-License-Identifier: Apache-2.0
#include "traces/context.h"

#include <algorithm>

#include "meters/base/text.h"

namespace tocsin::traces {

namespace {

constexpr bool is_lower(char c) noexcept { return c >= 'a' && c <= 'z'; }
constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

bool is_key_part(std::string_view part, std::size_t longest, bool may_start_with_digit) noexcept {
  if (part.empty() || part.size() > longest) return false;
  if (!is_lower(part[0]) && !(may_start_with_digit && is_digit(part[0]))) return false;
  return std::all_of(part.begin(), part.end(), [](char c) {
    return is_lower(c) || is_digit(c) || c == '_' || c == '-' || c == '*' || c == '/';
  });
}

// simple-key, or tenant-id "@" system-id.
bool is_key(std::string_view key) noexcept {
  const std::size_t at = key.find('@');
  if (at == std::string_view::npos) return is_key_part(key, 256, false);
  return is_key_part(key.substr(0, at), 241, true) && is_key_part(key.substr(at + 1), 14, false);
}

// Printable ASCII but ',' and '='; the last is no space.
bool is_value(std::string_view value) noexcept {
  if (value.empty() || value.size() > 256 || value.back() == ' ') return false;
  return std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c <= 0x7E && c != ',' && c != '='; });
}

std::string_view without_space(std::string_view text) noexcept {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<std::uint8_t> hex_byte(std::string_view text) noexcept {
  const int high = lower_hex_digit(text[0]), low = lower_hex_digit(text[1]);
  if (high < 0 || low < 0) return std::nullopt;
  return static_cast<std::uint8_t>(high << 4 | low);
}

}  // namespace

std::optional<TraceState> TraceState::parse(std::span<const std::string_view> headers) {
  TraceState state;
  for (const std::string_view header : headers) {
    for (const std::string_view piece : split(header, ',')) {
      const std::string_view member = without_space(piece);
      if (member.empty()) continue;  // allowed, so that lists can be joined
      const std::size_t equals = member.find('=');
      if (equals == std::string_view::npos) return std::nullopt;
      const std::string_view key = member.substr(0, equals), value = member.substr(equals + 1);
      if (!is_key(key) || !is_value(value) || !state.value(key).empty()) return std::nullopt;
      if (state.entries_.size() == kMaxEntries) return std::nullopt;
      state.entries_.emplace_back(key, value);
    }
  }
  return state;
}

std::string TraceState::text() const {
  std::string text;
  for (const auto& [key, value] : entries_) {
    if (!text.empty()) text += ',';
    text += key;
    text += '=';
    text += value;
  }
  return text;
}

std::string_view TraceState::value(std::string_view key) const noexcept {
  for (const auto& entry : entries_)
    if (entry.first == key) return entry.second;
  return {};
}

bool TraceState::set(std::string_view key, std::string_view value) {
  if (!is_key(key) || !is_value(value)) return false;
  std::pair<std::string, std::string> entry(key, value);  // before the erase: they may be views of an entry
  erase(entry.first);
  if (entries_.size() == kMaxEntries) entries_.pop_back();
  entries_.insert(entries_.begin(), std::move(entry));
  return true;
}

void TraceState::erase(std::string_view key) {
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const auto& entry) { return entry.first == key; });
  if (found != entries_.end()) entries_.erase(found);
}

std::optional<SpanContext> parse_traceparent(std::string_view header) {
  constexpr std::size_t kSize = 55;  // version 00: 2 + 1 + 32 + 1 + 16 + 1 + 2
  const std::string_view text = without_space(header);
  if (text.size() < kSize || text[2] != '-' || text[35] != '-' || text[52] != '-') return std::nullopt;
  const auto version = hex_byte(text);
  if (!version || *version == 0xFF) return std::nullopt;
  if (text.size() > kSize && (*version == 0 || text[kSize] != '-')) return std::nullopt;
  const auto trace_id = parse_hex<TraceId>(text.substr(3, 32));
  const auto span_id = parse_hex<SpanId>(text.substr(36, 16));
  const auto flags = hex_byte(text.substr(53));
  if (!trace_id || !span_id || !flags) return std::nullopt;
  return SpanContext{*trace_id, *span_id,
                     static_cast<std::uint8_t>(*flags & (SpanContext::kSampled | SpanContext::kRandom)), {}};
}

std::string format_traceparent(const SpanContext& context) {
  return "00-" + to_hex(context.trace_id) + '-' + to_hex(context.span_id) + '-' +
         to_hex(std::array<std::uint8_t, 1>{context.flags});
}

std::optional<SpanContext> extract(std::span<const std::string_view> traceparents,
                                   std::span<const std::string_view> tracestates) {
  if (traceparents.size() != 1) return std::nullopt;
  auto context = parse_traceparent(traceparents[0]);
  if (!context) return std::nullopt;
  if (auto state = TraceState::parse(tracestates)) context->state = std::move(*state);
  return context;
}

SpanContext new_root(bool sampled) {
  const auto flags = static_cast<std::uint8_t>(SpanContext::kRandom | (sampled ? SpanContext::kSampled : 0));
  return {new_trace_id(), new_span_id(), flags, {}};
}

SpanContext child_of(const SpanContext& parent) { return {parent.trace_id, new_span_id(), parent.flags, parent.state}; }

}  // namespace tocsin::traces
