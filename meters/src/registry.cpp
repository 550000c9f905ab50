// SPDX-License-Identifier: Apache-2.0
#include "meters/registry.h"

#include <algorithm>
#include <mutex>
#include <shared_mutex>

#include "meters/base/text.h"
#include "meters/generated/tocsin.h"
#include "meters/src/family_core.h"
#include "meters/src/fork.h"
#include "meters/src/meter_names.h"
#include "meters/src/observed_family.h"

namespace tocsin::meters {

using detail::FamilyCore;
using detail::FamilyRef;
using detail::FamilySetup;
using detail::ObservedFamily;

namespace {

static_assert(kDrops == kMeasurementReasonWords.size());

std::shared_ptr<const Origin> make_origin(RegistryOptions& options) {
  auto origin = std::make_shared<Origin>();
  origin->via = Via::Registry;
  origin->resource = options.resource ? std::move(options.resource) : std::make_shared<const Resource>();
  origin->scope = std::move(options.scope);
  return origin;
}

}  // namespace

namespace {

// Of either sort. What it refers to lives as long as this does.
struct AnyFamily {
  FamilyRef recorded;
  std::shared_ptr<ObservedFamily> observed;

  const FamilySetup& setup() const noexcept { return observed ? observed->setup() : recorded.get()->setup(); }
  // Calls use(family), whichever it is.
  template <class Use>
  auto with(Use use) const {
    return observed ? use(*observed) : use(*recorded.get());
  }
};

}  // namespace

struct Registry::State {
  std::shared_ptr<detail::RegistryLedger> ledger = std::make_shared<detail::RegistryLedger>();
  RegistryOptions options;
  std::atomic<std::uint64_t> collections{0};
  std::int64_t made_ns = 0;
  std::atomic<bool> collecting{false};           // no mutex: a forked child could not free one that was held
  std::atomic<std::int64_t> looked_at_ns{0};     // monotonic: when expire() was last called for a follower

  std::mutex mutex;
  // guarded by mutex:
  std::map<std::string, AnyFamily> by_name;  // in lower case
  std::vector<AnyFamily> families;           // as they were declared
  detail::MeterNames names;
  std::map<const Follower*, std::uint64_t> followers;  // and the collection that each has seen

