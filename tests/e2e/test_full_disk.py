# SPDX-License-Identifier: Apache-2.0
"""A file system that is full while alerts change: what is told stays true, the failure is said and counted, and what could not be
written is written once there is room."""
import json
import os
import subprocess

import pytest

from harness.process import wait_until
from harness.truth import Truth
from harness.webhook import Webhook

RULES = "groups:\n- name: g\n  interval: 1s\n  rules:\n  - {alert: Open, expr: gate > 0}\n"
SIZE = 3 << 20


@pytest.fixture
def small_disk(tmp_path):
    """The agent's data directory, a tmpfs of 3 MiB; skips where mounting is not allowed."""
    folder = tmp_path / "tocsin" / "data"
    folder.mkdir(parents=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tocsin-test", str(folder)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=False)


def fill(folder):
    """Until not a byte more goes in."""
    with open(folder / "filling", "ab", buffering=0) as out:
        for size in (1 << 16, 4096, 512, 1):
            try:
                while True:
                    out.write(b"x" * size)
            except OSError:
                pass


def test_alerts_stay_true_on_a_full_disk(start_agent, small_disk, tmp_path):
    truth, webhook = Truth(), Webhook()
    try:
        rules = tmp_path / "gates.yml"
        rules.write_text(RULES)
        for name in ("a", "b", "c"):
            truth.set("gate", 0, name=name)
        truth.set("gate", 1, name="a")
        agent = start_agent({
            "rules": {"files": [str(rules)]},
            "scrape": [{"name": "truth", "targets": [truth.address], "interval": "1s"}],
            "webhook": [{"name": "hook", "url": webhook.url, "group_wait": "0s", "group_interval": "0s", "group_by": ["..."]}]})
        assert agent.data_folder == small_disk

        def told():
            return [(status, labels["name"]) for status, labels, _ in webhook.told()]
        wait_until(lambda: told() == [("firing", "a")], 30, "the first alert")
        fill(small_disk)
        truth.set("gate", 1, name="b")
        truth.set("gate", 0, name="a")
        wait_until(lambda: sorted(told()) == [("firing", "a"), ("firing", "b"), ("resolved", "a")], 30, "told all the same")
        wait_until(lambda: agent.value("tocsin_store_failed_commits_total") > 0, 15, "counted")
        ready = agent.get("/-/ready")
        assert ready.status_code == 503 and "alert states cannot be written: " in ready.text, ready.text
        assert "alert state cannot be written; alerts are told all the same" in agent.log()
        store = agent.status("notify")["data"]["store"]
        assert store["waitingRows"] > 0 and store["fault"], store
        os.remove(small_disk / "filling")
        truth.set("gate", 1, name="c")
        wait_until(lambda: ("firing", "c") in told(), 30)
        wait_until(agent.ready, 30, "ready again")
        assert agent.status("notify")["data"]["store"]["waitingRows"] == 0
        assert "alert state is written again" in agent.log()
        before = told()
        agent.kill()
        agent.start()
        wait_until(lambda: len(agent.get("/api/v1/alerts").json()["data"]["alerts"]) == 2, 30, json.dumps(before))
        truth.set("gate", 0, name="b")
        truth.set("gate", 0, name="c")
        wait_until(lambda: len(told()) == 6, 30, "both ends")
        assert sorted(told()) == sorted([(status, name) for name in "abc" for status in ("firing", "resolved")])
    finally:
        truth.stop()
        webhook.stop()
