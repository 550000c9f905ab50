#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Queries over HTTP beside Prometheus 3.15 and victoria-metrics: the same samples are written to all three by remote write,
their answers are compared, and each query is asked in turns. Prints a line a row as the other benchmarks do, in
milliseconds from the request to its whole answer, or of the server's processor time where the row says so.

Samples grow evenly, so that every engine must find the same rates, whatever each looks at beyond the window.
"""
import argparse
import http.client
import json
import operator
import os
import pathlib
import statistics
import struct
import sys
import tempfile
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

# pylint: disable=wrong-import-position
import requests  # noqa: E402
from harness.agent import Agent  # noqa: E402
from harness.prometheus import Prometheus  # noqa: E402
from harness.victoria import VictoriaMetrics  # noqa: E402

STEP_MS = 15_000
PER_REQUEST = 20_000  # series
RATES = 10            # a series grows by 1 to 10 a second
TICK = os.sysconf("SC_CLK_TCK")


def varint(number):
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out) + bytes([number])


def field(number, payload):
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def snappy(data):
    """The block format without any compression: literals of at most 64 KiB."""
    parts = [varint(len(data))]
    for at in range(0, len(data), 65_536):
        literal = data[at:at + 65_536]
        parts += [b"\xf4", struct.pack("<H", len(literal) - 1), literal]
    return b"".join(parts)


class Family:
    """Series of one name, each growing evenly, written at every step from `since_ms` to `to_ms`."""

    def __init__(self, name, label_sets, since_ms, to_ms):
        self.since_ms, self.to_ms, self.rates = since_ms, to_ms, [rate for _, rate in label_sets]
        self.heads = []
        for labels, _ in label_sets:
            pairs = b"".join(field(1, field(1, key.encode()) + field(2, text.encode()))
                             for key, text in sorted({"__name__": name, **labels}.items()))
            # A series: its labels and one sample of 18 bytes with its head.
            self.heads.append(b"\x0a" + varint(len(pairs) + 18) + pairs)

    def requests(self, at_ms):
        if not self.since_ms <= at_ms <= self.to_ms:
            return
        tail = b"\x10" + varint(at_ms)
        samples = {rate: b"\x12" + bytes([9 + len(tail)]) + b"\x09" + struct.pack("<d", rate * (at_ms - self.since_ms + 3_600_000) / 1000) + tail
                   for rate in set(self.rates)}
        assert all(len(sample) == 18 for sample in samples.values())
        for first in range(0, len(self.heads), PER_REQUEST):
            rates = self.rates[first:first + PER_REQUEST]
            yield snappy(b"".join(map(operator.add, self.heads[first:first + PER_REQUEST], map(samples.__getitem__, rates))))


def counters(count):
    """100 servers with as many series each; the rates of a server's series are 1 to 10 in turns."""
    return [({"func": f"func{i // 1000}", "instance": "10.0.0.1:8080", "ret": str(i % 7), "server_name": f"server{i % 100}", "app": f"a{i // 100}"},
             i // 100 % RATES + 1) for i in range(count)]


def buckets(histograms):
    """Of 16 buckets; half of what is observed is below 0.5."""
    return [({"func": f"func{h % 50}", "le": "+Inf" if b == 16 else f"{b / 16:g}", "server_name": f"server{h // 50}"}, b)
            for h in range(histograms) for b in range(1, 17)]


def send(urls, families):
    """In the order of time: Prometheus takes nothing that is an hour older than what it has."""
    sessions = [(url, requests.Session()) for url in urls]
    headers = {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy", "X-Prometheus-Remote-Write-Version": "0.1.0"}
    for at_ms in range(min(family.since_ms for family in families), max(family.to_ms for family in families) + 1, STEP_MS):
        for body in (body for family in families for body in family.requests(at_ms)):
            for url, session in sessions:
                answer = session.post(f"{url}/api/v1/write", data=body, headers=headers, timeout=120)
                if answer.status_code not in (200, 204):
                    sys.exit(f"{url} refuses samples: {answer.status_code} {answer.text[:300]}")


class Server:
    """Asked over one connection that stays open."""

    def __init__(self, url, process):
        self.connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=120)
        self.pid = process.pid

    def processor_ms(self):
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) * 1000 / TICK

    def ask(self, path, parameters):
        """Milliseconds, and the whole answer."""
        target = f"/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            start = time.perf_counter()
            self.connection.request("GET", target)
            answer = self.connection.getresponse()
        except http.client.RemoteDisconnected:  # it was idle for too long
            self.connection.close()
            start = time.perf_counter()
            self.connection.request("GET", target)
            answer = self.connection.getresponse()
        body = answer.read()
        spent = (time.perf_counter() - start) * 1000
        if answer.status != 200:
            sys.exit(f"{target}: {answer.status} {body[:500]}")
        return spent, json.loads(body)["data"]["result"]


def normal(result):
    """By labels: times and values, apart from the order in which an engine gives them."""
    found = {}
    for row in result:
        metric = {key: text for key, text in row["metric"].items() if key != "__name__"}
        points = row["values"] if "values" in row else [row["value"]]
        found[tuple(sorted(metric.items()))] = [(float(at), float(value)) for at, value in points]
    return found


def difference(ours, theirs):
    """What differs, by more than a millionth; "" where they are the same."""
    if ours.keys() != theirs.keys():
        return f"{len(ours)} series beside {len(theirs)}"
    for labels, points in ours.items():
        if len(points) != len(theirs[labels]):
            return f"{labels}: {len(points)} values beside {len(theirs[labels])}"
        for (at, value), (other_at, other) in zip(points, theirs[labels]):
            if at != other_at or abs(value - other) > 1e-6 * max(abs(value), abs(other)):
                return f"{labels}: {value} at {at} beside {other} at {other_at}"
    return ""


def compare(servers, row, path, parameters, rounds):
    """Asks all in turns; a row for each peer."""
    answers = {name: normal(server.ask(path, parameters)[1]) for name, server in servers.items()}  # warms them too
    right = bool(answers["tocsin"])
    for name in servers:
        if wrong := difference(answers["tocsin"], answers[name]):
            print(f"{row}: {name}: {wrong}", file=sys.stderr)
            right = False
    times = {name: [] for name in servers}
    before = {name: server.processor_ms() for name, server in servers.items()}
    for _ in range(rounds):
        for name, server in servers.items():
            times[name].append(server.ask(path, parameters)[0])
    spent = {name: (server.processor_ms() - before[name]) / rounds for name, server in servers.items()}
    for peer in (name for name in servers if name != "tocsin"):
        for what, ours, theirs, bar in (("", statistics.median(times["tocsin"]), statistics.median(times[peer]), row[1]),
                                        (", processor time", spent["tocsin"], spent[peer], None)):
            print(json.dumps({"row": f"{row[0]}, beside {peer}{what}", "ours": round(ours, 3), "peer": round(theirs, 3), "bar": bar,
                              "unit": "ms", "met": bar is None or ours <= bar}), flush=True)
    return right


RATE = "sum by (server_name) (rate(server_request_total[1m]))"
ROWS = [
    (("query: instant sum by (rate[1m]) over 100,000 series", 10), "query", RATE),
    (("query: instant histogram_quantile(rate[5m]) over 80,000 buckets", None), "query",
     "histogram_quantile(0.5, rate(latency_bucket[5m]))"),
    (("query: range of 1 h at 15 s, sum by (rate[1m]) over 10,000 series", None), "query_range", RATE.replace("server_request", "long_request")),
    (("query: range of 1 h at 15 s, histogram_quantile(sum by (rate[5m])) over 1,600 buckets", None), "query_range",
     "histogram_quantile(0.5, sum by (server_name, le) (rate(long_latency_bucket[5m])))"),
    (("query: instant selection of 1,000 of 100,000 series", None), "query", 'server_request_total{server_name="server7",instance=~"10\\\\..*"}'),
]


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--only", default="", help="rows with this text in their name")
    parser.add_argument("--agent", type=pathlib.Path, default=ROOT / "build" / "release" / "tocsin")
    parser.add_argument("--series", type=int, default=100_000, help="fewer for a quick look")
    parser.add_argument("--json", action="store_true", help="which is all there is")
    return parser.parse_args()


def main():
    arguments = parse()
    with tempfile.TemporaryDirectory(prefix="tocsin-queries-") as folder:
        agent = Agent(folder, {"tick": "15s", "limits": {"label_sets": 1_000_000}, "history": {"max_memory": "2GiB"}}, program=arguments.agent)
        prometheus = Prometheus(folder, "3.15", flags=["--web.enable-remote-write-receiver", "--query.max-samples=100000000"])
        victoria = VictoriaMetrics(folder, ["-search.maxUniqueTimeseries=1000000", "-retentionPeriod=1d", "-search.cacheTimestampOffset=1h"])
        processes = {"tocsin": agent, "Prometheus 3.15": prometheus, "VictoriaMetrics": victoria}
        try:
            for process in processes.values():
                process.start()
            now_ms = int(time.time() * 1000) // STEP_MS * STEP_MS
            urls = [process.url for process in processes.values()]
            wanted = [row for row in ROWS if arguments.only in row[0][0]]
            scale = arguments.series / 100_000
            families = {"server_request_total": (counters(int(100_000 * scale)), 300_000), "latency_bucket": (buckets(int(5_000 * scale)), 300_000),
                        "long_request_total": (counters(int(10_000 * scale)), 3_960_000), "long_latency_bucket": (buckets(100), 3_960_000)}
            started = time.monotonic()
            send(urls, [Family(name, label_sets, now_ms - back_ms, now_ms) for name, (label_sets, back_ms) in families.items()
                        if any(name in row[2] for row in wanted)])
            print(f"== written in {time.monotonic() - started:.0f} s", file=sys.stderr)
            requests.get(f"{victoria.url}/internal/force_flush", timeout=60)
            servers = {name: Server(process.url, process) for name, process in processes.items()}
            right = True
            for row, path, query in wanted:
                at = now_ms / 1000
                span = {"time": at} if path == "query" else {"start": at - 3_600, "end": at, "step": 15}
                right &= compare(servers, row, path, {"query": query, "nocache": 1, **span}, arguments.rounds)
        finally:
            for process in reversed(list(processes.values())):
                process.stop()
    return 0 if right and wanted else 1


if __name__ == "__main__":
    sys.exit(main())
