// SPDX-License-Identifier: Apache-2.0
#include "agent/receivers/scrape.h"

#include <algorithm>

#include "agent/receivers/src/scrape_beat.h"
#include "agent/receivers/src/scrape_target.h"
#include "meters/base/text.h"

namespace tocsin::agent {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;
// A beat that is late by less keeps its time: samples at even distances are smaller in memory.
constexpr std::int64_t kBeatToleranceMs = 2;
constexpr std::size_t kKeptBodyBytes = std::size_t{4} << 20;

std::string_view failure_word(Fault fault) noexcept {
  switch (fault) {
    case Fault::TooLarge: return "too_large";
    case Fault::Unsupported: return "unsupported";
    case Fault::Input: return "malformed";
    default: return "unreachable";
  }
}

}  // namespace

class ScrapeReceiver::Target {
 public:
  Target(std::shared_ptr<const ScrapeRules> with, ScrapeTarget of, rules::Window& window, Intake& intake)
      : who(std::move(of)), stream(meters::Via::Scrape, window, intake), series(with, who.labels, stream), rules(std::move(with)) {}

  const ScrapeTarget who;

  // The scrape thread's.
  SampleStream stream;
  ScrapeSeries series;
  std::int64_t last_ms = 0;

  // Guarded by the receiver's mutex.
  std::shared_ptr<const ScrapeRules> rules;
  ScrapeTargetState state;
  Monotonic due{};
  std::uint64_t place = 0;  // by which targets are spread, the same after every restart
  bool asking = false, gone = false;
};

struct ScrapeReceiver::Done {
  std::shared_ptr<Target> target;
  Result<wire::HttpReply> reply;
  std::int64_t time_ms = 0;
  nanoseconds took{0};
};

ScrapeReceiver::ScrapeReceiver(rules::Window& window, Intake& intake, Log& log, const Clock& clock,
                               std::function<Beat()> next_tick)
    : window_(window), intake_(intake), log_(log), clock_(clock), next_tick_(std::move(next_tick)),
      client_({.thread_name = "scrape-http", .max_connections_per_host = 64}) {}

ScrapeReceiver::~ScrapeReceiver() { stop(); }

void ScrapeReceiver::stop() {
  thread_.request_stop();
  client_.stop();
  if (thread_.joinable()) thread_.join();
}

std::vector<std::shared_ptr<ScrapeReceiver::Target>> ScrapeReceiver::make_targets(const ScrapeConfig& job) {
  std::vector<std::shared_ptr<Target>> targets;
  const auto rules = ScrapeRules::make(job);
  for (const std::string& address : job.targets) {
    auto who = make_scrape_target(*rules, address);
    if (!who) {
      log_.error("scrape target", {{"job", job.name}, {"target", address}, {"error", who.error().message}});
      continue;
    }
    // One that is the same after relabelling is asked once, as with Prometheus.
    const bool again = !who->dropped && std::any_of(targets.begin(), targets.end(), [&](const auto& one) {
      return !one->who.dropped && one->who.url == who->url && one->who.labels == who->labels;
    });
    if (again) continue;
    auto target = std::make_shared<Target>(rules, std::move(*who), window_, intake_);
    ScrapeTargetState& state = target->state;
    state.job = job.name;
    state.url = target->who.url;
    state.discovered = target->who.discovered;
    state.labels = target->who.labels;
    state.dropped = target->who.dropped;
    state.interval = job.interval;
    state.timeout = job.timeout;
    target->place = std::hash<std::string>()(job.name + '\0' + target->who.url);
    const std::int64_t interval = job.interval.count(), into = to_unix_ns(clock_.now()) % interval;
    const auto offset = static_cast<std::int64_t>(target->place % static_cast<std::uint64_t>(interval));
    target->due = beat_about(clock_.monotonic() + nanoseconds((offset - into + interval) % interval), *target, job, next_tick());
    targets.push_back(std::move(target));
  }
  return targets;
}

Monotonic ScrapeReceiver::beat_about(Monotonic when, const Target& target, const ScrapeConfig& job, const Beat& tick) {
  return agent::beat_about(when, {target.place, job.targets.size(), job.interval}, tick);
}

Beat ScrapeReceiver::next_tick() const { return next_tick_ ? next_tick_() : Beat{}; }

