// SPDX-License-Identifier: Apache-2.0
// HttpPost: the one request that a transport over HTTP has on its way, and its cancelling.
// Threads: send() and cancel() from any one.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "exporters/destination.h"
#include "wire/http_client.h"

namespace tocsin::exporters {

class HttpPost {
 public:
  HttpPost(const std::string& thread_name, wire::HttpClientTls tls, wire::HttpHeaders headers)
      : tls_(std::move(tls)), headers_(std::move(headers)), client_({.thread_name = thread_name, .max_connections_per_host = 1}) {}

  void send(const std::string& url, const std::string& body, std::chrono::milliseconds timeout, wire::HttpClient::Done done) {
    wire::HttpCall call;
    call.method = "POST";
    call.url = url;
    call.headers = headers_;
    call.body = body;
    call.timeout = timeout;
    call.tls = tls_;
    // The number is only known after send(), when the call may be over already; cancelling it then does nothing.
    const auto id = client_.send(std::move(call), std::move(done));
    const std::lock_guard lock(mutex_);
    last_ = id;
  }

  void cancel() {
    wire::HttpClient::CallId id = 0;
    {
      const std::lock_guard lock(mutex_);
      id = last_;
    }
    client_.cancel(id);
  }

 private:
  // Fixed after construction.
  const wire::HttpClientTls tls_;
  const wire::HttpHeaders headers_;

  std::mutex mutex_;
  wire::HttpClient::CallId last_ = 0;  // guarded by mutex_

  wire::HttpClient client_;  // own synchronisation
};

// The headers of the options, and who we are.
wire::HttpHeaders own_headers(const DestinationOptions& options);
// Errors: Configuration, where a header of the options is one that the protocol itself sets.
Result<void> check_headers(const DestinationOptions& options);
// Errors: Configuration, where it is not a URL that can be called, with what may have been meant.
Result<void> check_url(const DestinationOptions& options, const std::string& url);

}  // namespace tocsin::exporters
