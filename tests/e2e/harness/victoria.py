# SPDX-License-Identifier: Apache-2.0
"""A real victoria-metrics of Debian."""
import requests

from .peers import program
from .process import Process, free_port


class VictoriaMetrics(Process):
    name = "victoria-metrics"

    def __init__(self, folder, flags=()):
        super().__init__(folder)
        self.port = free_port()
        self.flags = list(flags)

    def command(self):
        # Its default latency offset would make everything 30 s late.
        return [program("debian", "usr/bin/victoria-metrics"), f"-httpListenAddr=127.0.0.1:{self.port}", "-storageDataPath=data",
                "-search.latencyOffset=0s", "-loggerLevel=WARN", *self.flags]

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def ready(self):
        return requests.get(f"{self.url}/health", timeout=2).status_code == 200

    def query(self, expression):
        """[(labels, value)] of an instant query."""
        answer = requests.get(f"{self.url}/api/v1/query", params={"query": expression, "nocache": 1}, timeout=10).json()
        return [(one["metric"], float(one["value"][1])) for one in answer["data"]["result"]]
