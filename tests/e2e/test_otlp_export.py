# SPDX-License-Identifier: Apache-2.0
"""The agent pushes by OTLP: to a real Collector, to a real Prometheus (by remote write, too), and to a destination that fails in
every way."""
import contextlib
import types

import grpc
import pytest
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricExporter, MetricExportResult, PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View

from harness import otlp
from harness.destination import HANG, OK, RESET, Answer, unavailable
from harness.exports import DROPS, destination_state, export_to, ledger, settled, write_to
from harness.grpc_destination import GrpcAnswer
from harness.process import free_port, wait_until
from harness.senders import meter_provider, resource, tracer_provider

def record(provider, scale=1):
    """One of each instrument; the values grow with each call."""
    meter = provider.get_meter("shop.meter", "1.2", attributes={"tier": "gold"})
    orders = meter.create_counter("orders", unit="{order}", description="Orders taken.")
    orders.add(3 * scale, {"kind": "book", "express": True, "shelf": 7, "weight": 0.5})
    orders.add(4 * scale, {"kind": "map"})
    meter.create_up_down_counter("open.orders").add(-2 * scale)
    meter.create_gauge("temperature", unit="Cel").set(21.5 + scale)
    latency = meter.create_histogram("latency", unit="ms", explicit_bucket_boundaries_advisory=[1, 10, 100])
    size = meter.create_histogram("size", unit="By")
    for value in (0.5, 5, 5, 50, 500):
        latency.record(value * 1.0, {"kind": "book"})
        size.record(value * scale)


class SameToAll(MetricExporter):
    """Sends each collection to several receivers, so that what they have can be compared to the nanosecond."""

    def __init__(self, urls):
        super().__init__()
        self._exporters = [OTLPMetricExporter(endpoint=f"{url}/v1/metrics") for url in urls]

    def export(self, metrics_data, timeout_millis=10_000, **_):
        results = [exporter.export(metrics_data, timeout_millis) for exporter in self._exporters]
        return MetricExportResult.SUCCESS if set(results) == {MetricExportResult.SUCCESS} else MetricExportResult.FAILURE

    def force_flush(self, timeout_millis=10_000):
        return True

    def shutdown(self, timeout_millis=10_000, **_):
        for exporter in self._exporters:
            exporter.shutdown()


@contextlib.contextmanager
def sender_to(*urls):
    """An SDK whose "size" has exponential buckets; it sends when flushed, and at its end."""
    views = [View(instrument_name="size", aggregation=ExponentialBucketHistogramAggregation())]
    reader = PeriodicExportingMetricReader(SameToAll(urls), export_interval_millis=3_600_000)
    provider = MeterProvider([reader], resource(), shutdown_on_exit=False, views=views)
    try:
        yield provider
    finally:
        provider.shutdown(10_000)


def comparable(point):
    """All of a point that must come through unchanged."""
    data = point.point
    kept = {"kind": point.kind, "unit": point.metric.unit, "description": point.metric.description, "scope": point.scope,
            "attributes": point.attributes, "time": data.time_unix_nano, "start": data.start_time_unix_nano,
            "value": point.value}
    if point.kind == "gauge":
        kept["start"] = 0  # a gauge has no beginning
    if point.kind == "sum":
        kept["sum"] = (point.metric.sum.is_monotonic, point.metric.sum.aggregation_temporality)
    if point.kind == "histogram":
        kept["buckets"] = (list(data.bucket_counts), list(data.explicit_bounds), data.sum, data.min, data.max)
    if point.kind == "exponential_histogram":
        kept["buckets"] = (data.scale, data.zero_count, data.positive.offset, trimmed(data.positive.bucket_counts), data.sum,
                           data.min, data.max)
    return kept


def trimmed(counts):
    counts = list(counts)
    while counts and counts[-1] == 0:
        counts.pop()
    return counts


def latest_points(destination, resource="shop"):
    """The last point of each series of a sender, by name and attributes."""
    latest = {}
    for point in destination.points():
        if point.resource.get("service.name") == resource:
            latest[point.name, tuple(sorted((key, str(value)) for key, value in point.attributes.items()))] = point
    return latest


