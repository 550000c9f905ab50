# SPDX-License-Identifier: Apache-2.0
"""1,000 kill -9 at random moments: nothing lost, nothing told wrongly, nothing told twice but where the record was lost."""
import os
import time

import pytest

from harness.kills import KillRun

KILLS = int(os.environ.get("SOAK_KILLS", "1000"))
SECONDS = int(os.environ.get("SOAK_SECONDS", "5400"))


@pytest.mark.timeout(SECONDS + 300)
def test_kills(tmp_path, start_agent, start_alertmanager):
    seed = int(os.environ.get("SOAK_SEED", time.time_ns() % 1_000_000))
    run = KillRun(tmp_path, start_agent, start_alertmanager, seed)
    try:
        run.go(kills=KILLS, longest=SECONDS)
    finally:
        run.stop()
    print(f"\nseed {seed}: {run.summary()}")
    assert not run.wrong, run.wrong
    assert run.kills == KILLS, run.summary()
