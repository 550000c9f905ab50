// SPDX-License-Identifier: Apache-2.0
// The first byte chooses the format. What is taken must lie inside its arrays.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "wire/exposition_parser.h"

namespace {

using namespace tocsin::wire;

void check(const Exposition& read) {
  std::size_t bytes = 0;
  for (const ExpositionSample& sample : read.samples) {
    if (sample.name.empty() || sample.family >= read.families.size()) std::abort();
    for (const ExpositionLabel& label : read.labels_of(sample)) bytes += label.name.size() + label.text.size();
    if (sample.role == SampleRole::Native && sample.histogram >= read.histograms.all.size()) std::abort();
  }
  for (const ExpositionExemplar& exemplar : read.exemplars) {
    if (exemplar.sample >= read.samples.size()) std::abort();
    for (const ExpositionLabel& label : read.labels_of(exemplar)) bytes += label.name.size() + label.text.size();
  }
  for (const SparseHistogram& histogram : read.histograms.all)
    for (const auto range : {histogram.positive, histogram.negative})
      for (const double count : read.histograms.numbers_of(range))
        if (!(count >= 0)) std::abort();
  if (bytes == SIZE_MAX) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data + 1), size - 1);
  Exposition read;
  const auto format = static_cast<ExpositionFormat>(data[0] % 3);
  if (!parse_exposition(format, body, read)) {
    if (format == ExpositionFormat::OpenMetrics && parse_exposition(format, body, read, {.syntax_only = true})) check(read);
    return 0;
  }
  check(read);
  // What the strict reading takes, the easy one takes too.
  if (format == ExpositionFormat::OpenMetrics && !parse_exposition(format, body, read, {.syntax_only = true})) std::abort();
  return 0;
}
