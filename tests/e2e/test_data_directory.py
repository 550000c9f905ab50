# SPDX-License-Identifier: Apache-2.0
"""A data directory that cannot be written: the agent runs, says what it cannot keep and where, and is not ready."""
import pytest

from harness.agent import Agent
from harness.process import wait_until


@pytest.mark.parametrize("what", ["a file stands there", "a file stands on the way"])
def test_a_data_directory_that_cannot_be_written_is_told(started, tmp_path, what):
    agent = Agent(tmp_path, {"history": {"checkpoint": "1s"}})
    in_the_way = agent.data_folder
    in_the_way.write_text("not a folder")
    if what == "a file stands on the way":
        agent.data_folder = agent.data_folder / "deeper"
    started.append(agent)
    agent.start(wait=False)
    wait_until(lambda: agent.get("/-/healthy").status_code == 200, 20)
    agent.send_statsd("hits:3|c")
    wait_until(lambda: agent.value("hits_total") == 3, 5, "it counts")
    wait_until(lambda: (agent.value("tocsin_history_checkpoint_failures_total") or 0) > 0, 10, "it is counted")
    ready = agent.get("/-/ready")
    assert ready.status_code == 503 and "history" in ready.text and str(agent.data_folder) in ready.text, ready.text
    assert str(agent.data_folder) in agent.log()
    in_the_way.unlink()
    wait_until(agent.ready, 10, "what is mended is noticed")
    assert agent.stop() == 0
    assert (agent.data_folder / "window.checkpoint").exists()
