// SPDX-License-Identifier: Apache-2.0
#include "exporters/src/exemplar_text.h"

#include <algorithm>

#include "meters/base/number.h"
#include "meters/base/text.h"
#include "meters/descriptor.h"
#include "wire/escaping.h"

namespace tocsin::exporters {

namespace {

constexpr std::size_t kMostCodePoints = 128;

std::size_t code_points(std::string_view text) noexcept {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

template <std::size_t size>
std::string hex(const std::array<std::uint8_t, size>& id) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const std::uint8_t byte : id) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

template <std::size_t size>
bool is_set(const std::array<std::uint8_t, size>& id) noexcept {
  return std::any_of(id.begin(), id.end(), [](std::uint8_t byte) { return byte != 0; });
}

}  // namespace

std::vector<std::pair<std::string, std::string>> exemplar_labels(const meters::Exemplar& exemplar) {
  std::vector<std::pair<std::string, std::string>> labels;
  std::size_t used = 0;
  const auto add = [&](std::string name, std::string text) {
    const std::size_t size = code_points(name) + code_points(text);
    if (name.empty() || text.empty() || used + size > kMostCodePoints) return;
    if (std::any_of(labels.begin(), labels.end(), [&](const auto& label) { return label.first == name; })) return;
    used += size;
    labels.emplace_back(std::move(name), std::move(text));
  };
  if (is_set(exemplar.trace_id)) add("trace_id", hex(exemplar.trace_id));
  if (is_set(exemplar.span_id)) add("span_id", hex(exemplar.span_id));
  for (const auto& [key, text] : exemplar.attributes)
    add(wire::escape_label_name(meters::prometheus_label_name(key), wire::Escaping::Underscores), to_utf8(text));
  return labels;
}

void append_exemplar(std::string& out, const meters::Exemplar& exemplar) {
  out += " # {";
  bool first = true;
  for (const auto& [name, text] : exemplar_labels(exemplar)) {
    if (!first) out += ',';
    first = false;
    out.append(name).append("=\"");
    wire::append_quoted_text(out, text);
    out += '"';
  }
  out += "} ";
  append_double(out, exemplar.value);
  const std::int64_t ns = to_unix_ns(exemplar.time);
  if (ns <= 0) return;
  out += ' ';
  append_integer(out, ns / 1'000'000'000);
  std::string fraction = std::to_string(1'000'000'000 + ns % 1'000'000'000);
  fraction[0] = '.';
  while (fraction.size() > 4 && fraction.back() == '0') fraction.pop_back();
  out += fraction;
}

}  // namespace tocsin::exporters
