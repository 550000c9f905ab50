// SPDX-License-Identifier: Apache-2.0
// SpanContext: what travels from one service to the next, as W3C Trace Context headers (www.w3.org/TR/trace-context).
//
//   std::optional<SpanContext> caller = extract(traceparents, tracestates);   // the values of these header fields
//   SpanContext mine = caller ? child_of(*caller) : new_root(true);
//   request.set("traceparent", format_traceparent(mine));
//   if (!mine.state.empty()) request.set("tracestate", mine.state.text());
//
// A header that breaks a rule is as if it were not there: the caller then begins a trace of its own.
// Threads: value types and pure functions. Costs about 50 ns to parse and a string to format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "traces/ids.h"

namespace tocsin::traces {

// The vendors' entries of tracestate, newest first; at most 32, keys unique.
class TraceState {
 public:
  static constexpr std::size_t kMaxEntries = 32;

  // All header fields of the name, in their order. Nothing at all where one entry breaks the grammar, where a key comes
  // twice or where there are too many: half a list would be wrong.
  static std::optional<TraceState> parse(std::span<const std::string_view> headers);

  bool empty() const noexcept { return entries_.empty(); }
  std::string text() const;  // "vendor=value,other=value"
  std::string_view value(std::string_view key) const noexcept;  // empty where it is not there
  // Puts the entry first, as a vendor that changed it must; the last one falls off the end of a full list. False, and
  // nothing done, where key or value break the grammar.
  bool set(std::string_view key, std::string_view value);
  void erase(std::string_view key);

  bool operator==(const TraceState&) const = default;

 private:
  std::vector<std::pair<std::string, std::string>> entries_;
};

struct SpanContext {
  static constexpr std::uint8_t kSampled = 1;
  static constexpr std::uint8_t kRandom = 2;  // of level 2: the trace id's last 7 bytes are random

  TraceId trace_id{};
  SpanId span_id{};
  std::uint8_t flags = 0;  // kSampled, kRandom; other bits are zero, as those that pass a context on must leave them
  TraceState state = {};

  bool valid() const noexcept { return !is_zero(trace_id) && !is_zero(span_id); }
  bool sampled() const noexcept { return (flags & kSampled) != 0; }
  bool operator==(const SpanContext&) const = default;
};

// Lower-case hex only; no id may be all zero; version ff is none. Version 00 has exactly its four fields; of a later
// version the same four are taken, and more may follow after a '-'. Space around the value is no part of it.
std::optional<SpanContext> parse_traceparent(std::string_view header);
// Of version 00. Requires: valid().
std::string format_traceparent(const SpanContext& context);

// From the header fields of both names, as often as they came. None without exactly one good traceparent; tracestate is
// dropped alone where it is bad.
std::optional<SpanContext> extract(std::span<const std::string_view> traceparents,
                                   std::span<const std::string_view> tracestates);

// A new trace; and a new span in the parent's, with its flags and state.
SpanContext new_root(bool sampled);
SpanContext child_of(const SpanContext& parent);

}  // namespace tocsin::traces
