// SPDX-License-Identifier: Apache-2.0
// An HttpResponder that keeps what was answered, and requests as a listener would hand them on.
#pragma once

#include <string>
#include <utility>

#include "agent/api/router.h"
#include "wire/http_message.h"

namespace tocsin::agent {

class Answer final : public wire::HttpResponder {
 public:
  void send(int code, const wire::HttpHeaders& fields, std::string_view text) override {
    status = code;
    headers = fields;
    body = text;
  }
  bool begin(int code, const wire::HttpHeaders& fields) override {
    status = code;
    headers = fields;
    return true;
  }
  bool write(std::string_view block) override {
    body += block;
    return true;
  }
  void end() override {}

  int status = 0;
  wire::HttpHeaders headers;
  std::string body;
};

inline wire::HttpRequest request_of(std::string method, std::string path, std::string_view query = {}) {
  wire::HttpRequest request;
  request.method = std::move(method);
  request.path = std::move(path);
  request.query = wire::parse_query(query);
  request.peer_is_loopback = true;
  return request;
}

inline Answer answer_of(const Router& router, const wire::HttpRequest& request) {
  Answer answer;
  router.handle(request, answer);
  return answer;
}

}  // namespace tocsin::agent