// A target that is asked at the same place, with the same labels, goes on by the rules of the new one.
void ScrapeReceiver::keep_same(std::vector<std::shared_ptr<Target>>& targets, std::vector<std::shared_ptr<Target>>& before) {
  for (auto& target : targets) {
    const auto same = std::find_if(before.begin(), before.end(), [&](const auto& one) {
      return one->who.url == target->who.url && one->who.labels == target->who.labels && one->who.dropped == target->who.dropped;
    });
    if (same == before.end()) continue;
    const std::shared_ptr<Target> kept = std::move(*same);
    before.erase(same);
    kept->rules = target->rules;
    kept->state.discovered = target->state.discovered;
    if (kept->state.interval != target->state.interval) kept->due = target->due;
    kept->state.interval = target->state.interval;
    kept->state.timeout = target->state.timeout;
    target = kept;
  }
}

void ScrapeReceiver::apply(const std::vector<ScrapeConfig>& jobs) {
  Jobs next, before;
  {
    const std::lock_guard lock(mutex_);
    before = std::move(jobs_);
    jobs_.clear();
  }
  for (const ScrapeConfig& job : jobs) {
    const auto same = std::find_if(before.begin(), before.end(), [&](const auto& one) { return one.first == job; });
    next.emplace_back(job, same == before.end() ? make_targets(job) : std::move(same->second));
    if (same != before.end()) before.erase(same);
  }
  {
    const std::lock_guard lock(mutex_);
    for (auto& [job, targets] : next) {
      const auto changed = std::find_if(before.begin(), before.end(), [&](const auto& one) { return one.first.name == job.name; });
      if (changed != before.end()) keep_same(targets, changed->second);
    }
    for (auto& [job, targets] : before)
      for (auto& target : targets) target->gone = true, gone_.push_back(std::move(target));
    jobs_ = std::move(next);
    ++changes_;
  }
  wake_.notify_all();
  if (!jobs.empty() && !thread_.joinable()) thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

std::shared_ptr<const ScrapeRules> ScrapeReceiver::rules_of(const Target& target) const {
  const std::lock_guard lock(mutex_);
  return target.rules;
}

void ScrapeReceiver::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    lock.unlock();
    const Beat tick = next_tick();
    lock.lock();
    if (!gone_.empty()) {
      const auto target = std::move(gone_.front());
      gone_.pop_front();
      lock.unlock();
      // The last scrape may stand at a beat that is a little ahead of the clock.
      target->series.end(std::max(to_unix_ns(clock_.now()) / kNsPerMs, target->last_ms + 1));
      flush(*target);
      lock.lock();
      continue;
    }
    if (!done_.empty()) {
      Done done = std::move(done_.front());
      done_.pop_front();
      lock.unlock();
      take(std::move(done));
      lock.lock();
      continue;
    }
    std::vector<std::shared_ptr<Target>> due;
    const Monotonic now = clock_.monotonic();
    Monotonic next = now + std::chrono::seconds(60);
    for (auto& [job, targets] : jobs_)
      for (auto& target : targets) {
        if (target->state.dropped) continue;
        if (target->due <= now) {
          const auto beats = (now - target->due) / job.interval;
          target->due = beat_about(target->due + (beats + 1) * job.interval, *target, job, tick);
          stats_.skipped += static_cast<std::uint64_t>(beats) + (target->asking ? 1 : 0);
          if (!target->asking) due.push_back(target);
          target->asking = true;
        }
        next = std::min(next, target->due);
      }
    if (!due.empty()) {
      lock.unlock();
      for (const auto& target : due) ask(target);
      lock.lock();
      continue;
    }
    wake_.wait_for(lock, stop, next - now, [this, before = changes_] {
      return !done_.empty() || !gone_.empty() || changes_ != before;
    });
  }
}

void ScrapeReceiver::ask(const std::shared_ptr<Target>& target) {
  const Monotonic begin = clock_.monotonic();
  std::int64_t time_ms = to_unix_ns(clock_.now()) / kNsPerMs;
  const auto rules = rules_of(*target);
  const std::int64_t beat = target->last_ms + duration_cast<milliseconds>(rules->config.interval).count();
  if (std::abs(time_ms - beat) <= kBeatToleranceMs) time_ms = beat;
  target->last_ms = time_ms;
  const auto finish = [this, target, time_ms, begin](Result<wire::HttpReply> reply) {
    {
      const std::lock_guard lock(mutex_);
      done_.push_back({target, std::move(reply), time_ms, clock_.monotonic() - begin});
    }
    wake_.notify_all();
  };
  auto call = make_scrape_call(rules->config, target->who.url);
  if (!call) return finish(call.error());
  client_.send(std::move(*call), finish);
}

