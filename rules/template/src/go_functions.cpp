// SPDX-License-Identifier: Apache-2.0
// Functions that Go's text/template has by itself.
#include <algorithm>

#include "rules/template/src/format.h"
#include "rules/template/src/functions.h"
#include "rules/template/src/unicode.h"

namespace tocsin::rules::templates {
namespace {

using P = Parameter;
using Kind = Value::Kind;

std::string plain(Arguments arguments) {
  return arguments.size() == 1 && arguments[0].kind() == Kind::Text ? arguments[0].text() : sprint(arguments);
}

Value html(const CallContext&, Arguments arguments) {
  std::string out;
  for (const char c : plain(arguments)) {
    switch (c) {
      case '"': out += "&#34;"; break;
      case '\'': out += "&#39;"; break;
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '\0': out += "\xef\xbf\xbd"; break;
      default: out += c;
    }
  }
  return Value(std::move(out));
}

Value js(const CallContext&, Arguments arguments) {
  std::string out;
  const std::string text = plain(arguments);
  for (std::string_view rest = text; !rest.empty();) {
    const Rune one = decode_rune(rest);
    const char c = rest.front();
    char hexadecimal[8];
    std::snprintf(hexadecimal, sizeof hexadecimal, "\\u%04X", static_cast<unsigned>(one.rune) & 0xffffU);
    if (c == '\\' || c == '\'' || c == '"') (out += '\\') += c;
    else if (c == '<' || c == '>' || c == '&' || c == '=' || static_cast<unsigned char>(c) < ' ') out += hexadecimal;
    else if (one.bytes > 1 && !is_printable(one.rune)) out += hexadecimal;
    else out += rest.substr(0, one.bytes);
    rest.remove_prefix(one.bytes);
  }
  return Value(std::move(out));
}

// Where an index points; up to and with `most`.
std::size_t index_argument(const Value& index, std::size_t most) {
  if (!index.valid()) throw Failure{"cannot index slice/array with nil"};
  std::int64_t at = 0;
  if (index.kind() == Kind::Int) at = index.integer();
  else if (index.kind() == Kind::UInt) at = static_cast<std::int64_t>(index.unsigned_integer());
  else throw Failure{"cannot index slice/array with type " + index.type()};
  if (at < 0 || static_cast<std::uint64_t>(at) > most) throw Failure{"index out of range: " + std::to_string(at)};
  return static_cast<std::size_t>(at);
}

Value index_one(const Value& item, const Value& index) {
  switch (item.kind()) {
    case Kind::Text: {
      const std::size_t at = index_argument(index, item.text().size());
      if (at == item.text().size()) throw Failure{"reflect: string index out of range"};
      return Value(std::uint64_t{static_cast<unsigned char>(item.text()[at])});
    }
    case Kind::List: {
      const auto& items = item.as_list().items;
      const std::size_t at = index_argument(index, items.size());
      if (at == items.size()) throw Failure{"reflect: slice index out of range"};
      return items[at];
    }
    case Kind::Map: {
      if (!index.valid()) throw Failure{"value is nil; should be of type string"};
      if (index.kind() != Kind::Text) throw Failure{"value has type " + index.type() + "; should be string"};
      const auto& map = item.as_map();
      const auto found = map.entries.find(index.text());
      if (found != map.entries.end()) return found->second;
      return map.of_texts ? Value(std::string()) : Value();
    }
    case Kind::Invalid: throw Failure{"index of nil pointer"};
    default: throw Failure{"can't index item of type " + item.type()};
  }
}

Value index(const CallContext&, Arguments arguments) {
  if (!arguments[0].valid()) throw Failure{"index of untyped nil"};
  Value item = arguments[0];
  for (const Value& one : arguments.subspan(1)) item = index_one(item, one);
  return item;
}

Value slice(const CallContext&, Arguments arguments) {
  const Value& item = arguments[0];
  if (!item.valid()) throw Failure{"slice of untyped nil"};
  const Arguments indexes = arguments.subspan(1);
  if (indexes.size() > 3) throw Failure{"too many slice indexes: " + std::to_string(indexes.size())};
  const bool text = item.kind() == Kind::Text;
  if (!text && item.kind() != Kind::List) throw Failure{"can't slice item of type " + item.type()};
  if (text && indexes.size() == 3) throw Failure{"cannot 3-index slice a string"};
  const std::size_t size = text ? item.text().size() : item.as_list().items.size();
  std::size_t bounds[3] = {0, size, size};
  for (std::size_t i = 0; i < indexes.size(); ++i) bounds[i] = index_argument(indexes[i], size);
  for (std::size_t i = 0; i < 2; ++i) {
    if (bounds[i] > bounds[i + 1]) throw Failure{"invalid slice index: " + std::to_string(bounds[i]) + " > " + std::to_string(bounds[i + 1])};
  }
  if (text) return Value(item.text().substr(bounds[0], bounds[1] - bounds[0]));
  const auto& items = item.as_list().items;
  const auto at = [&](std::size_t i) { return items.begin() + static_cast<std::ptrdiff_t>(i); };
  return Value::list(item.type(), {at(bounds[0]), at(bounds[1])});
}

Value length(const CallContext&, Arguments arguments) {
  const Value& item = arguments[0];
  switch (item.kind()) {
    case Kind::Text: return Value(static_cast<std::int64_t>(item.text().size()));
    case Kind::List: return Value(static_cast<std::int64_t>(item.as_list().items.size()));
    case Kind::Map: return Value(static_cast<std::int64_t>(item.as_map().entries.size()));
    case Kind::Invalid: throw Failure{"len of nil pointer"};
    default: throw Failure{"len of type " + item.type()};
  }
}

// `and` and `or` stop at the argument that decides: the executor does that, and calls neither of these.
Value last(const CallContext&, Arguments arguments) { return arguments.back(); }

Value call(const CallContext&, Arguments arguments) {
  if (!arguments[0].valid()) throw Failure{"call of nil"};
  // No value here is a function.
  const bool known = arguments[0].kind() == Kind::Int || arguments[0].kind() == Kind::Float || arguments[0].kind() == Kind::Text;
  throw Failure{"non-function " + (known ? to_text(arguments[0]) + " " : std::string()) + "of type " + arguments[0].type()};
}

constexpr Function kFunctions[] = {
    {"and", {P::Raw, P::Raw}, 1, true, last},
    {"or", {P::Raw, P::Raw}, 1, true, last},
    {"not", {P::Raw}, 1, false, [](const CallContext&, Arguments a) { return Value(!a[0].truth()); }},
    {"call", {P::Raw, P::Raw}, 1, true, call},
    {"html", {P::Any}, 0, true, html},
    {"index", {P::Raw, P::Raw}, 1, true, index},
    {"js", {P::Any}, 0, true, js},
    {"len", {P::Raw}, 1, false, length},
    {"print", {P::Any}, 0, true, [](const CallContext&, Arguments a) { return Value(sprint(a)); }},
    {"printf", {P::Text, P::Any}, 1, true, [](const CallContext&, Arguments a) { return Value(sprintf(a[0].text(), a.subspan(1))); }},
    {"println", {P::Any}, 0, true, [](const CallContext&, Arguments a) { return Value(sprintln(a)); }},
    {"slice", {P::Raw, P::Raw}, 1, true, slice},
    {"urlquery", {P::Any}, 0, true, [](const CallContext&, Arguments a) { return Value(query_escape(plain(a))); }},
};

}  // namespace

std::span<const Function> go_functions() noexcept { return kFunctions; }

std::string query_escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool safe = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '~';
    if (safe) {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      char hexadecimal[4];
      std::snprintf(hexadecimal, sizeof hexadecimal, "%%%02X", static_cast<unsigned>(static_cast<unsigned char>(c)));
      out += hexadecimal;
    }
  }
  return out;
}

}  // namespace tocsin::rules::templates
