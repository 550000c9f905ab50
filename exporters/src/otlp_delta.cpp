// SPDX-License-Identifier: Apache-2.0
#include "exporters/src/otlp_delta.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>
#include <unordered_map>

namespace tocsin::exporters {

using meters::Histograms;
using meters::NativeHistogram;
using meters::NumberType;
using meters::Row;
using meters::RowState;
using meters::Scalars;

namespace {

std::uint64_t mix(std::uint64_t value) noexcept {
  value ^= value >> 32;
  value *= 0x9FB21C651E98DF25ULL;
  return value ^ (value >> 28);
}

// Equal for the same meter of the same sender, whatever its label table.
std::uint64_t identity_of(const OtlpPlan& plan, const PlannedFamily& planned) {
  const auto add = [](std::uint64_t hash, std::string_view text) {
    return mix(hash ^ std::hash<std::string_view>{}(text));
  };
  const meters::Family& family = *planned.family;
  std::uint64_t hash = add(family.points.index(), plan.resources[planned.resource]);
  hash = add(hash, family.origin->scope.name);
  hash = add(hash, family.origin->scope.version);
  hash = mix(hash ^ static_cast<std::uint64_t>(family.origin->via));
  hash = add(hash, family.descriptor->name);
  if (const auto* histograms = std::get_if<Histograms>(&family.points))
    for (const double bound : *histograms->bounds) hash = mix(hash ^ std::bit_cast<std::uint64_t>(bound));
  return hash;
}

// All label texts of a row, so that it can be found in another table; column names are part of it.
std::string texts_of(const meters::LabelSets& labels, Row row) {
  std::vector<std::pair<std::string_view, std::string_view>> pairs;
  for (std::size_t column = 0; column < labels.columns(); ++column)
    if (const auto id = labels.id(row, column); id != meters::kNoValue)
      pairs.emplace_back(labels.column(column).name, labels.text(column, id));
  std::sort(pairs.begin(), pairs.end());
  std::string key;
  for (const auto& [name, text] : pairs) {
    key.append(name) += '\0';
    key.append(text) += '\0';
  }
  return key;
}

std::int64_t to_integer(double value) noexcept {
  constexpr double kLimit = 9223372036854774784.0;  // the largest double below 2^63
  return static_cast<std::int64_t>(std::clamp(value, -kLimit, kLimit));
}

}  // namespace

void OtlpDeltas::begin(const OtlpPlan& plan, const std::function<bool(const meters::Family&)>& is_delta) {
  families_ = plan.families;
  of_family_.assign(plan.families.size(), nullptr);
  std::vector<std::uint64_t> identities(plan.families.size());
  std::unordered_multimap<std::uint64_t, Stream*> by_identity;
  for (const auto& stream : streams_) {
    stream->seen = false;
    by_identity.emplace(stream->identity, stream.get());
  }
  const auto each = [&](const auto& visit) {
    for (std::uint32_t at = 0; at < families_.size(); ++at)
      if (of_family_[at] == nullptr && is_delta(*families_[at].family)) visit(at);
  };
  const auto take = [&](std::uint32_t at, Stream* stream) {
    stream->seen = true;
    of_family_[at] = stream;
  };
  // First those whose table is known, so that a rewritten one cannot take another's stream.
  each([&](std::uint32_t at) {
    identities[at] = identity_of(plan, families_[at]);
    const auto [first, last] = by_identity.equal_range(identities[at]);
    for (auto it = first; it != last; ++it)
      if (it->second->labels->table_id() == families_[at].family->labels->table_id()) return take(at, it->second);
  });
  each([&](std::uint32_t at) {
    const auto& labels = families_[at].family->labels;
    const auto [first, last] = by_identity.equal_range(identities[at]);
    const Stream* before = nullptr;
    for (auto it = first; it != last; ++it) {
      if (it->second->labels->table_id() == labels->table_id()) return take(at, it->second);  // made just now
      if (before == nullptr || !it->second->seen) before = it->second;
    }
    streams_.push_back(before != nullptr ? moved(*before, labels) : std::make_unique<Stream>());
    streams_.back()->identity = identities[at];
    streams_.back()->labels = labels;
    by_identity.emplace(identities[at], streams_.back().get());
    take(at, streams_.back().get());
  });
  std::erase_if(streams_, [](const auto& stream) { return !stream->seen; });
  for (std::uint32_t at = 0; at < families_.size(); ++at)
    if (of_family_[at] != nullptr) fit(*of_family_[at], *families_[at].family);
}

std::unique_ptr<OtlpDeltas::Stream> OtlpDeltas::moved(const Stream& from,
                                                      const std::shared_ptr<const meters::LabelSets>& labels) {
  auto stream = std::make_unique<Stream>();
  stream->type = from.type;
  stream->width = from.width;
  stream->is_histogram = from.is_histogram;
  stream->labels = labels;
  resize(*stream, labels->rows(), !from.native.empty());
  std::unordered_map<std::string, Row> rows;
  for (Row row = 0; row < std::min<std::size_t>(from.time_ns.size(), from.labels->rows()); ++row)
    if (from.time_ns[row] != 0) rows.emplace(texts_of(*from.labels, row), row);
  for (Row row = 0; row < labels->rows() && !rows.empty(); ++row) {
    const auto found = rows.find(texts_of(*labels, row));
    if (found == rows.end()) continue;
    const Row old = found->second;
    std::copy_n(&from.cells[old * from.width], from.width, &stream->cells[row * from.width]);
    if (!from.sums.empty()) stream->sums[row] = from.sums[old];
    if (!from.native.empty()) stream->native[row] = from.native[old];
    stream->time_ns[row] = from.time_ns[old];
    stream->start_ns[row] = from.start_ns[old];
  }
  return stream;
}

void OtlpDeltas::resize(Stream& stream, std::uint32_t rows, bool has_native) {
  if (rows <= stream.time_ns.size() && (!has_native || !stream.native.empty())) return;
  const std::size_t size = std::max<std::size_t>(rows, stream.time_ns.size());
  stream.cells.resize(size * stream.width);
  if (stream.is_histogram) stream.sums.resize(size, meters::kNoValueSent);
  if (has_native) stream.native.resize(size);
  stream.time_ns.resize(size);
  stream.start_ns.resize(size);
}

void OtlpDeltas::fit(Stream& stream, const meters::Family& family) {
  const auto* histograms = std::get_if<Histograms>(&family.points);
  if (stream.labels->rows() < family.labels->rows()) stream.labels = family.labels;
  if (stream.time_ns.empty()) {
    stream.is_histogram = histograms != nullptr;
    stream.width = histograms != nullptr ? histograms->buckets() : 1;
  }
  resize(stream, family.rows(), histograms != nullptr && !histograms->native.empty());
}

std::optional<OtlpDeltas::Base> OtlpDeltas::base_of(std::uint32_t at, Row row, bool fell) const {
  const meters::Family& family = *families_[at].family;
  const Stream& stream = *of_family_[at];
  const std::int64_t start = family.start_ns.empty() ? 0 : family.start_ns[row];
  const std::int64_t time = stream.time_ns[row];
  if (time == 0) return start == 0 ? std::nullopt : std::optional(Base{true, start});
  const bool began_anew = fell || (start != 0 && stream.start_ns[row] != 0 && start != stream.start_ns[row]);
  if (began_anew) return Base{true, std::max(start, time)};
  return Base{false, time};
}

const ScalarDelta* OtlpDeltas::scalar(std::uint32_t at, Row row) {
  const auto& points = *std::get_if<Scalars>(&families_[at].family->points);
  const Stream& stream = *of_family_[at];
  const bool known = stream.time_ns[row] != 0;
  if (points.type == NumberType::Integer) {
    const auto now = std::bit_cast<std::int64_t>(points.bits[row]);
    const auto before = stream.type == NumberType::Integer
                            ? std::bit_cast<std::int64_t>(stream.cells[row])
                            : to_integer(std::bit_cast<double>(stream.cells[row]));
    const auto base = base_of(at, row, known && now < before);
    if (!base || (!base->from_zero && now == before)) return nullptr;
    scalar_ = {base->start_ns, static_cast<std::uint64_t>(base->from_zero ? now : now - before)};
    return &scalar_;
  }
  const auto now = std::bit_cast<double>(points.bits[row]);
  const auto before = stream.type == NumberType::Double
                          ? std::bit_cast<double>(stream.cells[row])
                          : static_cast<double>(std::bit_cast<std::int64_t>(stream.cells[row]));
  const auto base = base_of(at, row, known && now < before);
  if (!base || std::isnan(now) || (!base->from_zero && now == before)) return nullptr;
  scalar_ = {base->start_ns, std::bit_cast<std::uint64_t>(base->from_zero ? now : now - before)};
  return &scalar_;
}

const HistogramDelta* OtlpDeltas::histogram(std::uint32_t at, Row row) {
  const auto& points = *std::get_if<Histograms>(&families_[at].family->points);
  const Stream& stream = *of_family_[at];
  const std::uint64_t* now = &points.counts[row * stream.width];
  const std::uint64_t* before = &stream.cells[row * stream.width];
  const bool known = stream.time_ns[row] != 0;
  const bool has_native = !points.native.empty();
  bool fell = false, grew = false;
  for (std::size_t i = 0; known && i < stream.width; ++i) {
    fell = fell || now[i] < before[i];
    grew = grew || now[i] > before[i];
  }
  std::optional<NativeHistogram> native;
  if (known && has_native && !fell) {
    native = subtract(points.native[row], stream.native[row]);
    fell = !native;
    const auto any = [](const std::vector<std::uint64_t>& counts) {
      return std::any_of(counts.begin(), counts.end(), [](std::uint64_t count) { return count != 0; });
    };
    grew = grew || (native && (native->zero_count != 0 || any(native->positive) || any(native->negative)));
  }
  const auto base = base_of(at, row, fell);
  if (!base || (!base->from_zero && !grew)) return nullptr;
  histogram_.start_ns = base->start_ns;
  histogram_.counts.assign(now, now + stream.width);
  histogram_.sum = points.sums[row];
  if (!base->from_zero) {
    for (std::size_t i = 0; i < stream.width; ++i) histogram_.counts[i] -= before[i];
    histogram_.sum -= stream.sums[row];  // not a number where either is not known
  }
  if (has_native) histogram_.native = base->from_zero || !native ? points.native[row] : *std::move(native);
  return &histogram_;
}

void OtlpDeltas::acknowledge(std::uint32_t at, Row row) {
  Stream* stream = of_family_[at];
  const PlannedFamily& planned = families_[at];
  const meters::Family& family = *planned.family;
  if (stream == nullptr) return;
  if (family.states[row] == RowState::Ended) {
    stream->time_ns[row] = 0;
    return;
  }
  if (planned.only_ended) return;  // not sent
  if (const auto* points = std::get_if<Scalars>(&family.points)) {
    if (std::isnan(points->as_double(row))) return;
    if (stream->type != points->type) retype(*stream, points->type);
    stream->cells[row] = points->bits[row];
  } else if (const auto* histograms = std::get_if<Histograms>(&family.points)) {
    std::copy_n(&histograms->counts[row * stream->width], stream->width, &stream->cells[row * stream->width]);
    stream->sums[row] = histograms->sums[row];
    if (!histograms->native.empty()) stream->native[row] = histograms->native[row];
  }
  stream->time_ns[row] = family.time_ns.empty() ? planned.snapshot_ns : family.time_ns[row];
  stream->start_ns[row] = family.start_ns.empty() ? 0 : family.start_ns[row];
}

// A meter whose points turn from integers to reals, or back.
void OtlpDeltas::retype(Stream& stream, NumberType type) {
  for (std::uint64_t& cell : stream.cells)
    cell = type == NumberType::Double
               ? std::bit_cast<std::uint64_t>(static_cast<double>(std::bit_cast<std::int64_t>(cell)))
               : static_cast<std::uint64_t>(to_integer(std::bit_cast<double>(cell)));
  stream.type = type;
}

std::size_t OtlpDeltas::bytes() const noexcept {
  std::size_t total = 0;
  for (const auto& stream : streams_) {
    total += sizeof *stream + stream->cells.capacity() * sizeof(std::uint64_t) +
             stream->sums.capacity() * sizeof(double) + stream->native.capacity() * sizeof(NativeHistogram) +
             (stream->time_ns.capacity() + stream->start_ns.capacity()) * sizeof(std::int64_t);
    for (const NativeHistogram& native : stream->native)
      total += (native.positive.capacity() + native.negative.capacity()) * sizeof(std::uint64_t);
  }
  return total;
}

namespace {

void reduce(std::int32_t& offset, std::vector<std::uint64_t>& counts, int by) {
  const std::int32_t first = offset >> by;
  std::vector<std::uint64_t> merged;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const auto at = static_cast<std::size_t>(((offset + static_cast<std::int64_t>(i)) >> by) - first);
    if (at >= merged.size()) merged.resize(at + 1);
    merged[at] += counts[i];
  }
  offset = first;
  counts = std::move(merged);
}

// False where a count of `before` is larger than that of `now`.
bool subtract(std::int32_t offset, std::vector<std::uint64_t>& now, std::int32_t before_offset,
              const std::vector<std::uint64_t>& before) {
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before[i] == 0) continue;
    const std::int64_t at = std::int64_t{before_offset} + static_cast<std::int64_t>(i) - offset;
    if (at < 0 || at >= static_cast<std::int64_t>(now.size()) || now[static_cast<std::size_t>(at)] < before[i]) return false;
    now[static_cast<std::size_t>(at)] -= before[i];
  }
  return true;
}

