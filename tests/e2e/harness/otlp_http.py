# SPDX-License-Identifier: Apache-2.0
"""Requests made by hand, as no SDK would send them, to an agent's OTLP/HTTP listener."""
import time

import requests

from .otlp import REQUESTS

PROTOBUF = {"Content-Type": "application/x-protobuf"}
CUMULATIVE = 2


def counters(*values, name="orders", key="kind"):
    """A request with one counter and one point for each (label value, value)."""
    request = REQUESTS["metrics"]()
    resource = request.resource_metrics.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "shop"
    metric = resource.scope_metrics.add().metrics.add(name=name)
    metric.sum.is_monotonic = True
    metric.sum.aggregation_temporality = CUMULATIVE
    now = time.time_ns()
    for label, value in values:
        point = metric.sum.data_points.add(as_int=value, time_unix_nano=now, start_time_unix_nano=now - 10**9)
        point.attributes.add(key=key).value.string_value = label
    return request.SerializeToString()


def post(agent, body, headers=(), path="/v1/metrics"):
    return requests.post(agent.otlp_url + path, data=body, headers={**PROTOBUF, **dict(headers)}, timeout=30)