@pytest.mark.parametrize("protocol", ("grpc", "http/protobuf", "http/json"))
def test_a_collector_gets_every_value_also_after_it_was_killed(start_agent, start_collector, start_destination, protocol):
    direct, behind = start_destination(name="direct"), start_destination(name="behind")
    collector = start_collector(forward_to=behind)
    endpoint = f"http://{collector.grpc_target}" if protocol == "grpc" else collector.otlp_url
    agent = start_agent({"export": [export_to(endpoint, protocol=protocol, compression="gzip")]})

    # The SDK sends the same to the agent and, to compare with, straight to a destination.
    with sender_to(agent.otlp_url, direct.url) as provider:
        record(provider)
        provider.force_flush()
        behind.wait_for(lambda d: d.latest("orders", kind="book") == 3, what="the first values are there")
        collector.kill()
        record(provider, 10)
        provider.force_flush()
        wait_until(lambda: destination_state(agent)["lastError"] != "", what="the agent notices")
        collector.start()
        behind.wait_for(lambda d: d.latest("orders", kind="book") == 33, 40, what="the values after the restart are there")

    here = latest_points(direct)
    assert len(here) == 6
    behind.wait_for(lambda d: here.keys() <= latest_points(d).keys())
    last = max(point.point.time_unix_nano for point in here.values())
    behind.wait_for(lambda d: max(point.point.time_unix_nano for point in latest_points(d).values()) == last)
    there = latest_points(behind)
    for key, point in here.items():
        assert comparable(there[key]) == comparable(point)
    assert latest_points(behind)[("temperature", ())].resource["service.instance.id"] == "shop-1"
    counts = settled(agent)
    assert counts["dropped"] == {reason: 0 for reason in DROPS}


@pytest.mark.parametrize("protocol", ("http/protobuf", "remote_write"))
def test_prometheus_gets_every_value_also_after_it_was_killed(start_agent, start_prometheus, protocol):
    prometheus = start_prometheus("3.15", flags=["--web.enable-otlp-receiver", "--web.enable-remote-write-receiver"], settings={
        "otlp": {"translation_strategy": "UnderscoreEscapingWithSuffixes"}})
    to = write_to(prometheus.url) if protocol == "remote_write" else export_to(prometheus.otlp_url, spans=False)
    agent = start_agent({"export": [to]})
    with sender_to(agent.otlp_url) as provider:
        record(provider)
        provider.force_flush()
        wait_until(lambda: prometheus.value('orders_total{kind="book"}') == 3, 20, "the first value is there")
        prometheus.kill()
        record(provider, 10)
        provider.force_flush()
        wait_until(lambda: destination_state(agent)["lastError"] != "", what="the agent notices")
        prometheus.start()
        wait_until(lambda: prometheus.value('orders_total{kind="book"}') == 33, 40, "the value after the restart is there")
    job = 'job="shop",instance="shop-1"'
    expected = {
        f'orders_total{{kind="map",{job}}}': 44,
        f'orders_total{{kind="book",express="true",shelf="7",weight="0.5",{job}}}': 33,
        f'open_orders{{{job}}}': -22,
        f'temperature_celsius{{{job}}}': 31.5,
        f'latency_milliseconds_count{{kind="book",{job}}}': 10,
        f'latency_milliseconds_sum{{kind="book",{job}}}': 1121,
        f'latency_milliseconds_bucket{{kind="book",le=~"10([.]0)?",{job}}}': 6,
        f'latency_milliseconds_bucket{{kind="book",le=~"100([.]0)?",{job}}}': 8,
        f'latency_milliseconds_bucket{{kind="book",le="+Inf",{job}}}': 10,
        f'histogram_count(size_bytes{{{job}}})': 10,
        f'histogram_sum(size_bytes{{{job}}})': 560.5 * 11,
    }
    for expression, value in expected.items():
        wait_until(lambda: prometheus.value(expression) is not None, 10, expression)
        assert prometheus.value(expression) == value, expression
    counts = settled(agent)
    assert {reason: count for reason, count in counts["dropped"].items() if count} == {}, destination_state(agent)


def play(agent, values=20, service="shop"):
    """A sender that reports a growing counter so many times; the last value."""
    with meter_provider(agent, service=service) as provider:
        counter = provider.get_meter("m").create_counter("grown")
        for _ in range(values):
            counter.add(1, {"k": "a"})
            counter.add(2, {"k": "b"})
            provider.force_flush()
    with tracer_provider(agent, service=service) as provider:
        for number in range(values):
            with provider.get_tracer("t").start_as_current_span(f"span {number}"):
                pass


# Successes in between keep the pauses between attempts short.
FAILURES = (unavailable(), OK, unavailable(retry_after=1), OK, unavailable(status=502), OK, unavailable(status=504), OK,
            Answer(429), OK, RESET, OK, Answer(reset="after"), OK, Answer(400), Answer(413), Answer(500),
            Answer(rejected=1, message="one is bad"), Answer(400), Answer(500), OK)


