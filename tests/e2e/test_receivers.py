# SPDX-License-Identifier: Apache-2.0
"""What real SDKs and StatsD clients send is on /metrics as it was recorded: names, units, labels, values, exemplars."""
import json
import re
import socket
import time

import pytest
import requests
from datadog.dogstatsd import DogStatsd
from opentelemetry.sdk.metrics import Counter, Histogram
from opentelemetry.sdk.metrics.export import AggregationTemporality
from opentelemetry.sdk.metrics.view import ExplicitBucketHistogramAggregation, ExponentialBucketHistogramAggregation
from opentelemetry.trace import SpanKind, Status, StatusCode

from harness.process import ROOT, free_port, wait_until
from harness.prometheus import target
from harness.senders import meter_provider, send_from_javascript, tracer_provider

OPEN_METRICS = "application/openmetrics-text;version=1.0.0"
EXAMPLES = ROOT / ".." / "shared" / "conformance" / "otlp-examples"
DELTA = {Counter: AggregationTemporality.DELTA, Histogram: AggregationTemporality.DELTA}
BOUNDS = ExplicitBucketHistogramAggregation([1, 5, 10])


def settled(agent, name, value, **labels):
    """Waits until a series has this value, which also says that what was sent before it has been taken."""
    return wait_until(lambda: agent.value(name, **labels) == value, 5, f"{name} {labels} is {value}")


def exemplars(agent, family, sample, **labels):
    """The exemplars of one sample name, as prometheus_client's OpenMetrics parser reads them."""
    return [one.exemplar for one in agent.families(OPEN_METRICS)[family].samples
            if one.name == sample and one.exemplar and labels.items() <= one.labels.items()]


@pytest.mark.parametrize("temporality", [None, DELTA], ids=["cumulative", "delta"])
@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_values_of_the_python_sdk_are_as_recorded(start_agent, protocol, temporality):
    agent = start_agent()
    with meter_provider(agent, protocol, preferred_temporality=temporality,
                        preferred_aggregation={Histogram: BOUNDS}) as provider:
        meter = provider.get_meter("io.shop", "1.2")
        orders = meter.create_counter("orders", unit="{order}", description="Orders taken")
        carts = meter.create_up_down_counter("open.carts", unit="{cart}")
        duration = meter.create_histogram("request.duration", unit="s")
        orders.add(5, {"kind": "book"})
        orders.add(1, {"kind": "toy"})
        carts.add(4)
        meter.create_gauge("temperature", unit="Cel").set(21.5)
        meter.create_counter("sent", unit="By").add(1024)
        duration.record(0.5)
        duration.record(3)
        assert provider.force_flush()
        # The second export of a delta is added to the first, that of a running sum stands in its place.
        orders.add(2, {"kind": "book"})
        carts.add(-1)
        duration.record(30)
    scope = {"job": "shop", "instance": "shop-1", "otel_scope_name": "io.shop", "otel_scope_version": "1.2"}
    settled(agent, "orders_total", 7, kind="book", **scope)
    settled(agent, "orders_total", 1, kind="toy", **scope)
    settled(agent, "open_carts", 3, **scope)
    settled(agent, "temperature_celsius", 21.5, **scope)
    settled(agent, "sent_bytes_total", 1024, **scope)
    settled(agent, "request_duration_seconds_count", 3, **scope)
    settled(agent, "request_duration_seconds_sum", 33.5, **scope)
    buckets = {labels["le"]: value for labels, value in agent.samples("request_duration_seconds_bucket", **scope)}
    assert {float(bound): value for bound, value in buckets.items()} == {1: 1, 5: 2, 10: 2, float("inf"): 3}
    families = agent.families(OPEN_METRICS)
    assert families["orders"].type == "counter" and families["orders"].documentation == "Orders taken"
    assert families["open_carts"].type == "gauge"
    assert families["request_duration_seconds"].type == "histogram"
    assert families["request_duration_seconds"].unit == "seconds"
    assert families["sent_bytes"].unit == "bytes"


