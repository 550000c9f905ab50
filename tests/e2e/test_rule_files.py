# SPDX-License-Identifier: Apache-2.0
"""The shipped rule files and their unit tests, by promtool of Prometheus 2.42 and 3.15."""
import pytest

from harness.peers import promtool
from harness.process import ROOT

LIBRARY = sorted((ROOT / "rules" / "library").glob("*.yml"))
TESTS = sorted((ROOT / "tests" / "rules").glob("*_test.yml"))


def test_every_rule_file_has_its_tests():
    tested = {path.stem.removesuffix("_test").removesuffix("_forms") for path in TESTS}
    assert tested == {path.stem for path in LIBRARY} != set()


@pytest.mark.parametrize("version", ["2.42", "3.15"])
@pytest.mark.parametrize("arguments", [("check", "rules", *LIBRARY), ("test", "rules", *TESTS)], ids=["check", "test"])
def test_promtool_accepts_them(version, arguments):
    done = promtool(version, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
