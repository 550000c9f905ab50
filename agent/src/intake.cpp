// SPDX-License-Identifier: Apache-2.0
#include "agent/intake.h"

#include <algorithm>
#include <deque>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>

#include "agent/src/intake_target.h"
#include "meters/base/text.h"
#include "meters/identity.h"
#include "wire/otlp_attributes.h"

namespace tocsin::agent {

using std::chrono::duration_cast;
using std::chrono::seconds;

namespace {

constexpr std::size_t kResourceBytes = 256 * 1024;
constexpr std::size_t kRememberedCollections = 64;

std::uint32_t seconds_of(seconds value) noexcept { return static_cast<std::uint32_t>(std::max<seconds::rep>(value.count(), 1)); }

bool texts_are_utf8(const meters::Attributes& attributes);

bool text_is_utf8(const meters::AttributeValue& value) {
  if (const auto* text = std::get_if<std::string>(&value.value)) return is_utf8(*text);
  if (const auto* map = std::get_if<meters::Attributes>(&value.value)) return texts_are_utf8(*map);
  if (const auto* array = std::get_if<std::vector<meters::AttributeValue>>(&value.value))
    return std::all_of(array->begin(), array->end(), text_is_utf8);
  return true;
}

bool texts_are_utf8(const meters::Attributes& attributes) {
  return std::all_of(attributes.begin(), attributes.end(),
                     [](const auto& pair) { return is_utf8(pair.key) && text_is_utf8(pair.value); });
}

std::string identity_key(meters::Via via, const meters::Resource& resource) {
  std::string key(1, static_cast<char>('0' + static_cast<int>(via)));
  const auto add = [&key](std::string_view text) { key.append(text).push_back('\0'); };
  add(resource.job);
  add(resource.instance);
  for (const auto& [name, text] : resource.promoted) add(name), add(text);
  return key;
}

// In Prometheus' own ways job and instance are labels like others: there may be none.
std::shared_ptr<const meters::Resource> identify(meters::Via via, meters::Attributes attributes, std::string schema_url,
                                                 const IntakeOptions& options) {
  const auto names = via == meters::Via::Otlp ? options.names : meters::NameStrategy::UnderscoreEscapingWithSuffixes;
  auto resource = std::make_shared<meters::Resource>(
      meters::identify(std::move(attributes), std::move(schema_url), options.promoted, names));
  if (names_are_prometheus(via)) {
    resource->job = meters::text_of(resource->attributes, "service.name");
    resource->instance = meters::text_of(resource->attributes, "service.instance.id");
  }
  return resource;
}

RawHash resource_hash(const MetricPoints::Resource& resource, meters::Via via) noexcept {
  RawHash hash = hash_raw(resource.bytes);
  const RawHash url = hash_raw(resource.schema_url);
  hash.low += url.low * 3 + static_cast<std::uint64_t>(via);
  hash.high ^= url.high;
  return hash;
}

}  // namespace

struct Intake::State {
  // A resource's raw bytes, resolved.
  struct Binding {
    std::shared_ptr<Target> target;
    std::uint32_t writer = 0;
  };

  State(IntakeOptions initial, const Clock& source)
      : clock(source), began(source.monotonic() - seconds(1)),
        options(std::make_shared<const IntakeOptions>(std::move(initial))) {}

  const Clock& clock;
  const Monotonic began;
  Budget budget;
  ConflictLog conflict_log;

  mutable std::mutex mutex;  // never taken while a target's is held
  // Guarded by mutex.
  std::shared_ptr<const IntakeOptions> options;
  std::unordered_map<std::string, std::shared_ptr<Target>> targets;  // by identity_key
  std::unordered_map<RawHash, Binding, RawHashOf> bindings;
  std::uint32_t collections = 0;
  std::uint32_t seen_in = 0;
  std::deque<std::pair<Time, std::uint32_t>> collected;  // when each of the last collections was

