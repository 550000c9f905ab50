# SPDX-License-Identifier: Apache-2.0
"""The agent scrapes real targets in every format, and takes what a real Prometheus writes remotely: both arrive at
/metrics under the names and labels that Prometheus itself would give them."""
import gzip
import http.server
import threading

import prometheus_client
import pytest
import requests
from harness.process import wait_until
from harness.prometheus import target
from prometheus_client.exposition import choose_encoder


def scrape(name, address, **more):
    return {"name": name, "targets": [address], "interval": "500ms", "timeout": "500ms", **more}


class Target:
    """Serves what a function says, as a target does."""

    def __init__(self, answer):
        self.seen = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # pylint: disable=invalid-name
                outer.seen.append(dict(self.headers))
                status, kind, body = answer(self.headers)
                packed = gzip.compress(body)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Encoding", "gzip")
                self.send_header("Content-Length", str(len(packed)))
                self.end_headers()
                self.wfile.write(packed)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(name="serve")
def _serve():
    made = []

    def start(answer):
        made.append(Target(answer))
        return made[-1]
    yield start
    for one in made:
        one.close()


def client_target():
    """A service with the Python client library, in the format that is asked for."""
    registry = prometheus_client.CollectorRegistry()
    prometheus_client.Counter("orders", "Orders.", ["kind"], registry=registry).labels('a"b\\').inc(3, {"trace_id": "abc"})
    histogram = prometheus_client.Histogram("wait_seconds", "Wait.", buckets=(0.1, 1), registry=registry)
    for value in (0.05, 0.5, 5):
        histogram.observe(value)
    prometheus_client.Summary("size_bytes", "Size.", registry=registry).observe(7)
    prometheus_client.Info("build", "Build.", registry=registry).info({"version": "1"})
    prometheus_client.Enum("state", "State.", states=["on", "off"], registry=registry).state("on")

    def answer(headers):
        encode, kind = choose_encoder(headers.get("Accept", ""))
        return 200, kind, encode(registry)
    return answer


def test_python_client_in_open_metrics(start_agent, serve):
    service = serve(client_target())
    agent = start_agent({"scrape": [scrape("py", service.address, labels={"zone": "b"})]})
    sent = {"job": "py", "instance": service.address, "zone": "b"}
    wait_until(lambda: agent.value("orders_total", kind='a"b\\', **sent) == 3, 15, "the counter")
    assert "application/openmetrics-text" in service.seen[0]["Accept"]
    assert service.seen[0]["X-Prometheus-Scrape-Timeout-Seconds"] == "0.5"
    assert agent.value("up", **sent) == 1
    assert agent.value("wait_seconds_bucket", le="0.1", **sent) == 1
    assert agent.value("wait_seconds_bucket", le="+Inf", **sent) == 3
    assert agent.value("wait_seconds_sum", **sent) == pytest.approx(5.55)
    assert agent.value("size_bytes_count", **sent) == 1
    assert agent.value("build_info", version="1", **sent) == 1
    assert agent.value("state", state="on", **sent) == 1
    assert agent.value("scrape_samples_scraped", **sent) > 10
    # The whole of it is OpenMetrics again.
    assert agent.families("application/openmetrics-text;version=1.0.0")["wait_seconds"].type == "histogram"
    totals = agent.value("tocsin_receiver_received_total", receiver="scrape")
    assert totals > 0


def test_a_failing_target_is_told(start_agent, serve):
    body = {"text": b"x 1\n# EOF\n"}
    service = serve(lambda _: (200, "application/openmetrics-text; version=1.0.0; charset=utf-8", body["text"]))
    agent = start_agent({"scrape": [scrape("om", service.address)]})
    wait_until(lambda: agent.value("up", job="om") == 1 and agent.value("x", job="om") == 1, 15, "a good scrape")
    body["text"] = b"x 1\n"
    wait_until(lambda: agent.value("up", job="om") == 0 and not agent.samples("x", job="om"), 15, "a bad scrape")
    assert agent.value("tocsin_scrape_targets_up") == 0


@pytest.mark.parametrize("version", ["2.42", "3.15"])
@pytest.mark.parametrize("native", [False, True], ids=["text", "protobuf"])
def test_prometheus_is_scraped(start_agent, start_prometheus, version, native):
    prometheus = start_prometheus(version)
    agent = start_agent({"scrape": [scrape("prom", prometheus.address, native_histograms=native)]})
    sent = {"job": "prom", "instance": prometheus.address}
    wait_until(lambda: agent.value("up", **sent) == 1, 15, "a scrape")
    wait_until(lambda: agent.samples("prometheus_build_info", **sent), 15, "its series")
    assert agent.samples("prometheus_build_info", **sent)[0][0]["version"].startswith(version)
    direct = requests.get(f"{prometheus.url}/metrics", timeout=10).text
    names = {line.split(" ")[2] for line in direct.splitlines() if line.startswith("# TYPE ")}
    shown = {line.split(" ")[2] for line in agent.metrics_text().splitlines() if line.startswith("# TYPE ")}
    # A native histogram without classic buckets cannot be written as text.
    missing = {name for name in names - shown if "histogram" not in name and "duration" not in name} if native else names - shown
    assert not missing, missing


def test_prometheus_writes_remotely(start_agent, start_prometheus):
    agent = start_agent()
    prometheus = start_prometheus("3.15", scrape=[target(agent.url.removeprefix("http://"), job="self",
                                                         metric_relabel_configs=[{"source_labels": ["__name__"],
                                                                                  "regex": "tocsin_build_info|tocsin_ticks_total|tocsin_receiver.*",
                                                                                  "action": "keep"}])],
                                  settings={"remote_write": [{"url": f"{agent.url}/api/v1/write"}]})
    sent = {"job": "self"}
    wait_until(lambda: agent.samples("up", **sent), 30, "samples written remotely")
    assert agent.value("up", **sent) == 1
    wait_until(lambda: agent.value("tocsin_ticks_total", **sent) is not None, 15, "a counter")

    def ledger(what):
        return sum(value for labels, value in agent.samples(f"tocsin_receiver_{what}_total", receiver="remote_write")
                   if labels.get("job") != "self")
    assert ledger("received") > 0
    assert ledger("received") == ledger("accepted") + ledger("rejected")
    failed = prometheus.value("sum(prometheus_remote_storage_samples_failed_total)")
    assert not failed


def test_remote_write_answers(start_agent):
    agent = start_agent()
    protobuf = {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy"}
    assert agent.post("/api/v1/write", data=b"\x00", headers=protobuf).status_code == 204
    assert agent.post("/api/v1/write", data=b"junk", headers=protobuf).status_code == 400
    assert agent.post("/api/v1/write", data=b"{}", headers={"Content-Type": "application/json"}).status_code == 415
    assert agent.get("/api/v1/write").status_code == 405
