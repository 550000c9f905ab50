// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/alerting_report.h"
#include "agent/app.h"
#include "agent/config.h"
#include "agent/destinations.h"
#include "agent/export_config.h"
#include "agent/history.h"
#include "agent/host/host_meters.h"
#include "agent/intake.h"
#include "agent/latest_samples.h"
#include "agent/ledger.h"
#include "agent/log.h"
#include "agent/metric_points.h"
#include "agent/metric_writer.h"
#include "agent/pipeline.h"
#include "agent/provisioning/provisioning.h"
#include "agent/raw_hash.h"
#include "agent/receivers/otlp_metrics.h"
#include "agent/relabel.h"
#include "agent/relabel_toml.h"
#include "agent/rules/alerting.h"
#include "agent/sample_stream.h"
#include "agent/scrape_config.h"
#include "agent/self_report.h"
#include "agent/service_notifier.h"
#include "agent/store/data_lock.h"
#include "agent/store/replaced_file.h"
#include "agent/store/store.h"
#include "agent/text_file.h"
#include "agent/toml.h"
#include "agent/url_toml.h"
#include "meters/registry.h"
#include "rules/window_checkpoint.h"
#include "tests/examples/reader.h"

namespace tocsin::examples {

using namespace agent;
using namespace std::chrono_literals;
using meters::Kind;
using meters::Registry;
using meters::Snapshot;
using meters::Via;
using rules::BatchBuilder;

void alerting_report_example(Registry& registry, const Alerting& alerting) {
  AlertingReport report;
  auto started = report.start(registry, [&] { return alerting.state(); });
}

Result<void> app_example(const std::shared_ptr<const Config>& config, const std::shared_ptr<const Config>& new_config,
                         Log& log, const App::ReloadRequest& reload) {
  auto app = App::start(config, log, reload);
  if (!app) return app.error();
  if (auto reloaded = (*app)->reload(new_config); !reloaded) say(reloaded.error().message);
  (*app)->stop();
  return {};
}

void config_example(const ConfigOptions& options) {
  TomlFaults faults;
  Config config = load_config(options, faults);
}

void destinations_example(Pipeline& pipeline, Log& log, const Clock& clock, const Config& config,
                          std::string_view resource_spans) {
  Destinations destinations(pipeline, log, clock);
  destinations.apply(config.exports, 10s);
  bool taken = destinations.forward(resource_spans, 17);
  destinations.stop(10s);
}

void history_example(const Config& config, Log& log, const Clock& clock, Pipeline& pipeline) {
  History history(config, log, clock);
  history.start();
  pipeline.add_sink(history.window());
  auto view = history.window()->view();
  history.stop();
}

void host_meters_example(Registry& registry) {
  HostMeters host;
  auto started = host.start(registry, "/proc");
}

void intake_example(const Clock& clock, const MetricPoints& points, Pipeline& pipeline) {
  Intake intake({}, clock);
  Intake::Outcome outcome = intake.apply(points);
  pipeline.add(intake);
  pipeline.start(15s, [&](Time now) { intake.tick(now); },
                 [&](const Snapshot& seen) { intake.sinks_saw(seen.time); });
}

void latest_samples_example(BatchBuilder& builder, Intake& intake) {
  LatestSamples latest(Via::Scrape);
  intake.apply(latest.points(builder.batch()));
}

void ledger_example() {
  Ledger ledger("otlp");
  ledger.record({.accepted = 990, .rejected = {{"late", 10}}});
  Ledger::Totals totals = ledger.totals();
}

void log_example(const std::string& name, const Error& error) {
  Log log(LogOptions{});
  log.info("listening", {{"listener", "otlp/http"}, {"address", "127.0.0.1:4318"}});
  log.warning("export failed", {{"destination", name}, {"reason", error.message}});
}

Result<void> metric_points_example(std::string_view body, Intake& intake) {
  MetricPoints points;
  if (auto decoded = decode_otlp_metrics(body, points); !decoded) return decoded.error();
  intake.apply(points);
  return {};
}

void metric_writer_example(std::span<const double> bounds, Intake& intake) {
  MetricWriter writer(Via::Statsd, {{"service.name", "statsd"}});
  writer.meter({.name = "page.views", .kind = Kind::Counter});
  writer.add({{"page", "home"}}, 1.0);
  writer.meter({.name = "latency", .unit = "ms", .kind = Kind::Histogram, .bounds = bounds});
  writer.observe({{"page", "home"}}, 12.5, 10);
  Intake::Outcome outcome = intake.apply(writer.finish());
  writer.clear();
}

void pipeline_example(const Clock& clock, Registry& registry, const std::shared_ptr<meters::Sink>& destination,
                      Intake& intake) {
  Pipeline pipeline(clock);
  pipeline.add(registry);
  pipeline.add_sink(destination);
  pipeline.start(15s, [&](Time now) { intake.tick(now); }, {});
  auto snapshot = pipeline.snapshot(1s);
  pipeline.stop();
}

void provisioning_example(const std::filesystem::path& folder) {
  auto files = prometheus_files({.version = {3, 15}, .agents = {"127.0.0.1:9464"}});
  for (const ProvisionedFile& file : *files) write(folder / file.name, file.text);
}

void raw_hash_example(const PointHead& point) {
  RawHash hash = hash_raw(point.attributes);
}

void relabel_example(std::span<const RelabelRule> rules) {
  auto rule = RelabelRule::make({.source_labels = {"path"}, .regex = "/api/(.*)", .target_label = "route"});
  RelabelSet labels = {{"__name__", "x"}, {"path", "/api/items"}};
  if (!relabel(rules, labels)) return;
}

void relabel_toml_example(TomlTable& table, ScrapeConfig& config, std::vector<RelabelRule>& rules) {
  config.relabel = read_relabel(table, "relabel");
  rules = rules_of(config.relabel);
}

void sample_stream_example(rules::Window& window, Intake& intake, std::span<const BatchBuilder::Label> labels,
                           std::int64_t now_ms) {
  SampleStream stream(Via::Scrape, window, intake);
  stream.builder().add(stream.builder().place("up", labels), now_ms, 1);
  SampleStream::Outcome outcome = stream.flush();
}

void export_config_example(TomlTable& root) {
  std::vector<ExportConfig> exports = read_exports(root, {"127.0.0.1:4317"});
}

void scrape_config_example(const Config& config) {
  for (const ScrapeConfig& job : config.scrapes) use(job.name);
}

void self_report_example(Registry& registry, const SelfReport::Sources& from) {
  SelfReport report;
  auto started = report.start(registry, {.receivers = from.receivers, .destinations = from.destinations, .runtime = from.runtime});
}

void service_notifier_example() {
  ServiceNotifier notifier;
  notifier.ready("serving on 127.0.0.1:9464");
  if (notifier.watchdog_interval()) notifier.alive();
}

void data_lock_example(const std::string& data_dir) {
  auto lock = DataLock::take(data_dir);
}

void replaced_file_example(const std::string& data_dir, const std::string& path, const rules::WindowCheckpoint& checkpoint) {
  auto file = ReplacedFile::open(data_dir + "/window.checkpoint");
  if (auto saved = checkpoint.save(**file); !saved) say(saved.error().message);
  if (auto done = (*file)->commit(); !done) say(done.error().message);
  auto bytes = read_whole_file(path);
}

void store_example(const std::string& data_dir, Log& log, const Clock& clock, const rules::StateChange& change) {
  auto store = Store::open({.file = data_dir + "/state.db"}, log, clock);
  if (!store) say(store.error().message);
  (*store)->commit(change);
}

void toml_example(std::string_view text, HttpConfig& config) {
  TomlFaults faults;
  TomlTable root = parse_toml(text, "tocsin.toml", faults);
  TomlTable http = root.table("http");
  http.read("listen", config.listen);
  root.finish();
  if (!faults.empty()) print(faults);
}

void text_file_example(const std::string& folder, std::vector<Result<std::string>>& texts) {
  for (const std::string& path : files_at("rules/*.yml", folder)) texts.push_back(read_text_file(path, 16U << 20U));
}

void url_toml_example(TomlTable& table, HttpTargetConfig& config, Log& log) {
  read_url(table, "url", config.url);
  log.info("exporting", {{"endpoint", shown_url(config.url)}});
}

}  // namespace tocsin::examples