@pytest.mark.parametrize("temporality", [None, DELTA], ids=["cumulative", "delta"])
def test_exponential_histograms_keep_count_and_sum(start_agent, temporality):
    agent = start_agent()
    with meter_provider(agent, "grpc", preferred_temporality=temporality,
                        preferred_aggregation={Histogram: ExponentialBucketHistogramAggregation()}) as provider:
        sizes = provider.get_meter("m").create_histogram("sizes", unit="By")
        for value in (1, 2, 4):
            sizes.record(value)
        assert provider.force_flush()
        for value in (0, 1000):
            sizes.record(value)
    settled(agent, "sizes_bytes_count", 5)
    settled(agent, "sizes_bytes_sum", 1007)
    settled(agent, "sizes_bytes_bucket", 5, le="+Inf")


def test_the_resource_becomes_job_instance_and_target_info(start_agent):
    agent = start_agent()
    with meter_provider(agent, attributes={"service.namespace": "prod", "host.name": "n1"}) as provider:
        provider.get_meter("m").create_counter("orders").add(5)
    settled(agent, "orders_total", 5, job="prod/shop", instance="shop-1")
    (labels, value), = agent.samples("target_info", job="prod/shop", instance="shop-1")
    assert value == 1 and labels["host_name"] == "n1"
    assert not agent.samples("orders_total", host_name="n1"), "only on target_info, unless promoted"


def test_names_are_kept_where_that_is_wanted_and_a_prometheus_that_knows_them_has_them(start_agent, start_prometheus):
    agent = start_agent({"otlp": {"translation_strategy": "NoTranslation"}})
    with meter_provider(agent, "http") as provider:
        provider.get_meter("io.shop").create_counter("http.requests", unit="{request}").add(3, {"http.route": "/"})
    prometheus = start_prometheus("3.15", scrape=[target(agent.url.removeprefix("http://"), honor_labels=True)])
    wait_until(lambda: prometheus.query('{"http.requests", "http.route"="/"}'), 20, "the name is Prometheus'")
    [(labels, value)] = prometheus.query('{"http.requests"}')
    assert value == 3 and labels["job"] == "shop"
    # Who knows no such names gets them written with underscores, and the agent's own queries take both.
    assert re.search(r'^http_requests\{.*http_route="/"\} 3$', agent.get("/metrics").text, re.M)
    answer = agent.get("/api/v1/query", params={"query": '{"http.requests", "http.route"="/"}'}).json()
    assert [one["value"][1] for one in answer["data"]["result"]] == ["3"]


def test_a_recording_within_a_sampled_span_has_its_exemplar(start_agent):
    agent = start_agent()
    with tracer_provider(agent) as tracers, meter_provider(agent, preferred_aggregation={Histogram: BOUNDS}) as provider:
        meter = provider.get_meter("m")
        with tracers.get_tracer("t").start_as_current_span("work") as span:
            meter.create_counter("orders").add(5)
            meter.create_histogram("took", unit="s").record(3)
        context = span.get_span_context()
    settled(agent, "took_seconds_count", 1)
    expected = {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}
    (counted,) = exemplars(agent, "orders", "orders_total")
    assert counted.labels == expected and counted.value == 5
    (recorded,) = exemplars(agent, "took_seconds", "took_seconds_bucket", le="5.0")
    assert recorded.labels == expected and recorded.value == 3


