# SPDX-License-Identifier: Apache-2.0
"""The range queries of prometheus/compliance: a real Prometheus 3.15 answers them over made-up series of the demo service,
and its answers are what a test script expects of ours over the same series."""
import json
import math
import random
import re
import subprocess

import pytest
import requests

from harness.agent import PROGRAM
from harness.peers import promtool
from harness.process import ROOT

QUERIES = ROOT.parent / "shared" / "conformance" / "promql-compliance" / "promql-test-queries.yml"

STEP = 15
SAMPLES = 520  # 2 h 10 min
FROM, TO, EVERY = 5407, 7207, 60  # between two samples, with an hour before it

VARIANTS = {
    "range": ["1s", "15s", "1m", "5m", "15m", "1h"],
    "offset": ["1m", "5m", "10m"],
    "simpleAggrOp": ["sum", "avg", "max", "min", "count", "stddev", "stdvar"],
    "simpleTimeAggrOp": ["sum", "avg", "max", "min", "count", "stddev", "stdvar", "absent", "last"],
    "topBottomOp": ["topk", "bottomk"],
    "quantile": ["-0.5", "0.1", "0.5", "0.75", "0.95", "0.90", "0.99", "1", "1.5"],
    "arithBinOp": ["+", "-", "*", "/", "%", "^"],
    "compBinOp": ["==", "!=", "<", ">", "<=", ">="],
    "binOp": ["+", "-", "*", "/", "%", "^", "==", "!=", "<", ">", "<=", ">="],
    "simpleMathFunc": ["abs", "ceil", "floor", "exp", "sqrt", "ln", "log2", "log10", "round"],
    "extrapolatedRateFunc": ["delta", "rate", "increase"],
    "clampFunc": ["clamp_min", "clamp_max"],
    "instantRateFunc": ["idelta", "irate"],
    "dateFunc": ["day_of_month", "day_of_week", "days_in_month", "hour", "minute", "month", "year"],
}


def templates():
    """(query, its variants' names, should it fail) of the file, which is simple YAML: a line a field."""
    found = []
    for line in QUERIES.read_text().splitlines():
        field = re.match(r"[\s-]*(query|variant_args|should_fail): (.*)", line)
        if not field or line.lstrip().startswith("#"):
            continue
        if field[1] == "query":
            text = field[2].strip()
            found.append([text[1:-1] if text[0] in "'\"" else text, [], False])
        elif field[1] == "variant_args":
            found[-1][1] = re.findall(r"\w+", field[2])
        else:
            found[-1][2] = field[2].strip() == "true"
    return found


def expand(query, names):
    """The query with every combination of its variants."""
    if not names:
        return [query]
    return [full for value in VARIANTS[names[0]] for full in expand(query.replace("{{.%s}}" % names[0], value), names[1:])]


def demo_series():
    """(name, labels, values): a value a step, None where there is none."""
    chance = random.Random(7)
    for host in range(3):
        own = {"job": "demo", "instance": f"demo.promlabs.com:1000{host}"}
        yield "demo_num_cpus", own, [4 + host] * SAMPLES
        for kind in ("buffers", "cached", "free", "used"):
            yield ("demo_memory_usage_bytes", {**own, "type": kind},
                   [round(2e9 + 1e9 * math.sin(i / 40 + host) + chance.uniform(0, 1e8)) for i in range(SAMPLES)])
        for mode in ("idle", "system", "user"):
            total, values = chance.uniform(0, 9e5), []
            for i in range(SAMPLES):
                total = 0 if host == 1 and i == 400 else total + chance.uniform(0, 12)  # one process restarted
                values.append(round(total, 2))
            yield "demo_cpu_usage_seconds_total", {**own, "mode": mode}, values
        yield "demo_disk_usage_bytes", own, [5e10 + i * 1e5 + chance.randrange(1000) for i in range(SAMPLES)]
        yield "demo_batch_last_success_timestamp_seconds", own, [15 * (i - i % 40) for i in range(SAMPLES)]
        yield "demo_intermittent_metric", own, [None if i % 60 > 20 else 1 for i in range(SAMPLES)]
        for path in ("/api/foo", "/api/bar"):
            yield from demo_histogram({**own, "method": "GET", "path": path, "status": "200"}, chance)