  std::uint32_t now_s() const noexcept {
    return static_cast<std::uint32_t>(duration_cast<seconds>(clock.monotonic() - began).count());
  }
  std::shared_ptr<const IntakeOptions> options_now() const {
    const std::lock_guard lock(mutex);
    return options;
  }
  std::vector<std::shared_ptr<Target>> all_targets() const {
    const std::lock_guard lock(mutex);
    std::vector<std::shared_ptr<Target>> out;
    out.reserve(targets.size());
    for (const auto& [key, target] : targets) out.push_back(target);
    return out;
  }

  Binding bind(const MetricPoints::Resource& resource, meters::Via via, const IntakeOptions& current,
               std::optional<Rejection>& problem);
  void apply_resource(const MetricPoints::Resource& resource, meters::Via via, const IntakeOptions& current,
                      ApplyContext& context);
};

Intake::State::Binding Intake::State::bind(const MetricPoints::Resource& resource, meters::Via via,
                                           const IntakeOptions& current, std::optional<Rejection>& problem) {
  const RawHash hash = resource_hash(resource, via);
  {
    const std::lock_guard lock(mutex);
    if (const auto known = bindings.find(hash); known != bindings.end()) return known->second;
  }
  if (resource.bytes.size() > kResourceBytes) return problem = Rejection::LabelTooLong, Binding{};
  auto attributes = wire::decode_attributes(resource.bytes, wire::otlp::Resource::kAttributes);
  if (!attributes) return problem = Rejection::BadAttributes, Binding{};
  if (!texts_are_utf8(*attributes)) return problem = Rejection::InvalidUtf8, Binding{};
  auto identified = identify(via, std::move(*attributes), to_utf8(resource.schema_url), current);

  const std::lock_guard lock(mutex);
  auto& target = targets[identity_key(via, *identified)];
  if (!target) {
    if (targets.size() > current.limits.targets) {
      targets.erase(identity_key(via, *identified));
      return problem = Rejection::TargetLimit, Binding{};
    }
    target = std::make_shared<Target>(via, identified, budget);
  }
  Binding binding{target, 0};
  {
    const std::lock_guard target_lock(target->mutex);
    const auto writer = target->writer(identified, now_s());
    if (!writer) return problem = Rejection::TooManyStreams, Binding{};
    binding.writer = *writer;
  }
  if (bindings.size() < 4 * std::size_t{current.limits.targets}) bindings.emplace(hash, binding);
  return binding;
}

void Intake::State::apply_resource(const MetricPoints::Resource& resource, meters::Via via,
                                   const IntakeOptions& current, ApplyContext& context) {
  for (;;) {
    std::optional<Rejection> problem;
    const Binding binding = bind(resource, via, current, problem);
    if (problem) {
      for (std::uint32_t at = resource.scopes.begin; at != resource.scopes.end; ++at)
        for (std::uint32_t i = context.batch.scopes[at].metrics.begin; i != context.batch.scopes[at].metrics.end; ++i) {
          context.metric = &context.batch.metrics[i];
          if (context.metric->points.size() != 0) context.reject(*problem, context.metric->points.size(), "of the resource");
        }
      return;
    }
    const std::lock_guard lock(binding.target->mutex);
    if (binding.target->gone) continue;  // taken out in between, bindings included
    context.writer = binding.writer;
    binding.target->apply(resource, context);
    return;
  }
}

Intake::Intake(IntakeOptions options, const Clock& clock) : state_(std::make_unique<State>(std::move(options), clock)) {}
Intake::~Intake() = default;

std::uint64_t Intake::Outcome::rejected_sum() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& [reason, number] : rejected) sum += number;
  return sum;
}

Intake::Outcome Intake::apply(const MetricPoints& points) {
  const auto options = state_->options_now();
  ApplyContext context(points, options->limits, state_->budget, state_->conflict_log);
  context.now_ns = to_unix_ns(state_->clock.now());
  context.ahead_ns = context.now_ns + duration_cast<std::chrono::nanoseconds>(options->limits.ahead).count();
  context.now_s = state_->now_s();
  context.silent_s = seconds_of(options->limits.silent_after);
  for (const MetricPoints::Resource& resource : points.resources)
    state_->apply_resource(resource, points.via, *options, context);
  return std::move(context).outcome();
}

