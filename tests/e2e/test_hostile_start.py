# SPDX-License-Identifier: Apache-2.0
"""Ports that are taken and configurations that cannot be: named, with their place, and the rest runs."""
import socket
import subprocess

import pytest

from harness.agent import PROGRAM, Agent
from harness.otlp_http import counters, post
from harness.process import free_port, wait_until


RECEIVERS = {"otlp/grpc": ("otlp", "grpc_listen", socket.SOCK_STREAM), "otlp/http": ("otlp", "http_listen", socket.SOCK_STREAM),
             "statsd/tcp": ("statsd", "tcp_listen", socket.SOCK_STREAM), "statsd/udp": ("statsd", "udp_listen", socket.SOCK_DGRAM)}


def take_ports(settings):
    """A socket on a port of each receiver's kind, entered into settings as where that receiver is to listen."""
    taken = {}
    for listener, (section, key, kind) in RECEIVERS.items():
        one = taken[listener] = socket.socket(socket.AF_INET, kind)
        one.bind(("127.0.0.1", free_port(kind)))
        if kind == socket.SOCK_STREAM:
            one.listen()
        settings.setdefault(section, {})[key] = f"127.0.0.1:{one.getsockname()[1]}"
    return taken


def test_receivers_whose_ports_are_taken_are_named_and_served_once_they_are_free(started, tmp_path):
    settings = {}
    taken = take_ports(settings)
    agent = Agent(tmp_path, settings)
    started.append(agent)
    agent.start(wait=False)
    wait_until(lambda: agent.get("/-/healthy").status_code == 200)
    ready = agent.get("/-/ready")
    assert ready.status_code == 503
    states = {one["name"]: one for one in agent.status("receivers")["data"]["listeners"]}
    for listener, (section, key, kind) in RECEIVERS.items():
        address = settings[section][key]
        said = next(line for line in ready.text.splitlines() if listener in line)
        whom_to_ask = f"ss {'-lunp' if kind == socket.SOCK_DGRAM else '-ltnp'} sport = :{address.rpartition(':')[2]}"
        assert address in said and "in use" in said and whom_to_ask in said
        assert not states[listener]["serving"] and "in use" in states[listener]["fault"]
        wait_until(lambda one=listener: agent.value("tocsin_listener_up", listener=one) == 0, 5)
    wait_until(lambda: agent.value("tocsin_listener_up", listener="http") == 1)

    told = agent.log().count('"event":"cannot listen"')
    assert told == len(RECEIVERS)
    taken.pop("otlp/http").close()
    wait_until(lambda: "otlp/http" not in agent.get("/-/ready").text, 15, "the one that is free is served")
    agent.otlp_port = int(settings["otlp"]["http_listen"].rpartition(":")[2])
    assert post(agent, counters(("a", 4))).status_code == 200
    for one in taken.values():
        one.close()
    assert agent.reload().status_code == 200
    wait_until(agent.ready, 2, "a reload tries at once")
    assert agent.log().count('"event":"cannot listen"') == told, "one that still waits says nothing again"
    agent.statsd_port = int(settings["statsd"]["udp_listen"].rpartition(":")[2])
    agent.send_statsd("hits:3|c")
    wait_until(lambda: agent.value("hits_total") == 3 and agent.value("orders_total") == 4, 5, "what was sent is counted")
    wait_until(lambda: agent.value("tocsin_listener_up") == 1 + len(RECEIVERS), 5)


def test_a_second_agent_on_the_same_page_port_says_so_and_ends(start_agent, started, tmp_path):
    first = start_agent()
    second = Agent(tmp_path, {"http": {"listen": f"127.0.0.1:{first.http_port}"}}, name="second")
    started.append(second)
    second.start(wait=False)
    second.ended_on_purpose = True
    assert second.wait() == 2
    assert f"127.0.0.1:{first.http_port}" in second.log() and "in use" in second.log()
    assert first.get("/-/ready").status_code == 200


@pytest.mark.parametrize("text, place, said", [
    ("tick = \n", "1", ""),
    ('[http]\nlisten = "127.0.0.1:0"\n[otlp]\nmax_requst = "1MiB"\n', "4:1", "max_request"),
    ('[htttp]\n', "1:1", '"http"'),
    ('[otpl]\n', "1:1", '"otlp"'),
    ('tick = "soon"\n', "1:8", ""),
])
def test_a_bad_configuration_is_refused_with_its_place_and_a_suggestion(tmp_path, text, place, said):
    config = tmp_path / "tocsin.toml"
    config.write_text(text)
    done = subprocess.run([str(PROGRAM), "run", "--config", str(config), "--data-dir", str(tmp_path / "data")],
                          capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 2, done.stdout + done.stderr
    assert f"{config}:{place}" in done.stderr and said in done.stderr, done.stderr


def test_a_bad_reload_changes_nothing_and_is_told(start_agent):
    agent = start_agent()
    good = agent.config_path.read_text()
    in_force = agent.status("settings")["data"]["toml"]
    assert agent.value("tocsin_config_last_reload_successful") == 1
    agent.config_path.write_text(good + '\n[limits]\nlabel_set = 4\n')
    answer = agent.reload()
    assert answer.status_code == 422
    assert f"{agent.config_path}:" in answer.text and "label_sets" in answer.text
    wait_until(lambda: agent.value("tocsin_config_last_reload_successful") == 0, 5)
    assert agent.status("settings")["data"]["toml"] == in_force
    said = agent.log().count("label_sets")
    agent.hang_up()
    wait_until(lambda: agent.log().count("label_sets") > said, 5, "the signal, too, is answered with what is wrong")
    assert agent.value("tocsin_config_last_reload_successful") == 0
    agent.config_path.write_text(good)
    agent.hang_up()
    wait_until(lambda: agent.value("tocsin_config_last_reload_successful") == 1, 5)
