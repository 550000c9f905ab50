# SPDX-License-Identifier: Apache-2.0
"""A real systemd, as a user's manager with units of its own. On a machine that was not booted by systemd it runs where it
sees a /run of its own that says so; it changes nothing outside its folder."""
import os
import pathlib
import shutil
import subprocess
import tempfile

from .process import Process, wait_until

MANAGER = "/lib/systemd/systemd"
_BOOTED = "/run/systemd/system"
_PRETEND = f"mount -t tmpfs tmpfs /run && mkdir -p {_BOOTED} && exec {MANAGER} \"$@\""


def missing():
    """Why there can be no systemd here; empty where there can."""
    if not pathlib.Path(MANAGER).exists():
        return "systemd is not installed"
    if os.path.isdir(_BOOTED):
        return ""
    tried = subprocess.run(["unshare", "--mount", "true"], capture_output=True, text=True, check=False)
    return tried.stderr.strip() if tried.returncode else ""


class Systemd(Process):
    """units: {file name: text}. start() brings up a manager that has them and starts none of them."""

    name = "systemd"

    def __init__(self, folder, units):
        super().__init__(folder)
        # Its sockets lie here, whose paths may have 107 characters.
        self.runtime = pathlib.Path(tempfile.mkdtemp(prefix="systemd-"))
        home = self.folder / "home"
        self.units = home / "systemd" / "user"
        self.environment = {"XDG_RUNTIME_DIR": str(self.runtime), "XDG_CONFIG_HOME": str(home), "XDG_STATE_HOME": str(self.folder / "state"),
                            "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}
        for name, text in {"idle.target": "[Unit]\nDefaultDependencies=no\n", **units}.items():
            path = self.units / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def command(self):
        arguments = ["--user", "--unit=idle.target", "--log-target=console", "--show-status=no"]
        if os.path.isdir(_BOOTED):
            return [MANAGER, *arguments]
        return ["unshare", "--mount", "sh", "-c", _PRETEND, "sh", *arguments]

    def ready(self):
        return self.control("is-active", "idle.target").returncode == 0

    def control(self, *arguments):
        """`systemctl` at this manager, as a finished process."""
        return subprocess.run(["systemctl", "--user", "--no-pager", *arguments], env={**os.environ, **self.environment},
                              capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, check=False)

    def show(self, unit, name):
        return self.control("show", unit, "--property", name, "--value").stdout.strip()

    def wait_for(self, unit, timeout=30, **properties):
        """Until these properties of the unit have these values."""
        wait_until(lambda: all(self.show(unit, name) == value for name, value in properties.items()), timeout,
                   f"{unit} with {properties}")

    def stop(self, timeout=None):
        # SIGRTMIN+24 is "leave, and end what you started"; SIGTERM does as much for a user's manager.
        status = super().stop(timeout)
        shutil.rmtree(self.runtime, ignore_errors=True)
        return status
