// SPDX-License-Identifier: Apache-2.0
#include "agent/api/page.h"

#include <algorithm>
#include <string>
#include <utility>

#include "agent/api/page_assets.h"
#include "agent/api/status.h"
#include "agent/version.h"
#include "wire/compression.h"
#include "wire/json_writer.h"

namespace tocsin::agent {
namespace {

constexpr std::size_t kLargestAsset = std::size_t{32} << 20;
// Styles may stand inline: the query box writes its own. Scripts may not.
constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

const PageAsset* find_asset(std::string_view path) {
  const auto assets = page_assets();
  const auto at = std::ranges::find(assets, path, &PageAsset::path);
  return at == assets.end() ? nullptr : &*at;
}

std::string_view type_of(std::string_view path) {
  if (path.ends_with(".html")) return "text/html; charset=utf-8";
  if (path.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (path.ends_with(".css")) return "text/css; charset=utf-8";
  if (path.ends_with(".json")) return "application/json";
  return "text/markdown; charset=utf-8";
}

// FNV-1a of the compressed bytes: a new build is a new tag.
std::string tag_of(std::string_view bytes) {
  std::uint64_t hash = 0xcbf2'9ce4'8422'2325;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100'0000'01b3;
  return '"' + std::to_string(hash) + '"';
}

void send_asset(std::string_view path, const wire::HttpRequest& request, wire::HttpResponder& responder) {
  const PageAsset* asset = find_asset(path);
  if (asset == nullptr) return responder.send_text(404, "no such file: " + std::string(path) + "\n");
  wire::HttpHeaders headers{{"Content-Type", std::string(type_of(path))}, {"Cache-Control", "no-cache"}, {"Vary", "Accept-Encoding"},
                            {"ETag", tag_of(asset->gzip)}, {"X-Content-Type-Options", "nosniff"}, {"Referrer-Policy", "no-referrer"}};
  if (path.ends_with(".html")) headers.add("Content-Security-Policy", kPolicy);
  if (request.headers.value("If-None-Match") == headers.value("ETag")) return responder.send(304, headers, "");
  if (request.headers.joined("Accept-Encoding").find("gzip") != std::string::npos) {
    headers.add("Content-Encoding", "gzip");
    return responder.send(200, headers, asset->gzip);
  }
  const auto plain = wire::gunzip(asset->gzip, kLargestAsset);
  if (!plain) return responder.send_text(500, plain.error().message + "\n");
  responder.send(200, headers, *plain);
}

constexpr std::string_view kOwn = "/dashboards/own/";

void send_own_board(OwnBoards& boards, std::string_view path, wire::HttpResponder& responder) {
  const std::string_view file = path.substr(kOwn.size());
  const auto text = boards.text(file.ends_with(".json") ? file.substr(0, file.size() - 5) : file);
  if (!text) return responder.send_text(404, text.error().message + "\n");
  responder.send(200, {{"Content-Type", "application/json"}, {"Cache-Control", "no-cache"}, {"X-Content-Type-Options", "nosniff"}}, *text);
}

void write_own(wire::JsonWriter& json, OwnBoards& boards) {
  const OwnBoards::Found found = boards.look();
  json.key("own");
  json.begin_array();
  for (const OwnBoard& board : found.boards) {
    json.begin_object();
    json.field("uid", board.uid);
    json.field("title", board.title);
    json.field("description", board.description);
    json.field("file", "own/" + board.uid + ".json");
    json.field("path", board.path);
    if (!board.fault.empty()) json.field("fault", board.fault);
    json.end();
  }
  json.end();
  json.key("unmatched");
  json.begin_array();
  for (const std::string& pattern : found.unmatched) json.value(pattern);
  json.end();
}

// {"version":...,"tickSeconds":...,"traceUrl":...,"own":[...],"unmatched":[...],"index":{"dashboards":[...],"runbooks":[...]}}: the index
// as the build wrote it, and what is so now.
void send_facts(const PageFacts& facts, OwnBoards& boards, wire::HttpResponder& responder) {
  const PageAsset* index = find_asset("/dashboards/index.json");
  const auto listed = wire::gunzip(index == nullptr ? std::string_view() : index->gzip, kLargestAsset);
  if (!listed) return responder.send_text(500, listed.error().message + "\n");
  std::string out;
  wire::JsonWriter json(out);
  json.begin_object();
  json.field("status", "success");
  json.key("data");
  json.begin_object();
  json.field("version", kVersion);
  json.field("tickSeconds", facts.tick_seconds());
  if (const std::string url = facts.trace_url ? facts.trace_url() : std::string(); !url.empty()) json.field("traceUrl", url);
  write_own(json, boards);
  json.key("index");
  json.raw(*listed);
  json.end();
  json.end();
  send_json(responder, 200, out);
}

}  // namespace

bool page_is_built() { return find_asset("/index.html") != nullptr; }

void add_page(Router& router, PageFacts facts, OwnBoards& boards) {
  router.get("/api/v1/status/page", [facts = std::move(facts), &boards](const auto&, auto& responder) { send_facts(facts, boards, responder); });
  router.get("/dashboards/*", [&boards](const auto& request, auto& responder) {
    if (request.path.starts_with(kOwn)) return send_own_board(boards, request.path, responder);
    send_asset(request.path, request, responder);
  });
  router.get("/api/v1/runbooks/*", [](const auto& request, auto& responder) {
    send_asset("/runbooks/" + request.path.substr(request.path.rfind('/') + 1) + ".md", request, responder);
  });
  if (!page_is_built()) return;
  for (const char* path : {"/page.css", "/page.js", "/chunk.js", "/explore.js"})
    router.get(path, [](const auto& request, auto& responder) { send_asset(request.path, request, responder); });
  for (const char* path : {"/", "/d/*", "/alerts", "/rules", "/explore", "/receivers", "/cardinality", "/configuration", "/runbooks", "/runbooks/*"})
    router.get(path, [](const auto& request, auto& responder) { send_asset("/index.html", request, responder); });
}

}  // namespace tocsin::agent
