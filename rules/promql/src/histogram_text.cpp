// SPDX-License-Identifier: Apache-2.0
#include "rules/promql/histogram_text.h"

#include <vector>

#include "meters/base/number.h"
#include "rules/promql/histogram_buckets.h"
#include "rules/promql/src/histogram_work.h"

namespace tocsin::rules::promql {
namespace {

void append_list(std::string& out, const char* key, const std::vector<double>& values) {
  out.append(key);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i) out += ' ';
    append_go_double(out, values[i]);
  }
  out += "] ";
}

void append_bucket(std::string& out, const HistogramBucket& bucket) {
  if (bucket.count == 0) return;
  append_go_double(out.append(bucket.lower_included ? ", [" : ", ("), bucket.lower);
  append_go_double(out.append(","), bucket.upper);
  append_go_double(out.append(bucket.upper_included ? "]:" : "):"), bucket.count);
}

void append_number(std::string& out, const char* key, double value) {
  if (value == 0) return;
  append_go_double(out.append(key), value);
  out += ' ';
}

// The side as one run of buckets, with those that are left out as zeros.
void append_side(std::string& out, const char* offset_key, const char* buckets_key, const std::vector<BucketSpan>& spans,
                 const std::vector<double>& counts) {
  constexpr std::int32_t kLongest = 10'000;
  HistogramCells cells = cells_of(spans, counts);
  drop_empty(cells);
  if (cells.empty()) return;
  if (cells.front().index != 0) out.append(offset_key).append(std::to_string(cells.front().index)).append(" ");
  std::vector<double> run;
  for (const HistogramCell& cell : cells) {
    const std::int64_t at = std::int64_t{cell.index} - cells.front().index;
    if (at > kLongest) break;
    if (at < 0) break;  // spans from outside may go backwards
    run.resize(static_cast<std::size_t>(at));
    run.push_back(cell.count);
  }
  append_list(out, buckets_key, run);
}

}  // namespace

std::string to_string(const FloatHistogram& histogram) {
  std::string out = "{count:";
  append_go_double(out, histogram.count);
  append_go_double(out.append(", sum:"), histogram.sum);
  std::vector<HistogramBucket> negative = negative_buckets(histogram);
  for (auto bucket = negative.rbegin(); bucket != negative.rend(); ++bucket) append_bucket(out, *bucket);
  if (!histogram.custom()) append_bucket(out, zero_bucket(histogram));
  for (const HistogramBucket& bucket : positive_buckets(histogram)) append_bucket(out, bucket);
  return out += '}';
}

std::string notation(const FloatHistogram& histogram) {
  std::string out = "{{";
  if (histogram.schema != 0) out.append("schema:").append(std::to_string(histogram.schema)).append(" ");
  append_number(out, "count:", histogram.count);
  append_number(out, "sum:", histogram.sum);
  append_number(out, "z_bucket:", histogram.zero_count);
  append_number(out, "z_bucket_w:", histogram.zero_threshold);
  if (!histogram.custom_bounds.empty()) append_list(out, "custom_values:[", histogram.custom_bounds);
  switch (histogram.hint) {
    case CounterResetHint::Unknown: break;
    case CounterResetHint::Reset: out += "counter_reset_hint:reset "; break;
    case CounterResetHint::NotReset: out += "counter_reset_hint:not_reset "; break;
    case CounterResetHint::Gauge: out += "counter_reset_hint:gauge "; break;
  }
  append_side(out, "offset:", "buckets:[", histogram.positive_spans, histogram.positive);
  append_side(out, "n_offset:", "n_buckets:[", histogram.negative_spans, histogram.negative);
  if (out.back() == ' ') out.pop_back();
  return out += "}}";
}

}  // namespace tocsin::rules::promql
