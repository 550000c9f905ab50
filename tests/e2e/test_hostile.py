# SPDX-License-Identifier: Apache-2.0
"""What nobody should send, and what goes wrong around a program: each is told, counted and survived."""
import collections
import concurrent.futures
import gzip
import http.client
import itertools
import os
import signal
import socket
import time
import zlib

import grpc
import pytest
import requests
from google.protobuf import json_format
from google.rpc import status_pb2

from harness.otlp import REQUESTS, RESPONSES
from harness.otlp_http import PROTOBUF, counters, post
from harness.process import wait_until

INVALID, DENIED, TOO_LARGE, UNIMPLEMENTED, UNAVAILABLE, UNAUTHENTICATED = 3, 7, 8, 12, 14, 16
MIB = 1 << 20


def status_of(answer):
    """The google.rpc.Status of a refusal, in the form that was asked for."""
    if answer.headers["Content-Type"] == "application/json":
        return json_format.Parse(answer.text, status_pb2.Status())
    assert answer.headers["Content-Type"] == "application/x-protobuf"
    return status_pb2.Status.FromString(answer.content)


def failed_requests(agent, receiver="otlp_metrics"):
    return agent.status("receivers")["data"]["receivers"][receiver]["failedRequests"]


def refused(agent, listener, reason):
    return agent.value("tocsin_listener_refused_total", listener=listener, reason=reason)


def nothing_was_counted(agent, receiver="otlp_metrics"):
    otlp = agent.status("receivers")["data"]["receivers"][receiver]
    assert (otlp["received"], otlp["accepted"]) == (0, 0)
    assert not agent.samples("orders_total")
    return True


REFUSED = {
    "content type": (b"x", {"Content-Type": "text/plain"}, 415, INVALID, "unsupported"),
    "unknown encoding": (b"x", {"Content-Encoding": "br"}, 415, INVALID, "unsupported"),
    "broken gzip": (gzip.compress(b"x" * 1000)[:-12], {"Content-Encoding": "gzip"}, 400, INVALID, "malformed"),
    "no gzip at all": (b"plain text", {"Content-Encoding": "gzip"}, 400, INVALID, "malformed"),
    "truncated protobuf": (counters(("a", 1), ("b", 2))[:-5], {}, 400, INVALID, "malformed"),
    "truncated JSON": (b'{"resourceMetrics":[', {"Content-Type": "application/json"}, 400, INVALID, "malformed"),
    "random bytes": (b"\xff" * 100, {}, 400, INVALID, "malformed"),
}


@pytest.mark.parametrize("signal", ["metrics", "traces"])
def test_a_request_that_cannot_be_read_is_told_why_and_counts_nothing(start_agent, signal):
    agent = start_agent()
    receiver = {"metrics": "otlp_metrics", "traces": "otlp_spans"}[signal]
    expected = collections.Counter()
    for case, (body, headers, http_status, code, reason) in REFUSED.items():
        answer = post(agent, body.replace(b"resourceMetrics", b"resourceSpans"), headers, f"/v1/{signal}")
        assert answer.status_code == http_status, (case, answer.text)
        status = status_of(answer)
        assert status.code == code and status.message, case
        expected[reason] += 1
        assert failed_requests(agent, receiver) == expected, case
    nothing_was_counted(agent, receiver)
    wait_until(lambda: agent.value("tocsin_receiver_failed_requests_total", receiver=receiver, reason="malformed") == 5, 5)


def raw(agent, lines, body=b"", port=None):
    """The answer to bytes as they are: its status, its Content-Type, its fields and its body."""
    with socket.create_connection(("127.0.0.1", port or agent.otlp_port), timeout=20) as one:
        one.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        with http.client.HTTPResponse(one) as answer:
            answer.begin()
            return answer.status, answer.headers, answer.read()


