// SPDX-License-Identifier: Apache-2.0
#include "exporters/otlp_encode.h"

#include <algorithm>
#include <utility>

#include "exporters/src/export_walk.h"
#include "exporters/src/otlp_delta.h"
#include "exporters/src/otlp_plan.h"
#include "exporters/src/otlp_points.h"
#include "wire/otlp_attributes.h"
#include "wire/otlp_fields.h"

namespace tocsin::exporters {

namespace otlp = wire::otlp;
using meters::Family;
using meters::Row;
using meters::RowState;

namespace {

std::uint32_t metric_field(OtlpShape shape) noexcept {
  switch (shape) {
    case OtlpShape::Gauge: return otlp::Metric::kGauge;
    case OtlpShape::Sum: return otlp::Metric::kSum;
    case OtlpShape::Histogram: return otlp::Metric::kHistogram;
    case OtlpShape::Exponential: return otlp::Metric::kExponentialHistogram;
    case OtlpShape::Summary: break;
  }
  return otlp::Metric::kSummary;
}

// The messages around points, opened when the first point needs them. A length is guessed high: closing a short
// message then moves little.
class Envelope {
 public:
  Envelope(std::string& out, const OtlpPlan& plan) : writer_(out), plan_(plan) {}

  void open(const PlannedFamily& planned, OtlpShape shape, bool is_delta) {
    if (family_ == &planned) return;
    close_family();
    if (open_resource_ && (resource_ != planned.resource || scope_ != planned.scope)) close_scope();
    if (open_resource_ && resource_ != planned.resource) close_resource();
    if (!open_resource_) begin_resource(planned);
    if (!open_scope_) begin_scope(planned);
    begin_family(planned, shape, is_delta);
  }

  void close() {
    close_family();
    close_scope();
    close_resource();
  }

 private:
  static constexpr std::size_t kLargeMessage = std::size_t{1} << 20;

  void begin_resource(const PlannedFamily& planned) {
    resource_ = planned.resource;
    open_resource_ = true;
    resource_mark_ = writer_.begin(otlp::ExportRequest::kResources, kLargeMessage);
    writer_.bytes(otlp::ResourceItems::kResource, plan_.resources[resource_]);
  }

  void begin_scope(const PlannedFamily& planned) {
    const meters::Scope& scope = planned.family->origin->scope;
    scope_ = planned.scope;
    scope_schema_ = scope.schema_url;
    open_scope_ = true;
    scope_mark_ = writer_.begin(otlp::ResourceItems::kScopes, kLargeMessage);
    const auto mark = writer_.begin(otlp::ScopeItems::kScope);
    if (!scope.name.empty()) writer_.bytes(otlp::Scope::kName, scope.name);
    if (!scope.version.empty()) writer_.bytes(otlp::Scope::kVersion, scope.version);
    for (const auto& attribute : scope.attributes) append_attribute(writer_, otlp::Scope::kAttributes, attribute);
    writer_.end(mark);
  }

  void begin_family(const PlannedFamily& planned, OtlpShape shape, bool is_delta) {
    const meters::Descriptor& descriptor = *planned.family->descriptor;
    family_ = &planned;
    family_mark_ = writer_.begin(otlp::ScopeItems::kItems, kLargeMessage);
    writer_.bytes(otlp::Metric::kName, descriptor.name);
    if (!descriptor.help.empty()) writer_.bytes(otlp::Metric::kDescription, descriptor.help);
    if (!descriptor.unit.empty()) writer_.bytes(otlp::Metric::kUnit, descriptor.unit);
    points_mark_ = writer_.begin(metric_field(shape), kLargeMessage);
    const auto temporality = is_delta ? otlp::Temporality::Delta : otlp::Temporality::Cumulative;
    if (shape != OtlpShape::Gauge && shape != OtlpShape::Summary)
      writer_.varint(otlp::Sum::kTemporality, static_cast<std::uint64_t>(temporality));
    if (shape == OtlpShape::Sum && descriptor.kind == meters::Kind::Counter)
      writer_.varint(otlp::Sum::kMonotonic, 1);
  }

  void close_family() {
    if (family_ == nullptr) return;
    writer_.end(points_mark_);
    writer_.end(family_mark_);
    family_ = nullptr;
  }

  void close_scope() {
    if (!open_scope_) return;
    if (!scope_schema_.empty()) writer_.bytes(otlp::ScopeItems::kSchemaUrl, scope_schema_);
    writer_.end(scope_mark_);
    open_scope_ = false;
  }

  void close_resource() {
    if (!open_resource_) return;
    const std::string& schema = plan_.resource_schemas[resource_];
    if (!schema.empty()) writer_.bytes(otlp::ResourceItems::kSchemaUrl, schema);
    writer_.end(resource_mark_);
    open_resource_ = false;
  }

  wire::ProtobufWriter writer_;
  const OtlpPlan& plan_;
  bool open_resource_ = false, open_scope_ = false;
  std::uint32_t resource_ = 0, scope_ = 0;
  std::string_view scope_schema_;
  const PlannedFamily* family_ = nullptr;
  wire::ProtobufWriter::Mark resource_mark_{}, scope_mark_{}, family_mark_{}, points_mark_{};
};

}  // namespace

class OtlpEncoder::State {
 public:
  explicit State(OtlpEncodeOptions options) : options_(std::move(options)) {}

