# SPDX-License-Identifier: Apache-2.0
"""The agent under test, on free ports, with its configuration written here and nowhere else."""
import json
import signal
import socket

import pytest
import requests
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_open_metrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from .process import ROOT, Process, free_port

PROGRAM = ROOT / "build" / "release" / "tocsin"


def toml_value(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {toml_value(item)}" for key, item in value.items()) + " }"
    return json.dumps(str(value))


def toml_text(settings, section=""):
    """TOML from nested dicts; a list of dicts becomes [[section]], a dict within a section an inline table."""
    lines = []
    tables = []
    for key, value in settings.items():
        path = f"{section}.{key}" if section else key
        if isinstance(value, dict) and not section:
            tables.append(f"\n[{path}]\n" + toml_text(value, path))
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            tables.extend(f"\n[[{path}]]\n" + toml_text(item, path) for item in value)
        else:
            lines.append(f"{key} = {toml_value(value)}\n")
    return "".join(lines) + "".join(tables)


class Agent(Process):
    name = "tocsin"

    def __init__(self, folder, settings=None, name=None, arguments=(), program=PROGRAM):
        """settings: sections by name, over those that put every listener on a free port; "export" is a list of dicts."""
        super().__init__(folder, name)
        if not program.exists():
            pytest.fail(f"{program} is not there: run ./dev build", pytrace=False)
        self.program = program
        self.arguments = list(arguments)
        self.http_port, self.grpc_port, self.otlp_port = free_port(), free_port(), free_port()
        self.statsd_port = free_port(socket.SOCK_DGRAM)
        self.settings = {
            "tick": "1s",
            "http": {"listen": f"127.0.0.1:{self.http_port}"},
            "otlp": {"grpc_listen": f"127.0.0.1:{self.grpc_port}", "http_listen": f"127.0.0.1:{self.otlp_port}"},
            "statsd": {"udp_listen": f"127.0.0.1:{self.statsd_port}"},
        }
        self.config_path = self.folder / "tocsin.toml"
        self.data_folder = self.folder / "data"
        self.configure(settings or {})

    def configure(self, settings):
        """Writes the configuration anew: these settings over the present ones. A running agent sees it after reload()."""
        for key, value in settings.items():
            if isinstance(value, dict):
                self.settings.setdefault(key, {}).update(value)
            else:
                self.settings[key] = value
        self.config_path.write_text(toml_text(self.settings))

    def command(self):
        return [self.program, "run", "--config", self.config_path, "--data-dir", self.data_folder, *self.arguments]

    @property
    def url(self):
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def otlp_url(self):
        """For OTLP/HTTP exporters that append /v1/metrics themselves."""
        return f"http://127.0.0.1:{self.otlp_port}"

    @property
    def grpc_target(self):
        return f"127.0.0.1:{self.grpc_port}"

    def get(self, path, **options):
        return requests.get(self.url + path, timeout=options.pop("timeout", 10), **options)

    def post(self, path, **options):
        return requests.post(self.url + path, timeout=options.pop("timeout", 10), **options)

    def ready(self):
        return self.get("/-/ready", timeout=2).status_code == 200

    def reload(self):
        return self.post("/-/reload")

    def hang_up(self):
        self.signal(signal.SIGHUP)

    def status(self, what):
        """GET /api/v1/status/<what>, as JSON."""
        answer = self.get(f"/api/v1/status/{what}")
        answer.raise_for_status()
        return answer.json()

    def metrics_text(self, accept="text/plain;version=0.0.4", **options):
        answer = self.get("/metrics", headers={"Accept": accept}, **options)
        answer.raise_for_status()
        return answer.text

    def families(self, accept="text/plain;version=0.0.4"):
        parse = parse_open_metrics if "openmetrics" in accept else parse_text
        return {family.name: family for family in parse(self.metrics_text(accept))}

    def samples(self, name, **labels):
        """The samples of one name whose labels include these, as a list of (labels, value)."""
        found = []
        for family in self.families().values():
            found += [(sample.labels, sample.value) for sample in family.samples
                      if sample.name == name and labels.items() <= sample.labels.items()]
        return found

    def value(self, name, **labels):
        """The sum over the matching samples; None where there is none."""
        found = self.samples(name, **labels)
        return sum(value for _, value in found) if found else None

    def send_statsd(self, *lines):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.sendto("\n".join(lines).encode(), ("127.0.0.1", self.statsd_port))
