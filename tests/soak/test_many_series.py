# SPDX-License-Identifier: Apache-2.0
"""100,000 series, sent by 100 services, scraped in each format; 1,000,000 of 500 services, read slowly; 1,000,000
label sets of one service."""
import socket
import time

import pytest
import requests
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics_service

from harness.measure import cpu_seconds, resident_kib
from harness.process import wait_until
from harness.prometheus import target

SENDERS, SERIES_EACH = 100, 1000
CUMULATIVE = 2
STARTED = time.time_ns() - 10**9
FORMATS = {"text": "PrometheusText0.0.4", "OpenMetrics": "OpenMetricsText1.0.0", "protobuf": "PrometheusProto"}


def request_of(sender, value, series=SERIES_EACH, first=0):
    request = metrics_service.ExportMetricsServiceRequest()
    resource = request.resource_metrics.add()
    for key, text in (("service.name", f"service-{sender}"), ("service.instance.id", f"instance-{sender}")):
        resource.resource.attributes.add(key=key).value.string_value = text
    metric = resource.scope_metrics.add().metrics.add(name="orders")
    metric.sum.aggregation_temporality = CUMULATIVE
    metric.sum.is_monotonic = True
    now = time.time_ns()
    for index in range(first, first + series):
        point = metric.sum.data_points.add(start_time_unix_nano=STARTED, time_unix_nano=now, as_int=value)
        for key, text in (("shelf", f"shelf-{index}"), ("kind", f"kind-{index % 7}"), ("zone", f"zone-{index % 3}")):
            point.attributes.add(key=key).value.string_value = text
    return request.SerializeToString()


def send(agent, value, senders=SENDERS, series=SERIES_EACH):
    with requests.Session() as session:
        for sender in range(senders):
            answer = session.post(f"{agent.otlp_url}/v1/metrics", data=request_of(sender, value, series), timeout=30,
                                  headers={"Content-Type": "application/x-protobuf"})
            assert answer.status_code == 200 and answer.content == b"", answer.content


@pytest.mark.timeout(400)
def test_a_real_prometheus_reads_them_all_in_each_format(start_agent, start_prometheus):
    agent = start_agent()
    idle = resident_kib(agent)
    send(agent, 3)
    print(f"\nresident {idle} KiB idle, {resident_kib(agent)} KiB once {SENDERS * SERIES_EACH} series were sent", end="")
    assert wait_until(lambda: agent.value("orders_total") == 3 * SENDERS * SERIES_EACH, 30)
    for name, protocol in FORMATS.items():
        prometheus = start_prometheus("3.15", interval="5s", scrape=[
            target(f"127.0.0.1:{agent.http_port}", job=name, scrape_protocols=[protocol], honor_labels=True)])
        before, asked = cpu_seconds(agent), time.monotonic()
        scraped = f'scrape_samples_scraped{{job="{name}"}}'
        assert wait_until(lambda p=prometheus, s=scraped: (p.value(s) or 0) > SENDERS * SERIES_EACH, 60, name)
        assert prometheus.value("count(orders_total)") == SENDERS * SERIES_EACH
        assert prometheus.value("sum(orders_total)") == 3 * SENDERS * SERIES_EACH
        scrape = prometheus.value(f'scrape_duration_seconds{{job="{name}"}}')
        print(f"\n{name}: resident {resident_kib(agent)} KiB; scraped in {scrape * 1000:.0f} ms as Prometheus says; agent used "
              f"{(cpu_seconds(agent) - before) / (time.monotonic() - asked) * 100:.1f} % of a core meanwhile", end="")
        prometheus.stop()
    for value in range(4, 24):
        send(agent, value)
        print(f" {resident_kib(agent)}", end="")
    print(f"\nresident {resident_kib(agent)} KiB after 20 more exports of each")
    assert resident_kib(agent) - idle < 200 * 1024


def slow_reader(agent, accept, encoding):
    """Asks for /metrics and reads nothing yet."""
    reader = socket.create_connection(("127.0.0.1", agent.http_port), timeout=60)
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    reader.sendall(f"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nAccept: {accept}\r\n"
                   f"Accept-Encoding: {encoding}\r\n\r\n".encode())
    return reader


@pytest.mark.timeout(600)
def test_slow_readers_of_a_million_series_take_bounded_memory(start_agent):
    agent = start_agent({"tick": "15s", "history": {"max_memory": "64MiB"}})
    senders, series = 500, 2000
    send(agent, 3, senders, series)
    wait_until(lambda: agent.status("receivers")["data"]["intake"]["series"] >= senders * series, 60)
    agent.get("/metrics", headers={"Accept-Encoding": "zstd"}, timeout=60)
    before = resident_kib(agent)
    print(f"\nresident {before} KiB with {senders * series} series", end="")
    asked = [(accept, encoding) for accept in ("text/plain", "application/openmetrics-text;version=1.0.0")
             for encoding in ("identity", "gzip", "zstd")]
    readers = [slow_reader(agent, *one) for one in asked]
    most, read = 0, [0] * len(readers)
    open_readers = set(range(len(readers)))
    while open_readers:
        for number in list(open_readers):
            block = readers[number].recv(1 << 20)
            read[number] += len(block)
            if not block:
                open_readers.discard(number)
        most = max(most, resident_kib(agent))
        time.sleep(0.002)
    for reader in readers:
        reader.close()
    print(f"\nat most {most} KiB while {len(readers)} slow readers read {[size >> 20 for size in read]} MiB")
    assert read[0] > 80 << 20, "the whole text"
    assert most - before < 100 * 1024


@pytest.mark.timeout(600)
def test_a_million_label_sets_of_one_counter_keep_their_total_in_bounded_memory(start_agent):
    """One sender without measure: what has no row of its own is in the overflow series, whose total stays exact from one
    export to the next, and the report names the label that explodes."""
    agent = start_agent()
    before = resident_kib(agent)
    requests_of, each = 500, 2000
    for value in (3, 5):
        with requests.Session() as session:
            for number in range(requests_of):
                answer = session.post(f"{agent.otlp_url}/v1/metrics", data=request_of(0, value, each, first=number * each), timeout=30,
                                      headers={"Content-Type": "application/x-protobuf"})
                assert answer.status_code == 200 and answer.content == b"", answer.content
        assert wait_until(lambda v=value: agent.value("orders_total") == v * requests_of * each, 30), agent.value("orders_total")
        print(f"\nresident {before} KiB idle, {resident_kib(agent)} KiB after {requests_of * each} label sets at {value}", end="")
    assert len(agent.samples("orders_total")) <= 2_001
    top = agent.status("cardinality")["data"]["received"][0]
    assert (top["job"], top["label"]) == ("service-0", "shelf"), top
    assert resident_kib(agent) - before < 200 * 1024
