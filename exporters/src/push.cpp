// SPDX-License-Identifier: Apache-2.0
#include "exporters/push.h"

#include <pthread.h>
#include <unistd.h>

#include <array>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

namespace tocsin::exporters {

namespace {

using std::chrono::nanoseconds;

std::string program_name() {
  std::array<char, 4096> path{};
  const ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size() - 1);
  const std::string name(path.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  return name.substr(name.rfind('/') + 1);
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data()) : std::string();
}

// What the SDK specification wants every resource to have, where nobody said otherwise.
meters::Attributes resource_of(meters::Attributes given, const meters::Attributes& environment) {
  const auto add = [&](const char* key, meters::AttributeValue value) {
    if (meters::find(given, key) != nullptr) return;
    given.push_back({key, std::move(value)});
    normalize(given);
  };
  normalize(given);
  for (const meters::Attribute& attribute : environment) add(attribute.key.c_str(), attribute.value);
  const std::string program = program_name(), host = host_name();
  const auto pid = static_cast<std::int64_t>(::getpid());
  add("service.name", program.empty() ? "unknown_service" : "unknown_service:" + program);
  add("service.instance.id", (host.empty() ? "" : host + ":") + std::to_string(pid));
  add("process.pid", pid);
  if (!host.empty()) add("host.name", host);
  add("telemetry.sdk.name", "tocsin");
  add("telemetry.sdk.language", "cpp");
  return given;
}

}  // namespace

class Push::Loop {
 public:
  Loop(meters::Source& source, std::unique_ptr<Destination> destination, nanoseconds interval,
       nanoseconds stop_timeout, std::vector<std::string> warnings)
      : source_(source),
        follower_(destination ? source.follow() : nullptr),
        destination_(std::move(destination)),
        interval_(interval),
        stop_timeout_(stop_timeout),
        warnings_(std::move(warnings)) {
    if (destination_) thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }

  bool flush(nanoseconds deadline) {
    if (is_child()) return false;
    if (!destination_) return true;
    return collect() && destination_->flush(deadline);
  }

  void stop() {
    if (!destination_ || is_child()) return;
    const std::lock_guard stopping(stop_mutex_);
    if (!thread_.joinable()) return;
    thread_.request_stop();
    thread_.join();
    collect();
    destination_->stop(stop_timeout_);
  }

  // A forked child has this object but none of its threads: there is nothing to join.
  bool is_child() const noexcept { return ::getpid() != pid_; }
  bool enabled() const noexcept { return destination_ != nullptr && !is_child(); }
  DestinationStats stats() const {
    DestinationStats stats = destination_ ? destination_->stats() : DestinationStats{};
    const std::lock_guard lock(collect_mutex_);
    if (!collect_fault_.empty()) stats.last_error = collect_fault_;
    return stats;
  }
  const std::vector<std::string>& warnings() const noexcept { return warnings_; }

 private:
  void run(const std::stop_token& stop) {
    pthread_setname_np(pthread_self(), "push");
    Monotonic next = SystemClock::instance().monotonic() + interval_;
    std::unique_lock lock(wait_mutex_);
    while (!stop.stop_requested()) {
      // What it returns says nothing of a stop that comes in between.
      wake_.wait_until(lock, stop, next, [] { return false; });
      if (stop.stop_requested()) return;
      lock.unlock();
      collect();
      // One that was late is not made up for.
      next = std::max(next + interval_, SystemClock::instance().monotonic());
      lock.lock();
    }
  }

  // False where the source threw: this collection is left out, and the service lives.
  bool collect() {
    const std::lock_guard lock(collect_mutex_);
    try {
      if (follower_) follower_->expire();
      meters::SnapshotBuilder builder(SystemClock::instance().now());
      source_.collect(builder);
      destination_->accept(std::move(builder).finish(++sequence_));
      if (follower_) follower_->seen();
      collect_fault_.clear();
    } catch (const std::exception& error) {
      collect_fault_ = std::string("the source threw: ") + error.what();
    } catch (...) {
      collect_fault_ = "the source threw";
    }
    return collect_fault_.empty();
  }

  // Fixed after construction.
  const pid_t pid_ = ::getpid();
  meters::Source& source_;
  const std::unique_ptr<meters::Follower> follower_;  // null: the source needs none
  const std::unique_ptr<Destination> destination_;  // null: disabled
  const nanoseconds interval_, stop_timeout_;
  const std::vector<std::string> warnings_;

  std::mutex stop_mutex_;
  mutable std::mutex collect_mutex_;
  // guarded by collect_mutex_
  std::uint64_t sequence_ = 0;
  std::string collect_fault_;  // of the last collection

  std::mutex wait_mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;
};

Result<std::unique_ptr<Push>> Push::start(meters::Source& source, PushOptions options) {
  OtlpEnvironment environment = read_otlp_environment(options.environment, false);
  std::optional<DestinationOptions> wanted = std::move(options.destination);
  if (!wanted) wanted = environment.metrics;
  if (environment.disabled) wanted.reset();
  std::unique_ptr<Destination> destination;
  nanoseconds interval{0};
  if (wanted) {
    wanted->spans = false;
    if (wanted->protocol == OtlpProtocol::Grpc)
      return Error{Fault::Configuration, "export \"" + wanted->name + "\": there is no gRPC in this program: use http/protobuf"};
    for (meters::Attribute& attribute : options.resource) wanted->encode.resource_attributes.push_back(std::move(attribute));
    wanted->encode.resource_attributes = resource_of(std::move(wanted->encode.resource_attributes), environment.resource);
    // The timer is here: each collection is to be taken.
    interval = std::exchange(wanted->interval, nanoseconds{1});
    if (interval <= nanoseconds{0})
      return Error{Fault::Configuration, "export \"" + wanted->name + "\": interval must be longer than zero"};
    auto made = Destination::make(*std::move(wanted));
    if (!made) return std::move(made).error();
    destination = *std::move(made);
  }
  return std::unique_ptr<Push>(new Push(std::make_unique<Loop>(source, std::move(destination), interval,
                                                               options.stop_timeout, std::move(environment.warnings))));
}

Push::Push(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}

Push::~Push() {
  loop_->stop();
  // Destroying threads that do not exist here would wait for ever.
  if (loop_->is_child()) (void)loop_.release();
}

bool Push::flush(nanoseconds deadline) { return loop_->flush(deadline); }
void Push::stop() { loop_->stop(); }
bool Push::enabled() const noexcept { return loop_->enabled(); }
DestinationStats Push::stats() const { return loop_->stats(); }
const std::vector<std::string>& Push::warnings() const noexcept { return loop_->warnings(); }

}  // namespace tocsin::exporters
