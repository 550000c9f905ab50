# SPDX-License-Identifier: Apache-2.0
"""Who may reach the agent: certificates and credentials of real clients, web pages of other origins, other machines."""
import socket

import pytest
import requests
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricExportResult, PeriodicExportingMetricReader

from harness.agent import Agent
from harness.certificates import certificate_of
from harness.process import wait_until
from harness.prometheus import target
from harness.senders import resource

USER = ("scraper", "pass: word")
TOKEN = "t0ken"


class SecureAgent(Agent):
    """HTTPS with basic authentication at the page, HTTPS with a token for OTLP."""

    def __init__(self, folder):
        self.certificate, key = certificate_of(folder, "agent")
        tls = {"certificate_file": self.certificate, "key_file": key}
        super().__init__(folder, {"http": {"tls": tls, "access": {"users": dict([USER])}},
                                  "otlp": {"tls": tls, "access": {"bearer_tokens": [TOKEN]}}})

    @property
    def url(self):
        return f"https://localhost:{self.http_port}"

    def get(self, path, **options):
        return super().get(path, **{"verify": self.certificate, "auth": USER, **options})

    def post(self, path, **options):
        return super().post(path, **{"verify": self.certificate, "auth": USER, **options})


def run(agent):
    agent.start()
    yield agent
    agent.ended_on_purpose = True
    assert agent.stop() == 0, agent.log_tail()


@pytest.fixture(scope="module")
def secure(tmp_path_factory):
    yield from run(SecureAgent(tmp_path_factory.mktemp("secure")))


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    yield from run(Agent(tmp_path_factory.mktemp("plain")))


def test_prometheus_scrapes_over_https_with_basic_authentication(secure, start_prometheus):
    def scrape(job, password):
        return target(f"localhost:{secure.http_port}", job, scheme="https", tls_config={"ca_file": str(secure.certificate)},
                      basic_auth={"username": USER[0], "password": password})
    distrusting = target(f"localhost:{secure.http_port}", "distrusting", scheme="https")
    prometheus = start_prometheus("3.15", scrape=[scrape("right", USER[1]), scrape("wrong", "guess"), distrusting])
    wait_until(lambda: prometheus.value('tocsin_listener_up{job="right",listener="http"}') == 1, 20, "what it says is there")

    def refused():
        said = {one["labels"]["job"]: (one["health"], one["lastError"]) for one in prometheus.targets()}
        return said if all(said[job][0] == "down" for job in ("wrong", "distrusting")) else None
    said = wait_until(refused, 20, "the others were refused")
    assert said["right"] == ("up", "")
    assert "401" in said["wrong"][1] and "certificate" in said["distrusting"][1]


def test_without_credentials_nothing_is_told(secure):
    for path in ("/", "/metrics", "/-/healthy", "/api/v1/status/config", "/no/such/path"):
        answer = secure.get(path, auth=None)
        assert answer.status_code == 401 and answer.headers["WWW-Authenticate"].startswith("Basic"), path
    assert secure.get("/metrics", auth=(USER[0], "guess")).status_code == 401
    assert secure.post("/-/reload", auth=None).status_code == 401
    assert secure.post("/-/reload").status_code == 200
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.get(f"http://localhost:{secure.http_port}/metrics", timeout=5)
    shown = secure.status("settings")["data"]["toml"]
    assert USER[0] in shown and USER[1] not in shown and TOKEN not in shown


def send(secure, value, headers):
    exporter = OTLPMetricExporter(endpoint=f"https://localhost:{secure.otlp_port}/v1/metrics", headers=headers,
                                  certificate_file=str(secure.certificate), timeout=5)
    results = []
    export = exporter.export
    exporter.export = lambda *arguments, **options: results.append(export(*arguments, **options)) or results[-1]
    provider = MeterProvider([PeriodicExportingMetricReader(exporter, export_interval_millis=3_600_000)], resource(),
                             shutdown_on_exit=False)
    provider.get_meter("m").create_counter("orders").add(value)
    provider.shutdown(10_000)
    return results[0]


def test_an_sdk_sends_over_https_with_a_token(secure, monkeypatch):
    for bundle in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # these would go before certificate_file
        monkeypatch.delenv(bundle, raising=False)
    assert send(secure, 5, {"authorization": f"Bearer {TOKEN}"}) is MetricExportResult.SUCCESS
    wait_until(lambda: secure.value("orders_total") == 5, 5)
    for headers in ({}, {"authorization": "Bearer other"}):
        assert send(secure, 9, headers) is MetricExportResult.FAILURE
    answer = requests.post(f"https://localhost:{secure.otlp_port}/v1/metrics", data=b"", timeout=5, verify=secure.certificate,
                           headers={"Content-Type": "application/x-protobuf"})
    assert answer.status_code == 401
    assert secure.status("receivers")["data"]["receivers"]["otlp_metrics"]["accepted"] == 1


@pytest.mark.parametrize("header, value, status", [
    ("Host", "evil.example", 403), ("Host", "localhost", 200), ("Host", "192.0.2.7:9464", 200),
    ("Origin", "http://evil.example", 403), ("Origin", "null", 403), ("Origin", "{own}", 200)])
def test_a_web_page_of_another_origin_reaches_nothing(plain, header, value, status):
    for url, method, path in ((plain.url, "GET", "/metrics"), (plain.url, "POST", "/-/reload"),
                              (plain.otlp_url, "POST", "/v1/metrics")):
        answer = requests.request(method, url + path, timeout=5, headers={
            header: value.format(own=url), "Content-Type": "application/x-protobuf"})
        assert answer.status_code == status, (path, answer.text)
        if status == 403:
            assert "evil" in answer.text or "null" in answer.text or answer.content


def own_address():
    """An address of this machine that is not loopback's; what goes there does not leave it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing: it only chooses the way
        except OSError:
            return None
        address = probe.getsockname()[0]
        return None if address.startswith("127.") else address


def test_another_machine_may_read_but_changes_nothing_without_credentials(start_agent):
    address = own_address()
    if address is None:
        pytest.skip("this machine has only loopback")
    agent = start_agent()
    there = f"http://{address}:{agent.http_port}"
    agent.configure({"http": {"listen": f"{address}:{agent.http_port}"}})
    assert agent.reload().status_code == 200, "from this machine"
    wait_until(lambda: requests.get(there + "/metrics", timeout=2).status_code == 200, 10, "it moved")
    refused = requests.post(there + "/-/reload", timeout=5)
    assert refused.status_code == 403 and "[http.access]" in refused.text
    agent.configure({"http": {"access": {"users": dict([USER])}}})
    agent.hang_up()
    wait_until(lambda: requests.get(there + "/metrics", timeout=2).status_code == 401, 10, "it asks for credentials")
    assert requests.post(there + "/-/reload", auth=USER, timeout=5).status_code == 200
