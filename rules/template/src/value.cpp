// SPDX-License-Identifier: Apache-2.0
#include "rules/template/value.h"

#include <algorithm>

namespace tocsin::rules::templates {

Value Value::texts(std::vector<std::pair<std::string, std::string>> entries, Fields methods) {
  auto map = std::make_shared<Map>();
  map->of_texts = true;
  for (auto& [name, text] : entries) map->entries.insert_or_assign(std::move(name), Value(std::move(text)));
  map->methods = std::move(methods);
  Value value;
  value.held_ = std::shared_ptr<const Map>(std::move(map));
  return value;
}

Value Value::map(Fields entries) {
  auto map = std::make_shared<Map>();
  for (auto& [name, entry] : entries) {
    map->depth = std::max(map->depth, entry.depth() + 1);
    map->entries.insert_or_assign(std::move(name), std::move(entry));
  }
  Value value;
  value.held_ = std::shared_ptr<const Map>(std::move(map));
  return value;
}

Value Value::list(std::string type, std::vector<Value> items, Fields methods) {
  Value value;
  value.held_ = std::make_shared<const List>(List{std::move(type), std::move(items), std::move(methods)});
  return value;
}

Value Value::structure(std::string type, Fields fields, Fields methods) {
  Value value;
  value.held_ = std::make_shared<const Struct>(Struct{std::move(type), std::move(fields), std::move(methods)});
  return value;
}

bool Value::truth() const {
  switch (kind()) {
    case Kind::Invalid: return false;
    case Kind::Bool: return boolean();
    case Kind::Int: return integer() != 0;
    case Kind::UInt: return unsigned_integer() != 0;
    case Kind::Float: return number() != 0;
    case Kind::Text: return !text().empty();
    case Kind::Time: return true;
    case Kind::Duration: return duration().count() != 0;
    case Kind::Map: return !as_map().entries.empty();
    case Kind::List: return !as_list().items.empty();
    case Kind::Struct: return true;
  }
  return false;
}

std::string Value::type() const {
  switch (kind()) {
    case Kind::Invalid: return "<nil>";
    case Kind::Bool: return "bool";
    case Kind::Int: return "int";
    case Kind::UInt: return "uint64";
    case Kind::Float: return "float64";
    case Kind::Text: return "string";
    case Kind::Time: return "*time.Time";
    case Kind::Duration: return "*time.Duration";
    case Kind::Map: return as_map().of_texts ? "map[string]string" : "map[string]interface {}";
    case Kind::List: return as_list().type;
    case Kind::Struct: return as_struct().type;
  }
  return {};
}

std::size_t Value::depth() const noexcept { return kind() == Kind::Map ? as_map().depth : 0; }

bool Value::same(const Value& other) const { return held_ == other.held_; }

const Value* find_field(const Value::Fields& fields, std::string_view name) noexcept {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const auto& field) { return field.first == name; });
  return found == fields.end() ? nullptr : &found->second;
}

}  // namespace tocsin::rules::templates
