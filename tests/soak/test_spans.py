# SPDX-License-Identifier: Apache-2.0
"""10,000 spans a second for ten minutes."""
import os
import time

import pytest
import requests
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as trace_service

from harness.measure import cpu_seconds, resident_kib
from harness.process import wait_until

SECONDS = int(os.environ.get("SOAK_SECONDS", "600"))
SPANS_A_BATCH = 1000
BATCHES_A_SECOND = 10
ROUTES = 50
SERVICES = 10
SERVER = 2


def attribute(owner, key, value):
    pair = owner.attributes.add(key=key)
    if isinstance(value, int):
        pair.value.int_value = value
    else:
        pair.value.string_value = value


def batch(number):
    """One request of one service, of spans over 50 routes, of which one in ten fails."""
    request = trace_service.ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    attribute(resource.resource, "service.name", f"service-{number % SERVICES}")
    spans = resource.scope_spans.add().spans
    now = time.time_ns()
    for index in range(SPANS_A_BATCH):
        span = spans.add(trace_id=os.urandom(16), span_id=os.urandom(8), name="GET", kind=SERVER,
                         start_time_unix_nano=now - 20_000_000, end_time_unix_nano=now - index * 1000)
        attribute(span, "http.request.method", "GET")
        attribute(span, "http.route", f"/items/{index % ROUTES}")
        attribute(span, "http.response.status_code", 500 if index % 10 == 0 else 200)
    return request.SerializeToString()


@pytest.mark.timeout(SECONDS + 120)
def test_memory_stays_flat_and_every_span_counts(start_agent):
    # The history fills for a minute, and is saved for the first time then; what is left must not grow.
    agent = start_agent({"history": {"retention": "1m", "checkpoint": "1m"}})
    session = requests.Session()
    started = time.monotonic()
    sent = 0
    memory = []
    for number in range(SECONDS * BATCHES_A_SECOND):
        due = started + number / BATCHES_A_SECOND
        time.sleep(max(0.0, due - time.monotonic()))
        answer = session.post(f"{agent.otlp_url}/v1/traces", data=batch(number), timeout=10,
                              headers={"Content-Type": "application/x-protobuf"})
        assert answer.status_code == 200 and answer.content == b"", answer.content
        sent += SPANS_A_BATCH
        if number % (BATCHES_A_SECOND * 5) == 0:
            memory.append(resident_kib(agent))
    took = time.monotonic() - started
    assert wait_until(lambda: agent.value("server_request_total") == sent, what="every span is a request")
    assert agent.value("server_request_total", status="server_error") == sent / 10
    settled = memory[max(len(memory) // 4, min(24, len(memory) // 2)):]
    print(f"\n{sent} spans in {took:.0f} s; resident {memory[0]} KiB at start, then {min(settled)} to {max(settled)} KiB; "
          f"{cpu_seconds(agent) / took * 100:.1f} % of a core")
    assert max(settled) - min(settled) < 2048, memory
