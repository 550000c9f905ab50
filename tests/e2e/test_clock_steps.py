# SPDX-License-Identifier: Apache-2.0
"""The wall clock is set, by seconds and by an hour, back and forth, while an alert fires and another is pending: nothing
resolves, nothing fires twice, counts go on, and what is scraped afterwards is the new time's. The agent sees the clock through
libfaketime."""
import glob
import time

import pytest

from harness.agent import Agent
from harness.process import wait_until
from harness.webhook import Webhook

LIBRARY = next(iter(glob.glob("/usr/lib/*/faketime/libfaketime.so.1")), None)
RULES = """groups:
- name: doors
  interval: 1s
  rules:
  - {alert: DoorOpen, expr: door > 0, for: 2s}
  - {alert: Pending, expr: door > 0, for: 10m}
  - {record: knocks:rate, expr: 'rate(knocks_total[10s])'}
"""


@pytest.fixture
def receiver():
    made = Webhook()
    yield made
    made.stop()


def alerts(agent):
    return {one["labels"]["alertname"]: one for one in agent.get("/api/v1/alerts").json()["data"]["alerts"]}


@pytest.mark.skipif(LIBRARY is None, reason="no libfaketime")
@pytest.mark.timeout(120)
def test_alerts_and_counts_go_on_whatever_the_clock_says(started, tmp_path, receiver):
    clock = tmp_path / "clock"
    clock.write_text("+0")
    (tmp_path / "doors.yml").write_text(RULES)
    agent = Agent(tmp_path, {"tick": "1s", "rules": {"files": [str(tmp_path / "*.yml")]},
                             "webhook": [{"name": "people", "url": receiver.url, "group_wait": "0s", "group_interval": "1s"}]})
    # The monotonic clock stays true, as the kernel's does.
    agent.environment = {"LD_PRELOAD": LIBRARY, "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1",
                         "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    started.append(agent)
    agent.start()
    agent.send_statsd("door:1|g")
    receiver.wait_for(["firing"], "DoorOpen")
    wait_until(lambda: alerts(agent).get("Pending", {}).get("state") == "pending", 10)
    sent = 0

    def knock_for(seconds):
        nonlocal sent
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            agent.send_statsd("knocks:1|c", "door:1|g")
            sent += 1
            time.sleep(0.25)

    knock_for(3)
    # By seconds there and back, an hour back, on from there, and to the true time again.
    for step in ("-3", "+0", "-3600", "-3000", "+0", "+3600", "+0"):
        clock.write_text(step)
        knock_for(6)
        now = alerts(agent)
        assert now["DoorOpen"]["state"] == "firing" and now["Pending"]["state"] == "pending", (step, now)
        assert receiver.statuses("DoorOpen") == ["firing"] and receiver.statuses("Pending") == [], step
        rate = wait_until(lambda: agent.value("knocks:rate"), 10, f"samples of the new time after {step}")
        assert rate > 0, (step, rate)
    assert "the wall clock was set" in agent.log()
    wait_until(lambda: agent.value("knocks_total") == sent, 10, f"every one of {sent} is counted")
    agent.send_statsd("door:0|g")
    receiver.wait_for(["firing", "resolved"], "DoorOpen")
