# SPDX-License-Identifier: Apache-2.0
"""The demonstration workload by itself, and ./dev run, which shows it with an agent and stops on ^C."""
import json
import os
import pathlib
import shutil
import signal
import subprocess

import pytest

from harness.agent import PROGRAM
from harness.process import ROOT, Process, wait_until


def demo(agent, *arguments):
    done = subprocess.run([str(PROGRAM), "demo", "--endpoint", agent.otlp_url, "--phase", "20s", *arguments], text=True,
                          capture_output=True, timeout=60, stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.parametrize("services", [1, 12])
def test_it_ends_after_its_time_and_prints_its_ledger_as_json(start_agent, services):
    agent = start_agent()
    done = demo(agent, "--for", "4s", "--rate", "400", "--services", str(services), "--json")
    assert done.stderr == "", "and nothing else"
    requests = json.loads(done.stdout)["requests"]
    by_service = {}
    for row in requests:
        by_service[row["service"]] = by_service.get(row["service"], 0) + row["count"]
    assert len(by_service) == services

    def agent_has():
        return {name: agent.value("server_request_total", server_name=name) for name in by_service}
    wait_until(lambda: agent_has() == by_service, 10, f"the agent has {by_service}, but {agent_has()}")


def test_for_people_it_prints_a_table(start_agent):
    done = demo(start_agent(), "--for", "6s", "--rate", "200", "--services", "2")
    assert "2 services" in done.stderr and "checkout" in done.stdout
    with pytest.raises(json.JSONDecodeError):
        json.loads(done.stdout)


class DevRun(Process):
    """In a network of its own, whose default ports are free."""
    name = "dev-run"

    def command(self):
        # ^C reaches it, also where these tests were started in the background and inherited that it is ignored.
        return ["env", "--default-signal=INT", "unshare", "--net", "sh", "-c", f"ip link set lo up && exec {ROOT}/dev run"]


def namespaces_allowed():
    return bool(shutil.which("ip")) and subprocess.run(["unshare", "--net", "ip", "link", "set", "lo", "up"],
                                                       capture_output=True, check=False).returncode == 0


def test_dev_run_shows_both_and_stops_them_on_interrupt(started, tmp_path):
    if not namespaces_allowed():
        pytest.skip("a network namespace cannot be made here")
    run = DevRun(tmp_path)
    run.environment = {"XDG_STATE_HOME": str(tmp_path / "state")}
    started.append(run)
    run.start(wait=False)
    wait_until(lambda: "^C stops agent and demo" in run.log(), 60, "it says how to stop")
    for address in ("http://127.0.0.1:9464/", "127.0.0.1:4317", "http://127.0.0.1:4318", "127.0.0.1:8125"):
        assert address in run.log()
    wait_until(lambda: "demo: 4 services" in run.log(), 20, "the demo runs")
    children = [int(pid) for pid in pathlib.Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()]
    assert len(children) == 2
    run.ended_on_purpose = True
    run.signal(signal.SIGINT)
    assert run.wait(20) == 0, run.log_tail()
    assert "== stopped" in run.log().splitlines()[-1]
    assert not any(os.path.exists(f"/proc/{pid}") for pid in children), "neither is left behind"
