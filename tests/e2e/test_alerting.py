# SPDX-License-Identifier: Apache-2.0
"""Rule files in the agent: evaluated at the tick, read again when they change, and a pending alert that keeps its age when
the agent is killed."""
import time

from harness.process import wait_until

HEAD = "groups:\n- name: doors\n  interval: 1s\n  rules:\n"
RECORD = "  - {record: door:open:max, expr: max(door)}\n"
ALERT = "  - {alert: DoorOpen, expr: 'door:open:max > 0', for: %s, labels: {severity: page}}\n"


def rule(agent, name):
    for group in agent.get("/api/v1/rules").json()["data"]["groups"]:
        for one in group["rules"]:
            if one["name"] == name:
                return one
    return None


def state(agent, name="DoorOpen"):
    found = rule(agent, name)
    return found and found["state"]


def open_door(agent, seconds=0.0):
    """The door is open, said again and again for so long."""
    until = time.monotonic() + seconds
    while True:
        agent.send_statsd("door:1|g")
        if time.monotonic() >= until:
            return
        time.sleep(0.2)


def test_recorded_series_and_alerts_are_evaluated_shown_and_read_again(start_agent, tmp_path):
    path = tmp_path / "doors.yml"
    path.write_text(HEAD + RECORD + ALERT % "1s")
    agent = start_agent({"rules": {"files": [str(tmp_path / "*.yml")]}})
    open_door(agent, 1)
    wait_until(lambda: state(agent) == "firing", 15, "the alert fires")
    wait_until(lambda: agent.value("ALERTS", alertname="DoorOpen", alertstate="firing", severity="page") == 1, 10, "ALERTS")
    wait_until(lambda: agent.value("tocsin_alerts", alertstate="firing") == 1, 10, "tocsin_alerts")
    assert agent.value("door:open:max") == 1
    assert rule(agent, "door:open:max")["health"] == "ok"

    path.write_text(HEAD + RECORD + "  - {alert: DoorOpen, expr: 'rate(door)'}\n")
    wait_until(lambda: "warnings" in agent.get("/api/v1/rules").json(), 20, "the fault is told")
    assert f"{path}:6:" in agent.get("/api/v1/rules").json()["warnings"][0]
    assert state(agent) == "firing", "the file keeps what it held before"

    path.write_text(HEAD + RECORD)
    wait_until(lambda: rule(agent, "DoorOpen") is None, 20, "the alert's rule is gone")
    wait_until(lambda: agent.value("ALERTS", alertname="DoorOpen") is None, 10, "and its series")


def test_a_pending_alert_keeps_its_age_over_a_kill(start_agent, tmp_path):
    (tmp_path / "doors.yml").write_text(HEAD + RECORD + ALERT % "12s")
    agent = start_agent({"rules": {"files": [str(tmp_path / "*.yml")]}})
    open_door(agent, 5)
    assert state(agent) == "pending"
    since = rule(agent, "DoorOpen")["alerts"][0]["activeAt"]
    agent.kill()
    agent.start()
    open_door(agent, 1)
    wait_until(lambda: state(agent) in ("pending", "firing"), 10, "it is there again")
    moved = rule(agent, "DoorOpen")["alerts"][0]["activeAt"]
    assert since[:17] <= moved[:17], "time in which nobody looked is not counted"
    begin = time.monotonic()
    while state(agent) != "firing" and time.monotonic() - begin < 12:
        open_door(agent, 0.5)
    assert state(agent) == "firing" and time.monotonic() - begin < 11, "it did not begin anew"
