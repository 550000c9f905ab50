// SPDX-License-Identifier: Apache-2.0
// Router: which path is answered by which function, and who may call it.
//
//   Router router;
//   router.get("/-/healthy", [](const auto&, auto& answer) { answer.send_text(200, "healthy\n"); });
//   router.change("/-/reload", reload);          // POST; only from loopback or with credentials
//   router.handle(request, responder);
//
// Unknown paths are 404, other methods 405 with Allow. Paths are exact; one that ends in '/' + '*' takes all below it. JSON
// answers are compressed as the client asks.
// Threads: add routes first, then handle() is thread-safe.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "wire/http_message.h"

namespace tocsin::agent {

class Router {
 public:
  using Handler = std::function<void(const wire::HttpRequest&, wire::HttpResponder&)>;

  void get(std::string path, Handler handler);          // GET and HEAD
  void get_or_post(std::string path, Handler handler);  // reading, but with long parameters
  void post(std::string path, Handler handler);
  void change(std::string path, Handler handler);       // POST or PUT that changes the agent
  // Methods of one path of which those that are not GET or HEAD change the agent: "GET, HEAD, DELETE".
  void add_changing(std::string path, std::string_view methods, Handler handler);

  void handle(const wire::HttpRequest& request, wire::HttpResponder& responder) const;

 private:
  struct Route {
    Handler handler;
    std::string_view allow;
    bool changes = false;
  };
  void add(std::string path, Handler handler, std::string_view allow, bool changes);
  const Route* find(std::string_view path) const;

  std::map<std::string, Route, std::less<>> routes_;
};

}  // namespace tocsin::agent