  // No lock of the registry is held while families work.
  std::vector<AnyFamily> all() {
    const std::shared_lock gate(detail::fork_gate());
    const std::lock_guard lock(mutex);
    return families;
  }
  Result<AnyFamily> declare(FamilySetup setup);
  Family dropped_family() const;
  void reset_after_fork() noexcept;
};

Result<AnyFamily> Registry::State::declare(FamilySetup setup) {
  AnyFamily made;
  {
    const std::shared_lock gate(detail::fork_gate());
    const std::lock_guard lock(mutex);
    std::string key = to_lower(setup.descriptor.name);
    if (const auto known = by_name.find(key); known != by_name.end()) {
      if (auto same = detail::check_same(known->second.setup(), setup); !same) return same.error();
      return known->second;
    }
    if (auto claimed = names.claim(setup.descriptor, setup.declared_at); !claimed) return claimed.error();
    if (setup.descriptor.observed)
      made.observed = std::make_shared<ObservedFamily>(std::move(setup), ledger);
    else
      made.recorded = FamilyRef(new FamilyCore(std::move(setup), ledger));
    families.push_back(made);
    by_name.emplace(std::move(key), made);
  }
  if (!made.observed && made.setup().labels.empty()) made.recorded.get()->declare({});
  return made;
}

// In a child the followers' threads are gone: none of them is waited for.
void Registry::State::reset_after_fork() noexcept {
  followers.clear();
  collecting.store(false, std::memory_order_relaxed);
  for (const AnyFamily& family : families) family.with([](auto& any) { any.reset_after_fork(); });
  for (auto& dropped : ledger->dropped) dropped.store(0, std::memory_order_relaxed);
  made_ns = to_unix_ns(ledger->clock->now());
}

Registry::Registry(RegistryOptions options, const Clock& clock) : state_(std::make_unique<State>()) {
  state_->ledger->max_series = options.max_series;
  state_->ledger->clock = &clock;
  state_->ledger->origin = make_origin(options);
  state_->options = std::move(options);
  state_->made_ns = to_unix_ns(clock.now());
  state_->names.reserve({"target_info", "target_info", "", "", Kind::Gauge});
  if (state_->options.collect_dropped) state_->names.reserve(descriptor_of(kTocsinDroppedMeasurementsTotal));
  detail::on_fork(this, [state = state_.get()] { state->reset_after_fork(); });
}

Registry::~Registry() {
  detail::forget_fork(this);
  state_->ledger->closed.store(true, std::memory_order_release);
}

Registry& Registry::global() {
  static Registry& only = *new Registry;
  return only;
}

template <class Instrument>
Result<Meter<Instrument>> Registry::declare(const MeterSpec& spec, Place place, const HistogramShape* shape) {
  auto setup = detail::set_up(spec, Instrument::kKind, Instrument::kNumberType, state_->options, place);
  if (!setup) return setup.error();
  if (shape != nullptr) {
    auto form = detail::form_of(*shape, setup->descriptor, place);
    if (!form) return form.error();
    setup->form = *std::move(form);
  }
  auto family = state_->declare(*std::move(setup));
  if (!family) return family.error();
  if constexpr (std::is_same_v<Instrument, Histogram>) {
    return Meter<Instrument>(family->recorded, {family->setup().form.get()});
  } else {
    return Meter<Instrument>(family->recorded, {});
  }
}

Result<Observation> Registry::observe(const MeterSpec& spec, Kind kind, Callback callback, Place place) {
  auto setup = detail::set_up(spec, kind, NumberType::Double, state_->options, place);
  if (!setup) return setup.error();
  setup->descriptor.observed = true;
  if (!callback)
    return Error{Fault::Configuration, std::string(place.file_name()) + ':' + std::to_string(place.line()) + ": meter \"" + spec.name +
                                           "\": an empty function cannot be asked for its values"};
  auto family = state_->declare(*std::move(setup));
  if (!family) return family.error();
  const std::shared_lock gate(detail::fork_gate());
  return Observation(family->observed->add(std::move(callback)));
}

Result<Observation> Registry::observable_counter(MeterSpec spec, Callback callback, Place place) {
  return observe(spec, Kind::Counter, std::move(callback), place);
}
Result<Observation> Registry::observable_up_down_counter(MeterSpec spec, Callback callback, Place place) {
  return observe(spec, Kind::UpDownCounter, std::move(callback), place);
}
Result<Observation> Registry::observable_gauge(MeterSpec spec, Callback callback, Place place) {
  return observe(spec, Kind::Gauge, std::move(callback), place);
}

Result<Meter<Histogram>> Registry::histogram(MeterSpec spec, HistogramShape shape, Place place) {
  return declare<Histogram>(spec, place, &shape);
}
Result<Meter<Histogram>> Registry::exponential_histogram(MeterSpec spec, Place place) {
  const HistogramShape shape{.bounds = {}, .native = true};
  return declare<Histogram>(spec, place, &shape);
}

Result<Meter<Counter>> Registry::counter(MeterSpec spec, Place place) { return declare<Counter>(spec, place); }
Result<Meter<DoubleCounter>> Registry::double_counter(MeterSpec spec, Place place) {
  return declare<DoubleCounter>(spec, place);
}
Result<Meter<UpDownCounter>> Registry::up_down_counter(MeterSpec spec, Place place) {
  return declare<UpDownCounter>(spec, place);
}
Result<Meter<DoubleUpDownCounter>> Registry::double_up_down_counter(MeterSpec spec, Place place) {
  return declare<DoubleUpDownCounter>(spec, place);
}
Result<Meter<Gauge>> Registry::gauge(MeterSpec spec, Place place) { return declare<Gauge>(spec, place); }
Result<Meter<IntegerGauge>> Registry::integer_gauge(MeterSpec spec, Place place) {
  return declare<IntegerGauge>(spec, place);
}

Family Registry::State::dropped_family() const {
  Family family;
  family.descriptor = std::make_shared<const Descriptor>(descriptor_of(kTocsinDroppedMeasurementsTotal));
  family.origin = ledger->origin;
  const std::string reason(label::kMeasurementReason);
  LabelSetTable table(std::vector<LabelColumn>{{reason, reason}});
  Scalars points{NumberType::Integer, {}};
  for (std::size_t i = 0; i < kDrops; ++i) {
    table.append(std::array{table.intern(0, kMeasurementReasonWords[i], LabelType::String)});
    points.bits.push_back(ledger->dropped[i].load(std::memory_order_relaxed));
  }
  family.labels = table.view();
  family.states.assign(kDrops, RowState::Live);
  family.start_ns.assign(kDrops, made_ns);
  family.points = std::move(points);
  return family;
}

namespace {

// One at a time: an observable's series that two collections asked for at once would seem to have ended in one of them.
class Turn {
 public:
  explicit Turn(std::atomic<bool>& taken) noexcept : taken_(taken) {
    while (taken_.exchange(true, std::memory_order_acquire)) taken_.wait(true, std::memory_order_relaxed);
  }
  ~Turn() {
    taken_.store(false, std::memory_order_release);
    taken_.notify_one();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  std::atomic<bool>& taken_;
};

}  // namespace

void Registry::collect(SnapshotBuilder& builder) {
  const Turn turn(state_->collecting);
  const std::uint64_t collection = state_->collections.load(std::memory_order_relaxed) + 1;
  for (const AnyFamily& family : state_->all()) family.with([&](auto& any) { any.collect(builder, collection); });
  if (state_->options.collect_dropped) builder.add(state_->dropped_family());
  state_->collections.store(collection, std::memory_order_release);
}

// What is observed ends when it is not observed any more.
void Registry::expire(std::chrono::nanoseconds idle) {
  const Time now = state_->ledger->clock->now();
  for (const AnyFamily& family : state_->all())
    if (!family.observed) family.recorded.get()->expire(now, idle);
}

class Registry::RowFollower final : public Follower {
 public:
  explicit RowFollower(Registry& registry) : registry_(registry), state_(*registry.state_) {
    const std::shared_lock gate(detail::fork_gate());
    const std::lock_guard lock(state_.mutex);
    state_.followers.emplace(this, registry_.collections());
  }
  ~RowFollower() override {
    const std::shared_lock gate(detail::fork_gate());
    const std::lock_guard lock(state_.mutex);
    state_.followers.erase(this);
  }
  RowFollower(const RowFollower&) = delete;
  RowFollower& operator=(const RowFollower&) = delete;

