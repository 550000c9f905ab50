# SPDX-License-Identifier: Apache-2.0
"""Everybody the agent talks to hangs or lies, each in its way and all at once: webhooks, an Alertmanager, a heartbeat, scrape targets and
OTLP destinations. It goes on, says of each what is wrong, stays small, and tells each what it missed once that is well again."""
import time

import pytest

from harness.liar import WAYS, Liar
from harness.process import wait_until
from harness.webhook import Webhook

RULES = """
groups:
- name: gates
  interval: 1s
  rules:
  - {alert: GateOpen, expr: gate > 0}
"""
TIMEOUT = 2.0  # seconds, of every attempt


@pytest.fixture
def liars():
    made = {way: Liar(way) for way in WAYS}
    yield made
    for one in made.values():
        one.good = True
        one.stop()


@pytest.fixture
def webhook():
    made = Webhook()
    yield made
    made.stop()


def receivers(agent):
    return {one["name"]: one for one in agent.status("notify")["data"]["receivers"]}


def test_nobody_is_held_up_and_all_are_told_in_the_end(start_agent, liars, webhook, tmp_path):
    (tmp_path / "gates.yml").write_text(RULES)
    within = {"timeout": f"{TIMEOUT:g}s"}
    hook = {"group_wait": "100ms", "group_interval": "1s", **within}
    agent = start_agent({
        "rules": {"files": [str(tmp_path / "gates.yml")]},
        "webhook": [{"name": way, "url": f"{liar.url}/hook", **hook} for way, liar in liars.items()] + [{"name": "good", "url": webhook.url, **hook}],
        "alertmanager": [{"name": "am", "url": liars["never answers"].url, **within}],
        "heartbeat": {"url": f"{liars['dribbles'].url}/beat", "interval": "1s", **within},
        "scrape": [{"name": way, "targets": [liar.address], "interval": "2s", **within} for way, liar in liars.items()],
        "export": [{"name": way, "endpoint": liar.url, "protocol": "http/protobuf", "interval": "1s", **within} for way, liar in liars.items()]})
    agent.send_statsd("gate:1|g")
    webhook.wait_for(["firing"], timeout=10)  # whatever the others do
    slowest = 0.0
    until = time.monotonic() + 6 * TIMEOUT
    while time.monotonic() < until:
        began = time.monotonic()
        agent.metrics_text()
        slowest = max(slowest, time.monotonic() - began)
        agent.send_statsd("gate:1|g")
        time.sleep(0.2)
    assert slowest < 1.5, "a scrape waits for nobody"
    assert agent.resident_bytes() < 160 << 20
    told = receivers(agent)
    took = {"sends a bomb"}  # it says 200: nobody reads what a receiver says besides
    for way in WAYS:
        assert bool(told[way]["lastError"]) == (way not in took), f"{way}: {told[way]}"
    targets = {one["labels"]["job"]: one for one in agent.get("/api/v1/targets").json()["data"]["activeTargets"]}
    for way in WAYS:
        assert (targets[way]["health"], bool(targets[way]["lastError"])) == ("down", True), f"{way}: {targets[way]}"
        assert agent.value("up", job=way) == 0, way
    assert webhook.statuses() == ["firing"]

    for liar in liars.values():
        liar.good = True
    # "never answers" is the Alertmanager, too, whose messages are others.
    owed = [liar for way, liar in liars.items() if way not in took and way != "never answers"]

    def nothing_owed():
        agent.send_statsd("gate:1|g")
        told = {liar.way: liar.statuses() for liar in owed}
        assert all(statuses == ["firing"] for statuses in told.values()), told
        return True

    wait_until(nothing_owed, 60, "all are told", every=0.5)
    wait_until(lambda: all(agent.value("up", job=way) == 1 and agent.value("good", job=way) == 1 for way in WAYS), 15, "all are scraped")
    assert agent.stop() == 0, "stops in time"
