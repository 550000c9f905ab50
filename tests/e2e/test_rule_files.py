# SPDX-License-Identifier: Apache-2.0
"""The shipped rule files, and those of others, by promtool of Prometheus 2.42 and 3.15 and by `tocsin check`."""
import re
import subprocess

import pytest

from harness.agent import PROGRAM
from harness.peers import promtool
from harness.process import ROOT

LIBRARY = sorted((ROOT / "rules" / "library").glob("*.yml"))
CONFORMANCE = ROOT.parent / "shared" / "conformance" / "rules"
TESTS = sorted((ROOT / "tests" / "rules").glob("*_test.yml"))


def test_every_rule_file_has_its_tests():
    tested = {path.stem.removesuffix("_test").removesuffix("_forms") for path in TESTS}
    assert tested == {path.stem for path in LIBRARY} != set()


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: path.stem)
def test_check_has_nothing_to_say_of_what_ships(path):
    """Not a warning, either: a renamed meter breaks this test."""
    done = subprocess.run([PROGRAM, "check", "--strict", path], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


# Rule files of Prometheus' own tests, good and bad, and rule files that are none of those.
OTHERS = sorted(path for folder in ("fixtures", "promtool", "rulefmt") for path in (CONFORMANCE / folder).glob("*.y*ml")
                if not re.search("^tests:", path.read_text(), re.M))  # those are for `promtool test rules`


@pytest.mark.skipif(not OTHERS, reason="no conformance cases beside this checkout")
@pytest.mark.parametrize("path", OTHERS, ids=lambda path: path.stem)
def test_check_agrees_with_promtool(path):
    theirs = promtool("3.15", "check", "rules", path)
    ours = subprocess.run([PROGRAM, "check", path], capture_output=True, text=True, timeout=30, check=False)
    assert (ours.returncode == 0) == (theirs.returncode == 0), f"{ours.stdout}{ours.stderr}\n{theirs.stdout}{theirs.stderr}"


@pytest.mark.parametrize("version", ["2.42", "3.15"])
def test_promtool_accepts_them(version):
    """Their unit tests: test_rule_tests.py."""
    done = promtool(version, "check", "rules", *LIBRARY)
    assert done.returncode == 0, done.stdout + done.stderr
