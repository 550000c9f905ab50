// SPDX-License-Identifier: Apache-2.0
// Value: what a template computes with: Go's values as far as Prometheus' templates meet them.
//
//   Value labels = Value::texts({{"job", "shop"}});                  // map[string]string: a missing key is ""
//   Value data = Value::structure("alert", {{"Labels", labels}, {"Value", Value(0.5)}});   // a missing field is an error
//   Value rows = Value::list("[]alert", {data});
//
// Threads: immutable; copies share. Costs: a variant of 40 bytes; maps, lists and structures are one allocation.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "meters/base/clock.h"

namespace tocsin::rules::templates {

class Value {
 public:
  enum class Kind : std::uint8_t { Invalid, Bool, Int, UInt, Float, Text, Time, Duration, Map, List, Struct };
  using Fields = std::vector<std::pair<std::string, Value>>;

  struct Map;
  struct List;
  struct Struct;

  Value() = default;  // no value
  explicit Value(bool value) : held_(value) {}
  explicit Value(int value) : held_(std::int64_t{value}) {}
  explicit Value(std::int64_t value) : held_(value) {}
  explicit Value(std::uint64_t value) : held_(value) {}
  explicit Value(double value) : held_(value) {}
  explicit Value(std::string value) : held_(std::move(value)) {}
  explicit Value(std::string_view value) : held_(std::string(value)) {}
  explicit Value(const char* value) : held_(std::string(value)) {}
  explicit Value(Time value) : held_(value) {}
  explicit Value(std::chrono::nanoseconds value) : held_(value) {}

  // `methods` are values that stand behind a name without being an entry, as `.Alerts.Firing`.
  static Value texts(std::vector<std::pair<std::string, std::string>> entries, Fields methods = {});
  static Value map(Fields entries);  // map[string]interface {}
  static Value list(std::string type, std::vector<Value> items, Fields methods = {});
  static Value structure(std::string type, Fields fields, Fields methods = {});

  Kind kind() const noexcept { return static_cast<Kind>(held_.index()); }
  bool valid() const noexcept { return kind() != Kind::Invalid; }
  // Requires: the kind.
  bool boolean() const { return std::get<bool>(held_); }
  std::int64_t integer() const { return std::get<std::int64_t>(held_); }
  std::uint64_t unsigned_integer() const { return std::get<std::uint64_t>(held_); }
  double number() const { return std::get<double>(held_); }
  const std::string& text() const { return std::get<std::string>(held_); }
  tocsin::Time time() const { return std::get<tocsin::Time>(held_); }
  std::chrono::nanoseconds duration() const { return std::get<std::chrono::nanoseconds>(held_); }
  const Map& as_map() const { return *std::get<std::shared_ptr<const Map>>(held_); }
  const List& as_list() const { return *std::get<std::shared_ptr<const List>>(held_); }
  const Struct& as_struct() const { return *std::get<std::shared_ptr<const Struct>>(held_); }

  bool truth() const;            // Go's: zero, empty and no value are false
  std::string type() const;      // as Go names it: "string", "map[string]string", ...
  std::size_t depth() const noexcept;  // of maps in maps; 0 for all else
  // The same kind and value, or the same object.
  bool same(const Value& other) const;

 private:
  std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string, tocsin::Time,
               std::chrono::nanoseconds, std::shared_ptr<const Map>, std::shared_ptr<const List>,
               std::shared_ptr<const Struct>>
      held_;
};

struct Value::Map {
  std::map<std::string, Value, std::less<>> entries;
  bool of_texts = false;
  std::size_t depth = 1;  // maps in maps
  Fields methods;
};
struct Value::List {
  std::string type;
  std::vector<Value> items;
  Fields methods;
};
struct Value::Struct {
  std::string type;  // begins with '*' where it stands for a pointer
  Fields fields, methods;
};

const Value* find_field(const Value::Fields& fields, std::string_view name) noexcept;

}  // namespace tocsin::rules::templates
