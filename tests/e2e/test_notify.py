# SPDX-License-Identifier: Apache-2.0
"""Alerts of the agent's own rules at a real Alertmanager 0.25 and at a webhook: received, grouped, resolved; either side
killed and restarted; nothing told twice, nothing forgotten."""
import json
import subprocess
import time

import pytest

from harness.agent import PROGRAM
from harness.peers import program
from harness.process import wait_until
from harness.prometheus import Alertmanager
from harness.webhook import Webhook

RULES = """
groups:
- name: gates
  interval: 1s
  rules:
  - alert: GateOpen
    expr: gate > 0
    labels: {severity: page}
    annotations: {summary: "{{ $labels.name }} is {{ $value | humanize }} open"}
"""


@pytest.fixture
def webhook():
    made = Webhook()
    yield made
    made.stop()


@pytest.fixture
def rules(tmp_path):
    path = tmp_path / "gates.yml"
    path.write_text(RULES)
    return path


def settings(rules, alertmanager=None, webhook=None, **more):
    out = {"rules": {"files": [str(rules)]}, "notify": {"resend_delay": "1s", "external_labels": {"region": "east"}}}
    if alertmanager:
        out["alertmanager"] = [{"name": "am", "url": alertmanager.url, "late_firing_for": "3s"}]
    if webhook:
        out["webhook"] = [{"name": "hook", "url": webhook.url, "group_wait": "100ms", "group_interval": "1s", **more}]
    return out


def gate(agent, name, value):
    # Anew each second: what a silent sender said would end after a while.
    agent.send_statsd(f"gate:{value}|g|#name:{name}")


def alerts(agent):
    return agent.get("/api/v1/alerts").json()["data"]["alerts"]


