// SPDX-License-Identifier: Apache-2.0
#include "wire/remote_write_codec.h"

#include <bit>
#include <string>

#include "meters/base/text.h"

namespace tocsin::wire {
namespace {

constexpr std::uint32_t tag(std::uint32_t field, WireType type) noexcept { return protobuf_tag(field, type); }

// By MetricMetadata.MetricType.
constexpr ExpositionType kTypes[] = {ExpositionType::Unknown,        ExpositionType::Counter, ExpositionType::Gauge,
                                     ExpositionType::Histogram,      ExpositionType::GaugeHistogram,
                                     ExpositionType::Summary,        ExpositionType::Info,    ExpositionType::StateSet};

class Decoder {
 public:
  Decoder(WriteRequest& into, const WriteLimits& limits) : into_(into), limits_(limits) {}

  Result<void> read(std::string_view message) {
    ProtobufReader reader(message);
    while (reader.next()) {
      if (reader.tag() == tag(1, WireType::Length)) {
        if (!series(reader.message(), reader)) break;
      } else if (reader.tag() == tag(3, WireType::Length)) {
        metadata(reader.message(), reader);
      } else {
        reader.skip();
      }
      if (into_.samples.size() + into_.histograms.all.size() + into_.exemplars.size() > limits_.samples)
        return Error{Fault::TooLarge, "the message has more than " + std::to_string(limits_.samples) + " samples"};
    }
    if (!broken_.message.empty()) return broken_;
    if (!reader.ok()) return reader.error("WriteRequest");
    return {};
  }

 private:
  bool series(ProtobufReader message, ProtobufReader& outer);
  void label(ProtobufReader message, ProtobufReader& outer);
  void sample(ProtobufReader message, ProtobufReader& outer);
  void exemplar(ProtobufReader message, ProtobufReader& outer);
  bool histogram(ProtobufReader message, WriteSeries& series);
  void metadata(ProtobufReader message, ProtobufReader& outer);
  std::string_view check(WriteSeries& series) const;

