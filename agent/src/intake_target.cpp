// SPDX-License-Identifier: Apache-2.0
#include "agent/src/intake_target.h"

#include <algorithm>

#include "meters/base/text.h"
#include "wire/otlp_attributes.h"

namespace tocsin::agent {

namespace otlp = wire::otlp;

namespace {

constexpr std::size_t kTargetBytes = 2'048;  // an estimate of what a target costs besides its meters

std::optional<meters::Scope> decode_scope(const MetricPoints::Scope& points) {
  meters::Scope scope;
  wire::ProtobufReader reader(points.bytes);
  while (reader.next()) switch (reader.tag()) {
      case wire::protobuf_tag(otlp::Scope::kName, wire::WireType::Length): scope.name = to_utf8(reader.bytes()); break;
      case wire::protobuf_tag(otlp::Scope::kVersion, wire::WireType::Length):
        scope.version = to_utf8(reader.bytes());
        break;
      default: reader.skip();
    }
  auto attributes = wire::decode_attributes(points.bytes, otlp::Scope::kAttributes);
  if (!reader.ok() || !attributes) return std::nullopt;
  scope.attributes = std::move(*attributes);
  scope.schema_url = to_utf8(points.schema_url);
  return scope;
}

RawHash combine(const RawHash& a, const RawHash& b) noexcept {
  return {detail::fold(a.low ^ b.high, b.low ^ 0x9E3779B97F4A7C15ULL) + a.high, (a.high * 3) ^ b.high ^ (b.low << 1)};
}

bool names_fit(const MetricPoints::Metric& metric, const IntakeLimits& limits) {
  return !metric.name.empty() && metric.name.size() <= limits.name_bytes;
}

}  // namespace

Target::Target(meters::Via via, std::shared_ptr<const meters::Resource> resource, Budget& budget)
    : budget_(budget), via_(via), resource_(std::move(resource)) {
  budget_.bytes.fetch_add(kTargetBytes, std::memory_order_relaxed);
}

Target::~Target() { budget_.bytes.fetch_sub(kTargetBytes, std::memory_order_relaxed); }

std::optional<std::uint32_t> Target::writer(const std::shared_ptr<const meters::Resource>& resource,
                                            std::uint32_t now_s) {
  std::size_t living = 0;
  for (std::uint32_t at = 0; at < writers_.size(); ++at) {
    if (!writers_[at].resource) continue;
    ++living;
    if (writers_[at].resource->attributes == resource->attributes) return at;
  }
  if (living >= kMaxLivingWriters) return std::nullopt;
  writers_.push_back({resource});
  writer_seen_s_.push_back(now_s);
  set_resource(resource);
  return static_cast<std::uint32_t>(writers_.size() - 1);
}

void Target::set_resource(std::shared_ptr<const meters::Resource> resource) {
  resource_ = std::move(resource);
  for (auto& [hash, scope] : scopes_)
    scope->origin = std::make_shared<const meters::Origin>(meters::Origin{via_, resource_, scope->scope});
}

void Target::apply(const MetricPoints::Resource& resource, ApplyContext& context) {
  writer_seen_s_[context.writer] = context.now_s;
  context.resource = resource_.get();
  for (std::uint32_t at = resource.scopes.begin; at != resource.scopes.end; ++at) {
    const MetricPoints::Scope& scope = context.batch.scopes[at];
    std::shared_ptr<ScopeState> state;
    for (std::uint32_t i = scope.metrics.begin; i != scope.metrics.end; ++i) {
      const MetricPoints::Metric& metric = context.batch.metrics[i];
      if (metric.points.size() == 0) continue;
      context.metric = &metric;
      if (!state) state = scope_for(scope);
      if (!state) {
        context.reject(Rejection::TooManyScopes, metric.points.size());
      } else if (metric.report == Report::Unknown) {
        context.reject(Rejection::NoTemporality, metric.points.size());
      } else if (Meter* meter = meter_for(metric, state, context)) {
        meter->apply(context);
      }
    }
  }
  context.metric = nullptr;
}

std::shared_ptr<ScopeState> Target::scope_for(const MetricPoints::Scope& points) {
  const RawHash hash = combine(hash_raw(points.bytes), hash_raw(points.schema_url));
  if (const auto known = scopes_.find(hash); known != scopes_.end()) return known->second;
  if (scopes_.size() >= kMaxScopes || points.bytes.size() + points.schema_url.size() > kMaxScopeBytes) return nullptr;
  auto scope = decode_scope(points);
  if (!scope) return nullptr;
  // The same scope with its attributes in another order is the same scope.
  for (const auto& [other_hash, other] : scopes_)
    if (other->scope == *scope) return scopes_[hash] = other;
  auto state = std::make_shared<ScopeState>();
  state->scope = std::move(*scope);
  state->origin = std::make_shared<const meters::Origin>(meters::Origin{via_, resource_, state->scope});
  return scopes_[hash] = std::move(state);
}

Meter* Target::meter_for(const MetricPoints::Metric& metric, const std::shared_ptr<ScopeState>& scope,
                         ApplyContext& context) {
  struct {
    const ScopeState* scope;
    std::uint64_t kind;
  } key{scope.get(), static_cast<std::uint64_t>(metric.kind)};
  const RawHash hash = combine(combine(hash_raw(metric.name), hash_raw(metric.unit)),
                               hash_raw({reinterpret_cast<const char*>(&key), sizeof key}));
  if (const auto known = known_.find(hash); known != known_.end()) return known->second;
  Meter* meter = new_meter(metric, scope, context);
  if (meter != nullptr) known_.emplace(hash, meter);
  return meter;
}

// One name has one kind and unit in a target; in another scope it is another meter with the same.
Meter* Target::new_meter(const MetricPoints::Metric& metric, const std::shared_ptr<ScopeState>& scope,
                         ApplyContext& context) {
  if (!names_fit(metric, context.limits)) return context.reject(Rejection::NoName, metric.points.size()), nullptr;
  if (!is_utf8(metric.name)) return context.reject(Rejection::InvalidUtf8, metric.points.size(), "its name"), nullptr;
  const std::string unit = to_utf8(metric.unit);
  auto& same_name = meters_[std::string(metric.name)];
  for (const auto& meter : same_name) {
    const meters::Descriptor& there = meter->descriptor();
    if (there.kind == metric.kind && there.unit == unit) {
      if (meter->scope() == scope) return meter.get();
      continue;
    }
    if (meter->live_rows() == 0) continue;  // what it was is over
    const auto described = [](meters::Kind kind, const std::string& in) {
      return std::string(meters::to_text(kind)) + " in \"" + in + '"';
    };
    context.reject(Rejection::KindConflict, metric.points.size(),
                   "it is a " + described(there.kind, there.unit) + ", now sent as a " + described(metric.kind, unit));
    return nullptr;
  }
  if (context.budget.bytes.load(std::memory_order_relaxed) >= context.limits.bytes) {
    context.reject(Rejection::MemoryLimit, metric.points.size());
    if (same_name.empty()) meters_.erase(std::string(metric.name));
    return nullptr;
  }
  return same_name.emplace_back(std::make_unique<Meter>(metric, scope, context.budget)).get();
}

void Target::collect(meters::SnapshotBuilder& builder, std::uint32_t collection) {
  for (auto& [name, same_name] : meters_)
    for (auto& meter : same_name) meter->collect(builder, collection);
}

void Target::tick(const Expiry& expiry) {
  Expiry own = expiry;
  own.writer_seen_s = writer_seen_s_;
  for (std::uint32_t at = 0; at < writers_.size(); ++at)
    if (expiry.now_s - writer_seen_s_[at] >= expiry.silent_s) writers_[at].resource.reset();
  std::size_t removed = 0;
  for (auto& [name, same_name] : meters_) {
    for (auto& meter : same_name) meter->tick(own);
    removed += std::erase_if(same_name, [](const auto& meter) { return meter->empty(); });
  }
  if (removed == 0) return;
  known_.clear();
  std::erase_if(meters_, [](const auto& entry) { return entry.second.empty(); });
  std::erase_if(scopes_, [](const auto& entry) { return entry.second.use_count() == 1; });
}

bool Target::idle(const Expiry& expiry) const noexcept {
  return meters_.empty() && std::all_of(writer_seen_s_.begin(), writer_seen_s_.end(), [&](std::uint32_t seen) {
           return expiry.now_s - seen >= expiry.silent_s;
         });
}

bool Target::sends(std::string_view prometheus_name) const noexcept {
  for (const auto& [name, same_name] : meters_)
    for (const auto& meter : same_name)
      if (meter->descriptor().prometheus_name == prometheus_name && meter->live_rows() != 0) return true;
  return false;
}

void Target::add_cardinalities(std::vector<Intake::Cardinality>& out, std::uint32_t limit) {
  for (auto& [name, same_name] : meters_)
    for (auto& meter : same_name) {
      Intake::Cardinality one = meter->cardinality();
      one.job = resource_->job;
      one.instance = resource_->instance;
      one.limit = limit;
      out.push_back(std::move(one));
    }
}

}  // namespace tocsin::agent
