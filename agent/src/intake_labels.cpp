// SPDX-License-Identifier: Apache-2.0
#include "agent/src/intake_labels.h"

#include <algorithm>

#include "agent/src/intake_context.h"
#include "meters/base/text.h"
#include "wire/otlp_attributes.h"

namespace tocsin::agent {

using meters::LabelType;
using wire::protobuf_tag;
using wire::ProtobufReader;
using wire::WireType;
namespace otlp = wire::otlp;

std::optional<Rejection> LabelReader::read(std::string_view attributes, const IntakeLimits& limits) {
  labels_.clear();
  texts_.clear();
  culprit_ = {};
  ProtobufReader reader(attributes);
  while (reader.next()) {
    const std::string_view pair = reader.bytes();  // the decoder kept nothing but length-delimited fields
    if (labels_.size() == limits.labels) return Rejection::TooManyLabels;
    if (const auto problem = read_pair(pair, limits)) return problem;
  }
  if (!reader.ok()) return Rejection::BadAttributes;
  std::stable_sort(labels_.begin(), labels_.end(), [](const Label& a, const Label& b) { return a.name < b.name; });
  const auto last_of_each = [this](const Label& label) {
    const Label* next = &label + 1;
    return next != labels_.data() + labels_.size() && next->name == label.name;
  };
  std::vector<Label> kept;
  for (const Label& label : labels_)
    if (!last_of_each(label) && !label.text.empty()) kept.push_back(label);
  labels_.swap(kept);
  return std::nullopt;
}

std::optional<Rejection> LabelReader::read_pair(std::string_view pair, const IntakeLimits& limits) {
  ProtobufReader reader(pair);
  Label label;
  std::string_view value;
  while (reader.next()) switch (reader.tag()) {
      case protobuf_tag(otlp::KeyValue::kKey, WireType::Length): label.name = reader.bytes(); break;
      case protobuf_tag(otlp::KeyValue::kValue, WireType::Length): value = reader.bytes(); break;
      default: reader.skip();
    }
  culprit_ = label.name;
  if (!reader.ok()) return Rejection::BadAttributes;
  if (label.name.empty() || label.name.size() > limits.name_bytes) return Rejection::BadLabelName;
  if (!is_utf8(label.name)) return Rejection::InvalidUtf8;
  if (const auto problem = read_value(value, label)) return problem;
  if (label.text.size() > limits.label_bytes) return Rejection::LabelTooLong;
  if (label.type == LabelType::String && !is_utf8(label.text)) return Rejection::InvalidUtf8;
  labels_.push_back(label);
  return std::nullopt;
}

std::optional<Rejection> LabelReader::read_value(std::string_view value, Label& label) {
  // Nearly every attribute is one string: no copy.
  ProtobufReader reader(value);
  if (reader.next() && reader.tag() == protobuf_tag(otlp::AnyValue::kString, WireType::Length)) {
    label.text = reader.bytes();
    if (reader.ok() && reader.at_end()) return std::nullopt;
  }
  const auto decoded = wire::decode_any_value(value);
  if (!decoded) return Rejection::BadAttributes;
  label.text = texts_.emplace_back(meters::to_text(*decoded));
  struct TypeOf {
    LabelType operator()(bool) const { return LabelType::Bool; }
    LabelType operator()(std::int64_t) const { return LabelType::Int; }
    LabelType operator()(double) const { return LabelType::Double; }
    LabelType operator()(const std::vector<meters::AttributeValue>&) const { return LabelType::Json; }
    LabelType operator()(const meters::Attributes&) const { return LabelType::Json; }
    LabelType operator()(const std::string&) const { return LabelType::String; }
    LabelType operator()(const meters::Bytes&) const { return LabelType::String; }
    LabelType operator()(std::monostate) const { return LabelType::String; }
  };
  label.type = std::visit(TypeOf{}, decoded->value);
  return std::nullopt;
}

meters::LabelColumn label_column(std::string_view name, meters::Kind kind, meters::NameStrategy names) {
  std::string shown = meters::prometheus_label_name(name, names);
  const bool taken = shown == "job" || shown == "instance" || shown.starts_with("__") ||
                     shown.starts_with("otel_scope_") || (kind == meters::Kind::Histogram && shown == "le") ||
                     (kind == meters::Kind::Summary && shown == "quantile");
  if (taken) shown.insert(0, "exported_");
  return {std::string(name), std::move(shown)};
}

}  // namespace tocsin::agent