// Buckets that lie whole within the threshold become part of the zero bucket.
void widen_zero(NativeHistogram& histogram, double threshold) {
  const auto fold = [&](std::int32_t offset, std::vector<std::uint64_t>& counts) {
    for (std::size_t i = 0; i < counts.size(); ++i) {
      const double upper = std::exp2(std::ldexp(static_cast<double>(offset) + static_cast<double>(i) + 1, -histogram.scale));
      if (upper > threshold) return;
      histogram.zero_count += counts[i];
      counts[i] = 0;
    }
  };
  fold(histogram.positive_offset, histogram.positive);
  fold(histogram.negative_offset, histogram.negative);
  histogram.zero_threshold = threshold;
}

}  // namespace

void reduce_scale(NativeHistogram& histogram, std::int32_t scale) {
  const int by = std::min(histogram.scale - scale, 31);
  if (by <= 0) return;
  reduce(histogram.positive_offset, histogram.positive, by);
  reduce(histogram.negative_offset, histogram.negative, by);
  histogram.scale = scale;
}

std::optional<NativeHistogram> subtract(const NativeHistogram& now, const NativeHistogram& before) {
  NativeHistogram difference = now, base = before;
  const std::int32_t scale = std::min(now.scale, before.scale);
  reduce_scale(difference, scale);
  reduce_scale(base, scale);
  if (difference.zero_threshold > base.zero_threshold) widen_zero(base, difference.zero_threshold);
  if (difference.zero_count < base.zero_count) return std::nullopt;
  difference.zero_count -= base.zero_count;
  if (!subtract(difference.positive_offset, difference.positive, base.positive_offset, base.positive) ||
      !subtract(difference.negative_offset, difference.negative, base.negative_offset, base.negative))
    return std::nullopt;
  return difference;
}

}  // namespace tocsin::exporters
