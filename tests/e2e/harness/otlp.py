# SPDX-License-Identifier: Apache-2.0
"""OTLP messages as tests read them: any wire form to a message, and a message to flat points and spans."""
import base64
import dataclasses
import gzip
import json
import zlib

import zstandard
from google.protobuf import json_format
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics_service
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as trace_service

REQUESTS = {"metrics": metrics_service.ExportMetricsServiceRequest, "traces": trace_service.ExportTraceServiceRequest}
RESPONSES = {"metrics": metrics_service.ExportMetricsServiceResponse, "traces": trace_service.ExportTraceServiceResponse}


@dataclasses.dataclass(frozen=True)
class Point:
    resource: dict
    scope: str
    name: str
    kind: str          # gauge, sum, histogram, exponential_histogram, summary
    attributes: dict
    value: object      # a number; of a histogram its count
    point: object      # the protobuf data point
    metric: object     # the protobuf metric, with its unit, temporality and so on


def decompress(body, encoding):
    if encoding == "gzip":
        return gzip.decompress(body)
    if encoding == "deflate":
        return zlib.decompress(body)
    if encoding == "zstd":
        return zstandard.ZstdDecompressor().decompressobj().decompress(body)
    if encoding in (None, "", "identity"):
        return body
    raise ValueError(f"content encoding {encoding}")


def _ids_to_base64(value):
    """OTLP/JSON writes ids in hex, protobuf's own JSON in base64."""
    if isinstance(value, dict):
        return {key: base64.b64encode(bytes.fromhex(item)).decode() if key in ("traceId", "spanId", "parentSpanId") and
                isinstance(item, str) else _ids_to_base64(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_ids_to_base64(item) for item in value]
    return value


def decode(signal, content_type, body):
    message = REQUESTS[signal]()
    if content_type.split(";")[0].strip() == "application/json":
        json_format.ParseDict(_ids_to_base64(json.loads(body)), message, ignore_unknown_fields=True)
    else:
        message.ParseFromString(body)
    return message


def value_of(any_value):
    kind = any_value.WhichOneof("value")
    if kind == "array_value":
        return [value_of(item) for item in any_value.array_value.values]
    if kind == "kvlist_value":
        return attributes_of(any_value.kvlist_value.values)
    return getattr(any_value, kind) if kind else None


def attributes_of(pairs):
    return {pair.key: value_of(pair.value) for pair in pairs}


def points_of(message):
    for resource in message.resource_metrics:
        shared = attributes_of(resource.resource.attributes)
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                kind = metric.WhichOneof("data")
                for point in getattr(metric, kind).data_points if kind else ():
                    if kind in ("gauge", "sum"):
                        which = point.WhichOneof("value")
                        value = getattr(point, which) if which else None
                    else:
                        value = point.count
                    yield Point(shared, scope.scope.name, metric.name, kind, attributes_of(point.attributes), value, point, metric)


def spans_of(message):
    """(resource attributes, span) of each span."""
    for resource in message.resource_spans:
        shared = attributes_of(resource.resource.attributes)
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield shared, span


def count_items(signal, message):
    return sum(1 for _ in (points_of(message) if signal == "metrics" else spans_of(message)))
