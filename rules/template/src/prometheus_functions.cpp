// SPDX-License-Identifier: Apache-2.0
// Functions that Prometheus adds: queries, labels, texts and links.
#include <algorithm>
#include <utility>

#include "rules/promql/regex.h"
#include "rules/template/links.h"
#include "rules/template/src/functions.h"
#include "rules/template/src/unicode.h"

namespace tocsin::rules::templates {
namespace {

using P = Parameter;
using Kind = Value::Kind;

constexpr std::size_t kDeepestArguments = 32;
constexpr std::size_t kMostQueryBytes = std::size_t{32} << 20;  // of all results one execution holds

Value query(const CallContext& context, Arguments arguments) {
  if (!context.environment.query) throw Failure{"queries are not possible here"};
  auto samples = context.environment.query(arguments[0].text());
  if (!samples) throw Failure{samples.error().message};
  std::vector<Value> rows;
  rows.reserve(samples->size());
  for (QuerySample& one : *samples) {
    context.spent_bytes += 200;
    for (const auto& [name, value] : one.labels) context.spent_bytes += 100 + name.size() + value.size();
    if (context.spent_bytes > kMostQueryBytes) throw Failure{"queries give more than 32 MiB", Fault::Exhausted};
    rows.push_back(Value::structure(std::string(kSampleType),
                                    {{"Labels", Value::texts(std::move(one.labels))}, {"Value", Value(one.value)}}));
  }
  return Value::list(std::string(kRowsType), std::move(rows));
}

Value first(const CallContext&, Arguments arguments) {
  if (!arguments[0].valid() || arguments[0].as_list().items.empty()) throw Failure{"first() called on vector with no elements"};
  return arguments[0].as_list().items[0];
}

const Value& sample_field(const Value& sample, std::string_view name) {
  if (!sample.valid()) throw Failure{"runtime error: invalid memory address or nil pointer dereference"};
  return *find_field(sample.as_struct().fields, name);
}

Value label_of(const Value& sample, std::string_view name) {
  const auto& entries = sample_field(sample, "Labels").as_map().entries;
  const auto found = entries.find(name);
  return found == entries.end() ? Value(std::string()) : found->second;
}

Value args(const CallContext&, Arguments arguments) {
  Value::Fields fields;
  for (std::size_t i = 0; i < arguments.size(); ++i) fields.emplace_back("arg" + std::to_string(i), arguments[i]);
  Value made = Value::map(std::move(fields));
  if (made.depth() > kDeepestArguments) throw Failure{"args of args of args: nested too deep", Fault::Exhausted};
  return made;
}

promql::Regex compiled(const std::string& pattern, bool panics) {
  auto regex = promql::Regex::make(pattern);
  if (!regex) throw Failure{(panics ? "regexp: Compile(`" + pattern + "`): " : std::string()) + regex.error().message};
  return *std::move(regex);
}

Value replace(const CallContext& context, Arguments arguments) {
  const promql::Regex regex = compiled(arguments[0].text(), true);
  // One replacement at each character at most.
  if (arguments[1].text().size() > 64 && arguments[1].text().size() * arguments[2].text().size() > context.limits.bytes * 64) {
    throw Failure{"the replaced text would be too long", Fault::Exhausted};
  }
  return Value(regex.replace_all(arguments[2].text(), arguments[1].text()));
}

Value match(const CallContext&, Arguments arguments) { return Value(compiled(arguments[0].text(), false).found_in(arguments[1].text())); }

std::string mapped(std::string_view text, char32_t (*change)(char32_t) noexcept) {
  std::string out;
  for (; !text.empty(); text.remove_prefix(decode_rune(text).bytes)) append_rune(out, change(decode_rune(text).rune));
  return out;
}

// The first letter of each word. A word goes on over an apostrophe, a dot or a colon between two letters.
std::string title(std::string_view text) {
  std::string out;
  bool inside = false;
  while (!text.empty()) {
    const Rune one = decode_rune(text);
    text.remove_prefix(one.bytes);
    const bool joins = one.rune == '\'' || one.rune == '.' || one.rune == ':' || one.rune == 0x2019;
    const bool letter_next = !text.empty() && is_letter(decode_rune(text).rune);
    if (!one.valid) out += "\xef\xbf\xbd";
    else append_rune(out, inside || !is_letter(one.rune) ? one.rune : to_upper(one.rune));
    if (is_letter(one.rune)) inside = true;
    else if (!(is_word_rune(one.rune) && inside) && !(joins && inside && letter_next)) inside = false;
  }
  return out;
}

struct HostPort {
  std::string host, port;
  bool good = false;
};

// net.SplitHostPort.
HostPort split(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return {};
  const std::string_view port = text.substr(colon + 1);
  std::string_view host = text.substr(0, colon);
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos || close + 1 != colon) return {};
    host = text.substr(1, close - 1);
    if (host.find('[') != std::string_view::npos) return {};
  } else if (host.find(':') != std::string_view::npos || text.find_first_of("[]") != std::string_view::npos) {
    return {};
  }
  return {std::string(host), std::string(port), port.find_first_of("[]") == std::string_view::npos};
}