# Refused by the server before the receiver is asked: a google.rpc.Status all the same, in the encoding of the request.
@pytest.mark.parametrize("kind", ["application/x-protobuf", "application/json"])
def test_what_the_server_itself_refuses_is_a_status_too(start_agent, kind):
    agent = start_agent({"otlp": {"max_request": "1MiB", "max_in_flight": "3MiB", "access": {"bearer_tokens": ["s3cret"]}}})
    post_line, host, right = "POST /v1/traces HTTP/1.1", "Host: 127.0.0.1", "Authorization: Bearer s3cret"
    known = [post_line, host, right, f"Content-Type: {kind}"]
    cases = [
        ("malformed", 417, INVALID, [*known, "Expect: cake", "Content-Length: 1"], b"x"),
        ("too_large", 413, TOO_LARGE, [*known, f"Content-Length: {65 * MIB}"], b"x" * MIB),
        ("too_large", 413, TOO_LARGE, [*known, "Transfer-Encoding: chunked"], b"200000\r\n" + b"x" * (2 * MIB) + b"\r\n0\r\n\r\n"),
        ("too_large", 431, TOO_LARGE, [*known, *(f"X-{n}: y" for n in range(70))], b""),
        ("credentials", 401, UNAUTHENTICATED, [post_line, host, f"Content-Type: {kind}", "Content-Length: 0"], b""),
        ("origin", 403, DENIED, [*known, "Origin: http://evil.example", "Content-Length: 0"], b""),
    ]
    expected = collections.Counter()
    for reason, http_status, code, lines, body in cases:
        status, headers, answer = raw(agent, lines, body)
        assert status == http_status, (reason, answer)
        assert headers["Content-Type"] == kind, reason
        told = json_format.Parse(answer, status_pb2.Status()) if kind.endswith("json") else status_pb2.Status.FromString(answer)
        assert told.code == code and told.message, (reason, told)
        expected[reason] += 1
    for reason, count in expected.items():
        wait_until(lambda reason=reason, count=count: refused(agent, "otlp/http", reason) == count, 5, reason)
    # No header could be read, so nobody knows what was asked for: a person can read JSON.
    for line, http_status, code in (("no colon", 400, INVALID), ("X-Long: " + "x" * 100_000, 431, TOO_LARGE)):
        status, headers, answer = raw(agent, [post_line, host, line])
        assert status == http_status and headers["Content-Type"] == "application/json"
        assert json_format.Parse(answer, status_pb2.Status()).code == code
    status, headers, answer = raw(agent, [*known, "Content-Length: many"])
    assert status == 411 and headers["Content-Type"] == "application/json"
    # The other listener speaks no OTLP: words.
    status, headers, answer = raw(agent, ["GET / HTTP/1.1", "Host: evil.example"], port=agent.http_port)
    assert status == 403 and headers["Content-Type"].startswith("text/plain") and b"allowed_hosts" in answer
    wait_until(lambda: refused(agent, "http", "host") == 1, 5)


def test_more_bodies_at_once_than_fit_are_asked_to_come_back(start_agent):
    agent = start_agent({"otlp": {"max_request": "2MiB", "max_in_flight": "3MiB"}})
    head = (f"POST /v1/metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-protobuf\r\n"
            f"Content-Length: {2 * MIB}\r\n\r\n").encode()
    with socket.create_connection(("127.0.0.1", agent.otlp_port), timeout=20) as first:
        first.sendall(head + bytes(2 * MIB - 1))  # one byte is missing: it is held
        answers = []

        def held_back():
            answers.append(post(agent, bytes(2 * MIB)))
            return answers[-1].status_code == 429

        wait_until(held_back, 10)
        answer = answers[-1]
        assert answer.headers["Retry-After"] == "1"
        status = status_of(answer)
        assert status.code == UNAVAILABLE and status.details[0].type_url.endswith("google.rpc.RetryInfo")
        wait_until(lambda: refused(agent, "otlp/http", "busy") == 1, 5)
    wait_until(lambda: post(agent, counters(("a", 1))).status_code == 200, 10)


