# SPDX-License-Identifier: Apache-2.0
"""The unit that is installed, under a real systemd: ready, reloaded, watched, stopped."""
import signal
import os

import pytest

from harness.agent import Agent, PROGRAM
from harness.process import ROOT, wait_until
from harness.systemd import Systemd, missing

UNIT = "tocsin.service"


@pytest.fixture
def service(tmp_path):
    """The shipped unit with what a test must say otherwise: where the program and its files are, and a short watch."""
    if missing():
        pytest.skip(missing())
    agent = Agent(tmp_path)  # for its configuration and its requests; systemd runs it
    text = (ROOT / "agent/service/tocsin.service.in").read_text()
    text = text.replace("@CMAKE_INSTALL_FULL_BINDIR@/tocsin", str(PROGRAM))
    assert "@" not in text
    # A user's manager cannot give away users, devices and the like: those lines are read, and left out here.
    left_out = ("DynamicUser", "PrivateDevices", "PrivateTmp", "ProtectControlGroups", "ProtectHome", "ProtectKernelLogs",
                "ProtectKernelModules", "ProtectKernelTunables", "ProtectSystem", "RestrictNamespaces")
    drop_in = "[Service]\n" + "".join(f"{name}=no\n" for name in left_out) + (
        f"ConfigurationDirectory=\nWorkingDirectory={agent.folder}\nStateDirectory=\nWatchdogSec=2\n"
        f"ExecStart=\nExecStart={PROGRAM} run --data-dir {agent.data_folder}\n")
    systemd = Systemd(tmp_path, {UNIT: text, f"{UNIT}.d/test.conf": drop_in})
    systemd.start()
    try:
        yield systemd, agent
    finally:
        systemd.control("stop", UNIT)
        systemd.stop()


def test_ready_reloaded_watched_and_stopped(service):
    systemd, agent = service
    started = systemd.control("start", UNIT)  # returns when the agent has said READY
    assert started.returncode == 0, started.stderr + systemd.log_tail()
    assert agent.get("/-/ready").status_code == 200
    systemd.wait_for(UNIT, ActiveState="active", SubState="running")
    assert str(agent.http_port) in systemd.show(UNIT, "StatusText")

    agent.configure({"tick": "2s"})
    assert systemd.control("reload", UNIT).returncode == 0
    wait_until(lambda: agent.value("tocsin_config_last_reload_successful") == 1)
    wait_until(lambda: 'tick = "2s"' in agent.status("settings")["data"]["toml"])
    systemd.wait_for(UNIT, ActiveState="active", SubState="running")

    # An agent that stands still is ended and started anew.
    first = systemd.show(UNIT, "MainPID")
    os.kill(int(first), signal.SIGSTOP)
    systemd.wait_for(UNIT, NRestarts="1", SubState="running")
    assert systemd.show(UNIT, "MainPID") != first
    wait_until(lambda: agent.get("/-/ready").status_code == 200)

    assert systemd.control("stop", UNIT).returncode == 0
    assert systemd.show(UNIT, "Result") == "success"
    assert systemd.show(UNIT, "ActiveState") == "inactive"


def test_a_configuration_that_cannot_run_fails_the_start(service):
    systemd, agent = service
    agent.config_path.write_text("[nonsense]\n")
    assert systemd.control("start", UNIT).returncode != 0
    wait_until(lambda: systemd.show(UNIT, "ExecMainStatus") == "2")
    systemd.control("stop", UNIT)