def test_spans_become_request_meters(start_agent):
    agent = start_agent()
    start = 1_000_000_000_000_000_000
    with tracer_provider(agent, "grpc") as provider:
        tracer = provider.get_tracer("t")

        def span(name, kind, microseconds, attributes, failed=False):
            one = tracer.start_span(name, kind=kind, attributes=attributes, start_time=start)
            if failed:
                one.set_status(Status(StatusCode.ERROR))
            one.end(start + microseconds * 1_000)
            return f"{one.get_span_context().trace_id:032x}"

        route = {"http.request.method": "POST", "http.route": "/orders/{id}"}
        ok = span("POST", SpanKind.SERVER, 1_500, {**route, "http.response.status_code": 200})
        span("POST", SpanKind.SERVER, 2_000, {**route, "http.response.status_code": 404})
        span("POST", SpanKind.SERVER, 3_000, {**route, "http.response.status_code": 503}, failed=True)
        span("inner", SpanKind.INTERNAL, 9_000, {})
        span("GET", SpanKind.CLIENT, 700, {"http.request.method": "GET", "http.response.status_code": 200,
                                           "server.address": "stock", "url.template": "/stock"})
    func = {"server_name": "shop", "func": "POST /orders/{id}"}
    settled(agent, "server_request_total", 3, **func)
    settled(agent, "server_request_total", 1, status="ok", **func)
    settled(agent, "server_request_total", 1, status="server_error", ret="503", **func)
    settled(agent, "server_request_total", 1, ret="404", **func)
    settled(agent, "server_request_time_microseconds_sum", 1_500, status="ok", **func)
    settled(agent, "server_request_time_microseconds_count", 3, **func)
    settled(agent, "rely_server_request_total", 1, status="ok")
    settled(agent, "rely_server_request_time_microseconds_sum", 700)
    assert not agent.samples("server_request_total", func="inner")
    found = exemplars(agent, "server_request_time_microseconds", "server_request_time_microseconds_bucket", status="ok")
    assert [one.labels["trace_id"] for one in found] == [ok]
    assert found[0].value == 1_500


def test_a_service_that_counts_its_requests_itself_is_not_counted_twice_whatever_is_promoted(start_agent):
    agent = start_agent({"otlp": {"promote": ["deployment.environment.name"]}})
    text = lambda key, value: {"key": key, "value": {"stringValue": value}}
    resource = {"attributes": [text("service.name", "shop"), text("service.instance.id", "a"), text("deployment.environment.name", "prod")]}
    now = time.time_ns()
    labels = [text("server_name", "shop"), text("func", "GET /"), text("status", "ok"), text("ret", "0")]
    point = {"attributes": labels, "startTimeUnixNano": str(now - 10**9), "timeUnixNano": str(now), "asInt": "5"}
    metric = {"name": "server_request_total", "sum": {"dataPoints": [point], "aggregationTemporality": 2, "isMonotonic": True}}
    spans = [{"name": "GET /", "kind": kind, "traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": f"b7ad6b716920333{kind}",
              "startTimeUnixNano": str(now - 2_000_000), "endTimeUnixNano": str(now)} for kind in (2, 3)]
    for path, body in (("metrics", {"resourceMetrics": [{"resource": resource, "scopeMetrics": [{"metrics": [metric]}]}]}),
                       ("traces", {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]})):
        requests.post(f"{agent.otlp_url}/v1/{path}", json=body, timeout=10).raise_for_status()
    settled(agent, "rely_server_request_total", 1, deployment_environment_name="prod")
    assert agent.value("server_request_total") == 5


@pytest.mark.parametrize("protocol", ["http/json", "http/protobuf", "grpc"])
def test_the_javascript_sdk_is_understood(start_agent, protocol):
    agent = start_agent()
    sent = send_from_javascript(agent, protocol, requests=10)
    assert sent == {"requests": 10, "failed": 2, "ok": 8}
    settled(agent, "orders_total", 8, job="checkout", outcome="ok")
    settled(agent, "orders_total", 2, job="checkout", outcome="failed")
    settled(agent, "order_duration_seconds_count", 10)
    assert agent.value("order_duration_seconds_sum") == pytest.approx(0.55)
    settled(agent, "server_request_total", 8, server_name="checkout", func="POST /orders", status="ok")
    settled(agent, "server_request_total", 2, server_name="checkout", func="POST /orders", status="server_error", ret="500")


def test_the_examples_of_the_specification(start_agent):
    if not EXAMPLES.exists():
        pytest.skip(f"no conformance data at {EXAMPLES}")
    agent = start_agent()

    def post(name, path):
        return requests.post(agent.otlp_url + path, data=(EXAMPLES / name).read_bytes(), timeout=10,
                             headers={"Content-Type": "application/json"})

    for name, path in (("metrics.json", "/v1/metrics"), ("trace.json", "/v1/traces")):
        answer = post(name, path)
        assert answer.status_code == 200 and answer.json() == {}
    settled(agent, "my_counter_total", 5, job="my.service", otel_scope_name="my.library")
    settled(agent, "my_gauge_ratio", 10)
    settled(agent, "my_histogram_count", 2)
    settled(agent, "my_exponential_histogram_count", 3)
    settled(agent, "server_request_time_microseconds_sum", 1_000_000, server_name="my.service", func="I'm a server span")
    answer = post("logs.json", "/v1/logs")
    assert answer.status_code == 501
    assert answer.json()["code"] == 12 and "logs" in answer.json()["message"], answer.text


