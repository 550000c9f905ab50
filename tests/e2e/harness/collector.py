# SPDX-License-Identifier: Apache-2.0
"""A real OpenTelemetry Collector. What reached it is read back from the destinations that it forwards to."""
import json

import requests

from .peers import program
from .process import Process, free_port


class Collector(Process):
    name = "collector"

    def __init__(self, folder, forward_to=None, settings=None, span_meters=False, name=None):
        """forward_to: a Destination that gets everything by OTLP/HTTP, batch by batch, as it came. span_meters: metrics from
        spans by the spanmetrics connector. settings: top-level sections over those written here."""
        super().__init__(folder, name)
        self.grpc_port, self.http_port, self.scrape_port = free_port(), free_port(), free_port()
        exporters = {"prometheus": {"endpoint": f"127.0.0.1:{self.scrape_port}", "send_timestamps": False,
                                    "resource_to_telemetry_conversion": {"enabled": True}},
                     "debug": {"verbosity": "basic"}}
        metrics, traces = ["prometheus"], ["debug"]
        if forward_to is not None:
            exporters["otlphttp"] = {"endpoint": forward_to.url, "compression": "none", "sending_queue": {"enabled": False},
                                     "retry_on_failure": {"enabled": False}}
            metrics.append("otlphttp")
            traces = ["otlphttp"]
        sections = {
            "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": f"127.0.0.1:{self.grpc_port}"},
                                                 "http": {"endpoint": f"127.0.0.1:{self.http_port}"}}}},
            "exporters": exporters,
            "service": {
                # Its own metrics would take port 8888.
                "telemetry": {"metrics": {"level": "none"}, "logs": {"level": "info"}},
                "pipelines": {"metrics": {"receivers": ["otlp"], "exporters": metrics},
                              "traces": {"receivers": ["otlp"], "exporters": traces}},
            },
        }
        if span_meters:
            sections["connectors"] = {"spanmetrics": {"metrics_flush_interval": "1s"}}
            sections["service"]["pipelines"]["traces"]["exporters"].append("spanmetrics")
            sections["service"]["pipelines"]["metrics"]["receivers"].append("spanmetrics")
        sections.update(settings or {})
        # JSON is YAML.
        (self.folder / "collector.yaml").write_text(json.dumps(sections, indent=1))

    def command(self):
        return [program("collector", "otelcol"), "--config=collector.yaml"]

    def ready(self):
        # The OTLP receiver answers GET with 405 once it listens.
        return requests.get(f"{self.otlp_url}/v1/metrics", timeout=2).status_code == 405

    @property
    def otlp_url(self):
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def grpc_target(self):
        return f"127.0.0.1:{self.grpc_port}"

    def metrics_text(self):
        """What its Prometheus exporter says."""
        return requests.get(f"http://127.0.0.1:{self.scrape_port}/metrics", timeout=10).text
