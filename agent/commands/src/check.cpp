// SPDX-License-Identifier: Apache-2.0
#include "agent/check/check.h"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "agent/commands/arguments.h"
#include "agent/commands/commands.h"
#include "agent/check/seen_series.h"
#include "agent/commands/src/agent_call.h"
#include "agent/text_file.h"
#include "wire/json_writer.h"

namespace tocsin::agent {

namespace {

constexpr std::size_t kMostBytes = 32U << 20U;

std::size_t findings_of(const std::vector<CheckedFile>& checked, bool warnings) {
  std::size_t all = 0;
  for (const CheckedFile& file : checked)
    all += static_cast<std::size_t>(std::count_if(file.findings.begin(), file.findings.end(), [&](const Finding& one) { return warnings || !one.warning; }));
  return all;
}

void print_json(const std::vector<CheckedFile>& checked) {
  std::string out;
  wire::JsonWriter json(out);
  json.begin_object();
  json.key("files");
  json.begin_array();
  for (const CheckedFile& file : checked) {
    json.begin_object();
    json.field("file", file.name);
    json.field("kind", to_text(file.kind));
    if (!file.note.empty()) json.field("note", file.note);
    json.key("findings");
    json.begin_array();
    for (const Finding& finding : file.findings) {
      json.begin_object();
      json.field("file", finding.file);
      json.field("line", finding.line);
      json.field("column", finding.column);
      json.field("severity", finding.warning ? "warning" : "error");
      json.field("message", finding.message);
      json.end();
    }
    json.end();
    json.end();
  }
  json.end();
  json.field("findings", findings_of(checked, true));
  json.end();
  std::printf("%s\n", out.c_str());
}

void print_lines(const std::vector<CheckedFile>& checked) {
  for (const CheckedFile& file : checked) {
    for (const Finding& finding : file.findings) std::printf("%s\n", finding.text().c_str());
    if (file.findings.empty())
      std::printf("%s: %s, %s\n", file.name.c_str(), std::string(to_text(file.kind)).c_str(),
                  file.note.empty() ? "in order" : file.note.c_str());
  }
}

// What an agent has, by a scrape of its endpoint; the URL is its address, or the endpoint's.
Result<std::vector<KnownSeries>> ask(AgentAddress agent) {
  while (agent.url->ends_with('/')) agent.url->pop_back();
  if (agent.url->ends_with("/metrics")) agent.url->erase(agent.url->size() - std::string_view("/metrics").size());
  wire::HttpCall call;
  call.headers.add("Accept", "text/plain;version=0.0.4");
  const auto reply = ask_agent(agent, "/metrics", std::move(call));
  if (!reply) return reply.error();
  if (!reply->success()) return no_answer_of_the_api(agent, *reply);
  return series_of_exposition(reply->headers.value("Content-Type"), reply->body);
}

}  // namespace

int check_command(Words words) {
  std::vector<std::string> names;
  bool json = false, strict = false;
  Arguments arguments("check",
                      "Reads files without starting anything and tells every fault at once, with its place. Exit status 1 where "
                      "there is one. Of rule files what promtool refuses is a fault, and what it lets pass a warning.");
  arguments.rest("FILE...", "configuration, catalogues, rule files, dashboards; which is which is told by the content", names);
  CheckOptions options;
  arguments.texts("label", "NAME", "a label that any series may have, by relabelling or of outside; may be repeated", options.labels);
  arguments.flag("unshown", "tells also of tocsin's own meters that no panel of the files shows", options.unshown);
  bool only_given = false;
  AgentAddress agent;
  arguments.text("agent", "URL", "an agent: tells also of what queries read that it does not have now", agent.url);
  agent.credentials(arguments);
  arguments.flag("only-given", "knows the meters of the catalogues given alone, not tocsin's own", only_given);
  arguments.flag("strict", "warnings are faults: exit status 1", strict);
  arguments.flag("json", "prints findings as JSON", json);
  const auto parsed = arguments.parse(words);
  if (parsed && !*parsed) return std::fputs(arguments.help().c_str(), stdout), kExitOk;
  if (!parsed || names.empty()) {
    std::fprintf(stderr, "tocsin check: %s\n\n%s", parsed ? "name the files" : parsed.error().message.c_str(),
                 arguments.help().c_str());
    return kExitMisuse;
  }
  options.shipped = !only_given;
  if (agent.url) {
    auto seen = ask(agent);
    if (!seen) {
      std::fprintf(stderr, "tocsin check: --agent: %s\n", seen.error().message.c_str());
      return kExitMisuse;
    }
    options.seen = *std::move(seen);
  }
  std::vector<GivenFile> files;
  bool unread = false;
  for (const std::string& name : names) {
    auto text = read_text_file(name, kMostBytes);
    if (text) {
      files.push_back({name, *std::move(text)});
    } else {
      std::fprintf(stderr, "tocsin check: %s\n", text.error().message.c_str());
      unread = true;
    }
  }
  const std::vector<CheckedFile> checked = check_files(files, options);
  json ? print_json(checked) : print_lines(checked);
  if (unread) return kExitMisuse;
  return findings_of(checked, strict) == 0 ? kExitOk : kExitFindings;
}

}  // namespace tocsin::agent
