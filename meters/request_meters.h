// SPDX-License-Identifier: Apache-2.0
// Request meters: requests counted, timed and watched in flight by one object each (the request convention).
//
//   RequestMeters meters = RequestMeters::make(Registry::global(), {.server_name = "shop", .dc = "eu1"}).value();
//   const RequestFunc items = meters.func("GET /items", {{"E42", Status::ServerError}});   // once; stands at zero
//   {
//     Request request(items);                       // in flight from here
//     if (!load()) return request.fail("E42", Status::ServerError);
//     request.succeed();
//   }                                               // gone without a mark: counted as unmarked
//
// The first mark counts and ends the measured time; later ones are ignored. Calls going out are the same by rely().
// Threads: all; one Request belongs to one thread at a time. Costs about 70 ns a request, of which two readings of the
// steady clock are 45; a code that was not declared costs two look-ups more.
#pragma once

#include <chrono>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "meters/base/source_place.h"
#include "meters/registry.h"
#include "meters/request_convention.h"

namespace tocsin::meters {

struct RequestCode {
  std::string_view ret;
  Status status;
};

namespace detail {
struct RequestSeries;
struct RequestFamilies;
}  // namespace detail

// The series of one func (and peer), bound. Copies share them; a default-made one records nowhere.
class RequestFunc {
 public:
  RequestFunc() noexcept = default;
  explicit RequestFunc(std::shared_ptr<const detail::RequestSeries> series) noexcept : series_(std::move(series)) {}

 private:
  friend class Request;
  std::shared_ptr<const detail::RequestSeries> series_;
};

class Request {
 public:
  // Requires: func outlives the request.
  explicit Request(const RequestFunc& func) noexcept;
  explicit Request(RequestFunc&&) = delete;
  ~Request();
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  // The trace this request belongs to, if it is sampled: becomes the exemplar of its latency bucket.
  void trace(const ExemplarContext& context) noexcept {
    context_ = context;
    traced_ = true;
  }
  void succeed() noexcept;
  // With Status::Ok it is a success, whatever `ret` says.
  void fail(std::string_view ret, Status status) noexcept;
  // By the code that is answered or was received: `ret` is the code where it is a failure, else "0".
  void finish_http(int code) noexcept;
  void finish_grpc(int code) noexcept;
  // Since it began; once it is finished, what was recorded: what a log line of the request should say.
  std::chrono::nanoseconds elapsed() const noexcept;

 private:
  bool mark() noexcept;

  const detail::RequestSeries* series_;  // null: nowhere
  std::chrono::steady_clock::time_point start_;
  std::chrono::nanoseconds took_{};
  bool marked_ = false, traced_ = false;
  ExemplarContext context_;
};

// Workflow nodes: executions and their time, by type; a node's name belongs in a trace.
class NodeExecution {
 public:
  explicit NodeExecution(const RequestFunc& node) noexcept : request_(node) {}
  explicit NodeExecution(RequestFunc&&) = delete;
  void succeed() noexcept { request_.succeed(); }
  void fail(Status status) noexcept { request_.fail({}, status); }
  std::chrono::nanoseconds elapsed() const noexcept { return request_.elapsed(); }

 private:
  Request request_;
};

struct LlmTokens {
  Counter prompt, completion;
};

class RequestMeters {
 public:
  struct Options {
    std::string server_name = {};
    // A label each where it is set, of requests and their times; not of what is in flight, of workflow nodes and of tokens.
    std::string dc = {}, server_host = {}, app_id = {};
  };

  // Errors: Fault::Configuration where server_name is empty or the meters are declared otherwise.
  static Result<RequestMeters> make(Registry& registry, Options options,
                                    SourcePlace place = SourcePlace::current());

  // Requests that this service answers; "ok" and the declared codes stand at zero from now on.
  RequestFunc func(std::string_view name, std::initializer_list<RequestCode> declared = {}) const;
  // Requests that it makes.
  RequestFunc rely(std::string_view peer, std::string_view name, std::initializer_list<RequestCode> declared = {}) const;
  // For NodeExecution.
  RequestFunc workflow_node(std::string_view workflow, std::string_view node_type) const;
  LlmTokens llm_tokens(std::string_view model) const;

 private:
  explicit RequestMeters(std::shared_ptr<const detail::RequestFamilies> families) : families_(std::move(families)) {}
  std::shared_ptr<const detail::RequestFamilies> families_;
};

}  // namespace tocsin::meters
