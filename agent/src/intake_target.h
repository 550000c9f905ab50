// SPDX-License-Identifier: Apache-2.0
// Target: one sender by job, instance and promoted labels, with its scopes and meters; and its writers, which are the
// different resources that claim to be that sender.
//
// Threads: every member but `mutex` is guarded by it.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/src/intake_context.h"
#include "agent/src/intake_meter.h"
#include "meters/flow.h"

namespace tocsin::agent {

struct RawHashOf {
  std::size_t operator()(const RawHash& hash) const noexcept { return hash.low; }
};

class Target {
 public:
  Target(meters::Via via, std::shared_ptr<const meters::Resource> resource, Budget& budget);
  ~Target();

  std::mutex mutex;
  bool gone = false;  // taken out of the intake: ask again

  const meters::Resource& resource() const noexcept { return *resource_; }
  // The writer with this resource, entered if new; nothing when there are too many.
  std::optional<std::uint32_t> writer(const std::shared_ptr<const meters::Resource>& resource, std::uint32_t now_s);
  std::uint32_t writer_seen_s(std::uint32_t writer) const noexcept { return writer_seen_s_[writer]; }

  // All scopes of the resource; context.writer is set.
  void apply(const MetricPoints::Resource& resource, ApplyContext& context);
  void collect(meters::SnapshotBuilder& builder, std::uint32_t collection);
  void tick(const Expiry& expiry);  // its writer_seen_s is filled in here

  // No series, and no point for long: it may be taken out.
  bool idle(const Expiry& expiry) const noexcept;
  bool sends(std::string_view prometheus_name) const noexcept;
  void add_cardinalities(std::vector<Intake::Cardinality>& out, std::uint32_t limit);

 private:
  static constexpr std::size_t kMaxLivingWriters = 1'024, kMaxScopes = 1'000, kMaxScopeBytes = 16 * 1024;

  struct Writer {
    std::shared_ptr<const meters::Resource> resource;  // null when silent
  };

  // Null where there are too many, or it is too long.
  std::shared_ptr<ScopeState> scope_for(const MetricPoints::Scope& scope);
  Meter* meter_for(const MetricPoints::Metric& metric, const std::shared_ptr<ScopeState>& scope, ApplyContext& context);
  Meter* new_meter(const MetricPoints::Metric& metric, const std::shared_ptr<ScopeState>& scope, ApplyContext& context);
  void set_resource(std::shared_ptr<const meters::Resource> resource);

  Budget& budget_;
  const meters::Via via_;
  std::shared_ptr<const meters::Resource> resource_;  // the newest writer's
  std::vector<Writer> writers_;
  std::vector<std::uint32_t> writer_seen_s_;
  std::unordered_map<RawHash, std::shared_ptr<ScopeState>, RawHashOf> scopes_;
  std::unordered_map<RawHash, Meter*, RawHashOf> known_;  // by scope, name, unit and kind
  std::unordered_map<std::string, std::vector<std::unique_ptr<Meter>>> meters_;  // by name; one a scope
};

}  // namespace tocsin::agent
