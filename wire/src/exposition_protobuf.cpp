// SPDX-License-Identifier: Apache-2.0
// io.prometheus.client.MetricFamily messages, each with its length before it, in one pass over the bytes.
#include <cmath>
#include <limits>
#include <string>

#include "meters/base/text.h"
#include "wire/src/exposition_formats.h"
#include "wire/src/exposition_number.h"

namespace tocsin::wire {
namespace {

constexpr std::uint32_t tag(std::uint32_t field, WireType type) noexcept { return protobuf_tag(field, type); }

constexpr ExpositionType kTypes[] = {ExpositionType::Counter, ExpositionType::Gauge,     ExpositionType::Summary,
                                     ExpositionType::Unknown, ExpositionType::Histogram, ExpositionType::GaugeHistogram};

// Where a Metric keeps its value, by the family's type; what else is there does not count.
constexpr std::uint32_t value_field(ExpositionType type) noexcept {
  switch (type) {
    case ExpositionType::Counter: return 3;
    case ExpositionType::Gauge: return 2;
    case ExpositionType::Summary: return 4;
    case ExpositionType::Histogram:
    case ExpositionType::GaugeHistogram: return 7;
    default: return 5;
  }
}

class ProtobufExposition {
 public:
  ProtobufExposition(std::string_view body, Exposition& into, const ExpositionOptions& options)
      : body_(body), into_(into), options_(options) {}

  Result<void> read();

 private:
  struct Metric {
    std::uint32_t first_label = 0, labels = 0;
    std::int64_t time_ms = kNoTime;
    std::size_t first_sample = 0;
    std::int64_t created_ms = 0;
  };

  bool family(ProtobufReader message);
  bool metric(ProtobufReader message);
  bool value(ProtobufReader message);
  bool label(ProtobufReader message);
  bool number(ProtobufReader message, SampleRole role);
  bool summary(ProtobufReader message);
  bool quantile(ProtobufReader message);
  bool histogram(ProtobufReader message);
  bool bucket(ProtobufReader message, double& last_bound);
  bool exemplar(ProtobufReader message, std::size_t sample);
  std::int64_t timestamp(ProtobufReader message);

  ExpositionSample& add(std::string_view name, SampleRole role, double value);
  ExpositionSample& add_bound(std::string_view name, SampleRole role, double bound, double value);
  bool fault(const ProtobufReader& reader, std::string_view what);
  bool refuse(std::string what);

  std::string_view body_;
  Exposition& into_;
  const ExpositionOptions& options_;
  Error failed_;

