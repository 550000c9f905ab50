// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/src/demo_service.h"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <queue>
#include <thread>
#include <utility>
#include <vector>

#include "agent/commands/src/demo_reporting.h"

namespace tocsin::agent {

using namespace std::chrono_literals;
using meters::Status;

namespace {

class Service final : public DemoService {
 public:
  Service(std::string name, DemoServiceOptions options, DemoLedger& ledger, std::unique_ptr<DemoReporting> reporting)
      : name_(std::move(name)),
        options_(std::move(options)),
        of_(fleet_service(options_.plan.service)),
        ledger_(ledger),
        reporting_(std::move(reporting)) {
    worker_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
    sender_ = std::jthread([this](const std::stop_token& stop) { send(stop); });
  }
  ~Service() override { Service::stop(0s); }

  const std::string& name() const override { return name_; }
  std::string fault() const override { return reporting_->fault(); }

  void stop(std::chrono::nanoseconds deadline) override {
    if (!worker_.joinable()) return;
    worker_.request_stop();
    worker_.join();
    sender_.request_stop();
    sender_.join();
    reporting_->send({});
    reporting_->stop(deadline);
  }

 private:
  struct InFlight {
    Monotonic due, began;
    Time start;
    DemoWork work;
    DemoMeasured measured;
    bool operator>(const InFlight& other) const { return due > other.due; }
  };

  void work(const std::stop_token& stop);
  void begin(const DemoRequest& request, Monotonic now);
  void begin(const DemoWork& work, Monotonic now);
  void finish(InFlight work);
  void send(const std::stop_token& stop);

  const std::string name_;
  const DemoServiceOptions options_;
  const FleetService& of_;
  DemoLedger& ledger_;
  const std::unique_ptr<DemoReporting> reporting_;
  const SystemClock& clock_ = SystemClock::instance();

  // Of the worker.
  std::priority_queue<InFlight, std::vector<InFlight>, std::greater<>> in_flight_;

  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread worker_, sender_;
};

void Service::work(const std::stop_token& stop) {
  DemoPlan plan(options_.plan);
  const Monotonic start = options_.began, here = clock_.monotonic();
  DemoRequest next = plan.next();
  while (start + next.at < here) next = plan.next();
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const Monotonic begins = start + next.at;
    const Monotonic wanted = in_flight_.empty() ? begins : std::min(begins, in_flight_.top().due);
    wake_.wait_until(lock, stop, wanted, [&] { return clock_.monotonic() >= wanted; });
    const Monotonic now = clock_.monotonic();
    while (!in_flight_.empty() && in_flight_.top().due <= now) {
      finish(in_flight_.top());
      in_flight_.pop();
    }
    for (; start + next.at <= now; next = plan.next()) begin(next, now);
  }
  for (; !in_flight_.empty(); in_flight_.pop()) {
    InFlight work = in_flight_.top();
    work.work.status = Status::Cancelled;
    work.work.ret = kRetCancelled;
    finish(std::move(work));
  }
}

void Service::begin(const DemoRequest& request, Monotonic now) {
  begin(request.work, now);
  for (const DemoWork& work : request.inside) begin(work, now);
  if (!request.tokens) return;
  reporting_->used(*request.tokens);
  ledger_.used(of_, name_, *request.tokens);
}

void Service::begin(const DemoWork& work, Monotonic now) {
  in_flight_.push({now + work.duration, now, clock_.now(), work, reporting_->begin(work)});
}

void Service::finish(InFlight work) {
  const auto took = clock_.monotonic() - work.began;
  const auto reported = reporting_->finished(work.work, work.measured, work.start, took);
  ledger_.finished(of_, name_, work.work, reported);
}

void Service::send(const std::stop_token& stop) {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  while (!stop.stop_requested()) {
    reporting_->send(stop);
    wake_.wait_for(lock, stop, kDemoSendEvery, [] { return false; });
  }
}

}  // namespace

Result<std::unique_ptr<DemoService>> DemoService::start(DemoServiceOptions options, DemoLedger& ledger) {
  const FleetService& of = fleet_service(options.plan.service);
  const std::string name = of.name.empty() ? "service-" + std::to_string(options.plan.service + 1) : std::string(of.name);
  std::unique_ptr<DemoReporting> reporting;
  if (options.spans_only) {
    reporting = demo_spans(of, name, options.endpoint, options.plan.seed);
  } else {
    auto made = demo_meters(of, name, options.endpoint);
    if (!made) return made.error();
    reporting = std::move(*made);
  }
  return std::unique_ptr<DemoService>(std::make_unique<Service>(name, std::move(options), ledger, std::move(reporting)));
}

}  // namespace tocsin::agent
