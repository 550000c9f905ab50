// SPDX-License-Identifier: Apache-2.0
// CompressedAnswers: a responder before another that compresses whole JSON answers as the client asks (gzip, zstd), as
// /metrics does. What is streamed, small or encoded already passes as it is.
//
//   CompressedAnswers answers(request, responder);
//   route->handler(request, answers);
//
// Threads: one request's. Costs a copy of the compressed body; gzip at 600 MB/s.
#pragma once

#include "wire/compression.h"
#include "wire/http_message.h"
#include "wire/media_type.h"

namespace tocsin::agent {

class CompressedAnswers final : public wire::HttpResponder {
 public:
  CompressedAnswers(const wire::HttpRequest& request, wire::HttpResponder& next) : request_(request), next_(next) {}

  void send(int status, const wire::HttpHeaders& headers, std::string_view body) override {
    const bool json = headers.value("Content-Type").starts_with("application/json");
    if (!json || headers.contains("Content-Encoding")) return next_.send(status, headers, body);
    wire::HttpHeaders fields = headers;
    fields.add("Vary", "Accept-Encoding");
    const auto encoding = wire::choose_encoding(request_.headers.joined("Accept-Encoding"), {wire::Encoding::Zstd, wire::Encoding::Gzip});
    if (encoding == wire::Encoding::Identity || body.size() < kLeastBytes) return next_.send(status, fields, body);
    fields.add("Content-Encoding", std::string(wire::encoding_name(encoding)));
    next_.send(status, fields, wire::compress(encoding, body));
  }
  bool begin(int status, const wire::HttpHeaders& headers) override { return next_.begin(status, headers); }
  bool write(std::string_view block) override { return next_.write(block); }
  void end() override { next_.end(); }

 private:
  static constexpr std::size_t kLeastBytes = 1024;  // less fits into one packet as it is

  const wire::HttpRequest& request_;
  wire::HttpResponder& next_;
};

}  // namespace tocsin::agent
