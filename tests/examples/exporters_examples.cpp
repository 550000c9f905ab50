// SPDX-License-Identifier: Apache-2.0
#include <prometheus/exposer.h>
#include <prometheus/registry.h>

#include <chrono>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "agent/api/router.h"
#include "agent/pipeline.h"
#include "exporters/expose.h"
#include "exporters/exposition.h"
#include "exporters/negotiation.h"
#include "exporters/open_metrics.h"
#include "exporters/destination.h"
#include "exporters/otlp_encode.h"
#include "exporters/otlp_environment.h"
#include "exporters/otlp_grpc.h"
#include "exporters/transport.h"
#include "exporters/patterns.h"
#include "exporters/prometheus_cpp.h"
#include "exporters/prometheus_protobuf.h"
#include "exporters/prometheus_text.h"
#include "exporters/push.h"
#include "exporters/remote_write.h"
#include "exporters/scrape_handler.h"
#include "exporters/selector.h"
#include "meters/registry.h"
#include "tests/examples/reader.h"

namespace tocsin::examples {

using namespace exporters;
using namespace std::chrono_literals;
using meters::Registry;
using SnapshotPtr = std::shared_ptr<const meters::Snapshot>;

struct Socket {
  bool write(std::string_view block);
};

bool send(const std::string& body);

void expose_example(Registry& registry) {
  auto endpoint = tocsin::exporters::Expose::start(registry, {.listen = "127.0.0.1:9464"});
  if (!endpoint) log(endpoint.error().message);
}

void exposition_example(const SnapshotPtr& snapshot, Socket& socket) {
  ExpositionReport report = encode_text(*snapshot, {}, [&](std::string_view block) { return socket.write(block); });
  if (report.left_out() != 0) log(report.first_fault);
}

void negotiation_example(const wire::HttpHeaders& headers, wire::HttpResponder& responder,
                         const meters::Snapshot& snapshot, const BlockSink& sink) {
  Exposition choice = negotiate(headers.joined("Accept"), headers.joined("Accept-Encoding"));
  responder.begin(200, {{"Content-Type", choice.content_type}});
  encode(choice.format, snapshot, {.escaping = choice.escaping}, sink);
}

void open_metrics_example(const SnapshotPtr& snapshot, const BlockSink& sink) {
  encode_open_metrics(*snapshot, {}, sink);
}

void otlp_example(const SnapshotPtr& snapshot, std::string_view resource_spans) {
  auto destination = Destination::make({.name = "collector", .endpoint = "http://collector:4318"});
  (*destination)->accept(snapshot);
  (*destination)->forward_spans(resource_spans, 17);
  (*destination)->stop(10s);
}

void otlp_encode_example(const SnapshotPtr& snapshot, const SnapshotPtr& previous) {
  OtlpEncoder encoder({.temporality = OtlpTemporality::Delta});
  encoder.load({snapshot, previous});
  while (auto request = encoder.next()) if (send(request->body)) encoder.acknowledge(*request);
}

void metrics_encoder_example(MetricsEncoder& encoder, const SnapshotPtr& snapshot, const SnapshotPtr& previous) {
  encoder.load({snapshot, previous});
  while (auto request = encoder.next(SIZE_MAX)) if (send(request->body)) encoder.acknowledge(*request);
}

void remote_write_example(const DestinationOptions& options, const Clock& clock) {
  auto transport = make_remote_write_transport(options);
  auto destination = Destination::make(options, *std::move(transport), clock, make_remote_write_encoder({}));
}

void otlp_environment_example() {
  OtlpEnvironment environment = read_otlp_environment();
  for (const std::string& warning : environment.warnings) log(warning);
  if (environment.metrics) Destination::make(*environment.metrics);
}

void otlp_grpc_example(const DestinationOptions& options) {
  auto transport = make_grpc_transport(options);
  auto destination = Destination::make(options, *std::move(transport));
}

void otlp_transport_example(const DestinationOptions& options, const std::string& request) {
  auto transport = make_http_transport(options);
  auto body = std::make_shared<const std::string>((*transport)->prepare(Signal::Metrics, request));
  (*transport)->send(Signal::Metrics, body, 10s, [](wire::Verdict verdict) { use(verdict); });
}

void patterns_example() {
  auto pattern = compile_pattern("GET|POST");
  bool takes = (*pattern)("GET");
}

void prometheus_cpp_example(const std::shared_ptr<prometheus::Registry>& prometheus_registry, Registry& registry,
                            prometheus::Exposer& exposer) {
  PrometheusCppSource theirs(prometheus_registry);
  auto ours = as_collectable(registry);
  exposer.RegisterCollectable(ours);
}

void prometheus_protobuf_example(const SnapshotPtr& snapshot, const BlockSink& sink) {
  encode_protobuf(*snapshot, {}, sink);
}

void prometheus_text_example(const SnapshotPtr& snapshot, const BlockSink& sink) {
  encode_text(*snapshot, {}, sink);
}

void push_example() {
  auto push = Push::start(Registry::global());
  if (!push) std::cerr << push.error().message;
}

void scrape_handler_example(agent::Pipeline& pipeline, agent::Router& router) {
  ScrapeHandler scrape([&] { return pipeline.snapshot(1s); });
  router.get("/metrics", [&](const auto& request, auto& responder) { scrape.handle(request, responder); });
}

void selector_example(ExpositionOptions& options) {
  Result<Selector> up = parse_selector("up{job=\"shop\",code!=\"200\"}");
  SeriesFilter filter{{"go_goroutines"}, {*up}};
  options.filter = &filter;
}

}  // namespace tocsin::examples
