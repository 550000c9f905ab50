// SPDX-License-Identifier: Apache-2.0
#include "agent/api/router.h"

#include <utility>

#include "agent/api/src/compressed_answers.h"

namespace tocsin::agent {

void Router::add(std::string path, Handler handler, std::string_view allow, bool changes) {
  routes_.insert_or_assign(std::move(path), Route{std::move(handler), allow, changes});
}

void Router::get(std::string path, Handler handler) { add(std::move(path), std::move(handler), "GET, HEAD", false); }
void Router::get_or_post(std::string path, Handler handler) {
  add(std::move(path), std::move(handler), "GET, HEAD, POST", false);
}
void Router::post(std::string path, Handler handler) { add(std::move(path), std::move(handler), "POST", false); }
void Router::change(std::string path, Handler handler) { add(std::move(path), std::move(handler), "POST, PUT", true); }

void Router::add_changing(std::string path, std::string_view methods, Handler handler) {
  add(std::move(path), std::move(handler), methods, true);
}

const Router::Route* Router::find(std::string_view path) const {
  if (const auto at = routes_.find(path); at != routes_.end()) return &at->second;
  for (auto slash = path.rfind('/'); slash != std::string_view::npos && slash > 0; slash = path.rfind('/', slash - 1))
    if (const auto at = routes_.find(std::string(path.substr(0, slash)) + "/*"); at != routes_.end()) return &at->second;
  return nullptr;
}

void Router::handle(const wire::HttpRequest& request, wire::HttpResponder& responder) const {
  const Route* route = find(request.path);
  if (route == nullptr) return responder.send_text(404, "no such path: " + request.path + "; / lists what is here\n");
  if ((", " + std::string(route->allow) + ',').find(", " + request.method + ',') == std::string::npos) {
    const std::string text = request.method + " is not allowed here, only " + std::string(route->allow) + "\n";
    return responder.send(405, {{"Allow", std::string(route->allow)}, {"Content-Type", "text/plain; charset=utf-8"}}, text);
  }
  if (route->changes && !request.is_read() && !request.peer_is_loopback && !request.authenticated)
    return responder.send_text(403, "only from this machine, or with credentials (see [http.access])\n");
  CompressedAnswers answers(request, responder);
  route->handler(request, answers);
}

}  // namespace tocsin::agent
