// SPDX-License-Identifier: Apache-2.0
// eq ne lt le gt ge, which compare values of one kind only.
#include "rules/template/src/functions.h"

namespace tocsin::rules::templates {
namespace {

using P = Parameter;
using Kind = Value::Kind;

enum class Basic : std::uint8_t { None, Bool, Int, UInt, Float, Text };

Basic basic(const Value& value) noexcept {
  switch (value.kind()) {
    case Kind::Bool: return Basic::Bool;
    case Kind::Int: return Basic::Int;
    case Kind::UInt: return Basic::UInt;
    case Kind::Float: return Basic::Float;
    case Kind::Text: return Basic::Text;
    default: return Basic::None;
  }
}

Failure incompatible(const Value& left, const Value& right) {
  return {"incompatible types for comparison: " + left.type() + " and " + right.type()};
}

// An unsigned number against a signed one.
bool equal_mixed(std::int64_t one, std::uint64_t other) noexcept { return one >= 0 && static_cast<std::uint64_t>(one) == other; }

bool equal(const Value& left, const Value& right) {
  const Basic kind = basic(left), other = basic(right);
  if (kind == Basic::Int && other == Basic::UInt) return equal_mixed(left.integer(), right.unsigned_integer());
  if (kind == Basic::UInt && other == Basic::Int) return equal_mixed(right.integer(), left.unsigned_integer());
  if (kind != other) {
    if (left.valid() && right.valid()) throw incompatible(left, right);
    return false;
  }
  if (kind != Basic::None) return left.same(right) || (kind == Basic::Float && left.number() == right.number());
  if (!left.valid() || !right.valid()) return left.valid() == right.valid();
  if (left.kind() == Kind::Map || left.kind() == Kind::List) throw Failure{"non-comparable type " + left.type()};
  return left.same(right);
}

bool less(const Value& left, const Value& right) {
  const Failure bad{"invalid type for comparison"};
  const Basic kind = basic(left), other = basic(right);
  if (kind == Basic::None || other == Basic::None) throw bad;
  if (kind == Basic::Int && other == Basic::UInt) {
    return left.integer() < 0 || static_cast<std::uint64_t>(left.integer()) < right.unsigned_integer();
  }
  if (kind == Basic::UInt && other == Basic::Int) {
    return right.integer() >= 0 && left.unsigned_integer() < static_cast<std::uint64_t>(right.integer());
  }
  if (kind != other) throw incompatible(left, right);
  switch (kind) {
    case Basic::Int: return left.integer() < right.integer();
    case Basic::UInt: return left.unsigned_integer() < right.unsigned_integer();
    case Basic::Float: return left.number() < right.number();
    case Basic::Text: return left.text() < right.text();
    case Basic::None: case Basic::Bool: break;
  }
  throw bad;
}

bool less_or_equal(const Value& left, const Value& right) { return less(left, right) || equal(left, right); }

Value eq(const CallContext&, Arguments arguments) {
  if (arguments.size() < 2) throw Failure{"missing argument for comparison"};
  for (const Value& one : arguments.subspan(1)) {
    if (equal(arguments[0], one)) return Value(true);
  }
  return Value(false);
}

constexpr Function kFunctions[] = {
    {"eq", {P::Raw, P::Raw}, 1, true, eq},
    {"ne", {P::Raw, P::Raw}, 2, false, [](const CallContext&, Arguments a) { return Value(!equal(a[0], a[1])); }},
    {"lt", {P::Raw, P::Raw}, 2, false, [](const CallContext&, Arguments a) { return Value(less(a[0], a[1])); }},
    {"le", {P::Raw, P::Raw}, 2, false, [](const CallContext&, Arguments a) { return Value(less_or_equal(a[0], a[1])); }},
    {"gt", {P::Raw, P::Raw}, 2, false, [](const CallContext&, Arguments a) { return Value(!less_or_equal(a[0], a[1])); }},
    {"ge", {P::Raw, P::Raw}, 2, false, [](const CallContext&, Arguments a) { return Value(!less(a[0], a[1])); }},
};

}  // namespace

std::span<const Function> comparison_functions() noexcept { return kFunctions; }

}  // namespace tocsin::rules::templates
