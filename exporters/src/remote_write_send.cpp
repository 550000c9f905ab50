// SPDX-License-Identifier: Apache-2.0
// Remote write over HTTP. The one place that knows snappy's library.
#include <snappy.h>

#include "exporters/remote_write.h"
#include "exporters/src/send_answer.h"
#include "exporters/src/send_post.h"

namespace tocsin::exporters {

namespace {

wire::HttpHeaders headers_of(const DestinationOptions& options) {
  wire::HttpHeaders headers = own_headers(options);
  headers.add("Content-Type", "application/x-protobuf");
  headers.add("Content-Encoding", "snappy");
  headers.add("X-Prometheus-Remote-Write-Version", "0.1.0");
  return headers;
}

// The specification: what the receiver could not do now (429, 5xx) is sent again, what it will never take is not.
wire::Verdict judge_write(const wire::HttpReply& reply, Time now) {
  wire::Verdict verdict = judge(Signal::Metrics, reply, now);
  if (reply.status >= 500) verdict.kind = wire::Verdict::Kind::Retry;
  return verdict;
}

class RemoteWriteTransport final : public Transport {
 public:
  explicit RemoteWriteTransport(const DestinationOptions& options)
      : url_(options.endpoint), post_("remote-write", options.tls, headers_of(options)) {}

  std::string prepare(Signal, std::string request) override {
    std::string block;
    snappy::Compress(request.data(), request.size(), &block);
    return block;
  }

  void send(Signal, std::shared_ptr<const std::string> prepared, std::chrono::milliseconds timeout, Done done) override {
    post_.send(url_, *prepared, timeout, [done = std::move(done)](Result<wire::HttpReply> reply) {
      done(reply ? judge_write(*reply, SystemClock::instance().now()) : judge(reply.error()));
    });
  }

  void cancel() override { post_.cancel(); }

 private:
  const std::string url_;
  HttpPost post_;  // own synchronisation
};

}  // namespace

Result<std::unique_ptr<Transport>> make_remote_write_transport(const DestinationOptions& options) {
  if (auto good = check_url(options, options.endpoint); !good) return std::move(good).error();
  if (auto good = check_headers(options); !good) return std::move(good).error();
  std::unique_ptr<Transport> transport = std::make_unique<RemoteWriteTransport>(options);
  return transport;
}

}  // namespace tocsin::exporters
