# SPDX-License-Identifier: Apache-2.0
"""Dashboards as Grafana would ask them: panels, and their queries with variables filled in."""
import json
import re

from .process import ROOT

FILES = sorted((ROOT / "dashboards").glob("*.json"))
NAMES = [path.stem for path in FILES]


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
