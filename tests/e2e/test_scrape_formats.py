# SPDX-License-Identifier: Apache-2.0
"""What was sent by OTLP is scraped in every format by real Prometheus servers, which return what was recorded: values,
buckets, native histograms, exemplars and start times. promtool and prometheus_client judge the texts."""
import time

import pytest
import requests
from harness.otlp import REQUESTS, decompress
from harness.peers import promtool
from harness.process import wait_until
from harness.prometheus import target

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
CUMULATIVE = 2
OPEN_METRICS = "application/openmetrics-text;version=1.0.0"
PROTOBUF = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"


def attribute(pairs, key, text):
    pair = pairs.add()
    pair.key = key
    pair.value.string_value = text


def exemplar(point, value, now):
    one = point.exemplars.add()
    one.as_double = value
    one.time_unix_nano = now
    one.trace_id, one.span_id = bytes.fromhex(TRACE), bytes.fromhex(SPAN)


class Sender:
    """Sends the same five meters again and again, each time a step further."""

    def __init__(self, agent):
        self.agent = agent
        self.start = time.time_ns() - 1_000_000_000
        self.step = 0

    def send(self):
        self.step += 1
        message = REQUESTS["metrics"]()
        resource = message.resource_metrics.add()
        for key, text in (("service.name", "shop"), ("service.namespace", "prod"), ("service.instance.id", "pod-1"),
                          ("host.name", "n1")):
            attribute(resource.resource.attributes, key, text)
        scope = resource.scope_metrics.add()
        scope.scope.name, scope.scope.version = "io.shop", "1.2"
        self.now = time.time_ns()
        self.add_counter(scope)
        self.add_gauge(scope)
        self.add_histogram(scope)
        self.add_exponential_histogram(scope)
        self.add_summary(scope)
        answer = requests.post(self.agent.otlp_url + "/v1/metrics", data=message.SerializeToString(),
                               headers={"Content-Type": "application/x-protobuf"}, timeout=10)
        assert answer.status_code == 200, answer.text
        assert not answer.content, answer.content

    def point(self, points, **values):
        point = points.data_points.add(time_unix_nano=self.now, start_time_unix_nano=self.start, **values)
        attribute(point.attributes, "http.route", 'GET "/items"\\\n')
        return point

    def add_counter(self, scope):
        metric = scope.metrics.add(name="http.requests", unit="{request}", description="Requests\nserved.")
        metric.sum.aggregation_temporality, metric.sum.is_monotonic = CUMULATIVE, True
        exemplar(self.point(metric.sum, as_int=10 * self.step), 1, self.now)

    def add_gauge(self, scope):
        self.point(scope.metrics.add(name="queue.fill", unit="1", description="Fill.").gauge, as_double=0.25)

    def add_histogram(self, scope):
        metric = scope.metrics.add(name="http.duration", unit="s", description="Time.")
        metric.histogram.aggregation_temporality = CUMULATIVE
        n = self.step
        point = self.point(metric.histogram, count=6 * n, sum=7.5 * n, explicit_bounds=[0.1, 1, 5e6],
                           bucket_counts=[n, 2 * n, 3 * n, 0])
        exemplar(point, 0.5, self.now)

    def add_exponential_histogram(self, scope):
        metric = scope.metrics.add(name="http.size", unit="By", description="Size.")
        metric.exponential_histogram.aggregation_temporality = CUMULATIVE
        n = self.step
        point = self.point(metric.exponential_histogram, count=8 * n, sum=9.5 * n, scale=1, zero_count=n)
        # Scale 1: base sqrt(2). Bucket 2 is (2, 2.83], bucket 3 is (2.83, 4].
        point.positive.offset = 2
        point.positive.bucket_counts.extend([3 * n, 4 * n])
        exemplar(point, 3.5, self.now)

    def add_summary(self, scope):
        metric = scope.metrics.add(name="gc.pause", unit="s", description="Pause.")
        point = self.point(metric.summary, count=self.step, sum=0.5 * self.step)
        point.quantile_values.add(quantile=0.5, value=0.25)


@pytest.fixture
def sender(start_agent):
    sender = Sender(start_agent())
    sender.send()
    wait_until(lambda: sender.agent.value("http_requests_total") == 10, 10)
    return sender


def test_promtool_finds_nothing(sender):
    done = promtool("2.42", "check", "metrics", standard_input=sender.agent.metrics_text())
    assert [line for line in done.stdout.splitlines() + done.stderr.splitlines() if "use base unit" not in line] == []


def test_open_metrics_is_read_by_the_reference_parser(sender):
    families = sender.agent.families(OPEN_METRICS)
    requests_family = families["http_requests"]
    assert requests_family.type == "counter" and requests_family.documentation == "Requests\nserved."
    sample = next(s for s in requests_family.samples if s.name == "http_requests_total")
    assert sample.value == 10
    assert sample.labels == {"http_route": 'GET "/items"\\\n', "job": "prod/shop", "instance": "pod-1",
                             "otel_scope_name": "io.shop", "otel_scope_version": "1.2"}
    assert sample.exemplar.labels == {"trace_id": TRACE, "span_id": SPAN}
    assert families["http_duration_seconds"].unit == "seconds"
    bounds = [s.labels["le"] for s in families["http_duration_seconds"].samples if s.name.endswith("_bucket")]
    assert bounds == ["0.1", "1.0", "5e+06", "+Inf"]
    assert families["target"].type == "info"