  Metric metric_;
  ExpositionType type_ = ExpositionType::Counter;
  std::string_view name_, bucket_name_, count_name_, sum_name_;
};

Result<void> ProtobufExposition::read() {
  ProtobufReader reader(body_);
  while (!reader.at_end()) {
    const ProtobufReader message = reader.message();
    if (!reader.ok()) return reader.error("metric family");
    if (!family(message)) return failed_;
    if (into_.samples.size() > options_.max_samples) return Error{Fault::TooLarge, "the body has too many samples"};
  }
  return {};
}

bool ProtobufExposition::fault(const ProtobufReader& reader, std::string_view what) {
  failed_ = reader.error(what);
  return false;
}

bool ProtobufExposition::refuse(std::string what) {
  failed_ = Error{Fault::Input, "metric family \"" + to_utf8(name_) + "\": " + std::move(what)};
  return false;
}

bool ProtobufExposition::family(ProtobufReader message) {
  ExpositionFamily family;
  std::uint64_t type = 0;
  ProtobufReader head = message;
  while (head.next()) switch (head.tag()) {
      case tag(1, WireType::Length): family.name = head.bytes(); break;
      case tag(2, WireType::Length): family.help = head.bytes(); break;
      case tag(3, WireType::Varint): type = head.varint(); break;
      case tag(5, WireType::Length): family.unit = head.bytes(); break;
      default: head.skip();
    }
  if (!head.ok()) return fault(head, "metric family");
  name_ = family.name;
  if (name_.empty() || !is_utf8(name_)) return refuse("its name is empty or not UTF-8");
  if (!is_utf8(family.help) || !is_utf8(family.unit)) return refuse("its help or unit is not UTF-8");
  if (type >= std::size(kTypes)) return refuse("its type is not known");
  type_ = family.type = kTypes[type];
  into_.families.push_back(family);
  if (type_ == ExpositionType::Histogram || type_ == ExpositionType::GaugeHistogram ||
      type_ == ExpositionType::Summary) {
    bucket_name_ = into_.texts.join(name_, "_bucket");
    count_name_ = into_.texts.join(name_, "_count");
    sum_name_ = into_.texts.join(name_, "_sum");
  }
  while (message.next()) {
    if (message.tag() != tag(4, WireType::Length)) {
      message.skip();
      continue;
    }
    if (!metric(message.message())) return false;
    if (into_.samples.size() > options_.max_samples) return true;  // read() tells
  }
  return true;
}

bool ProtobufExposition::metric(ProtobufReader message) {
  metric_ = Metric{.first_label = static_cast<std::uint32_t>(into_.labels.size()), .first_sample = into_.samples.size()};
  ProtobufReader head = message;
  while (head.next()) switch (head.tag()) {
      case tag(1, WireType::Length):
        if (!label(head.message())) return false;
        break;
      case tag(6, WireType::Varint): metric_.time_ms = static_cast<std::int64_t>(head.varint()); break;
      default: head.skip();
    }
  if (!head.ok()) return fault(head, "metric");
  metric_.labels = static_cast<std::uint32_t>(into_.labels.size()) - metric_.first_label;
  while (message.next())
    if (message.type() != WireType::Length || message.field() != value_field(type_)) message.skip();
    else if (!value(message.message())) return false;
  if (!message.ok()) return fault(message, "metric");
  for (std::size_t i = metric_.first_sample; i < into_.samples.size(); ++i) into_.samples[i].created_ms = metric_.created_ms;
  if (metric_.first_sample < into_.samples.size()) into_.samples[metric_.first_sample].starts_metric = true;
  return true;
}

bool ProtobufExposition::value(ProtobufReader message) {
  switch (type_) {
    case ExpositionType::Counter: return number(message, SampleRole::Total);
    case ExpositionType::Summary: return summary(message);
    case ExpositionType::Histogram:
    case ExpositionType::GaugeHistogram: return histogram(message);
    default: return number(message, SampleRole::Value);
  }
}

bool ProtobufExposition::label(ProtobufReader message) {
  ExpositionLabel read;
  while (message.next()) switch (message.tag()) {
      case tag(1, WireType::Length): read.name = message.bytes(); break;
      case tag(2, WireType::Length): read.text = message.bytes(); break;
      default: message.skip();
    }
  if (!message.ok()) return fault(message, "label");
  if (read.name.empty() || read.name == "__name__" || !is_utf8(read.name)) return refuse("a label's name is empty or not UTF-8");
  if (!is_utf8(read.text)) return refuse("a label's text is not UTF-8");
  if (into_.labels.size() - metric_.first_label >= 1'000) return refuse("more than 1,000 labels");
  for (std::size_t i = metric_.first_label; i < into_.labels.size(); ++i)
    if (into_.labels[i].name == read.name) return refuse("the label \"" + std::string(read.name) + "\" is given twice");
  into_.labels.push_back(read);
  return true;
}

ExpositionSample& ProtobufExposition::add(std::string_view name, SampleRole role, double value) {
  into_.samples.push_back({.name = name,
                           .family = static_cast<std::uint32_t>(into_.families.size() - 1),
                           .first_label = metric_.first_label,
                           .labels = metric_.labels,
                           .role = role,
                           .value = value,
                           .time_ms = metric_.time_ms});
  return into_.samples.back();
}

ExpositionSample& ProtobufExposition::add_bound(std::string_view name, SampleRole role, double bound, double value) {
  ExpositionSample& added = add(name, role, value);
  added.bound = bound;
  added.first_label = static_cast<std::uint32_t>(into_.labels.size());
  for (std::uint32_t i = 0; i < metric_.labels; ++i) into_.labels.push_back(into_.labels[metric_.first_label + i]);
  into_.labels.push_back({role == SampleRole::Bucket ? "le" : "quantile", bound_text(bound, into_.texts)});
  added.labels = metric_.labels + 1;
  return added;
}

bool ProtobufExposition::number(ProtobufReader message, SampleRole role) {
  const std::size_t sample = into_.samples.size();
  add(name_, role, 0);
  while (message.next()) switch (message.tag()) {
      case tag(1, WireType::Fixed64): into_.samples[sample].value = message.fixed_double(); break;
      case tag(2, WireType::Length):
        if (!exemplar(message.message(), sample)) return false;
        break;
      case tag(3, WireType::Length): metric_.created_ms = timestamp(message.message()); break;
      default: message.skip();
    }
  return message.ok() || fault(message, "value");
}

bool ProtobufExposition::summary(ProtobufReader message) {
  std::uint64_t count = 0;
  double sum = 0;
  while (message.next()) switch (message.tag()) {
      case tag(1, WireType::Varint): count = message.varint(); break;
      case tag(2, WireType::Fixed64): sum = message.fixed_double(); break;
      case tag(3, WireType::Length):
        if (!quantile(message.message())) return false;
        break;
      case tag(4, WireType::Length): metric_.created_ms = timestamp(message.message()); break;
      default: message.skip();
    }
  if (!message.ok()) return fault(message, "summary");
  add(count_name_, SampleRole::Count, static_cast<double>(count));
  add(sum_name_, SampleRole::Sum, sum);
  return true;
}

bool ProtobufExposition::quantile(ProtobufReader message) {
  double quantile = 0, value = 0;
  while (message.next()) switch (message.tag()) {
      case tag(1, WireType::Fixed64): quantile = message.fixed_double(); break;
      case tag(2, WireType::Fixed64): value = message.fixed_double(); break;
      default: message.skip();
    }
  if (!message.ok()) return fault(message, "quantile");
  add_bound(name_, SampleRole::Quantile, quantile, value);
  return true;
}

bool ProtobufExposition::histogram(ProtobufReader message) {
  const auto native = read_sparse_histogram(message, kClientHistogram, into_.histograms);
  if (!native) return refuse(native.error().message);
  double count = 0, sum = 0, last_bound = -std::numeric_limits<double>::infinity();
  std::size_t native_sample = 0;
  if (*native) {
    native_sample = into_.samples.size();
    add(name_, SampleRole::Native, 0).histogram = static_cast<std::uint32_t>(into_.histograms.all.size() - 1);
  }
  bool has_bucket = false;
  while (message.next()) switch (message.tag()) {
      case tag(1, WireType::Varint): count = static_cast<double>(message.varint()); break;
      case tag(4, WireType::Fixed64): {
        const double as_float = message.fixed_double();
        if (as_float > 0) count = as_float;
        break;
      }
      case tag(2, WireType::Fixed64): sum = message.fixed_double(); break;
      case tag(3, WireType::Length):
        if (!bucket(message.message(), last_bound)) return false;
        has_bucket = true;
        break;
      case tag(15, WireType::Length): metric_.created_ms = timestamp(message.message()); break;
      case tag(16, WireType::Length):
        if (!*native) message.skip();
        else if (!exemplar(message.message(), native_sample)) return false;
        break;
      default: message.skip();
    }
  if (!message.ok()) return fault(message, "histogram");
  // Without buckets, a native histogram is not a classic one as well.
  if (*native && !has_bucket) return true;
  if (!(std::isinf(last_bound) && last_bound > 0))
    add_bound(bucket_name_, SampleRole::Bucket, std::numeric_limits<double>::infinity(), count);
  add(count_name_, SampleRole::Count, count);
  add(sum_name_, SampleRole::Sum, sum);
  return true;
}

bool ProtobufExposition::bucket(ProtobufReader message, double& last_bound) {
  const std::size_t sample = into_.samples.size();
  double count = 0, bound = 0;
  ProtobufReader head = message;
  while (head.next()) switch (head.tag()) {
      case tag(1, WireType::Varint): count = static_cast<double>(head.varint()); break;
      case tag(2, WireType::Fixed64): bound = head.fixed_double(); break;
      case tag(4, WireType::Fixed64): {
        const double as_float = head.fixed_double();
        if (as_float > 0) count = as_float;
        break;
      }
      default: head.skip();
    }
  if (!head.ok()) return fault(head, "bucket");
  add_bound(bucket_name_, SampleRole::Bucket, bound, count);
  last_bound = bound;
  while (message.next()) {
    if (message.tag() != tag(3, WireType::Length)) message.skip();
    else if (!exemplar(message.message(), sample)) return false;
  }
  return true;
}

bool ProtobufExposition::exemplar(ProtobufReader message, std::size_t sample) {
  ExpositionExemplar read{.sample = static_cast<std::uint32_t>(sample),
                          .first_label = static_cast<std::uint32_t>(into_.labels.size())};
  const Metric kept = std::exchange(metric_, Metric{.first_label = read.first_label});
  bool labels_read = true;
  while (labels_read && message.next()) switch (message.tag()) {
      case tag(1, WireType::Length): labels_read = label(message.message()); break;
      case tag(2, WireType::Fixed64): read.value = message.fixed_double(); break;
      case tag(3, WireType::Length): read.time_ms = timestamp(message.message()); break;
      default: message.skip();
    }
  metric_ = kept;
  if (!labels_read) return false;
  if (!message.ok()) return fault(message, "exemplar");
  read.labels = static_cast<std::uint32_t>(into_.labels.size()) - read.first_label;
  into_.exemplars.push_back(read);
  return true;
}

// google.protobuf.Timestamp, in milliseconds; a broken one is none.
std::int64_t ProtobufExposition::timestamp(ProtobufReader message) {
  std::int64_t seconds = 0, nanos = 0;
  while (message.next()) switch (message.tag()) {
      case tag(1, WireType::Varint): seconds = static_cast<std::int64_t>(message.varint()); break;
      case tag(2, WireType::Varint): nanos = static_cast<std::int32_t>(message.varint()); break;
      default: message.skip();
    }
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max() / 1'000 - 1;
  if (!message.ok() || seconds > kMost || seconds < -kMost) return 0;
  return seconds * 1'000 + nanos / 1'000'000;
}

}  // namespace

Result<void> parse_protobuf_exposition(std::string_view body, Exposition& into, const ExpositionOptions& options) {
  return ProtobufExposition(body, into, options).read();
}

}  // namespace tocsin::wire