def demo_histogram(labels, chance):
    name, bounds = "demo_api_request_duration_seconds", [0.001 * 1.5 ** i for i in range(12)] + [math.inf]
    counts, rows = [0] * len(bounds), [[] for _ in bounds]
    for _ in range(SAMPLES):
        for at in range(len(bounds)):
            counts[at] += chance.randrange(20)
            rows[at].append(sum(counts[:at + 1]))
    for bound, row in zip(bounds, rows):
        yield f"{name}_bucket", {**labels, "le": "+Inf" if math.isinf(bound) else f"{bound:.6g}"}, row
    yield f"{name}_count", labels, rows[-1]
    yield f"{name}_sum", labels, [round(value * 0.02, 3) for value in rows[-1]]


def written(name, labels):
    # A name that is none of the old ones is quoted: Prometheus 3 takes any (two queries of these once had to fail).
    quoted = ((key if re.fullmatch(r"[a-zA-Z_]\w*", key) else json.dumps(key), json.dumps(value)) for key, value in labels.items())
    return name + "{" + ",".join(f"{key}={value}" for key, value in quoted) + "}"


def write_blocks(series, folder):
    text = []
    for name, labels, values in series:
        text += [f"{written(name, labels)} {value!r} {i * STEP}" for i, value in enumerate(values) if value is not None]
    source = folder / "samples.om"
    source.write_text("\n".join(text) + "\n# EOF\n")
    made = promtool("3.15", "tsdb", "create-blocks-from", "openmetrics", source, folder / "data")
    assert made.returncode == 0, made.stderr


def expected(prometheus, query, should_fail):
    """What Prometheus answers, as lines of a test script."""
    answer = requests.post(f"{prometheus.url}/api/v1/query_range", timeout=30,
                           data={"query": query, "start": FROM, "end": TO, "step": EVERY}).json()
    failed = answer["status"] != "success"
    if failed:
        assert should_fail, f"{query}: {answer['error']}"
        return ["  expect fail"]
    lines = []
    for row in answer["data"]["result"]:
        labels = dict(row["metric"])
        found = {round(float(at)): value for at, value in row["values"]}
        lines.append("  " + written(labels.pop("__name__", ""), labels) + " " +
                     " ".join(found.get(at, "_") for at in range(FROM, TO + 1, EVERY)))
    return lines


@pytest.mark.timeout(600)
def test_every_answer_is_that_of_prometheus(start_prometheus, tmp_path):
    if not QUERIES.exists():
        pytest.skip(f"no compliance queries at {QUERIES}")
    series = list(demo_series())
    folder = tmp_path / "prometheus-3.15"
    folder.mkdir()
    write_blocks(series, folder)
    prometheus = start_prometheus("3.15", flags=["--storage.tsdb.retention.time=100y",
                                                 "--enable-feature=promql-delayed-name-removal"])
    script = [f"load {STEP}s"]
    script += [f"  {written(name, labels)} " + " ".join("_" if value is None else repr(value) for value in values)
               for name, labels, values in series]
    queries = [(query, should_fail) for text, names, should_fail in templates() for query in expand(text, names)]
    assert len(queries) == 539
    answered = 0
    for query, should_fail in queries:
        lines = expected(prometheus, query, should_fail)
        answered += len(lines)
        script += ["", f"eval range from {FROM}s to {TO}s step {EVERY}s {query}", *lines]
    assert answered > 3000, "the series do not fit the queries"
    path = tmp_path / "compliance.test"
    path.write_text("\n".join(script) + "\n")
    judged = subprocess.run([str(PROGRAM), "test", str(path)], capture_output=True, text=True, timeout=300, check=False)
    assert judged.stdout.splitlines()[-1] == "539 passed, 0 failed", judged.stdout[-4000:]
