// SPDX-License-Identifier: Apache-2.0
// The first byte says whether the rest is compressed. What is taken must lie inside its arrays.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "wire/remote_write_codec.h"
#include "wire/snappy.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin::wire;
  if (size == 0) return 0;
  std::string body(reinterpret_cast<const char*>(data + 1), size - 1);
  if (data[0] % 2 == 1) {
    auto plain = uncompress_snappy(body, std::size_t{1} << 20);
    if (!plain) return 0;
    if (plain->size() > std::size_t{1} << 20) std::abort();
    body = std::move(*plain);
  }
  WriteRequest read;
  if (!decode_write_request(body, read)) return 0;
  std::size_t seen = 0;
  for (const WriteSeries& series : read.series) {
    if (series.fault.empty() && series.name.empty()) std::abort();
    for (const ExpositionLabel& label : read.labels_of(series)) seen += label.name.size() + label.text.size();
    seen += read.samples_of(series).size();
    for (const SparseHistogram& histogram : read.histograms_of(series)) {
      for (const double count : read.histograms.numbers_of(histogram.positive))
        if (!(count >= 0)) std::abort();
      seen += read.histograms.spans_of(histogram.negative_spans).size();
    }
    for (const WriteExemplar& exemplar : read.exemplars_of(series)) seen += read.labels_of(exemplar.labels).size();
  }
  if (seen == SIZE_MAX) std::abort();
  return 0;
}
