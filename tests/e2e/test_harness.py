# SPDX-License-Identifier: Apache-2.0
"""The harness itself, against the real programs and without the agent: what it says about the agent later must be true."""
import socket
import time

import pytest
import requests
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics_service

from harness.agent import toml_text
from harness.destination import RESET, Answer, unavailable
from harness.grpc_destination import GrpcAnswer
from harness.peers import program, promtool
from harness.process import Process, free_port, wait_until
from harness.prometheus import target
from harness.senders import meter_provider, send_from_javascript, tracer_provider

VERSIONS = ("2.42", "3.15")


class Forwarded:
    """A destination as the SDKs see it: HTTP and gRPC ends by the names that senders.py uses."""

    def __init__(self, destination):
        self.otlp_url = getattr(destination, "url", None)
        self.grpc_target = getattr(destination, "target", None)


def post_metrics(destination, points=3, **options):
    request = metrics_service.ExportMetricsServiceRequest()
    metric = request.resource_metrics.add().scope_metrics.add().metrics.add(name="sent")
    for number in range(points):
        metric.gauge.data_points.add(as_int=number)
    return requests.post(f"{destination.url}/v1/metrics", data=request.SerializeToString(),
                         headers={"Content-Type": "application/x-protobuf"}, timeout=options.pop("timeout", 5), **options)


@pytest.mark.parametrize("version", VERSIONS)
def test_prometheus_starts_scrapes_and_answers(start_prometheus, version):
    first = start_prometheus(version)
    first.configure({"scrape_configs": [target(first.address, job="itself")]})
    first.reload()
    wait_until(lambda: first.value('up{job="itself"}') == 1.0, what="it scrapes itself")
    assert first.api("status/buildinfo")["version"].startswith(version)
    assert [scraped["health"] for scraped in first.targets()] == ["up"]
    with pytest.raises(RuntimeError, match="parse error"):
        first.query("sum(")


@pytest.mark.parametrize("version", VERSIONS)
def test_prometheus_with_native_histograms_and_rules(start_prometheus, start_alertmanager, start_destination, tmp_path, version):
    rules = tmp_path / "rules.yml"
    rules.write_text('groups: [{name: g, rules: [{alert: Always, expr: "vector(1)", labels: {severity: page}}]}]')
    assert promtool(version, "check", "rules", rules).returncode == 0
    assert promtool(version, "check", "metrics", standard_input="# TYPE a counter\na 1\n").returncode == 3
    alertmanager = start_alertmanager()
    prometheus = start_prometheus(version, rules=[rules], alertmanager=alertmanager,
                                  flags=["--enable-feature=native-histograms"])
    wait_until(lambda: [alert["state"] for alert in prometheus.alerts()] == ["firing"], what="the alert fires")
    wait_until(lambda: [alert["labels"]["alertname"] for alert in alertmanager.alerts()] == ["Always"],
               what="Alertmanager has the alert")
    assert prometheus.rules()[0]["name"] == "g"


@pytest.mark.parametrize("protocol", ("http", "grpc"))
def test_python_sdk_reaches_a_collector_and_what_it_got_is_read_back(start_collector, start_destination, protocol):
    destination = start_destination()
    collector = start_collector(forward_to=destination, span_meters=True)
    with meter_provider(collector, protocol) as provider:
        counter = provider.get_meter("m").create_counter("requests", unit="{request}")
        counter.add(3, {"ret": "0"})
        counter.add(4, {"ret": "7"})
    with tracer_provider(collector, protocol) as provider:
        with provider.get_tracer("t").start_as_current_span("work"):
            pass
    destination.wait_for(lambda d: d.latest("requests", ret="7") == 4 and len(d.spans()) == 1)
    assert destination.latest("requests", ret="0") == 3
    assert destination.points("requests")[0].resource["service.name"] == "shop"
    assert destination.spans()[0][1].name == "work"
    assert 'requests_total{' in collector.metrics_text()
    destination.wait_for(lambda d: d.latest("traces.span.metrics.calls", **{"span.name": "work"}) == 1,
                         what="the spanmetrics connector counted the span")
    assert destination.faults == []


def test_prometheus_takes_otlp(start_prometheus):
    prometheus = start_prometheus("3.15", flags=["--web.enable-otlp-receiver"])
    with meter_provider(prometheus) as provider:
        provider.get_meter("m").create_counter("orders").add(5, {"kind": "a"})
    wait_until(lambda: prometheus.value('orders_total{kind="a"}') == 5.0, what="the sum arrived")


@pytest.mark.parametrize("protocol", ("http/protobuf", "http/json", "grpc"))
def test_javascript_sdk_sends(start_destination, start_grpc_destination, protocol):
    destination = start_grpc_destination() if protocol == "grpc" else start_destination()
    said = send_from_javascript(Forwarded(destination), protocol, requests=10)
    assert said == {"requests": 10, "failed": 2, "ok": 8}
    assert destination.latest("orders", outcome="ok") == 8
    assert destination.latest("order.duration") == 10
    assert len(destination.spans()) == 10
    assert {len(span.trace_id) for _, span in destination.spans()} == {16}
    assert destination.faults == []


