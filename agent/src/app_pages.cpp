// SPDX-License-Identifier: Apache-2.0
#include "agent/src/app_pages.h"

#include <array>
#include <string>
#include <utility>

#include "agent/version.h"

namespace tocsin::agent {

void send_readiness(const Readiness& readiness, wire::HttpResponder& responder) {
  if (readiness.ready) return responder.send_text(200, "tocsin is ready\n");
  std::string text = "tocsin is not ready:\n";
  for (const std::string& reason : readiness.reasons) text += "  " + reason + '\n';
  responder.send_text(503, text);
}

namespace {

constexpr auto kLinks = std::to_array<std::pair<const char*, const char*>>({
    {"/metrics", "everything, as Prometheus scrapes it"},
    {"/-/healthy", "the process answers"},
    {"/-/ready", "every receiver is up and delivery is not stuck"},
    {"/api/v1/status/receivers", "what was received, accepted, rejected and why"},
    {"/api/v1/status/exporters", "what was sent where, what waits, what was dropped and why"},
    {"/api/v1/status/notify", "who is told of alerts, what waits, what was given up and why"},
    {"/api/v1/status/cardinality", "the meters with the most series, and the label that makes them so many"},
    {"/api/v1/status/settings", "the configuration in force, without secrets"},
    {"/api/v1/status/ticks", "ticks, series, when it started"},
    {"/api/v1/status/tsdb", "what the history's series are made of"},
    {"/api/v1/status/buildinfo", "version"},
});

// Text that came from a configuration, in HTML.
std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '<') out += "&lt;";
    else if (c == '&') out += "&amp;";
    else out += c;
  }
  return out;
}

}  // namespace

void send_index(const std::vector<ListenerState>& listeners, wire::HttpResponder& responder) {
  std::string page =
      "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>tocsin</title><meta name=\"viewport\" "
      "content=\"width=device-width\"><style>body{font:16px/1.5 system-ui,sans-serif;max-width:50em;margin:2em auto;"
      "padding:0 1em}td{padding:.15em 1em .15em 0;vertical-align:top}.bad{color:#b00020}"
      "@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}a{color:#8ab4f8}.bad{color:#ff8a80}}</style>"
      "</head><body><h1>tocsin</h1><p>version ";
  page += kVersion;
  page += "</p><h2>Listening</h2><table>";
  for (const ListenerState& listener : listeners) {
    page += "<tr><td>" + listener.name + "</td><td>" + escaped(listener.address) + "</td><td" +
            (listener.fault.empty() ? ">serving" : " class=\"bad\">" + escaped(listener.fault)) + "</td></tr>";
  }
  page += "</table><h2>Pages</h2><table>";
  for (const auto& [path, purpose] : kLinks)
    page += std::string("<tr><td><a href=\"") + path + "\">" + path + "</a></td><td>" + purpose + "</td></tr>";
  page += "</table></body></html>\n";
  responder.send(200, {{"Content-Type", "text/html; charset=utf-8"},
                       {"Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"}}, page);
}

}  // namespace tocsin::agent
