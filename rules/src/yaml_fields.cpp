// SPDX-License-Identifier: Apache-2.0
#include "rules/src/yaml_fields.h"

#include "meters/base/number.h"
#include "meters/base/text.h"
#include "rules/promql/parse.h"

namespace tocsin::rules {
namespace {

constexpr int kMostMerges = 16;  // a chain of << that is longer is no rule file
constexpr std::size_t kMostFaults = 200;

std::string shown(const Yaml& node) {
  if (node.kind != Yaml::Kind::Scalar) return {};
  const std::string head = node.text.size() > 20 ? node.text.substr(0, 17) + "..." : node.text;
  return " `" + head + "`";
}

}  // namespace

void add_fault(std::vector<FileFault>& faults, FileFault fault) {
  if (faults.size() < kMostFaults) faults.push_back(std::move(fault));
}

std::string text_of(const Yaml& node, std::vector<FileFault>& faults) {
  if (node.kind == Yaml::Kind::Scalar) return node.null() ? std::string() : node.text;
  add_fault(faults, {node.place, std::string("cannot unmarshal ") + node.type() + " into string"});
  return {};
}

YamlFields::YamlFields(const Yaml& node, std::string_view what, std::vector<FileFault>& faults)
    : node_(node), what_(what), faults_(faults) {
  if (node.null()) return;
  if (node.kind == Yaml::Kind::Map) add(node, false, 0);
  else mismatch(node, what);
}

void YamlFields::mismatch(const Yaml& at, std::string_view wanted) {
  fault(at, std::string("cannot unmarshal ") + at.type() + shown(at) + " into " + std::string(wanted));
}

void YamlFields::add(const Yaml& map, bool merged, int depth) {
  const Yaml* merge_value = nullptr;
  for (const auto& [key, value] : map.entries) {
    if (key->kind == Yaml::Kind::Scalar && key->plain && key->text == "<<") {
      merge_value = value.get();
      continue;
    }
    if (key->kind != Yaml::Kind::Scalar) {
      mismatch(*key, "a field's name");
      continue;
    }
    const Field* before = field(key->text);
    if (!before) {
      by_name_.emplace(key->text, fields_.size());
      fields_.push_back({key, value});
    } else if (!merged) {
      fault(*key, "mapping key \"" + key->text + "\" already defined at line " + std::to_string(before->key->place.line));
    }
  }
  if (merge_value) merge(*merge_value, depth + 1);
}

void YamlFields::merge(const Yaml& value, int depth) {
  if (depth > kMostMerges) return fault(value, "merges are nested too deeply");
  if (value.kind == Yaml::Kind::Map) return add(value, true, depth);
  if (value.kind != Yaml::Kind::Sequence) return fault(value, "map merge requires map or sequence of maps as the value");
  for (const YamlPtr& item : value.items) {
    if (item->kind == Yaml::Kind::Map) add(*item, true, depth);
    else fault(*item, "map merge requires map or sequence of maps as the value");
  }
}

YamlFields::Field* YamlFields::field(std::string_view name) {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &fields_[found->second];
}

const Yaml* YamlFields::find(std::string_view name) {
  Field* found = field(name);
  if (!found) return nullptr;
  found->known = true;
  return found->value->null() ? nullptr : found->value.get();
}

std::string YamlFields::text(std::string_view name) {
  const Yaml* value = find(name);
  return value ? text_of(*value, faults_) : std::string();
}

std::optional<std::chrono::milliseconds> YamlFields::duration(std::string_view name, bool negative) {
  const Yaml* value = find(name);
  if (!value) return std::nullopt;
  if (value->kind != Yaml::Kind::Scalar) return mismatch(*value, "a duration"), std::nullopt;
  const bool minus = negative && value->text.starts_with('-');
  const auto ms = promql::parse_duration(std::string_view(value->text).substr(minus ? 1 : 0));
  if (!ms) return fault(*value, std::string(name) + ": " + ms.error().message), std::nullopt;
  return std::chrono::milliseconds(minus ? -*ms : *ms);
}

std::optional<std::int64_t> YamlFields::integer(std::string_view name) {
  const Yaml* value = find(name);
  if (!value) return std::nullopt;
  const std::string_view type = value->type();
  if (type == "!!int") {
    if (auto whole = value->integer()) return *whole;
  }
  if (type == "!!int" || type == "!!float") {
    const auto wide = parse_double(value->text);
    if (wide && *wide >= -9e15 && *wide <= 9e15) return static_cast<std::int64_t>(*wide);
  }
  return mismatch(*value, "int"), std::nullopt;
}

std::optional<double> YamlFields::number(std::string_view name) {
  const Yaml* value = find(name);
  if (!value) return std::nullopt;
  const std::string_view type = value->type();
  std::string text = value->text;
  if (type == "!!float" && text.find('.') != std::string::npos && text.find_first_of("iInN") != std::string::npos) {
    text.erase(text.find('.'), 1);  // .inf, -.Inf, .nan
  }
  if (const auto whole = value->integer()) return static_cast<double>(*whole);
  const auto parsed = parse_double(text);
  if ((type == "!!int" || type == "!!float") && parsed) return *parsed;
  return mismatch(*value, "float64"), std::nullopt;
}

std::optional<bool> YamlFields::boolean(std::string_view name) {
  const Yaml* value = find(name);
  if (!value) return std::nullopt;
  // Into a boolean Go's YAML takes the words of YAML 1.1 as well.
  const bool old_word = value->plain && (value->text == "yes" || value->text == "no" || value->text == "on" || value->text == "off");
  if (old_word || std::string_view(value->type()) == "!!bool") return parse_boolean(value->text) == Boolean::True;
  return mismatch(*value, "bool"), std::nullopt;
}

TextPairs YamlFields::texts(std::string_view name) {
  TextPairs out;
  const Yaml* value = find(name);
  if (!value) return out;
  YamlFields inner(*value, "map[string]string", faults_);
  for (const Field& field : inner.fields_) out.emplace_back(field.key->text, text_of(*field.value, faults_));
  return out;
}

const std::vector<YamlPtr>& YamlFields::list(std::string_view name) {
  static const std::vector<YamlPtr> kNone;
  const Yaml* value = find(name);
  if (!value) return kNone;
  if (value->kind == Yaml::Kind::Sequence) return value->items;
  mismatch(*value, "a list");
  return kNone;
}

void YamlFields::finish() {
  for (const Field& field : fields_) {
    if (!field.known) fault(*field.key, "field " + field.key->text + " not found in " + what_);
  }
}

}  // namespace tocsin::rules