def test_a_bomb_is_refused_in_bounded_memory(start_agent):
    agent = start_agent()
    before = agent.resident_bytes()
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(bytes(MIB)) for _ in range(200)) + packer.flush()
    assert len(bomb) < MIB
    answer = post(agent, bomb, {"Content-Encoding": "gzip"})
    assert answer.status_code == 413, answer.text
    assert status_of(answer).code == TOO_LARGE
    assert failed_requests(agent) == {"too_large": 1}
    assert agent.resident_bytes() - before < 100 * MIB
    nothing_was_counted(agent)


def test_wrong_methods_and_paths(start_agent):
    agent = start_agent()
    for method in ("GET", "PUT", "DELETE"):
        answer = requests.request(method, agent.otlp_url + "/v1/metrics", timeout=10)
        assert answer.status_code == 405 and answer.headers["Allow"] == "POST"
        assert status_of(answer).code == UNIMPLEMENTED
    assert post(agent, b"", path="/v2/metrics").status_code == 404


def test_half_a_body_counts_nothing_and_holds_nobody_up(start_agent):
    agent = start_agent()
    body = counters(("a", 1))
    head = (f"POST /v1/metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-protobuf\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode()
    waiting = []
    for number in range(40):
        one = socket.create_connection(("127.0.0.1", agent.otlp_port), timeout=5)
        one.sendall(head + body[:len(body) // 2])
        if number % 2:
            one.close()
        else:
            waiting.append(one)
    answer = post(agent, counters(("b", 2)))
    assert answer.status_code == 200
    wait_until(lambda: agent.value("orders_total", kind="b") == 2, 5)
    assert not agent.samples("orders_total", kind="a")
    for one in waiting:
        one.close()


def test_a_hundred_thousand_label_sets_go_to_the_overflow_series(start_agent):
    agent = start_agent()
    before = agent.resident_bytes()
    for first in range(0, 100_000, 20_000):
        answer = post(agent, counters(*((f"k{number}", 3) for number in range(first, first + 20_000))))
        assert answer.status_code == 200, answer.text
    assert agent.resident_bytes() - before < 60 * MIB
    wait_until(lambda: agent.value("orders_total") == 300_000, 5)
    assert len(agent.samples("orders_total")) <= 2_001
    assert agent.value("orders_total", otel_metric_overflow="true") >= 3 * 98_000
    top = agent.status("cardinality")["data"]["received"][0]
    assert (top["job"], top["label"]) == ("shop", "kind") and top["overflowed"] >= 98_000, top
    assert agent.value("tocsin_intake_overflowed_total") >= 98_000


def test_strange_label_values_come_out_as_they_went_in(start_agent):
    agent = start_agent()
    texts = ["x" * 4_000, "line\nbreak", "quote\"back\\slash", "tab\tnull\0bell\a", "snow ☃ 🎿", "", "{}=,#"]
    assert post(agent, counters(*((text, number + 1) for number, text in enumerate(texts)))).status_code == 200
    # A scrape may be given the snapshot of the second before.
    total = sum(range(1, len(texts) + 1))
    wait_until(lambda: agent.value("orders_total") == total, 5)
    for number, text in enumerate(texts):
        if text:
            assert agent.value("orders_total", kind=text) == number + 1, repr(text[:20])
    for accept in ("text/plain;version=0.0.4", "application/openmetrics-text;version=1.0.0"):
        found = [one for one in agent.families(accept).values() for one in one.samples if one.name == "orders_total"]
        assert sum(one.value for one in found) == total


def test_a_label_value_that_is_too_long_is_refused_alone(start_agent):
    agent = start_agent()
    answer = post(agent, counters(("x" * 65_536, 1), ("short", 2)))
    assert answer.status_code == 200
    partial = RESPONSES["metrics"].FromString(answer.content).partial_success
    assert partial.rejected_data_points == 1
    assert "orders" in partial.error_message and "too long" in partial.error_message
    wait_until(lambda: agent.value("orders_total") == 2, 5)
    otlp = agent.status("receivers")["data"]["receivers"]["otlp_metrics"]
    assert (otlp["received"], otlp["accepted"], sum(otlp["rejected"].values())) == (2, 1, 1)


def test_invalid_utf8_never_reaches_a_scrape(start_agent):
    agent = start_agent()
    # A sender that does not check its strings: the protobuf library here would refuse to write this.
    answer = post(agent, counters(("broken-XX-text", 1), ("whole", 2)).replace(b"XX", b"\xff\xfe"))
    assert answer.status_code == 200, answer.text
    partial = RESPONSES["metrics"].FromString(answer.content).partial_success
    assert partial.rejected_data_points == 1 and "UTF-8" in partial.error_message, partial
    agent.send_statsd("ok:1|c")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.sendto(b"bad\xff:1|c|#k:\xfe\nok:1|c", ("127.0.0.1", agent.statsd_port))
    wait_until(lambda: agent.value("ok_total") == 2 and agent.value("orders_total") == 2, 5, "what is whole counts")
    text = requests.get(agent.url + "/metrics", timeout=10).content.decode("utf-8")
    assert "broken-" not in text and "\nbad" not in text
    receivers = agent.status("receivers")["data"]["receivers"]
    assert receivers["otlp_metrics"]["rejected"] == {"invalid_utf8": 1}
    assert receivers["statsd"]["rejected"] == {"bad_value": 1}


def span_request(name):
    request = REQUESTS["traces"]()
    now = time.time_ns()
    request.resource_spans.add().scope_spans.add().spans.add(
        name=name, kind=2, trace_id=os.urandom(16), span_id=os.urandom(8), start_time_unix_nano=now - 10**6, end_time_unix_nano=now)
    return request.SerializeToString()


def test_sigterm_in_the_middle_loses_nothing_that_was_accepted(start_agent, start_destination):
    """Counters and spans over HTTP and gRPC, and StatsD, at full speed: what was answered with success has arrived."""
    destination = start_destination()
    agent = start_agent({"export": [{"name": "test", "protocol": "http/protobuf", "endpoint": destination.url,
                                     "interval": "200ms", "compression": "none"}]})
    answers, counted, spans = [], {}, []

    def over_http(number):
        with requests.Session() as session:
            for step in itertools.count(1):
                path, body = (("/v1/metrics", counters((f"h{number}", step), name=f"orders{number}")) if number % 2 else
                              ("/v1/traces", span_request(f"{number}.{step}")))
                try:
                    answers.append(session.post(agent.otlp_url + path, data=body, headers=PROTOBUF, timeout=10).status_code)
                except (requests.RequestException, http.client.HTTPException):
                    return
                if answers[-1] == 200 and number % 2:
                    counted[f"orders{number}"] = step
                elif answers[-1] == 200:
                    spans.append(f"{number}.{step}")

    def over_grpc():
        with grpc.insecure_channel(agent.grpc_target) as channel:
            export = channel.unary_unary("/opentelemetry.proto.collector.metrics.v1.MetricsService/Export")
            for step in itertools.count(1):
                try:
                    export(counters(("g", step), name="calls"), timeout=10)
                except grpc.RpcError as error:
                    answers.append(error.code())
                    return
                counted["calls"] = step

    with concurrent.futures.ThreadPoolExecutor(5) as senders:
        running = [senders.submit(over_http, number) for number in range(4)] + [senders.submit(over_grpc)]
        wait_until(lambda: len(answers) > 100 and counted.get("calls", 0) > 20 and destination.received(), 20, "all send")
        agent.send_statsd(*["hits:1|c"] * 50)
        begun = time.monotonic()
        agent.ended_on_purpose = True
        agent.signal(signal.SIGTERM)
        assert agent.wait(15) == 0, agent.log_tail()
        assert time.monotonic() - begun < 10
        for one in running:
            one.result(20)
    refusals = {200, 503, grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}
    assert set(answers) <= refusals, "nothing that was taken was answered otherwise"
    for name, last in counted.items():
        assert destination.latest(name) >= last, name
    assert destination.latest("hits") == 50
    assert set(spans) <= {span.name for _, span in destination.spans()}
    assert destination.faults == []
