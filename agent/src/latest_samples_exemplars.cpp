// SPDX-License-Identifier: Apache-2.0
// Exemplars of a Batch as those of the points that its samples become.
#include <bit>
#include <optional>

#include "agent/latest_samples.h"
#include "agent/src/latest_samples_shapes.h"
#include "traces/ids.h"

namespace tocsin::agent {
namespace {

// The id's bytes, kept by the points; none where the text is no such id.
template <class Id>
std::optional<std::string_view> id_bytes(std::string_view text, MetricPoints& points) {
  const auto id = traces::parse_hex<Id>(text);
  if (!id) return std::nullopt;
  return points.joined.emplace_back(id->begin(), id->end());
}

PointExemplar point_exemplar(const rules::SampleExemplar& from, MetricPoints& points) {
  PointExemplar made;
  made.form = NumberForm::Double;
  made.bits = std::bit_cast<std::uint64_t>(from.value);
  made.time_ns = detail::ns_of(from.time_ms);
  std::string attributes;
  wire::ProtobufWriter writer(attributes);
  for (const auto& [name, text] : from.labels) {
    if (name == "trace_id") {
      if (const auto id = id_bytes<traces::TraceId>(text, points)) {
        made.trace_id = *id;
        continue;
      }
    } else if (name == "span_id") {
      if (const auto id = id_bytes<traces::SpanId>(text, points)) {
        made.span_id = *id;
        continue;
      }
    }
    detail::append_label(writer, name, text);
  }
  made.attributes = points.joined.emplace_back(std::move(attributes));
  return made;
}

}  // namespace

// Those of a bucket belong to its histogram.
void LatestSamples::find_exemplars(const rules::Batch& batch) {
  exemplars_.clear();
  for (std::uint32_t i = 0; i < batch.exemplars.size(); ++i) {
    const rules::SampleExemplar& exemplar = batch.exemplars[i];
    const FamilyRows& family = families_[exemplar.family];
    if (exemplar.row >= family.rows.size()) continue;
    const Row& row = family.rows[exemplar.row];
    exemplars_[row.role == Role::Bucket ? group_key(row.group) : row_key(exemplar.family, exemplar.row)].push_back(i);
  }
}

void LatestSamples::tell_exemplars(const rules::Batch& batch, std::uint64_t of) {
  const auto found = exemplars_.find(of);
  if (found == exemplars_.end()) return;
  const auto point = static_cast<std::uint32_t>(detail::size_of(points_, metric_.shape) - 1);
  for (const std::uint32_t at : found->second) {
    points_.exemplars.push_back(point_exemplar(batch.exemplars[at], points_));
    points_.exemplars.back().point = point;
  }
  metric_.exemplars.end = static_cast<std::uint32_t>(points_.exemplars.size());
}

}  // namespace tocsin::agent
