# SPDX-License-Identifier: Apache-2.0
"""`tocsin explain` on a running agent: inactive, pending, firing, silenced, missing data, ended; and what a person gets wrong."""
import json
import subprocess

import pytest

from harness.agent import PROGRAM
from harness.process import wait_until
from harness.truth import Truth
from harness.webhook import Webhook

RULES = """
groups:
- name: tocsin-gates
  interval: 1s
  rules:
  - {alert: Wide, expr: gate > 10, labels: {severity: page}}
  - {alert: Slow, expr: 'gate > 1 and on (name) lamp > 0', for: 5m}
  - {alert: Typo, expr: 'sum(rate(gates{status="5xx"}[1m])) > 1'}
  - {alert: Label, expr: 'gate{name="est"} > 0'}
  - {record: gate:sum, expr: sum(gate)}
"""


@pytest.fixture
def truth():
    made = Truth()
    yield made
    made.stop()


@pytest.fixture
def webhook():
    made = Webhook()
    yield made
    made.stop()


@pytest.fixture
def agent(start_agent, tmp_path, truth, webhook):
    rules = tmp_path / "gates.yml"
    rules.write_text(RULES)
    truth.set("gate", 5, name="east")
    truth.set("gate", 3, name="west")
    truth.set("lamp", 1, name="west")
    return start_agent({
        "rules": {"files": [str(rules)], "missing_data_held": "15s"},
        "scrape": [{"name": "truth", "targets": [truth.address], "interval": "1s"}],
        "webhook": [{"name": "hook", "url": webhook.url, "group_wait": "0s", "group_interval": "1s", "group_by": ["..."]}]})


def explain(agent, *words):
    done = subprocess.run([str(PROGRAM), "explain", f"--url={agent.url}", *words], capture_output=True, text=True, timeout=30, check=False)
    return done.returncode, done.stdout, done.stderr


def said(agent, *words):
    status, text, complaint = explain(agent, *words)
    assert status == 0, complaint
    return text


def test_why_it_does_not_fire(agent):
    wait_until(lambda: "does not fire: none of 2 series" in said(agent, "Wide"), 30)
    text = said(agent, "Wide")
    assert text.startswith("Wide: inactive\n  does not fire: none of 2 series of `gate` passes `> 10`: the nearest is 5 of {"), text
    assert "missing data: hold" in text and "0 of 2 series pass" in text and "gate\n        -> 2 series" in text
    assert "the nearest is 3 of {" in said(agent, "Wide", 'name="west"')
    typo = said(agent, "Typo")
    assert "matches nothing: no series is called gates; there is gate" in typo, typo
    label = said(agent, "Label")
    assert 'no series of gate has name="est": without it 2 series match, where name is "east", "west"' in label, label
    assert said(agent, "gate:sum").startswith("gate:sum: ok\n  the expression gives 1 series")


def test_pending_firing_told_silenced_and_ended(agent, truth, webhook):
    wait_until(lambda: "Slow: pending" in said(agent, "Slow"), 30)
    slow = said(agent, "Slow")
    assert "1 is pending" in slow and "; fires " in slow and "(in 4m" in slow and 'name="west"' in slow, slow
    assert "gate > 1\n        -> 2 of 2 series pass" in slow and "lamp > 0\n        -> 1 of 1 series pass" in slow, slow
    truth.set("gate", 50, name="east")
    webhook.wait_for(["firing"], name="Wide")
    wait_until(lambda: "hook: told that it fires" in said(agent, "Wide"), 15)
    answer = json.loads(said(agent, "Wide", "--json"))
    rule = answer["data"]["rules"][0]
    assert (rule["state"], rule["onMissingData"], [alert["state"] for alert in rule["alerts"]]) == ("firing", "hold", ["firing"])
    assert rule["alerts"][0]["told"][0]["receiver"] == "hook" and "firingAt" in rule["alerts"][0]["told"][0]
    made = subprocess.run([str(PROGRAM), "silence", f"--url={agent.url}", "alertname=Wide", "--author=ann", "--comment=known"],
                          capture_output=True, text=True, timeout=30, check=True)
    assert f"by ann: known ({made.stdout.strip()})" in said(agent, "Wide")
    truth.set("gate", 5, name="east")
    wait_until(lambda: "ended  {" in said(agent, "Wide"), 30)
    wait_until(lambda: ", of its end " in said(agent, "Wide"), 15)
    assert ": the condition is over" in said(agent, "Wide")


def test_missing_data_is_told_held_and_over(agent, truth, webhook):
    truth.set("gate", 50, name="east")
    webhook.wait_for(["firing"], name="Wide")
    truth.silent = True
    wait_until(lambda: "its data is missing since" in said(agent, "Wide"), 30)
    text = said(agent, "Wide")
    assert "Wide: firing" in text and "it is held as it was, and ends with that reason" in text, text
    assert "then they ended: the sender or target is gone" in text, text
    wait_until(lambda: agent.value("tocsin_alert_missing_data") >= 1)
    assert "missingSince" in agent.get("/api/v1/alerts").text
    webhook.wait_for(["firing", "resolved"], name="Wide", timeout=60)
    annotations = webhook.told("Wide")[-1][2]
    assert annotations["tocsin_end_reason"] == "its data has been missing for too long"
    wait_until(lambda: ": its data has been missing for too long" in said(agent, "Wide"), 15)


def test_what_a_person_gets_wrong(agent):
    status, _, complaint = explain(agent, "Wyde")
    assert (status, complaint) == (1, 'tocsin explain: no rule is called "Wyde"; did you mean Wide?\n')
    assert explain(agent)[0] == 2 and explain(agent, "Wide", "name=~(")[0] == 2 and explain(agent, "Wide", "--time=soon")[0] == 2
    gone = subprocess.run([str(PROGRAM), "explain", "--url=http://127.0.0.1:1", "Wide"], capture_output=True, text=True, timeout=30, check=False)
    assert gone.returncode == 1 and "is the agent running? --url says where it is" in gone.stderr
