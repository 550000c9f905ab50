# SPDX-License-Identifier: Apache-2.0
"""Where the real programs are. `./dev setup` makes them; one that cannot be had here skips the test and says why."""
import subprocess

import pytest

from .process import ROOT

PEERS = ROOT / "build" / "peers"


def peer(name):
    """The folder of a peer: python, debian, prometheus3, collector or js."""
    folder = PEERS / name
    if (folder / ".done").exists():
        return folder
    missing = PEERS / f"{name}.missing"
    if missing.exists():
        pytest.skip(f"{name}: {missing.read_text().strip()}")
    pytest.fail(f"{name} is not set up: run ./dev setup", pytrace=False)
    return None


def program(name, path):
    found = peer(name) / path
    assert found.exists(), f"{found} is not there"
    return found


def promtool(version, *arguments, standard_input=None):
    """Runs promtool "2.42" or "3.15"; the finished process, its output as text."""
    path = program("prometheus3", "promtool") if version.startswith("3") else program("debian", "usr/bin/promtool")
    return subprocess.run([str(path), *map(str, arguments)], input=standard_input, capture_output=True, text=True, timeout=60,
                          check=False)


def node(script, *arguments, timeout=60):
    """Runs a script of peers/js with Node.js; the finished process."""
    modules = peer("js") / "node_modules"
    link = ROOT / "tests" / "e2e" / "peers" / "js" / "node_modules"
    # Node looks for modules beside the script.
    if not link.exists() or link.resolve() != modules.resolve():
        link.unlink(missing_ok=True)
        link.symlink_to(modules)
    return subprocess.run(["node", str(link.parent / script), *map(str, arguments)], capture_output=True, text=True,
                          timeout=timeout, stdin=subprocess.DEVNULL, check=False)