CODE = grpc.StatusCode
GRPC_FAILURES = (GrpcAnswer(CODE.UNAVAILABLE), GrpcAnswer(), GrpcAnswer(CODE.UNAVAILABLE, retry_after=0.2), GrpcAnswer(),
                 GrpcAnswer(CODE.RESOURCE_EXHAUSTED, "quota", retry_after=0.1), GrpcAnswer(), GrpcAnswer(CODE.ABORTED),
                 GrpcAnswer(), GrpcAnswer(CODE.DEADLINE_EXCEEDED), GrpcAnswer(), GrpcAnswer(CODE.INVALID_ARGUMENT, "bad"),
                 GrpcAnswer(CODE.PERMISSION_DENIED), GrpcAnswer(rejected=1, message="one is bad"),
                 GrpcAnswer(CODE.UNIMPLEMENTED), GrpcAnswer(CODE.INVALID_ARGUMENT), GrpcAnswer())
REFUSALS = (400, 500, CODE.INVALID_ARGUMENT, CODE.PERMISSION_DENIED, CODE.UNIMPLEMENTED)


def of_receiver(destination, signal):
    """What a ledger must say of a receiver that answered every request."""
    return {"sent": destination.accepted_items(signal),
            "rejected": sum(request.items - request.accepted for request in destination.received(signal, (200,))),
            "refused": sum(request.items for request in destination.received(signal, REFUSALS))}


def scraped_ledgers(agent):
    """{signal: ledger} as one scrape has it; that each adds up is looked at."""
    ledgers = {"metrics": {"dropped": {}}, "spans": {"dropped": {}}}
    for family in agent.families().values():
        for sample in family.samples:
            name = sample.name.removeprefix("tocsin_export_").removesuffix("_total")
            if sample.labels.get("destination") != "test" or "signal" not in sample.labels:
                continue
            counts = ledgers[sample.labels["signal"]]
            if name == "dropped":
                counts["dropped"][sample.labels["reason"]] = sample.value
            else:
                counts[name] = sample.value
    for counts in ledgers.values():
        assert set(counts["dropped"]) == set(DROPS)
        assert counts["offered"] == counts["sent"] + counts["queued"] + counts["in_flight"] + sum(counts["dropped"].values())
    return ledgers


@pytest.mark.parametrize("protocol", ("grpc", "http/protobuf", "http/json"))
def test_ledger_and_receiver_agree_under_every_failure(start_agent, start_destination, start_grpc_destination, protocol):
    if protocol == "grpc":
        destination = start_grpc_destination().script(*GRPC_FAILURES)
        endpoint = f"http://{destination.target}"
    else:
        destination = start_destination().script(*FAILURES)
        endpoint = destination.url
    agent = start_agent({"export": [export_to(endpoint, protocol=protocol)]})
    spans = 0
    while destination.scripted_left():
        play(agent, 5)
        spans += 5
        ledger(agent)
        ledger(agent, "spans")
        scraped_ledgers(agent)
    for ours, signal in (("metrics", "metrics"), ("spans", "traces")):
        def both():
            counts = settled(agent, ours)
            theirs = of_receiver(destination, signal)
            return (counts, theirs) if ledger(agent, ours) == counts else None
        counts, theirs = wait_until(both, 20, "both stand still")
        assert {"sent": counts["sent"], "rejected": counts["dropped"]["rejected"], "refused": counts["dropped"]["refused"]} == theirs
        assert counts["dropped"]["queue_full"] == counts["dropped"]["too_large"] == counts["dropped"]["retry_timeout"] == 0
        assert counts["sent"] > 0
    assert ledger(agent, "spans")["offered"] == spans

    def scraped_agrees():  # of spans nothing comes any more, so that a scrape can be compared to the last one
        counts, theirs = scraped_ledgers(agent)["spans"], of_receiver(destination, "traces")
        return counts["offered"] == spans and theirs == {"sent": counts["sent"], "rejected": counts["dropped"]["rejected"],
                                                         "refused": counts["dropped"]["refused"]}
    wait_until(scraped_agrees, 5, "a scrape says the same")
    retries = ledger(agent)["retries"] + ledger(agent, "spans")["retries"]
    # A connection that is cut while it is reused is mended by libcurl itself: those two may not show.
    assert retries == 5 if protocol == "grpc" else 5 <= retries <= 7
    state = destination_state(agent)
    assert state["lastWarning"] == "one is bad"
    assert state["lastError"] != ""
    assert destination.faults == []


def test_grpc_codes(start_agent, start_grpc_destination):
    code = grpc.StatusCode
    destination = start_grpc_destination().script(
        GrpcAnswer(code.UNAVAILABLE, retry_after=0.1), GrpcAnswer(code.RESOURCE_EXHAUSTED, "quota", retry_after=0.1),
        GrpcAnswer(code.RESOURCE_EXHAUSTED, "quota"), GrpcAnswer(code.INVALID_ARGUMENT, "bad"), GrpcAnswer(rejected=1, message="odd"))
    agent = start_agent({"export": [export_to(f"http://{destination.target}", protocol="grpc", spans=False)]})
    wait_until(lambda: ledger(agent)["dropped"]["rejected"] == 1, 30, "the partial success is counted")
    counts = ledger(agent)
    assert counts["dropped"]["refused"] > 0
    assert counts["retries"] == 2
    assert destination_state(agent)["lastWarning"] == "odd"


