# SPDX-License-Identifier: Apache-2.0
"""A real Prometheus, 2.42 or 3.15, and Alertmanager."""
import json

import requests

from .peers import program
from .process import Process, free_port


def target(address, job="tocsin", **more):
    """A scrape configuration of one static target."""
    return {"job_name": job, "static_configs": [{"targets": [address]}], **more}


class Prometheus(Process):
    def __init__(self, folder, version, scrape=(), rules=(), alertmanager=None, flags=(), settings=None, interval="1s"):
        """version: "2.42" or "3.15". scrape: scrape configurations (see target()). rules: paths of rule files. flags: more
        command line, such as --web.enable-otlp-receiver or --enable-feature=native-histograms. settings: more top-level
        keys of the configuration, such as {"otlp": {...}}."""
        assert version in ("2.42", "3.15"), version
        super().__init__(folder, f"prometheus-{version}")
        self.version = version
        self.program = program("prometheus3", "prometheus") if version == "3.15" else program("debian", "usr/bin/prometheus")
        self.port = free_port()
        self.flags = list(flags)
        self.settings = {"global": {"scrape_interval": interval, "scrape_timeout": interval, "evaluation_interval": interval},
                         "scrape_configs": list(scrape), "rule_files": [str(path) for path in rules]}
        if alertmanager is not None:
            self.settings["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [alertmanager.address]}]}]}
        self.settings.update(settings or {})
        self.configure({})

    def configure(self, settings):
        self.settings.update(settings)
        # JSON is YAML.
        (self.folder / "prometheus.yml").write_text(json.dumps(self.settings, indent=1))

    def command(self):
        return [self.program, "--config.file=prometheus.yml", "--storage.tsdb.path=data", "--web.enable-lifecycle",
                # An alert that fires before Alertmanager is discovered would be told again only after a minute.
                "--rules.alert.resend-delay=1s", f"--web.listen-address={self.address}", *self.flags]

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @property
    def url(self):
        return f"http://{self.address}"

    @property
    def otlp_url(self):
        """For OTLP/HTTP exporters that append /v1/metrics themselves; needs --web.enable-otlp-receiver."""
        return f"{self.url}/api/v1/otlp"

    def ready(self):
        return requests.get(f"{self.url}/-/ready", timeout=2).status_code == 200

    def api(self, path, **parameters):
        """The data of an API answer; an error answer is raised with Prometheus' own words."""
        answer = requests.get(f"{self.url}/api/v1/{path}", params=parameters, timeout=30).json()
        if answer["status"] != "success":
            raise RuntimeError(f"{path} {parameters}: {answer.get('error')}")
        return answer["data"]

    def query(self, expression, at=None):
        """An instant vector as a list of (labels, value); value is a float, or a dict for a native histogram."""
        data = self.api("query", query=expression, **({"time": at} if at is not None else {}))
        if data["resultType"] == "scalar":
            return [({}, float(data["result"][1]))]
        return [(row["metric"], float(row["value"][1]) if "value" in row else row["histogram"][1]) for row in data["result"]]

    def value(self, expression, at=None):
        """The one value of an instant query; None where it is empty."""
        rows = self.query(expression, at)
        assert len(rows) <= 1, f"{expression} gives {len(rows)} series"
        return rows[0][1] if rows else None

    def query_range(self, expression, start, end, step=1):
        return self.api("query_range", query=expression, start=start, end=end, step=step)["result"]

    def exemplars(self, expression, start, end):
        return self.api("query_exemplars", query=expression, start=start, end=end)

    def targets(self):
        return self.api("targets")["activeTargets"]

    def alerts(self):
        return self.api("alerts")["alerts"]

    def rules(self):
        return self.api("rules")["groups"]

    def metadata(self, metric=None):
        return self.api("metadata", **({"metric": metric} if metric else {}))

    def reload(self):
        requests.post(f"{self.url}/-/reload", timeout=10).raise_for_status()


class Alertmanager(Process):
    name = "alertmanager"

    def __init__(self, folder, webhook=None):
        """webhook: a URL that every notification is posted to at once; without one they are only kept."""
        super().__init__(folder)
        self.port = free_port()
        receiver = {"name": "test"}
        if webhook:
            receiver["webhook_configs"] = [{"url": webhook, "send_resolved": True}]
        settings = {"route": {"receiver": "test", "group_by": ["..."], "group_wait": "0s", "group_interval": "1s",
                              "repeat_interval": "1h"}, "receivers": [receiver]}
        (self.folder / "alertmanager.yml").write_text(json.dumps(settings))

    def command(self):
        # An empty cluster address: no gossip, no second port.
        return [program("debian", "usr/bin/prometheus-alertmanager"), "--config.file=alertmanager.yml",
                "--storage.path=data", f"--web.listen-address={self.address}", "--cluster.listen-address="]

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @property
    def url(self):
        return f"http://{self.address}"

    def ready(self):
        return requests.get(f"{self.url}/-/ready", timeout=2).status_code == 200

    def alerts(self):
        return requests.get(f"{self.url}/api/v2/alerts", timeout=10).json()
