# SPDX-License-Identifier: Apache-2.0
"""OTLP over gRPC from real clients: compression, limits, bombs, garbage, TLS, credentials, a port that is taken."""
import concurrent.futures
import os
import socket

import grpc
import pytest
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

from harness.agent import Agent
from harness.certificates import certificate_of
from harness.process import wait_until
from harness.senders import meter_provider

METRICS = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
LOGS = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
MIB = 1 << 20


def unary(channel, method=METRICS):
    return channel.unary_unary(method, request_serializer=None, response_deserializer=None)


def plain_channel(agent):
    return grpc.insecure_channel(agent.grpc_target, options=[("grpc.max_send_message_length", -1)])


def counter(value, name="orders", padding=0):
    request = metrics_service_pb2.ExportMetricsServiceRequest()
    resource = request.resource_metrics.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "shop"
    if padding:
        resource.resource.attributes.add(key="padding").value.string_value = "p" * padding
    metric = resource.scope_metrics.add().metrics.add(name=name)
    metric.sum.is_monotonic = True
    metric.sum.aggregation_temporality = 2
    metric.sum.data_points.add(as_int=value, time_unix_nano=1_700_000_000_000_000_000,
                               start_time_unix_nano=1_600_000_000_000_000_000)
    return request.SerializeToString()


def refused(call):
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value


def test_the_sdk_is_understood_with_every_compression(start_agent):
    agent = start_agent()
    for number, compression in enumerate((None, grpc.Compression.Gzip, grpc.Compression.Deflate)):
        with meter_provider(agent, "grpc", compression=compression, service=f"shop{number}") as provider:
            provider.get_meter("m").create_counter("orders").add(5)
        assert wait_until(lambda n=number: agent.value("orders_total", job=f"shop{n}") == 5)


def test_an_empty_request_is_a_success(start_agent):
    agent = start_agent()
    with plain_channel(agent) as channel:
        for method in (METRICS, METRICS.replace("metrics", "trace").replace("Metrics", "Trace")):
            answer = unary(channel, method)(b"", timeout=10)
            assert trace_service_pb2.ExportTraceServiceResponse.FromString(answer).partial_success.rejected_spans == 0


def test_what_is_not_served_is_told(start_agent):
    agent = start_agent()
    with plain_channel(agent) as channel:
        for method, request in ((LOGS, logs_service_pb2.ExportLogsServiceRequest()), ("/any.Service/Method", None)):
            body = request.SerializeToString() if request is not None else b"x"
            error = refused(lambda m=method, b=body: unary(channel, m)(b, timeout=10))
            assert error.code() == grpc.StatusCode.UNIMPLEMENTED
            assert error.details()


def test_malformed_protobuf_is_refused_and_not_retryable(start_agent):
    agent = start_agent()
    with plain_channel(agent) as channel:
        for body in (b"\xff" * 100, counter(1)[:-3], b"\x0a\xff\xff\xff\xff\x0f"):
            assert refused(lambda b=body: unary(channel)(b, timeout=10)).code() == grpc.StatusCode.INVALID_ARGUMENT
        unary(channel)(counter(3), timeout=10)
    assert wait_until(lambda: agent.value("orders_total") == 3)


@pytest.mark.parametrize("compression", [None, grpc.Compression.Gzip])
def test_a_message_over_the_limit_is_refused_in_bounded_memory(start_agent, compression):
    agent = start_agent({"otlp": {"max_request": "4MiB", "max_in_flight": "16MiB"}})
    before = agent.resident_bytes()
    with plain_channel(agent) as channel:
        unary(channel)(counter(1, padding=3 * MIB), timeout=20, compression=compression)
        for size in (5 * MIB, 200 * MIB):
            error = refused(lambda s=size: unary(channel)(counter(2, padding=s), timeout=60, compression=compression))
            # Far over the limit the connection's memory quota may end the call before the message is whole.
            assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
            assert agent.resident_bytes() - before < 80 * MIB
        unary(channel)(counter(4), timeout=20)
    assert wait_until(lambda: agent.value("orders_total") == 4)
    assert wait_until(lambda: agent.resident_bytes() - before < 15 * MIB, timeout=30)


def test_many_large_messages_at_once_stay_within_the_quota(start_agent):
    agent = start_agent({"otlp": {"max_request": "16MiB", "max_in_flight": "32MiB"}})
    before = agent.resident_bytes()
    body = counter(1, padding=15 * MIB)

    def send(_):
        with plain_channel(agent) as channel:
            try:
                unary(channel)(body, timeout=60)
                return grpc.StatusCode.OK
            except grpc.RpcError as error:
                return error.code()

    with concurrent.futures.ThreadPoolExecutor(12) as senders:
        codes = list(senders.map(send, range(24)))
    assert set(codes) <= {grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED}
    assert grpc.StatusCode.OK in codes
    assert agent.resident_bytes() - before < 150 * MIB
    assert wait_until(lambda: agent.resident_bytes() - before < 20 * MIB, timeout=30)
    with plain_channel(agent) as channel:
        unary(channel)(counter(7), timeout=20)


def test_garbage_and_idle_connections_stop_nobody(start_agent):
    agent = start_agent()
    sockets = []
    for number in range(1_200):
        one = socket.create_connection(("127.0.0.1", agent.grpc_port))
        one.setblocking(False)
        if number % 3 == 1:
            one.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        elif number % 3 == 2:
            one.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + os.urandom(100))
        sockets.append(one)
    with plain_channel(agent) as channel:
        unary(channel)(counter(9), timeout=20)
    for one in sockets:
        one.close()
    assert wait_until(lambda: agent.value("orders_total") == 9)
    assert agent.ready()


def test_tls_and_a_token(start_agent, tmp_path):
    certificate, key = certificate_of(tmp_path, "agent")
    agent = start_agent({"otlp": {"tls": {"certificate_file": certificate, "key_file": key},
                                  "access": {"bearer_tokens": ["s3cret"]}}})
    trusted = grpc.ssl_channel_credentials(certificate.read_bytes())
    target = f"localhost:{agent.grpc_port}"
    with grpc.secure_channel(target, trusted) as channel:
        assert refused(lambda: unary(channel)(counter(1), timeout=10)).code() == grpc.StatusCode.UNAUTHENTICATED
        unary(channel)(counter(5), timeout=10, metadata=[("authorization", "Bearer s3cret")])
    for other in (grpc.insecure_channel(target), grpc.secure_channel(target, grpc.ssl_channel_credentials())):
        with other as channel:
            error = refused(lambda c=channel: unary(c)(counter(1), timeout=10, metadata=[("authorization", "Bearer s3cret")]))
            assert error.code() == grpc.StatusCode.UNAVAILABLE
    assert wait_until(lambda: agent.value("orders_total") == 5)


def test_a_second_agent_on_the_port_says_so(start_agent, started, tmp_path):
    agent = start_agent()
    second = Agent(tmp_path, {"otlp": {"grpc_listen": agent.grpc_target}}, name="second")
    started.append(second)
    second.start(wait=False)
    assert wait_until(lambda: f"cannot listen on {agent.grpc_target}: Address already in use" in second.log_tail())
    wait_until(lambda: second.get("/-/ready").status_code == 503)
    assert agent.grpc_target in second.get("/-/ready").text
