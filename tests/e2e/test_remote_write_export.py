# SPDX-License-Identifier: Apache-2.0
"""The agent pushes by remote write: to a real Prometheus, to victoria-metrics, and to another agent. That every value arrives, also
after the receiver was killed, test_otlp_export.py shows for both protocols."""
import subprocess

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