  bool merges() const noexcept { return options_.temporality != OtlpTemporality::Cumulative; }

  void load(ExportLoad load) {
    load_ = std::move(load);
    plan_ = make_plan(load_, options_.resource_attributes);
    at_ = {};
    deltas_.begin(plan_, [this](const Family& family) { return is_delta(family); });
  }

  std::optional<ExportRequest> next(std::size_t max_bytes) {
    ExportRequest request = fill(at_, end_of(plan_.families), options_.max_points, std::min(max_bytes, options_.max_bytes));
    if (request.points > 0) {
      at_ = request.end;
      return request;
    }
    // Rows without news at the end: their values are the same, but deltas may now begin here.
    acknowledge(request);
    at_ = end_of(plan_.families);
    return std::nullopt;
  }

  std::vector<ExportRequest> halve(const ExportRequest& request) {
    return halved(request, [this](ExportCursor from, ExportCursor until, std::uint64_t points) { return fill(from, until, points, SIZE_MAX); });
  }

  void acknowledge(const ExportRequest& request) {
    for (ExportCursor at = request.begin; at < request.end; step(at, plan_.families)) deltas_.acknowledge(at.family, at.row);
  }

  std::size_t state_bytes() const noexcept { return deltas_.bytes(); }
  void continue_from(State& before) { deltas_ = std::move(before.deltas_); }

 private:
  bool is_delta(const Family& family) const {
    if (options_.temporality == OtlpTemporality::Cumulative) return false;
    if (std::holds_alternative<meters::Histograms>(family.points)) return true;
    if (!std::holds_alternative<meters::Scalars>(family.points) || family.descriptor->kind != meters::Kind::Counter)
      return false;
    if (options_.temporality == OtlpTemporality::Delta) return true;
    if (family.descriptor->observed) return false;
    const meters::Via via = family.origin->via;
    return via == meters::Via::Registry || via == meters::Via::Spans || via == meters::Via::Statsd;
  }

  ExportRequest fill(ExportCursor from, ExportCursor until, std::uint64_t max_points, std::size_t max_bytes) {
    ExportRequest request;
    request.begin = from;
    request.body.reserve(last_bytes_);  // growing would copy all of it again and again
    Envelope envelope(request.body, plan_);
    OtlpPointWriter points(request.body);
    ExportCursor at = from;
    while (at < until && request.points < max_points && request.body.size() < max_bytes) {
      if (append(at, envelope, points)) ++request.points;
      step(at, plan_.families);
    }
    envelope.close();
    request.end = at;
    last_bytes_ = request.body.size();
    return request;
  }

  // False where the row has nothing to tell.
  bool append(ExportCursor at, Envelope& envelope, OtlpPointWriter& points) {
    const PlannedFamily& planned = plan_.families[at.family];
    const OtlpShape shape = shape_of(*planned.family, options_.histograms);
    if (!is_delta(*planned.family)) {
      if (!planned.is_news(at.row)) return false;
      envelope.open(planned, shape, false);
      points.cumulative(planned, shape, at.row);
      return true;
    }
    if (planned.only_ended && planned.family->states[at.row] != RowState::Ended) return false;
    if (shape == OtlpShape::Sum) {
      const ScalarDelta* delta = deltas_.scalar(at.family, at.row);
      if (delta == nullptr) return false;
      envelope.open(planned, shape, true);
      points.delta(planned, at.row, *delta);
    } else {
      const HistogramDelta* delta = deltas_.histogram(at.family, at.row);
      if (delta == nullptr) return false;
      envelope.open(planned, shape, true);
      points.delta(planned, shape, at.row, *delta);
    }
    return true;
  }

  const OtlpEncodeOptions options_;
  ExportLoad load_;
  OtlpPlan plan_;
  ExportCursor at_;
  std::size_t last_bytes_ = 0;  // of the request before, which is about as long as the next
  OtlpDeltas deltas_;
};

OtlpEncoder::OtlpEncoder(OtlpEncodeOptions options) : state_(std::make_unique<State>(std::move(options))) {}
OtlpEncoder::~OtlpEncoder() = default;
OtlpEncoder::OtlpEncoder(OtlpEncoder&&) noexcept = default;
OtlpEncoder& OtlpEncoder::operator=(OtlpEncoder&&) noexcept = default;

bool OtlpEncoder::merges() const noexcept { return state_->merges(); }
std::uint64_t OtlpEncoder::points_of(const ExportLoad& load) const { return news_in(load); }
void OtlpEncoder::load(ExportLoad load) { state_->load(std::move(load)); }
std::optional<ExportRequest> OtlpEncoder::next(std::size_t max_bytes) { return state_->next(max_bytes); }
std::vector<ExportRequest> OtlpEncoder::halve(const ExportRequest& request) { return state_->halve(request); }
void OtlpEncoder::acknowledge(const ExportRequest& request) { state_->acknowledge(request); }
void OtlpEncoder::continue_from(MetricsEncoder& before) {
  if (auto* same = dynamic_cast<OtlpEncoder*>(&before)) state_->continue_from(*same->state_);
}
std::size_t OtlpEncoder::state_bytes() const noexcept { return state_->state_bytes(); }

}  // namespace tocsin::exporters