def sent_lines(text):
    """Of a scrape, the lines of what was sent: what the agent says of itself changes from one to the next."""
    return [line for line in text.splitlines() if 'job="prod/shop"' in line]


def test_compression_head_and_filters(sender):
    plain = sender.agent.metrics_text(OPEN_METRICS + ",*/*;q=0.1")
    head = requests.head(sender.agent.url + "/metrics", timeout=10)
    assert head.status_code == 200 and not head.content
    received = sent_lines(plain)
    assert len(received) > 10
    for encoding in ("gzip", "zstd"):
        asked = {"Accept": OPEN_METRICS, "Accept-Encoding": encoding}
        answer = sender.agent.get("/metrics", headers=asked, stream=True)
        assert answer.headers["Content-Encoding"] == encoding
        assert answer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
        packed = answer.raw.read(decode_content=False)
        unpacked = decompress(packed, encoding).decode()
        assert sent_lines(unpacked) == received and unpacked.endswith("# EOF\n")
        assert len(packed) < len(unpacked) / 3
    assert plain.endswith("# EOF\n")
    only = sender.agent.get("/metrics", params={"name[]": "queue_fill_ratio", "match[]": '{__name__=~"gc_.+",job="prod/shop"}'})
    assert {line.split("{")[0] for line in only.text.splitlines() if not line.startswith("#")} == {
        "queue_fill_ratio", "gc_pause_seconds", "gc_pause_seconds_sum", "gc_pause_seconds_count"}
    bad = sender.agent.get("/metrics", params={"match[]": "up{a="})
    assert bad.status_code == 400 and "character 6" in bad.text


SCRAPES = {
    "2.42-open-metrics": ("2.42", {}, ["--enable-feature=exemplar-storage"], {"exemplars"}),
    "2.42-protobuf": ("2.42", {}, ["--enable-feature=exemplar-storage,native-histograms"], {"exemplars", "native"}),
    "3.15-text": ("3.15", {"scrape_protocols": ["PrometheusText0.0.4"]}, [], set()),
    "3.15-text-1": ("3.15", {"scrape_protocols": ["PrometheusText1.0.0"]}, [], set()),
    "3.15-open-metrics": ("3.15", {"scrape_protocols": ["OpenMetricsText1.0.0"]}, ["--enable-feature=exemplar-storage"],
                          {"exemplars"}),
    "3.15-protobuf": ("3.15", {"scrape_protocols": ["PrometheusProto"], "scrape_native_histograms": True,
                               "always_scrape_classic_histograms": True},
                      ["--enable-feature=exemplar-storage,created-timestamp-zero-ingestion"],
                      {"exemplars", "native", "start times"}),
}


@pytest.mark.parametrize("how", SCRAPES)
def test_prometheus_returns_what_was_recorded(sender, start_prometheus, how):
    version, more, flags, has = SCRAPES[how]
    prometheus = start_prometheus(version, scrape=[target(sender.agent.url.removeprefix("http://"), honor_labels=True, **more)],
                                  flags=flags)
    wait_until(lambda: prometheus.value('http_requests_total{job="prod/shop"}') == 10, 20)
    sender.send()
    wait_until(lambda: prometheus.value("http_requests_total") == 20, 20)

    [(labels, _)] = prometheus.query("http_requests_total")
    assert labels["http_route"] == 'GET "/items"\\\n' and labels["instance"] == "pod-1"
    assert labels["otel_scope_name"] == "io.shop" and labels["otel_scope_version"] == "1.2"
    assert prometheus.value("queue_fill_ratio") == 0.25
    assert prometheus.value('gc_pause_seconds{quantile="0.5"}') == 0.25
    assert prometheus.value("gc_pause_seconds_count") == 2
    assert prometheus.value('target_info{host_name="n1"}') == 1
    buckets = {float(row["le"]): value for row, value in prometheus.query("http_duration_seconds_bucket")}
    assert buckets == {0.1: 2, 1: 6, 5e6: 12, float("inf"): 12}
    assert prometheus.value("http_duration_seconds_sum") == 15
    if "native" in has:
        histogram = prometheus.value("http_size_bytes")
        assert histogram["count"] == "16" and histogram["sum"] == "19"
        assert [bucket[3] for bucket in histogram["buckets"]] == ["2", "6", "8"]
        assert float(histogram["buckets"][2][2]) == pytest.approx(4)
    else:
        assert prometheus.value("http_size_bytes_count") == 16
        assert prometheus.value("http_size_bytes_sum") == 19
    if "exemplars" in has:
        found = {row["seriesLabels"]["__name__"]: row["exemplars"][-1]["labels"]
                 for row in prometheus.exemplars('{job="prod/shop"}', sender.start / 1e9, time.time() + 1)}
        sized = "http_size_bytes" if "native" in has else "http_size_bytes_bucket"
        for name in ("http_requests_total", "http_duration_seconds_bucket", sized):
            assert found[name] == {"trace_id": TRACE, "span_id": SPAN}, found
    if "start times" in has:
        # The first sample is a zero at the sender's start, one second before the first point.
        first = prometheus.api("query", query="http_requests_total[5m]")["result"][0]["values"][0]
        assert first[1] == "0" and abs(first[0] - sender.start / 1e9) < 0.01