def test_statsd_of_a_real_client(start_agent):
    agent = start_agent()
    client = DogStatsd(host="127.0.0.1", port=agent.statsd_port, disable_telemetry=True, disable_buffering=True,
                       constant_tags=["env:prod"])
    client.gauge("queue", 7)
    client.timing("lookup", 20)
    client.histogram("size", 3)
    client.distribution("weight", 4)
    for user in ("al", "bo", "al"):
        client.set("users", user)
    client.increment("hits", 3, tags=["path:/a"])
    settled(agent, "queue", 7, job="statsd", env="prod")
    settled(agent, "lookup_milliseconds_count", 1)
    settled(agent, "lookup_milliseconds_sum", 20)
    settled(agent, "size_count", 1)
    settled(agent, "weight_sum", 4)
    settled(agent, "users", 2)
    settled(agent, "hits_total", 3, path="/a", env="prod")
    # A rate is sent with what was sampled, and stands for all of it.
    agent.send_statsd("hits:1|c|@0.1|#path:/b", "queue:+2|g|#env:prod", "queue:-1|g|#env:prod")
    settled(agent, "hits_total", 10, path="/b")
    settled(agent, "queue", 8)


def test_malformed_statsd_is_counted_and_the_last_one_shown(start_agent):
    agent = start_agent()
    agent.send_statsd("good:1|c", "no value", "x:abc|c", "x:1|q", "x:1|c|@2", ":1|c", "good:1|c")
    settled(agent, "good_total", 2)
    settled(agent, "tocsin_receiver_rejected_total", 5, receiver="statsd")
    statsd = agent.status("receivers")["data"]["receivers"]["statsd"]
    assert (statsd["received"], statsd["accepted"]) == (7, 2)
    assert sum(statsd["rejected"].values()) == 5
    assert statsd["lastRejection"] == "no_name: :1|c", json.dumps(statsd)
    # What a later rejection for another reason does not hide.
    assert agent.status("receivers")["data"]["lastMalformedStatsdLine"] == "no_name: :1|c"


def test_statsd_over_a_unix_socket_and_tcp(start_agent, tmp_path):
    path, port = tmp_path / "statsd.sock", free_port()
    agent = start_agent({"statsd": {"unix_socket": path, "tcp_listen": f"127.0.0.1:{port}"}})
    # Packed, since a Unix socket holds ten datagrams and the client drops what does not fit.
    client = DogStatsd(socket_path=str(path), disable_telemetry=True, disable_buffering=False, constant_tags=["via:unix"])
    for _ in range(500):
        client.increment("hits")
    client.timing("lookup", 20)
    client.flush()
    settled(agent, "hits_total", 500, via="unix")
    settled(agent, "lookup_milliseconds_sum", 20, via="unix")

    lines = b"".join(b"hits:1|c|#via:tcp\n" for _ in range(5000))
    with socket.create_connection(("127.0.0.1", port), timeout=5) as stream:
        for first in range(0, len(lines), 1111):  # cut anywhere
            stream.sendall(lines[first:first + 1111])
        stream.sendall(b"nonsense\nhits:2|c|#via:tcp")  # the last line has no end
    settled(agent, "hits_total", 5002, via="tcp")
    statsd = agent.status("receivers")["data"]["receivers"]["statsd"]
    assert statsd["received"] == 500 + 1 + 5002 and statsd["accepted"] == statsd["received"] - 1
    names = {one["name"]: one["serving"] for one in agent.status("receivers")["data"]["listeners"]}
    assert names["statsd/unix"] and names["statsd/tcp"] and names["statsd/udp"]

    assert agent.stop() == 0
    assert not path.exists(), "the socket's file is taken away"