Result<void> ScrapeReceiver::read(Target& target, const Done& done, ScrapeCounts& counts) {
  if (!done.reply) return done.reply.error();
  const auto rules = rules_of(target);
  const ScrapeConfig& config = rules->config;
  target.series.use(rules);
  auto body = scrape_body(config, *done.reply, body_);
  if (!body) return body.error();
  const auto format = wire::exposition_format(done.reply->headers.value("Content-Type"));
  if (!format) return format.error();
  {
    const std::lock_guard lock(mutex_);
    stats_.bytes += body->size();
  }
  if (auto parsed = wire::parse_exposition(*format, *body, exposition_, {.syntax_only = !config.strict_openmetrics}); !parsed) {
    counts = target.series.count(exposition_);
    return parsed;
  }
  const auto taken = target.series.take(exposition_, done.time_ms, &counts);
  return taken ? Result<void>() : taken.error();
}

void ScrapeReceiver::take(Done done) {
  Target& target = *done.target;
  {
    const std::lock_guard lock(mutex_);
    target.asking = false;
    if (target.gone) return;
  }
  ScrapeCounts counts;
  const auto taken = read(target, done, counts);
  if (!taken) {
    target.series.fail(done.time_ms);
    ledger_.record_failed_request(failure_word(taken.error().fault), target.who.url + ": " + taken.error().message);
  }
  const double seconds = std::chrono::duration<double>(done.took).count();
  target.series.report(done.time_ms, taken.ok(), seconds, counts);
  flush(target, counts.ahead);
  note(target, done, taken, counts, seconds);
  exposition_.clear();
  if (body_.capacity() > kKeptBodyBytes) body_ = {};
}

void ScrapeReceiver::note(Target& target, const Done& done, const Result<void>& taken, const ScrapeCounts& counts, double seconds) {
  bool turned = false;
  {
    const std::lock_guard lock(mutex_);
    ScrapeTargetState& state = target.state;
    turned = taken ? !state.last_error.empty() : state.last_error.empty();
    state.asked = true;
    state.up = taken.ok();
    state.last_error = taken ? std::string() : taken.error().message;
    state.last_scrape = from_unix_ns(done.time_ms * kNsPerMs);
    state.last_duration = done.took;
    state.last = counts;
    ++state.scrapes;
    ++stats_.scrapes;
    stats_.seconds += seconds;
    if (!taken) ++state.failed, ++stats_.failed;
  }
  // Once a change: a target that is down for a day is not 5,000 lines.
  if (turned && taken) log_.info("scrape target is back", {{"job", target.state.job}, {"url", target.who.url}});
  if (turned && !taken)
    log_.warning("scrape failed", {{"job", target.state.job}, {"url", target.who.url}, {"error", taken.error().message}});
}

void ScrapeReceiver::flush(Target& target, std::uint64_t ahead) {
  const SampleStream::Outcome outcome = target.stream.flush();
  Ledger::Entry entry;
  const auto reject = [&entry](std::string_view reason, std::uint64_t count) {
    if (count != 0) entry.rejected.emplace_back(reason, count);
  };
  reject("out_of_order", outcome.window.not_newer);
  reject("too_old", outcome.window.too_old);
  reject("no_room", outcome.window.refused);
  reject("repeated", outcome.window.repeated);
  std::uint64_t rejected = 0;
  for (const auto& [reason, count] : entry.rejected) rejected += count;
  entry.accepted = outcome.samples - std::min(outcome.samples, rejected);
  reject("ahead", ahead);
  rejected += ahead;
  ledger_.record(entry, rejected == 0 ? std::string() : target.who.url + ": samples that the history does not take");
}

std::vector<ScrapeTargetState> ScrapeReceiver::targets() const {
  const std::lock_guard lock(mutex_);
  std::vector<ScrapeTargetState> all;
  for (const auto& [job, targets] : jobs_)
    for (const auto& target : targets) all.push_back(target->state);
  return all;
}

ScrapeReceiverStats ScrapeReceiver::stats() const {
  const std::lock_guard lock(mutex_);
  ScrapeReceiverStats out = stats_;
  for (const auto& [job, targets] : jobs_)
    for (const auto& target : targets) {
      if (target->state.dropped) continue;
      ++out.targets;
      if (target->state.up) ++out.up;
    }
  return out;
}

}  // namespace tocsin::agent