def test_deltas_add_up_though_requests_fail(start_agent, start_destination):
    destination = start_destination().script(Answer(400), OK, unavailable(), Answer(400), OK, Answer(413))
    agent = start_agent({"export": [export_to(destination.url, temporality="delta", spans=False)]})
    play(agent, 30)

    def total(which):
        return sum(point.value for point in destination.points("grown") if point.attributes["k"] == which)
    # The first total has a start time, so nothing is missing from the sum.
    wait_until(lambda: (total("a"), total("b")) == (30, 60), 30, "the deltas add up")
    points = destination.points("grown")
    assert all(point.metric.sum.aggregation_temporality == 1 for point in points)
    last = 0
    for point in points:
        if point.attributes["k"] == "a":
            assert point.point.start_time_unix_nano >= last, "deltas overlap"
            last = point.point.time_unix_nano
    ledger(agent)


def test_a_stuck_destination_stops_nobody_else_and_catches_up(start_agent, start_collector, start_destination):
    behind, other = start_destination(name="behind"), start_destination(name="other")
    collector = start_collector(forward_to=behind)
    agent = start_agent({"export": [export_to(collector.otlp_url, timeout="2s"),
                                    {**export_to(other.url), "name": "other"}]})
    with meter_provider(agent) as provider:
        counter = provider.get_meter("m").create_counter("grown")
        counter.add(1)
        provider.force_flush()
        behind.wait_for(lambda d: d.latest("grown") == 1)
        collector.pause()
        counter.add(1)
        provider.force_flush()
        other.wait_for(lambda d: d.latest("grown") == 2, 5, "the other one has it at once")
        assert agent.get("/metrics", timeout=2).status_code == 200
        assert ledger(agent)["sent"] > 0
        collector.resume()
        behind.wait_for(lambda d: d.latest("grown") == 2, 30)


def test_sigterm_flushes(start_agent, start_destination):
    destination = start_destination()
    agent = start_agent({"export": [export_to(destination.url, interval="1h")]})
    with meter_provider(agent) as provider:
        provider.get_meter("m").create_counter("late").add(7)
    with tracer_provider(agent) as provider:
        with provider.get_tracer("t").start_as_current_span("last"):
            pass
    assert agent.stop() == 0
    assert destination.latest("late") == 7
    assert [span.name for _, span in destination.spans()] == ["last"]


def test_sigterm_does_not_wait_for_a_destination_that_hangs(start_agent, start_destination):
    destination = start_destination().script(HANG, HANG, HANG)
    agent = start_agent({"stop_timeout": "1s", "export": [export_to(destination.url)]})
    wait_until(lambda: ledger(agent)["inFlight"] > 0, what="it hangs")
    assert agent.stop(timeout=10) == 0


def test_spans_are_forwarded_unchanged(start_agent, start_destination):
    through, direct = start_destination(name="through"), start_destination(name="direct")
    agent = start_agent({"export": [export_to(through.url, metrics=False)]})
    for receiver in (agent, types.SimpleNamespace(otlp_url=direct.url)):
        with tracer_provider(receiver) as provider:
            tracer = provider.get_tracer("t", "1.0", attributes={"a": 1})
            with tracer.start_as_current_span("outer", attributes={"n": 5, "list": ["x", "y"], "flag": True}) as outer:
                outer.add_event("event", {"e": 1.5})
                with tracer.start_as_current_span("inner") as inner:
                    inner.record_exception(ValueError("no"))
    through.wait_for(lambda d: len(d.spans()) == 2)
    assert settled(agent, "spans")["sent"] == 2

    def shape(destination):
        return sorted((span.name, span.kind, sorted(otlp.attributes_of(span.attributes).items()), len(span.events),
                       bool(span.parent_span_id), span.flags) for _, span in destination.spans())
    assert shape(through) == shape(direct)
    message = through.received("traces")[0].message
    assert message.resource_spans[0].scope_spans[0].scope.version == "1.0"


def test_nothing_listens(start_agent):
    agent = start_agent({"export": [export_to(f"http://127.0.0.1:{free_port()}", max_retry_time="2s")]})
    wait_until(lambda: ledger(agent)["dropped"]["retry_timeout"] > 0, 20, "what is too old is given up")
    assert destination_state(agent)["failingSince"]
    assert "127.0.0.1" in destination_state(agent)["lastError"]
