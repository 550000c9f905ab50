# SPDX-License-Identifier: Apache-2.0
"""Service level objectives: counts that equal the sender's own ledger through kill -9 and reloads, and generated rules by
which a real Prometheus fires the alert that the agent fires."""
import subprocess
import time

import pytest
import requests
from harness.agent import PROGRAM
from harness.peers import promtool
from harness.process import wait_until
from harness.prometheus import target
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2

PAIR = {"rate": 5, "long": "20s", "short": "4s", "severity": "critical"}
SLO = {"name": "shop", "total": "shop_requests_total", "bad": 'shop_requests_total{status="failed"}', "by": ["server_name"],
       "target": 0.9, "period": "1h", "min_bad_events": 5, "burn": [PAIR]}


class Sender:
    """A service with cumulative totals, which are its ledger."""

    def __init__(self, agent, instance="1", server="shop"):
        self.agent, self.instance, self.server = agent, instance, server
        self.restart()

    def restart(self):
        self.start = time.time_ns()
        self.totals = {"ok": 0, "failed": 0}

    def count(self, **more):
        for status, count in more.items():
            self.totals[status] += count

    def send(self):
        request = metrics_service_pb2.ExportMetricsServiceRequest()
        resource = request.resource_metrics.add()
        for key, text in (("service.name", "shop"), ("service.instance.id", self.instance)):
            resource.resource.attributes.add(key=key).value.string_value = text
        metric = resource.scope_metrics.add().metrics.add(name="shop_requests")
        metric.sum.is_monotonic = True
        metric.sum.aggregation_temporality = 2
        for status, total in self.totals.items():
            point = metric.sum.data_points.add(start_time_unix_nano=self.start, time_unix_nano=time.time_ns(), as_int=total)
            point.attributes.add(key="server_name").value.string_value = self.server
            point.attributes.add(key="status").value.string_value = status
        requests.post(f"{self.agent.otlp_url}/v1/metrics", data=request.SerializeToString(), timeout=10,
                      headers={"Content-Type": "application/x-protobuf"}).raise_for_status()


def objective(agent, name="shop"):
    return next(one for one in agent.status("slo")["data"]["objectives"] if one["name"] == name)


def counted(agent):
    groups = objective(agent)["groups"]
    return (groups[0]["period"]["total"], groups[0]["period"]["bad"]) if groups else None


def test_counts_equal_the_ledger_through_kills_and_reloads(start_agent):
    agent = start_agent({"slo": [SLO]})
    assert objective(agent)["groups"] == []
    wait_until(lambda: objective(agent)["countingSince"], 10, "counting began")
    sender, ledger = Sender(agent), [0, 0]

    def more(good, bad, tell=True):
        sender.count(ok=good, failed=bad)
        ledger[0] += good + bad
        ledger[1] += bad
        if tell:
            sender.send()

    sender.send()
    more(100, 3)
    wait_until(lambda: counted(agent) == tuple(ledger), 15, "the first events are counted")
    for _ in range(3):
        more(50, 1)
        if _ % 2 == 0:
            wait_until(lambda: counted(agent) == tuple(ledger), 15, "they are counted")
        more(20, 1)  # perhaps seen by a tick, perhaps not
        agent.kill()
        more(7, 2, tell=False)  # while nobody looks
        agent.start()
        more(1, 0)
        wait_until(lambda: counted(agent) == tuple(ledger), 20, f"after a kill they go on: {ledger}")
    sender.restart()
    more(10, 1)
    wait_until(lambda: counted(agent) == tuple(ledger), 15, "the service began again")
    since = objective(agent)["groups"][0]["period"]["since"]

    agent.configure({"slo": [{**SLO, "target": 0.5, "burn": [{**PAIR, "rate": 1.5}]}]})
    assert agent.reload().status_code == 200
    more(5, 5)
    wait_until(lambda: objective(agent)["target"] == 0.5 and counted(agent) == tuple(ledger), 15, "a reload keeps the counts")
    left = 1 - ledger[1] / (0.5 * ledger[0])
    assert objective(agent)["groups"][0]["budgetLeft"] == pytest.approx(left)
    wait_until(lambda: agent.value("slo_error_budget_left_ratio", slo="shop") == pytest.approx(left), 10, "on /metrics")
    assert agent.value("slo_events_total", slo="shop", result="bad", server_name="shop") == ledger[1]
    assert agent.value("slo_target_ratio", slo="shop") == 0.5

    agent.stop()
    agent.start()
    sender.send()
    wait_until(lambda: counted(agent) == tuple(ledger), 15, "a restart keeps them")
    assert objective(agent)["groups"][0]["period"]["since"] == since
    window = agent.get("/api/v1/query", params={"query": 'increase(slo_events_total{slo="shop"}[10m])'}).json()["data"]["result"]
    assert len(window) == 2 and all(float(row["value"][1]) > 0 for row in window), "rules see the time before, too"