bool is_ip4(std::string_view text) {
  int parts = 0;
  while (parts < 4) {
    const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
    if (digits == 0 || digits > 3 || (digits > 1 && text[0] == '0')) return false;
    int value = 0;
    for (const char c : text.substr(0, digits)) value = value * 10 + (c - '0');
    text.remove_prefix(digits);
    if (value > 255 || (++parts < 4 && !text.starts_with('.'))) return false;
    if (parts < 4) text.remove_prefix(1);
  }
  return text.empty();
}

bool is_ip6(std::string_view text) {
  int groups = 0;
  bool gap = false;
  if (text.starts_with(':') && !text.starts_with("::")) return false;
  while (!text.empty()) {
    if (text.starts_with("::")) {
      if (std::exchange(gap, true)) return false;
      text.remove_prefix(2);
      continue;
    }
    if (groups > 0 && text.starts_with(':')) text.remove_prefix(1);
    const auto digits = std::min(text.find_first_not_of("0123456789abcdefABCDEF"), text.size());
    if (digits < text.size() && text[digits] == '.') return is_ip4(text) && (gap ? groups <= 5 : groups == 6);
    if (digits == 0 || digits > 4 || ++groups > 8) return false;
    text.remove_prefix(digits);
    if (!text.empty() && text[0] != ':') return false;
    if (text == ":") return false;
  }
  return gap ? groups < 8 : groups == 8;
}

std::string strip_domain(const std::string& text) {
  const HostPort parts = split(text);
  std::string host = parts.good ? parts.host : text;
  if (is_ip4(host) || is_ip6(host)) return text;
  host = host.substr(0, host.find('.'));
  if (!parts.good || parts.port.empty()) return host;
  return (host.find(':') != std::string::npos ? "[" + host + "]" : host) + ":" + parts.port;
}

Value sort_by_label(const CallContext&, Arguments arguments) {
  if (!arguments[1].valid()) return arguments[1];
  std::vector<Value> rows = arguments[1].as_list().items;
  const std::string& name = arguments[0].text();
  std::stable_sort(rows.begin(), rows.end(), [&](const Value& left, const Value& right) {
    return label_of(left, name).text() < label_of(right, name).text();
  });
  return Value::list(std::string(kRowsType), std::move(rows));
}

std::string path_of(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return std::string(url);
  url.remove_prefix(scheme + 3);
  const auto slash = url.find('/');
  if (slash == std::string_view::npos) return {};
  return std::string(url.substr(slash, url.find_first_of("?#", slash) - slash));
}

constexpr Function kFunctions[] = {
    {"args", {P::Any}, 0, true, args},
    {"externalURL", {}, 0, false, [](const CallContext& context, Arguments) { return Value(context.environment.external_url); }},
    {"first", {P::Rows}, 1, false, first},
    {"graphLink", {P::Text}, 1, false, [](const CallContext&, Arguments a) { return Value(graph_link(a[0].text())); }},
    {"label", {P::Text, P::Sample}, 2, false, [](const CallContext&, Arguments a) { return label_of(a[1], a[0].text()); }},
    {"match", {P::Text, P::Text}, 2, false, match},
    {"pathPrefix", {}, 0, false, [](const CallContext& context, Arguments) { return Value(path_of(context.environment.external_url)); }},
    {"query", {P::Text}, 1, false, query},
    {"reReplaceAll", {P::Text, P::Text, P::Text}, 3, false, replace},
    {"safeHtml", {P::Text}, 1, false, [](const CallContext&, Arguments a) { return a[0]; }},
    {"sortByLabel", {P::Text, P::Rows}, 2, false, sort_by_label},
    {"stripDomain", {P::Text}, 1, false, [](const CallContext&, Arguments a) { return Value(strip_domain(a[0].text())); }},
    {"stripPort", {P::Text}, 1, false, [](const CallContext&, Arguments a) {
       HostPort parts = split(a[0].text());
       return parts.good ? Value(std::move(parts.host)) : a[0];
     }},
    {"strvalue", {P::Sample}, 1, false, [](const CallContext&, Arguments a) { return label_of(a[0], "__value__"); }},
    {"tableLink", {P::Text}, 1, false, [](const CallContext&, Arguments a) { return Value(table_link(a[0].text())); }},
    {"title", {P::Text}, 1, false, [](const CallContext&, Arguments a) { return Value(title(a[0].text())); }},
    {"toLower", {P::Text}, 1, false, [](const CallContext&, Arguments a) { return Value(mapped(a[0].text(), to_lower)); }},
    {"toUpper", {P::Text}, 1, false, [](const CallContext&, Arguments a) { return Value(mapped(a[0].text(), to_upper)); }},
    {"urlQueryEscape", {P::Text}, 1, false, [](const CallContext&, Arguments a) { return Value(query_escape(a[0].text())); }},
    {"value", {P::Sample}, 1, false, [](const CallContext&, Arguments a) { return sample_field(a[0], "Value"); }},
};

}  // namespace

std::span<const Function> prometheus_functions() noexcept { return kFunctions; }

}  // namespace tocsin::rules::templates
