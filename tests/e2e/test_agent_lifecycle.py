# SPDX-License-Identifier: Apache-2.0
"""The agent starts, says that it is ready, reloads and stops; a configuration that cannot run is refused with its place."""
import signal
import subprocess

from harness.agent import PROGRAM


def test_starts_is_ready_and_stops_cleanly(start_agent):
    agent = start_agent()
    assert agent.get("/-/healthy").status_code == 200
    assert agent.get("/-/ready").status_code == 200
    assert agent.get("/no/such/path").status_code == 404
    assert agent.stop() == 0
    assert agent.start().stop() == 0, "and again with the same data directory"


def test_interrupt_from_the_keyboard_stops_it_too(start_agent):
    agent = start_agent()
    agent.ended_on_purpose = True
    agent.signal(signal.SIGINT)
    assert agent.wait() == 0


def test_a_bad_configuration_is_refused_at_start_with_every_place(tmp_path):
    config = tmp_path / "tocsin.toml"
    config.write_text('tick = "1s"\n[http]\nlisten = "nowhere"\n[otlp]\nworkerz = 3\n')
    done = subprocess.run([str(PROGRAM), "run", "--config", str(config), "--data-dir", str(tmp_path / "data")],
                          capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 2, said
    assert f"{config}:3" in said and "address:port" in said
    assert f"{config}:5" in said and "workers" in said


def test_a_reload_with_a_bad_file_keeps_the_old_configuration(start_agent):
    agent = start_agent()
    good = agent.config_path.read_text()
    agent.config_path.write_text(good + "\n[nonsense]\n")
    assert agent.reload().status_code >= 400
    assert agent.get("/-/healthy").status_code == 200
    agent.config_path.write_text(good)
    assert agent.reload().status_code == 200
