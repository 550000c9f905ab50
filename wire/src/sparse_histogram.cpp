// SPDX-License-Identifier: Apache-2.0
#include "wire/sparse_histogram.h"

#include <string>

namespace tocsin::wire {
namespace {

using Range = SparseHistogram::Range;

class SparseReader {
 public:
  SparseReader(const SparseHistogramFields& fields, SparseHistograms& into) : fields_(fields), into_(into) {}
  Result<bool> read(ProtobufReader message);

 private:
  void field(ProtobufReader& reader);
  // A client writes both kinds of counts, one of them as 0.
  void read_float(ProtobufReader& reader, double& into) {
    const double read = reader.fixed_double();
    if (read == 0 && fields_.timestamp == 0) return;
    into = read;
    histogram_.of_floats = true;
  }

  const SparseHistogramFields& fields_;
  SparseHistograms& into_;
  SparseHistogram histogram_;
  // Spans and counts of the sides may come in any order and in pieces, so each gathers its own before they are joined.
  std::vector<SparseSpan> negative_spans_, positive_spans_;
  std::vector<double> negative_, positive_, negative_deltas_, positive_deltas_, custom_;
};

double value_of(ProtobufReader& reader, WireType type, bool zigzag) noexcept {
  if (type == WireType::Fixed64) return reader.fixed_double();
  return zigzag ? static_cast<double>(reader.signed_varint()) : static_cast<double>(reader.varint());
}

// A repeated number, packed or not.
void numbers(ProtobufReader& reader, WireType element, bool zigzag, std::vector<double>& out) {
  if (reader.type() == element) return out.push_back(value_of(reader, element, zigzag));
  if (reader.type() != WireType::Length) return reader.skip();
  ProtobufReader inside = reader.message();
  while (!inside.at_end()) out.push_back(value_of(inside, element, zigzag));
  reader.adopt(inside);
}

void read_span(ProtobufReader& reader, std::vector<SparseSpan>& out) {
  if (reader.type() != WireType::Length) return reader.skip();
  ProtobufReader inside = reader.message();
  SparseSpan span;
  while (inside.next()) switch (inside.tag()) {
      case protobuf_tag(1, WireType::Varint): span.offset = static_cast<std::int32_t>(inside.signed_varint()); break;
      case protobuf_tag(2, WireType::Varint): {
        const std::uint64_t length = inside.varint();
        length > UINT32_MAX ? inside.refuse() : void(span.length = static_cast<std::uint32_t>(length));
        break;
      }
      default: inside.skip();
    }
  reader.adopt(inside);
  out.push_back(span);
}

void SparseReader::field(ProtobufReader& reader) {
  const std::uint32_t field = reader.field();
  const auto is = [&](std::uint32_t wanted, WireType type) { return wanted != 0 && field == wanted && reader.type() == type; };
  if (is(fields_.count, WireType::Varint)) histogram_.count = static_cast<double>(reader.varint());
  else if (is(fields_.count_float, WireType::Fixed64)) read_float(reader, histogram_.count);
  else if (is(fields_.sum, WireType::Fixed64)) histogram_.sum = reader.fixed_double();
  else if (is(fields_.schema, WireType::Varint)) histogram_.schema = static_cast<std::int32_t>(reader.signed_varint());
  else if (is(fields_.zero_threshold, WireType::Fixed64)) histogram_.zero_threshold = reader.fixed_double();
  else if (is(fields_.zero_count, WireType::Varint)) histogram_.zero_count = static_cast<double>(reader.varint());
  else if (is(fields_.zero_count_float, WireType::Fixed64)) read_float(reader, histogram_.zero_count);
  else if (is(fields_.reset_hint, WireType::Varint)) {
    const std::uint64_t hint = reader.varint();
    histogram_.hint = hint <= 3 ? static_cast<SparseResetHint>(hint) : SparseResetHint::Unknown;
  } else if (is(fields_.timestamp, WireType::Varint)) histogram_.time_ms = static_cast<std::int64_t>(reader.varint());
  else if (field == fields_.negative_span) read_span(reader, negative_spans_);
  else if (field == fields_.positive_span) read_span(reader, positive_spans_);
  else if (field == fields_.negative_delta) numbers(reader, WireType::Varint, true, negative_deltas_);
  else if (field == fields_.positive_delta) numbers(reader, WireType::Varint, true, positive_deltas_);
  else if (field == fields_.negative_count) numbers(reader, WireType::Fixed64, false, negative_);
  else if (field == fields_.positive_count) numbers(reader, WireType::Fixed64, false, positive_);
  else if (fields_.custom_values != 0 && field == fields_.custom_values) numbers(reader, WireType::Fixed64, false, custom_);
  else reader.skip();
}

// Differences become counts.
Result<void> settle(std::vector<double>& counts, const std::vector<double>& deltas) {
  if (!counts.empty() && !deltas.empty()) return Error{Fault::Input, "native histogram: counts both whole and as differences"};
  double running = 0;
  for (const double delta : deltas) counts.push_back(running += delta);
  return {};
}

template <class T>
Range append(std::vector<T>& to, const std::vector<T>& from) {
  const Range range{static_cast<std::uint32_t>(to.size()), static_cast<std::uint32_t>(from.size())};
  to.insert(to.end(), from.begin(), from.end());
  return range;
}

Result<bool> SparseReader::read(ProtobufReader message) {
  while (message.next()) field(message);
  if (!message.ok()) return message.error("native histogram");
  histogram_.of_floats |= !positive_.empty() || !negative_.empty();
  const bool native = !positive_spans_.empty() || !negative_spans_.empty() || histogram_.zero_threshold > 0 ||
                      histogram_.zero_count > 0;
  if (!native && fields_.timestamp == 0) return false;
  if (auto settled = settle(positive_, positive_deltas_); !settled) return settled.error();
  if (auto settled = settle(negative_, negative_deltas_); !settled) return settled.error();
  histogram_.positive_spans = append(into_.spans, positive_spans_);
  histogram_.negative_spans = append(into_.spans, negative_spans_);
  histogram_.positive = append(into_.numbers, positive_);
  histogram_.negative = append(into_.numbers, negative_);
  histogram_.custom_bounds = append(into_.numbers, custom_);
  into_.all.push_back(histogram_);
  return true;
}

}  // namespace

Result<bool> read_sparse_histogram(ProtobufReader message, const SparseHistogramFields& fields, SparseHistograms& into) {
  return SparseReader(fields, into).read(message);
}

}  // namespace tocsin::wire
