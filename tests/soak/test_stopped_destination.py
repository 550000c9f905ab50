# SPDX-License-Identifier: Apache-2.0
"""A Collector that stands still for a minute, as a stuck machine does: its connections stay open and nothing answers."""
import os
import time

import pytest

from harness.measure import resident_kib
from harness.process import wait_until

SECONDS = int(os.environ.get("SOAK_SECONDS", "60"))


def destination(agent, name):
    return next(one for one in agent.status("exporters")["data"]["destinations"] if one["name"] == name)


def adds_up(counts):
    return counts["offered"] == counts["sent"] + counts["queued"] + counts["inFlight"] + sum(counts["dropped"].values())


@pytest.mark.timeout(SECONDS + 150)
@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_nobody_else_waits_and_it_catches_up(start_agent, start_collector, start_destination, protocol):
    stuck = start_collector()
    healthy = start_destination()
    endpoint = f"http://{stuck.grpc_target}" if protocol == "grpc" else stuck.otlp_url
    agent = start_agent({"history": {"retention": "1m"}, "export": [
        {"name": "stuck", "protocol": protocol, "endpoint": endpoint, "interval": "1s", "timeout": "5s"},
        {"name": "healthy", "protocol": "http/protobuf", "endpoint": healthy.url, "interval": "1s"}]})
    agent.send_statsd("orders:1|c")
    assert wait_until(lambda: "orders" in stuck.metrics_text(), 20)
    memory, slowest, total = resident_kib(agent), 0.0, 1
    requests_before = len(healthy.requests)
    stuck.pause()
    began = time.monotonic()
    while time.monotonic() - began < SECONDS:
        agent.send_statsd("orders:1|c")
        total += 1
        asked = time.monotonic()
        assert agent.metrics_text()
        slowest = max(slowest, time.monotonic() - asked)
        assert adds_up(destination(agent, "stuck")["metrics"])
        time.sleep(0.2)
    arrived = len(healthy.requests) - requests_before
    grown = resident_kib(agent) - memory
    while_stuck = destination(agent, "stuck")
    stuck.resume()

    def caught_up():
        return any(line.startswith("orders_total") and float(line.split()[-1]) == total
                   for line in stuck.metrics_text().splitlines())
    assert wait_until(lambda: agent.value("orders_total") == total)
    assert wait_until(caught_up, 60, "the destination has what the agent has")
    print(f"\n{protocol}: slowest scrape {slowest * 1000:.0f} ms, {arrived} exports to the other, memory {grown:+} KiB; "
          f"while stuck {while_stuck['metrics']}, after {destination(agent, 'stuck')['metrics']}")
    assert slowest < 1.0
    assert arrived >= SECONDS * 0.8
    assert grown < 16384  # the queue and the history of a minute, and what the allocator keeps