  WriteRequest& into_;
  const WriteLimits& limits_;
  std::vector<WriteExemplar> exemplars_;           // of the series, with their labels apart
  std::vector<ExpositionLabel> exemplar_labels_;   // since a series' labels must lie together
  Error broken_;
};

bool Decoder::series(ProtobufReader message, ProtobufReader& outer) {
  const auto at = [](const auto& array) { return WriteRange{static_cast<std::uint32_t>(array.size()), 0}; };
  const auto close = [](WriteRange& range, const auto& array) {
    range.size = static_cast<std::uint32_t>(array.size()) - range.begin;
  };
  WriteSeries read;
  read.labels = at(into_.labels);
  read.samples = at(into_.samples);
  read.histograms = at(into_.histograms.all);
  exemplars_.clear();
  exemplar_labels_.clear();
  while (message.next()) switch (message.tag()) {
      case tag(1, WireType::Length): label(message.message(), message); break;
      case tag(2, WireType::Length): sample(message.message(), message); break;
      case tag(3, WireType::Length): exemplar(message.message(), message); break;
      case tag(4, WireType::Length):
        if (!histogram(message.message(), read)) return false;
        break;
      default: message.skip();
    }
  outer.adopt(message);
  close(read.labels, into_.labels);
  close(read.samples, into_.samples);
  close(read.histograms, into_.histograms.all);
  read.exemplars = at(into_.exemplars);
  const auto shift = static_cast<std::uint32_t>(into_.labels.size());
  into_.labels.insert(into_.labels.end(), exemplar_labels_.begin(), exemplar_labels_.end());
  for (WriteExemplar& found : exemplars_) {
    found.labels.begin += shift;
    into_.exemplars.push_back(found);
  }
  close(read.exemplars, into_.exemplars);
  if (read.fault.empty()) read.fault = check(read);
  into_.series.push_back(read);
  return true;
}

ExpositionLabel read_label(ProtobufReader& message) {
  ExpositionLabel read;
  while (message.next()) switch (message.tag()) {
      case tag(1, WireType::Length): read.name = message.bytes(); break;
      case tag(2, WireType::Length): read.text = message.bytes(); break;
      default: message.skip();
    }
  return read;
}

void Decoder::label(ProtobufReader message, ProtobufReader& outer) {
  into_.labels.push_back(read_label(message));
  outer.adopt(message);
}

void Decoder::sample(ProtobufReader message, ProtobufReader& outer) {
  WriteSample read;
  while (message.next()) switch (message.tag()) {
      case tag(1, WireType::Fixed64): read.value = message.fixed_double(); break;
      case tag(2, WireType::Varint): read.time_ms = static_cast<std::int64_t>(message.varint()); break;
      default: message.skip();
    }
  outer.adopt(message);
  into_.samples.push_back(read);
}

void Decoder::exemplar(ProtobufReader message, ProtobufReader& outer) {
  WriteExemplar read;
  read.labels.begin = static_cast<std::uint32_t>(exemplar_labels_.size());
  while (message.next()) switch (message.tag()) {
      case tag(1, WireType::Length): {
        ProtobufReader inside = message.message();
        exemplar_labels_.push_back(read_label(inside));
        message.adopt(inside);
        break;
      }
      case tag(2, WireType::Fixed64): read.value = message.fixed_double(); break;
      case tag(3, WireType::Varint): read.time_ms = static_cast<std::int64_t>(message.varint()); break;
      default: message.skip();
    }
  outer.adopt(message);
  read.labels.size = static_cast<std::uint32_t>(exemplar_labels_.size()) - read.labels.begin;
  exemplars_.push_back(read);
}

// One that does not fit together spoils its series alone; one that breaks off, the message.
bool Decoder::histogram(ProtobufReader message, WriteSeries& series) {
  const auto read = read_sparse_histogram(message, kRemoteWriteHistogram, into_.histograms);
  if (read) return true;
  ProtobufReader whole = message;
  while (whole.next()) whole.skip();
  if (!whole.ok()) {
    broken_ = whole.error("WriteRequest: histogram");
    return false;
  }
  series.fault = "a native histogram does not fit together";
  return true;
}

void Decoder::metadata(ProtobufReader message, ProtobufReader& outer) {
  WriteMetadata read;
  while (message.next()) switch (message.tag()) {
      case tag(1, WireType::Varint): {
        const std::uint64_t type = message.varint();
        read.type = type < std::size(kTypes) ? kTypes[type] : ExpositionType::Unknown;
        break;
      }
      case tag(2, WireType::Length): read.family = message.bytes(); break;
      case tag(4, WireType::Length): read.help = message.bytes(); break;
      case tag(5, WireType::Length): read.unit = message.bytes(); break;
      default: message.skip();
    }
  outer.adopt(message);
  if (!read.family.empty() && is_utf8(read.family) && is_utf8(read.help) && is_utf8(read.unit)) into_.metadata.push_back(read);
}

std::string_view Decoder::check(WriteSeries& series) const {
  const auto labels = into_.labels_of(series);
  if (labels.size() > limits_.labels) return "it has too many labels";
  bool sorted = true;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i].name.empty()) return "a label has no name";
    if (!is_utf8(labels[i].name) || !is_utf8(labels[i].text)) return "a label is not UTF-8";
    if (labels[i].name == "__name__") series.name = labels[i].text;
    // Sorted, as the specification asks, they need one look; otherwise each is compared with each.
    sorted = sorted && (i == 0 || labels[i - 1].name < labels[i].name);
    if (sorted) continue;
    for (std::size_t j = 0; j < i; ++j)
      if (labels[j].name == labels[i].name) return "a label is given twice";
  }
  if (series.name.empty()) return "it has no metric name";
  return {};
}

}  // namespace

bool is_stale(double value) noexcept { return std::bit_cast<std::uint64_t>(value) == kStaleNanBits; }

void WriteRequest::clear() noexcept {
  series.clear();
  labels.clear();
  samples.clear();
  exemplars.clear();
  metadata.clear();
  histograms.clear();
}

Result<void> decode_write_request(std::string_view message, WriteRequest& into, const WriteLimits& limits) {
  into.clear();
  return Decoder(into, limits).read(message);
}

}  // namespace tocsin::wire
