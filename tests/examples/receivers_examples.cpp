// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "agent/api/router.h"
#include "agent/config.h"
#include "agent/intake.h"
#include "agent/pipeline.h"
#include "agent/receivers/otlp.h"
#include "agent/receivers/otlp_metrics.h"
#include "agent/receivers/remote_write.h"
#include "agent/receivers/scrape.h"
#include "agent/receivers/scrape_series.h"
#include "agent/receivers/spans.h"
#include "agent/receivers/statsd.h"
#include "agent/receivers/statsd_line.h"
#include "agent/receivers/statsd_sockets.h"
#include "rules/window.h"
#include "tests/examples/reader.h"
#include "wire/grpc_server.h"
#include "wire/http_server.h"

namespace tocsin::examples {

using namespace agent;
using rules::Window;
using wire::GrpcServer;
using wire::HttpServer;

void reject(std::string_view why);
void take(std::string_view lines);

void otlp_example(Intake& intake, SpanReceiver& spans, const wire::HttpServerOptions& http_options) {
  OtlpReceiver receiver(intake, {});
  receiver.on_spans([&](std::string_view request) { return spans.accept(request); });
  HttpServer::start(http_options, [&](auto& request, auto& responder) { receiver.serve(request, responder); });
  GrpcServer::start({.methods = OtlpReceiver::grpc_methods()}, [&](auto& call) { return receiver.serve(call); });
}

Result<void> otlp_metrics_example(std::string_view body) {
  MetricPoints points;
  Result<void> decoded = decode_otlp_metrics(body, points);
  if (!decoded) return decoded.error();
  return {};
}

void remote_write_example(Window& window, Intake& intake, const Clock& clock, Router& router) {
  RemoteWriteReceiver receiver(window, intake, {}, clock);
  router.change("/api/v1/write", [&](auto& request, auto& responder) { receiver.serve(request, responder); });
}

void scrape_example(Window& window, Intake& intake, Log& log, const Clock& clock, const Pipeline& pipeline,
                    const Config& config) {
  ScrapeReceiver scrapes(window, intake, log, clock, [&] { return pipeline.next_tick(); });
  scrapes.apply(config.scrapes);
  for (const ScrapeTargetState& target : scrapes.targets()) use(target.url, target.up);
  scrapes.stop();
}

void scrape_series_example(const std::shared_ptr<const ScrapeRules>& rules, SampleStream& stream,
                           const wire::Exposition& exposition, std::int64_t now_ms, double seconds) {
  ScrapeSeries series(rules, {{"job", "shop"}, {"instance", "a:1"}}, stream);
  auto taken = series.take(exposition, now_ms);
  series.report(now_ms, taken.ok(), seconds, taken ? *taken : ScrapeCounts{});
  stream.flush();
}

void spans_example(traces::SpanMeters& span_meters, std::string_view request) {
  SpanReceiver receiver(span_meters, {.count = true, .app_id_attribute = ""});
  receiver.forward_to([&](std::string_view resource_spans, std::uint64_t spans) { use(resource_spans, spans); return true; });
  Result<Ledger::Account> account = receiver.accept(request);
}

void statsd_example(Intake& intake, const Clock& clock, Time now) {
  StatsdReceiver receiver(intake, {}, clock);
  receiver.take("requests:1|c|#env:prod\nlatency:12|ms");
  receiver.flush_sets(now);
}

void statsd_line_example(std::string_view text) {
  StatsdLine line;
  if (auto fault = parse_statsd_line(text, line); fault != StatsdFault::None) reject(to_text(fault));
  for (double value : line.values) use(value);
}

void statsd_sockets_example() {
  auto sockets = StatsdSockets::open({.udp_listen = "127.0.0.1:8125"}, [&](std::string_view lines) { take(lines); });
  (*sockets)->stop();
}

}  // namespace tocsin::examples