def test_destination_answers_as_scripted_and_counts(start_destination):
    destination = start_destination().script(
        unavailable(7), Answer(429), Answer(400, body=b"no"), Answer(rejected=1, message="one too many"), RESET)
    first = post_metrics(destination)
    assert (first.status_code, first.headers["Retry-After"]) == (503, "7")
    assert [post_metrics(destination).status_code for _ in range(2)] == [429, 400]
    partial = metrics_service.ExportMetricsServiceResponse.FromString(post_metrics(destination).content)
    assert partial.partial_success.rejected_data_points == 1
    with pytest.raises(requests.ConnectionError):
        post_metrics(destination)
    assert post_metrics(destination).status_code == 200
    assert destination.offered_items() == 15
    assert destination.accepted_items() == 5
    assert [request.answered for request in destination.received()] == [503, 429, 400, 200, 200]
    assert destination.scripted_left() == 0


def test_destination_hangs_until_released_and_comes_back_after_a_stop(start_destination):
    destination = start_destination().script(Answer(hang=60), Answer(reset="after"))
    with pytest.raises(requests.Timeout):
        post_metrics(destination, timeout=0.3)
    assert destination.received()[0].answered is None
    with pytest.raises(requests.ConnectionError):
        post_metrics(destination)
    assert destination.offered_items() == 6 and destination.accepted_items() == 0
    destination.stop()
    with pytest.raises(requests.ConnectionError):
        post_metrics(destination)
    destination.start()
    assert post_metrics(destination).status_code == 200


def test_destination_tells_of_a_body_that_does_not_decode(start_destination):
    destination = start_destination()
    assert requests.post(f"{destination.url}/v1/metrics", data=b"\xff\xff", timeout=5).status_code == 400
    assert requests.post(f"{destination.url}/v2/metrics", data=b"", timeout=5).status_code == 200
    assert requests.post(f"{destination.url}/v1/logs", data=b"", timeout=5).status_code == 404
    assert len(destination.faults) == 2


def test_grpc_destination_makes_the_sdk_try_again(start_grpc_destination):
    import grpc
    destination = start_grpc_destination().script(GrpcAnswer(grpc.StatusCode.UNAVAILABLE, "busy", retry_after=0.2))
    with meter_provider(Forwarded(destination), "grpc") as provider:
        provider.get_meter("m").create_counter("orders").add(5)
        assert provider.force_flush(10_000)
    assert [request.answered for request in destination.received()][:2] == [grpc.StatusCode.UNAVAILABLE, 200]
    assert destination.latest("orders") == 5
    assert destination.offered_items() > destination.accepted_items()


def test_victoria_metrics_and_vmalert_are_there():
    for name in ("victoria-metrics", "vmalert"):
        assert program("debian", f"usr/bin/{name}").stat().st_size > 1 << 20


class Sleeper(Process):
    name = "sleeper"
    words = ["sleep", "60"]

    def command(self):
        return self.words


def test_process_is_paused_killed_and_said_when_it_ends_at_start(tmp_path, started):
    sleeper = Sleeper(tmp_path)
    started.append(sleeper)
    sleeper.start()
    assert sleeper.running and sleeper.resident_bytes() > 0 and sleeper.threads() == 1
    sleeper.pause()
    sleeper.resume()
    assert sleeper.kill() == -9 and not sleeper.running
    assert sleeper.start().stop() == -15
    sleeper.words = ["sh", "-c", "echo went wrong >&2; exit 3"]
    sleeper.ready = lambda: False
    with pytest.raises(RuntimeError, match="status 3(.|\n)*went wrong"):
        sleeper.start()


def test_waiting_is_bounded_and_says_what_it_saw():
    begin = time.monotonic()
    with pytest.raises(TimeoutError, match="rain; last: 0"):
        wait_until(lambda: 0, 0.2, "rain")
    with pytest.raises(TimeoutError, match="ZeroDivisionError"):
        wait_until(lambda: 1 / 0, 0.1)
    assert time.monotonic() - begin < 5


def test_ports_are_free_and_not_given_twice():
    ports = [free_port() for _ in range(20)]
    assert len(set(ports)) == 20
    for port in ports:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", port))


def test_toml_is_written_as_the_agent_reads_it():
    text = toml_text({"tick": "1s", "http": {"listen": "127.0.0.1:1", "workers": 4},
                      "otlp": {"promote": ["a", "b"], "access": {"users": {"x y": 'p"'}}},
                      "export": [{"name": "one", "headers": {"k": "v"}, "spans": False}]})
    assert text == ('tick = "1s"\n\n[http]\nlisten = "127.0.0.1:1"\nworkers = 4\n\n[otlp]\npromote = ["a", "b"]\n'
                    'access = { "users" = { "x y" = "p\\"" } }\n\n[[export]]\nname = "one"\nheaders = { "k" = "v" }\n'
                    'spans = false\n')
