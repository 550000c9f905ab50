# SPDX-License-Identifier: Apache-2.0
"""systemd's watchdog is told that the agent lives only while its tick thread moves, whatever the tick's interval."""
import contextlib
import ctypes
import os
import pathlib
import socket
import time

import pytest

from harness.agent import Agent
from harness.process import wait_until

PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH = 0x4206, 0x4207, 17
LIBC = ctypes.CDLL(None, use_errno=True)


class ServiceManager:
    """Stands for systemd: the socket of $NOTIFY_SOCKET."""

    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.bind(str(path))
        self.path = str(path)

    def told(self):
        """What came since it was last asked."""
        said = []
        with contextlib.suppress(BlockingIOError):
            while True:
                said.append(self._socket.recv(4096).decode())
        return said

    def stop(self):
        self._socket.close()


def thread_called(process, name):
    for task in pathlib.Path(f"/proc/{process.pid}/task").iterdir():
        if (task / "comm").read_text().strip() == name:
            return int(task.name)
    raise LookupError(name)


@contextlib.contextmanager
def hanging(thread):
    """One thread stands still; the others of its process go on."""
    def trace(request):
        if LIBC.ptrace(request, thread, None, None) != 0:
            pytest.skip(f"ptrace: {os.strerror(ctypes.get_errno())}")
    trace(PTRACE_SEIZE)
    trace(PTRACE_INTERRUPT)
    os.waitpid(thread, 0x40000000)  # __WALL: it stands
    try:
        yield
    finally:
        trace(PTRACE_DETACH)


def test_the_watchdog_hears_nothing_while_the_tick_thread_hangs(started, tmp_path):
    systemd = ServiceManager(tmp_path / "notify")
    agent = Agent(tmp_path, {"tick": "1h", "host_meters": False})
    agent.environment = {"NOTIFY_SOCKET": systemd.path, "WATCHDOG_USEC": "3000000"}
    started.extend([systemd, agent])
    systemd.faults = []
    agent.start()
    said = []
    wait_until(lambda: said.extend(systemd.told()) or said.count("WATCHDOG=1") >= 3, 15, "it lives, though it ticks once an hour")
    assert said[0].startswith("READY=1")
    with hanging(thread_called(agent, "tick")):
        time.sleep(3)  # what it did just before is within the limit
        systemd.told()
        time.sleep(2)
        assert systemd.told() == []
        assert agent.get("/-/healthy").status_code == 200, "the others go on, and would hide it"
        assert agent.status("ticks")["data"]["tickSilentSeconds"] > 3
    wait_until(lambda: "WATCHDOG=1" in systemd.told(), 15, "it moves again")
    assert agent.stop() == 0
    assert systemd.told()[-1] == "STOPPING=1"
