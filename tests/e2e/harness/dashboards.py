# SPDX-License-Identifier: Apache-2.0
"""Dashboards as Grafana would ask them: panels, and their queries with variables filled in."""
import json
import re

from .process import ROOT

FILES = sorted((ROOT / "dashboards").glob("*.json"))
NAMES = [path.stem for path in FILES]


# Queries that rightly show nothing under the demo while all is well, and why: by board, panel and refId.
QUIET = {
    ("overview", "Alerts", "A"): "whether an alert fires just now differs",
    ("agent", "Accepted and rejected", "B"): "nothing is rejected",
    ("agent", "Requests that could not be read", "A"): "every request can be read",
    ("agent", "Recordings dropped", "A"): "no recording is dropped",
    ("agent", "Dropped", "A"): "the destination takes everything",
    ("agent", "Samples of the history", "B"): "the history takes everything",
    ("agent", "Checkpoints of the history", "A"): "the history is saved every few minutes only",
    ("agent", "Oldest that waits, last success", "A"): "nobody waits",
    ("agent", "Alerts to be told", "C"): "every alert is told",
    ("agent", "Address space", "B"): "the address space has no limit here",
    ("agent", "Refused at the listeners", "A"): "nothing is refused",
    ("agent", "Spans that no meter counts", "A"): "every span is counted",
}

# Those of the rules themselves, said again, so that each panel that draws them has something to draw.
THRESHOLDS = [{"alert": "HighErrorRate", "server_name": "checkout", "value": 0.05}, {"alert": "HighLatency", "value": 5},
              {"alert": "DependencyFailing", "value": 0.05}, {"alert": "WorkflowNodeFailing", "value": 0.1}]


def quiet_panels(name):
    """Titles of the panels of which every query may show nothing."""
    queries = {}
    for panel, target in targets(load(name)):
        queries.setdefault(panel["title"], []).append((name, panel["title"], target["refId"]) in QUIET)
    return {title for title, all_quiet in queries.items() if all(all_quiet)}


def load(name):
    return json.loads((ROOT / "dashboards" / f"{name}.json").read_text())


def panels(dashboard):
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", ())


def targets(dashboard):
    """(panel, target) of every query."""
    for panel in panels(dashboard):
        for target in panel.get("targets", ()):
            yield panel, target


def variables(dashboard):
    """Those that are asked of the data source, by name."""
    return {one["name"]: one for one in dashboard["templating"]["list"] if one["type"] == "query"}


def filled_in(expression, interval, values=None):
    """The query with $__rate_interval and $__range as `interval`, and each $variable as its value or as All, as the Prometheus
    data source writes them."""
    for name in ("__rate_interval", "__range"):
        expression = expression.replace(f"${name}", interval)

    def value(match):
        chosen = (values or {}).get(match[1])
        return ".*" if chosen is None else re.sub(r"([\\^$*+?.()|\[\]{}])", r"\\\\\1", chosen)

    expression = re.sub(r"\$(dc|server_name|func|peer|workflow|node_type|model|instance|slo)\b", value, expression)
    assert "$" not in expression, expression
    return expression