void Intake::collect(meters::SnapshotBuilder& builder) {
  std::uint32_t collection = 0;
  {
    const std::lock_guard lock(state_->mutex);
    collection = ++state_->collections;
    state_->collected.emplace_back(builder.time(), collection);
    if (state_->collected.size() > kRememberedCollections) state_->collected.pop_front();
  }
  for (const auto& target : state_->all_targets()) {
    const std::lock_guard lock(target->mutex);
    if (!target->gone) target->collect(builder, collection);
  }
}

void Intake::sinks_saw(Time snapshot) {
  const std::lock_guard lock(state_->mutex);
  for (const auto& [time, collection] : state_->collected) {
    if (time != snapshot) continue;
    state_->seen_in = std::max(state_->seen_in, collection);
    break;  // of two collections at one time the first is sure to have been seen
  }
}

void Intake::tick(Time) {
  Expiry expiry;
  {
    const std::lock_guard lock(state_->mutex);
    const IntakeLimits& limits = state_->options->limits;
    expiry.silent_s = seconds_of(limits.silent_after);
    expiry.idle_s = seconds_of(limits.idle_after);
    expiry.collection = state_->collections;
    expiry.seen_in = state_->seen_in;
  }
  expiry.now_s = state_->now_s();
  bool any_idle = false;
  for (const auto& target : state_->all_targets()) {
    const std::lock_guard lock(target->mutex);
    target->tick(expiry);
    any_idle = any_idle || target->idle(expiry);
  }
  if (!any_idle) return;
  const std::lock_guard lock(state_->mutex);
  std::erase_if(state_->targets, [&](const auto& entry) {
    const std::lock_guard target_lock(entry.second->mutex);
    return entry.second->gone = entry.second->idle(expiry);
  });
  std::erase_if(state_->bindings, [&](const auto& entry) {
    const std::lock_guard target_lock(entry.second.target->mutex);
    return entry.second.target->gone;
  });
}

void Intake::configure(IntakeOptions options) {
  const std::lock_guard lock(state_->mutex);
  state_->options = std::make_shared<const IntakeOptions>(std::move(options));
  state_->bindings.clear();
}

bool Intake::sends(const meters::Resource& sender, std::string_view prometheus_name) const {
  std::shared_ptr<Target> target;
  {
    const std::lock_guard lock(state_->mutex);
    const auto found = state_->targets.find(identity_key(meters::Via::Otlp, sender));
    if (found == state_->targets.end()) return false;
    target = found->second;
  }
  const std::lock_guard lock(target->mutex);
  return !target->gone && target->sends(prometheus_name);
}

Intake::Stats Intake::stats() const {
  Stats out;
  const Budget& budget = state_->budget;
  out.meters = budget.meters.load(std::memory_order_relaxed);
  out.series = budget.series.load(std::memory_order_relaxed);
  out.bytes = budget.bytes.load(std::memory_order_relaxed);
  out.overflowed = budget.overflowed.load(std::memory_order_relaxed);
  out.conflicts = budget.conflicts.load(std::memory_order_relaxed);
  out.ended = budget.ended.load(std::memory_order_relaxed);
  const std::lock_guard lock(state_->mutex);
  out.targets = state_->targets.size();
  return out;
}

std::vector<Intake::Conflict> Intake::conflicts() const { return state_->conflict_log.list(); }

std::vector<Intake::Cardinality> Intake::top_cardinality(std::size_t count) const {
  const std::uint32_t limit = state_->options_now()->limits.label_sets;
  std::vector<Cardinality> all;
  for (const auto& target : state_->all_targets()) {
    const std::lock_guard lock(target->mutex);
    target->add_cardinalities(all, limit);
  }
  std::sort(all.begin(), all.end(), [](const Cardinality& a, const Cardinality& b) { return a.series > b.series; });
  if (all.size() > count) all.resize(count);
  return all;
}

}  // namespace tocsin::agent