def amtool(alertmanager_url, *arguments):
    done = subprocess.run([str(program("debian", "usr/bin/amtool")), f"--alertmanager.url={alertmanager_url}", "--output=json", *arguments],
                          capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def receivers(agent):
    return {one["name"]: one for one in agent.status("notify")["data"]["receivers"]}


def test_alertmanager_receives_groups_resolves_and_amtool_shows_the_same(start_agent, start_alertmanager, rules, webhook):
    alertmanager = start_alertmanager(webhook=webhook.url)
    agent = start_agent(settings(rules, alertmanager))
    gate(agent, "north", 1)
    gate(agent, "south", 2500)
    wait_until(lambda: len(alertmanager.alerts()) == 2, 30, "two alerts at Alertmanager")
    shown = json.loads(amtool(alertmanager.url, "alert", "query"))
    ours = {alert["labels"]["name"]: alert for alert in alerts(agent)}
    assert {alert["labels"]["name"] for alert in shown} == set(ours) == {"north", "south"}
    for alert in shown:
        labels = dict(alert["labels"])
        assert labels.pop("region") == "east"
        assert labels == ours[labels["name"]]["labels"]
        assert alert["annotations"] == ours[labels["name"]]["annotations"]
    assert ours["south"]["annotations"]["summary"] == "south is 2.5k open"
    wait_until(lambda: sorted(webhook.statuses()) == ["firing", "firing"], 30, "two notifications")
    gate(agent, "north", 0)
    wait_until(lambda: ("resolved", "north") in [(status, labels["name"]) for status, labels, _ in webhook.told()], 30, "its end")
    time.sleep(3)  # some resends: none of them is a notification
    assert sorted(webhook.statuses()) == ["firing", "firing", "resolved"]
    sent = receivers(agent)["am"]
    assert (sent["offered"], sent["sent"], sent["queued"], sent["dropped"]) == (3, 3, 0, {})
    assert agent.value("tocsin_notify_sent_total", receiver="am") == 3


def test_killed_while_firing_nothing_resolves_and_nothing_is_told_twice(start_agent, start_alertmanager, rules, webhook):
    direct = Webhook()
    alertmanager = start_alertmanager(webhook=webhook.url)
    agent = start_agent(settings(rules, alertmanager, direct))
    gate(agent, "north", 1)
    direct.wait_for(["firing"])
    webhook.wait_for(["firing"])
    agent.kill()
    agent.start()
    for _ in range(6):
        gate(agent, "north", 1)
        time.sleep(0.5)
    assert [alert["state"] for alert in alerts(agent)] == ["firing"]
    assert direct.statuses() == ["firing"] and webhook.statuses() == ["firing"]
    gate(agent, "north", 0)
    direct.wait_for(["firing", "resolved"])
    webhook.wait_for(["firing", "resolved"])
    direct.stop()


def test_what_fires_and_ends_while_everybody_is_down_is_told(start_agent, start_alertmanager, rules, webhook):
    direct = Webhook()
    direct.refusing = True
    alertmanager = start_alertmanager(webhook=webhook.url)
    agent = start_agent(settings(rules, alertmanager, direct))
    alertmanager.stop()
    gate(agent, "north", 1)
    wait_until(lambda: receivers(agent)["hook"]["failedRequests"] > 0 and receivers(agent)["am"]["failedRequests"] > 0, 30)
    gate(agent, "north", 0)
    wait_until(lambda: not alerts(agent), 30, "the end")
    wait_until(lambda: receivers(agent)["hook"]["queued"] == 2, 30, "beginning and end wait")
    agent.kill()  # and that nobody was told survives, too
    agent.start()
    alertmanager.start()
    direct.refusing = False
    direct.wait_for(["resolved"], timeout=60)
    webhook.wait_for(["firing", "resolved"], timeout=60)
    status, labels, annotations = webhook.told()[0]
    assert labels["name"] == "north" and "tocsin_ended_at" in annotations
    assert direct.statuses() == ["resolved"]
    direct.stop()


def test_alertmanager_that_lost_everything_hears_it_again(start_agent, start_alertmanager, rules):
    alertmanager = start_alertmanager()
    agent = start_agent(settings(rules, alertmanager))
    gate(agent, "north", 1)
    wait_until(lambda: len(alertmanager.alerts()) == 1, 30)
    alertmanager.kill()
    alertmanager.start()
    wait_until(lambda: len(alertmanager.alerts()) == 1, 30, "the alert, told again")


def test_silences_are_made_and_shown_by_amtool_and_survive(start_agent, rules, webhook):
    agent = start_agent(settings(rules, webhook=webhook, group_by=["name"]))
    identifier = amtool(agent.url, "silence", "add", "name=~no.*", "--author=ann", "--comment=moving", "--duration=1h").strip().strip('"')
    gate(agent, "north", 1)
    gate(agent, "south", 1)
    webhook.wait_for(["firing"])
    assert webhook.told()[0][1]["name"] == "south"
    # Killed between its acceptance and our record it would rightly be told again.
    wait_until(lambda: [one["sent"] for one in receivers(agent).values()] == [1], 5)
    agent.kill()
    agent.start()
    shown = json.loads(amtool(agent.url, "silence", "query"))
    assert [(one["id"], one["createdBy"], one["status"]["state"]) for one in shown] == [(identifier, "ann", "active")]
    gate(agent, "north", 1)
    gate(agent, "south", 1)
    time.sleep(2)
    assert webhook.statuses() == ["firing"]
    amtool(agent.url, "silence", "expire", identifier)
    wait_until(lambda: [labels["name"] for _, labels, _ in webhook.told()] == ["south", "north"], 30, "what was silenced")
    assert json.loads(amtool(agent.url, "silence", "query", "--expired"))[0]["id"] == identifier


def silence(agent, *arguments):
    done = subprocess.run([str(PROGRAM), "silence", f"--url={agent.url}", *arguments], capture_output=True, text=True, timeout=30, check=False)
    return done.returncode, done.stdout.strip(), done.stderr.strip()


def test_silences_by_command(start_agent, rules, webhook):
    agent = start_agent(settings(rules, webhook=webhook))
    status, identifier, _ = silence(agent, "name=~no.*", "--author=ann", "--comment=moving house", "--for=30m")
    assert status == 0 and len(identifier) == 36
    status, shown, _ = silence(agent)
    assert status == 0 and shown.startswith(f"{identifier}  active") and shown.endswith('name=~"no.*"  ann: moving house'), shown
    assert json.loads(silence(agent, "--json")[1])[0]["id"] == identifier
    assert silence(agent, f"--expire={identifier}") == (0, "", "")
    assert silence(agent) == (0, "", "no silence is in force; --all shows those that are over")
    assert "expired" in silence(agent, "--all")[1]
    elsewhere = f"--url={agent.otlp_url}"
    for wrong, expected, said in ((["--expire=none"], 1, "no such silence"), (["name"], 2, ""), (["name=~("], 2, ""), (["a=b", "--for=never"], 2, ""), (['a="b'], 2, "quotation mark"),
                                  (["a=~.*"], 1, "at least one matcher must not match the empty text"), ([elsewhere], 1, "is this the agent's"),
                                  ([elsewhere, "a=b"], 1, "is this the agent's")):
        status, _, complaint = silence(agent, *wrong)
        assert status == expected and complaint.startswith("tocsin silence: ") and said in complaint, (wrong, complaint)


def test_a_corrupt_state_is_put_aside_and_the_agent_runs(start_agent, rules, webhook):
    agent = start_agent(settings(rules, webhook=webhook))
    gate(agent, "north", 1)
    webhook.wait_for(["firing"])
    agent.kill()
    for ending in ("-wal", "-shm"):
        (agent.data_folder / f"state.db{ending}").unlink(missing_ok=True)
    (agent.data_folder / "state.db").write_bytes(b"no database at all" * 1000)
    agent.start()
    status = agent.status("notify")["data"]["store"]
    assert status["durable"] and ".bad-" in status["putAside"], status
    assert agent.value("tocsin_store_put_aside_total") == 1