  void expire() override {
    next_ = registry_.collections() + 1;  // or a later one, where another collects in between
    const auto idle = std::chrono::nanoseconds(state_.options.idle_after);
    if (idle <= idle.zero()) return;
    const Clock& clock = *state_.ledger->clock;
    const std::int64_t now_ns = clock.monotonic().time_since_epoch().count();
    std::int64_t last_ns = state_.looked_at_ns.load(std::memory_order_relaxed);
    if (now_ns - last_ns < (idle / 60).count()) return;
    if (state_.looked_at_ns.compare_exchange_strong(last_ns, now_ns, std::memory_order_relaxed))
      registry_.expire(idle);
  }

  void seen() override {
    std::uint64_t by_all = next_;
    {
      const std::shared_lock gate(detail::fork_gate());
      const std::lock_guard lock(state_.mutex);
      if (const auto own = state_.followers.find(this); own != state_.followers.end()) own->second = next_;
      for (const auto& [follower, collection] : state_.followers) by_all = std::min(by_all, collection);
    }
    registry_.ended_rows_seen(by_all);
  }

 private:
  Registry& registry_;
  State& state_;
  std::uint64_t next_ = 0;  // the number of the first collection since expire()
};

std::unique_ptr<Follower> Registry::follow() { return std::make_unique<RowFollower>(*this); }

std::uint64_t Registry::collections() const noexcept { return state_->collections.load(std::memory_order_acquire); }

void Registry::ended_rows_seen(std::uint64_t collection) {
  for (const AnyFamily& family : state_->all()) family.with([&](auto& any) { any.release_ended(collection); });
}

std::vector<FamilyCardinality> Registry::top_cardinality(std::size_t count) {
  std::vector<FamilyCardinality> told;
  for (const AnyFamily& family : state_->all()) told.push_back(family.with([](auto& any) { return any.cardinality(); }));
  std::stable_sort(told.begin(), told.end(), [](const auto& a, const auto& b) { return a.series > b.series; });
  if (told.size() > count) told.resize(count);
  return told;
}

std::uint64_t Registry::dropped(Drop reason) const noexcept {
  return state_->ledger->dropped[static_cast<std::size_t>(reason)].load(std::memory_order_relaxed);
}

std::uint32_t Registry::series() const noexcept { return state_->ledger->series.load(std::memory_order_relaxed); }

}  // namespace tocsin::meters