def test_idle_is_not_absent(start_agent):
    agent = start_agent({"slo": [SLO], "limits": {"silent_after": "4s"}})
    wait_until(lambda: agent.value("slo_sources", slo="shop") == 0, 10, "no data is told")
    sender = Sender(agent)
    until = time.monotonic() + 3
    while time.monotonic() < until:
        sender.send()
        time.sleep(0.3)
    group = objective(agent)["groups"][0]
    assert (group["state"], group["period"]["total"], group["budgetLeft"]) == ("idle", 0, 1)
    assert {window["burnRate"] for window in group["windows"]} == {0}
    sender.count(ok=9, failed=1)
    sender.send()
    wait_until(lambda: objective(agent)["groups"][0]["state"] == "counting", 10, "events")
    wait_until(lambda: objective(agent)["groups"][0]["state"] == "absent", 20, "the sender fell silent")
    assert objective(agent)["groups"][0]["budgetLeft"] == pytest.approx(0), "its budget stays as it is"
    wait_until(lambda: agent.value("slo_events_total", slo="shop") is None, 10, "its count has ended, too")
    sender.send()
    wait_until(lambda: objective(agent)["groups"][0]["state"] == "counting", 10, "back again")
    assert counted(agent) == (10, 1)


def firing(alerts):
    return {tuple(sorted(alert["labels"].items())) for alert in alerts if alert["state"] == "firing"}


def test_a_prometheus_fires_what_the_agent_fires(start_agent, start_prometheus, tmp_path):
    agent = start_agent({"slo": [SLO, {"name": "fast", "latency": "server_request_time_microseconds", "threshold": "500ms", "target": 0.99}]})
    made = subprocess.run([PROGRAM, "generate", "slo", "--config", agent.config_path, "--out", tmp_path / "rules"],
                          capture_output=True, text=True, timeout=30, check=False)
    assert made.returncode == 0, made.stderr
    files = sorted((tmp_path / "rules").iterdir())
    assert [file.name for file in files] == ["fast.yml", "fast_test.yml", "shop.yml", "shop_test.yml"]
    for name in ("fast", "shop"):
        rules, tests = tmp_path / "rules" / f"{name}.yml", tmp_path / "rules" / f"{name}_test.yml"
        for version in ("2.42", "3.15"):
            for verb, file in (("check", rules), ("test", tests)):
                judged = promtool(version, verb, "rules", file)
                assert judged.returncode == 0, f"{version} {verb}: {judged.stdout}{judged.stderr}"
        ours = subprocess.run([PROGRAM, "test", tests], capture_output=True, text=True, timeout=60, check=False)
        assert ours.returncode == 0, ours.stdout

    prometheus = start_prometheus("3.15", scrape=[target(f"127.0.0.1:{agent.http_port}", honor_labels=True)],
                                  rules=[tmp_path / "rules" / "shop.yml"])
    sender = Sender(agent)

    def traffic(**more):
        sender.count(**more)
        sender.send()
        time.sleep(0.3)

    for _ in range(10):
        traffic(ok=10)
    assert not firing(agent.get("/api/v1/alerts").json()["data"]["alerts"]) and not prometheus.alerts()

    def both():
        traffic(ok=2, failed=8)
        ours = firing(agent.get("/api/v1/alerts").json()["data"]["alerts"])
        return ours and ours == firing(prometheus.alerts())

    wait_until(both, 30, "both fire the same alert")
    (labels,) = firing(prometheus.alerts())
    assert dict(labels) == {"alertname": "ErrorBudgetBurn", "slo": "shop", "server_name": "shop", "severity": "critical",
                            "long": "20s", "short": "4s", "burn_rate": "5", "exhaustion": "12m"}
    groups = agent.get("/api/v1/rules").json()["data"]["groups"]
    assert "tocsin-slo-shop-20s" in [group["name"] for group in groups]

    def neither():
        traffic(ok=10)
        return not firing(agent.get("/api/v1/alerts").json()["data"]["alerts"]) and not firing(prometheus.alerts())

    wait_until(neither, 40, "both end")


def test_mistakes_are_told_at_once(tmp_path):
    file = tmp_path / "tocsin.toml"
    file.write_text('[[slo]]\nname = "a"\ntotal = "server_request_totl"\nbad = \'server_request_total{state="x"}\'\ntarget = 0.999\n'
                    '[[slo]]\nname = "b"\nlatency = "server_request_time_microseconds"\nthreshold = "3s"\ntarget = 0.95\n')
    told = subprocess.run([PROGRAM, "check", file], capture_output=True, text=True, timeout=30, check=False)
    assert told.returncode == 1
    assert f"{file}:3:" in told.stdout + told.stderr and "server_request_total" in told.stdout + told.stderr
    assert f"{file}:4:" in told.stdout + told.stderr
    assert f"{file}:9:" in told.stdout + told.stderr and "the nearest is" in told.stdout + told.stderr
    file.write_text('[[slo]]\nname = "a"\ntotal = "rate(x[5m])"\nbad = "y"\ntarget = 0.9\nperiod = "90d"\n[[slo]]\nname = "a"\n')
    told = subprocess.run([PROGRAM, "run", "--config", file], capture_output=True, text=True, timeout=30, check=False)
    assert told.returncode == 2
    for words in (f"{file}:3:", "144% of the events", "history.recorded_retention", "there is another objective", f"{file}:7:"):
        assert words in told.stderr, words
