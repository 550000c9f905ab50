# SPDX-License-Identifier: Apache-2.0
"""The agent pushes by remote write: to a real Prometheus, to victoria-metrics, and to another agent. That every value arrives, also
after the receiver was killed, test_otlp_export.py shows for both protocols."""
import subprocess
import time

import pytest
import requests

from harness.agent import PROGRAM
from harness.exports import destination_state, settled, write_to
from harness.process import free_port, wait_until
from harness.senders import meter_provider
from harness.victoria import VictoriaMetrics


@pytest.mark.parametrize("receiver", ("prometheus", "victoria-metrics", "tocsin"))
def test_remote_write_tells_beginnings_and_ends(start_agent, start_prometheus, started, tmp_path, receiver):
    """Three that take it: nothing of a counter's first increment is lost, who falls silent is gone at once, and all series say where from."""
    if receiver == "victoria-metrics":
        there = VictoriaMetrics(tmp_path)
        started.append(there)
        there.start()
    else:
        there = (start_prometheus("3.15", flags=["--web.enable-remote-write-receiver"]) if receiver == "prometheus"
                 else start_agent({"tick": "200ms"}, name="receiver"))
    agent = start_agent({"tick": "200ms", "limits": {"silent_after": "8s"}, "export": [write_to(there.url, labels={"cluster": "c1"})]}, name="sender")

    def value(expression):
        answer = requests.get(f"{there.url}/api/v1/query", params={"query": expression, "nocache": 1}, timeout=10).json()["data"]["result"]
        return float(answer[0]["value"][1]) if answer else None

    wait_until(lambda: value('tocsin_build_info{job="tocsin",cluster="c1",instance!=""}') == 1, 20, "what the agent says of itself is there")
    with meter_provider(agent, service="shop") as provider:
        provider.get_meter("m").create_counter("orders").add(3)
        wait_until(lambda: provider.force_flush() and value('orders_total{job="shop",cluster="c1"}') == 3, 20, "the value is there", every=0.5)
    if receiver != "victoria-metrics":  # whose increase() does not look for a beginning
        assert value('increase(orders_total{job="shop"}[1m])') > 2.5
    wait_until(lambda: value('orders_total{job="shop"}') is None, 40, "it is gone with its sender")
    counts = settled(agent)
    assert {reason: count for reason, count in counts["dropped"].items() if count} == {}, destination_state(agent)


def test_remote_write_to_itself_is_refused(start_agent, tmp_path):
    port = free_port()
    configuration = tmp_path / "tocsin.toml"
    configuration.write_text(f'[http]\nlisten = "127.0.0.1:{port}"\n[[export]]\nprotocol = "remote_write"\nendpoint = "http://localhost:{port}/api/v1/write"\n'
                             'temporality = "delta"\n')
    done = subprocess.run([str(PROGRAM), "check", str(configuration)], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert "tocsin.toml:5:12" in done.stdout and "it would feed itself" in done.stdout
    assert "remote write has none: samples are totals" in done.stdout


def test_nothing_is_told_twice_or_out_of_order(start_agent, start_prometheus):
    """Label sets expire beside living ones, a sender's clock is behind, the destination is configured anew: Prometheus, which refuses a
    whole request for one sample that is not newer, takes everything."""
    prometheus = start_prometheus("3.15", flags=["--web.enable-remote-write-receiver"])
    to = write_to(prometheus.url)
    agent = start_agent({"tick": "200ms", "limits": {"idle_after": "2s", "silent_after": "3s"}, "export": [to]})

    def send_statsd(count):
        agent.send_statsd(f"lively:{count}|c|#k:a")

    wait_until(lambda: prometheus.value('tocsin_build_info{job="tocsin"}') == 1, 20, "the agent is there")
    agent.send_statsd(*(f"lively:1|c|#k:idle{number}" for number in range(30)))
    wait_until(lambda: prometheus.value('count(lively_total)') == 30, 20, "all of them are there")
    agent.configure({"export": [{**to, "timeout": "7s"}]})
    assert agent.reload().status_code == 200
    wait_until(lambda: send_statsd(1) or prometheus.value('count(lively_total)') == 1, 40, "the idle ones are gone", every=0.2)
    past = time.time_ns() - 600 * 10**9
    for step in range(3):
        counters_at(agent, past + step * 10**9, 5 + step)
        wait_until(lambda value=5 + step: prometheus.value("last_over_time(behind_total[15m])") == value, 20, "it is taken")
        wait_until(lambda: agent.value("behind_total") is None, 20, "and ends")
    counts = settled(agent)
    assert {reason: count for reason, count in counts["dropped"].items() if count} == {}, destination_state(agent)
    assert counts["sent"] > 100


def counters_at(agent, time_ns, value):
    """One point of a sender whose clock says this time."""
    body = {"resourceMetrics": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "late"}}]}, "scopeMetrics": [{"metrics": [
        {"name": "behind", "sum": {"aggregationTemporality": 2, "isMonotonic": True, "dataPoints": [
            {"startTimeUnixNano": str(time_ns - 10**12), "timeUnixNano": str(time_ns), "asInt": str(value)}]}}]}]}]}
    answer = requests.post(f"{agent.otlp_url}/v1/metrics", json=body, timeout=10)
    assert answer.status_code == 200, answer.text
