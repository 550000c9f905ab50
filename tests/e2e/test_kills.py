# SPDX-License-Identifier: Apache-2.0
"""Alerts over kill -9 at random moments: the quick form of tests/soak/test_kills.py."""
import pytest

from harness.kills import KillRun


@pytest.mark.timeout(180)
def test_twenty_kills_and_nothing_wrong_is_told(tmp_path, start_agent, start_alertmanager):
    run = KillRun(tmp_path, start_agent, start_alertmanager, seed=20)
    try:
        run.go(kills=20, longest=40)
    finally:
        run.stop()
    print(run.summary())
    assert not run.wrong, run.wrong
    assert run.kills >= 5 and run.episodes >= 4, run.summary()
