# SPDX-License-Identifier: Apache-2.0
"""OpenTelemetry's Python SDK as a service would use it; JavaScript's by peers/js/send.mjs."""
import contextlib
import json

from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter as GrpcMetricExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpanExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter as HttpMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from .peers import node

_HOUR_MS = 3_600_000


def resource(service="shop", **attributes):
    return Resource({"service.name": service, "service.instance.id": f"{service}-1", **attributes})


@contextlib.contextmanager
def meter_provider(receiver, protocol="http", service="shop", attributes=None, **options):
    """A MeterProvider that exports to receiver (whatever has otlp_url and grpc_target) when flushed, and at its end.
    options go to the exporter: preferred_temporality and so on."""
    if protocol == "grpc":
        exporter = GrpcMetricExporter(endpoint=receiver.grpc_target, insecure=True, **options)
    else:
        exporter = HttpMetricExporter(endpoint=f"{receiver.otlp_url}/v1/metrics",
                                      compression=options.pop("compression", Compression.Gzip), **options)
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=_HOUR_MS)
    provider = MeterProvider([reader], resource(service, **(attributes or {})), shutdown_on_exit=False)
    try:
        yield provider
    finally:
        provider.shutdown(10_000)


@contextlib.contextmanager
def tracer_provider(receiver, protocol="http", service="shop", attributes=None):
    if protocol == "grpc":
        exporter = GrpcSpanExporter(endpoint=receiver.grpc_target, insecure=True)
    else:
        exporter = HttpSpanExporter(endpoint=f"{receiver.otlp_url}/v1/traces")
    provider = TracerProvider(resource=resource(service, **(attributes or {})), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    try:
        yield provider
    finally:
        provider.shutdown()


def send_from_javascript(receiver, protocol="http/protobuf", requests=10):
    """One run of the JavaScript SDK: a counter, a histogram and as many spans. What it says that it sent."""
    endpoint = f"http://{receiver.grpc_target}" if protocol == "grpc" else receiver.otlp_url
    done = node("send.mjs", endpoint, protocol, requests)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
