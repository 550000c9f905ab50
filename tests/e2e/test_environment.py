# SPDX-License-Identifier: Apache-2.0
"""The standard OTEL_* variables at the agent's start, and destinations that would be the agent itself."""
import subprocess

import pytest

from harness.agent import PROGRAM, Agent
from harness.process import wait_until


@pytest.fixture
def agent(started, tmp_path):
    made = Agent(tmp_path)
    started.append(made)
    return made


def names(agent):
    return [one["name"] for one in agent.status("exporters")["data"]["destinations"]]


def test_an_inherited_endpoint_that_is_the_agent_itself_is_refused_and_said(agent):
    agent.environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://localhost:{agent.otlp_port}", "OTEL_METRIC_EXPORT_INTERVAL": "100"}
    agent.start()
    agent.send_statsd("seen:1|c")
    wait_until(lambda: agent.value("seen_total") == 1)
    assert names(agent) == []
    assert "points at this agent itself" in agent.log()
    assert not agent.value("tocsin_receiver_accepted_total", receiver="otlp")


def test_the_variables_make_a_destination(agent, start_destination):
    destination = start_destination()
    agent.environment = {"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": f"{destination.url}/v1/metrics",
                         "OTEL_EXPORTER_OTLP_HEADERS": "x-tenant=a%20b", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
                         "OTEL_METRIC_EXPORT_INTERVAL": "200", "OTEL_EXPORTER_OTLP_TIMEOUT": "0",
                         "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test", "OTEL_EXPORTER_OTLP_COMPRESSION": "brotli"}
    agent.start()
    agent.send_statsd("seen:7|c")
    wait_until(lambda: any(point.name == "seen" and point.value == 7 for point in destination.points()))
    assert {request.headers.get("x-tenant") for request in destination.requests} == {"a b"}
    assert "OTEL_EXPORTER_OTLP_COMPRESSION" in agent.log() and "brotli" in agent.log()
    assert names(agent) == ["environment"]
    assert destination.faults == []


def test_a_password_in_an_endpoint_is_refused_and_not_printed(agent):
    agent.environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://ann:s3cret@127.0.0.1:1"}
    agent.start()
    assert "OTEL_EXPORTER_OTLP_ENDPOINT" in agent.log() and "carries a user name" in agent.log()
    for said in (agent.log(), agent.get("/-/ready").text, agent.get("/api/v1/status/exporters").text):
        assert "s3cret" not in said, said


def test_an_endpoint_of_one_signal_counts_whatever_the_others_would_be(agent, start_destination):
    """Where the general endpoint is this agent, as the specification's default is, what goes elsewhere goes there."""
    destination = start_destination()
    agent.environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://localhost:{agent.otlp_port}", "OTEL_TRACES_EXPORTER": "none",
                         "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": f"{destination.url}/v1/metrics", "OTEL_METRIC_EXPORT_INTERVAL": "200"}
    agent.start()
    agent.send_statsd("seen:7|c")
    wait_until(lambda: any(point.name == "seen" and point.value == 7 for point in destination.points()))
    assert names(agent) == ["environment"] and "points at this agent" not in agent.log()


def test_a_destination_does_not_take_the_name_of_the_environments(tmp_path, started, start_destination):
    configured, inherited = start_destination(), start_destination()
    agent = Agent(tmp_path, {"export": [{"name": "environment", "endpoint": configured.url, "protocol": "http/protobuf", "interval": "1s"}]})
    started.append(agent)
    agent.environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": inherited.url}
    agent.start()
    assert names(agent) == ["environment"]
    assert "has the name of the destination of OTEL_EXPORTER_OTLP" in agent.log()
    agent.send_statsd("seen:7|c")
    wait_until(lambda: any(point.name == "seen" for point in configured.points()))
    assert inherited.requests == []


def test_nothing_is_sent_when_the_sdk_is_disabled(agent, start_destination):
    destination = start_destination()
    agent.environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": destination.url, "OTEL_SDK_DISABLED": "true"}
    agent.start()
    assert names(agent) == [] and destination.requests == []


def test_a_destination_of_the_configuration_that_is_the_agent_itself_is_a_fault_with_its_place(tmp_path):
    config = tmp_path / "tocsin.toml"
    config.write_text('[[export]]\nname = "loop"\nendpoint = "http://127.0.0.1:4317"\n')
    for command in (["check", config], ["run", "--config", config, "--data-dir", tmp_path / "data"]):
        done = subprocess.run([PROGRAM, *command], capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL, check=False)
        assert done.returncode == (1 if command[0] == "check" else 2), done
        assert f"{config}:3:" in done.stdout + done.stderr and "feed itself" in done.stdout + done.stderr
