# SPDX-License-Identifier: Apache-2.0
"""The demo's ledger as the judge of every query: a Prometheus that was told nothing but the ledger's totals, in blocks that
promtool made of them. What a dashboard asks of it is what the dashboard has to show."""
import subprocess

from .peers import program
from .prometheus import Prometheus

# What the ledger knows: counters, and histograms by their classic buckets.
REQUEST, CALL, NODE, TOKENS = "server_request", "rely_server_request", "workflow_node", "llm_tokens_total"
METERS = (REQUEST, CALL, NODE, TOKENS)
KINDS = {"requests": REQUEST, "calls": CALL, "nodes": NODE}
LABELS = {"service": "server_name", "func": "func", "status": "status", "ret": "ret", "peer": "peer", "workflow": "workflow",
          "nodeType": "node_type"}


def _text(labels):
    return "{" + ",".join(f'{name}="{value}"' for name, value in labels.items()) + "}"


def totals(ledger):
    """(series with its labels, total) of all that the ledger has counted."""
    for kind, meter in KINDS.items():
        total = "workflow_node_executions_total" if kind == "nodes" else f"{meter}_total"
        time = f"{meter}_time_microseconds"
        for row in ledger[kind]:
            labels = {LABELS[key]: value for key, value in row.items() if key in LABELS}
            if kind != "nodes":
                labels["dc"] = "demo"
            yield total + _text(labels), row["count"]
            yield f"{time}_count" + _text(labels), row["count"]
            yield f"{time}_sum" + _text(labels), row["seconds"] * 1e6
            for upper, count in zip([*(f"{bound:g}" for bound in ledger["bounds"]), "+Inf"], [*row["atMost"], row["count"]]):
                yield f"{time}_bucket" + _text({**labels, "le": upper}), count
    for row in ledger["tokens"]:
        for kind in ("prompt", "completion"):
            yield TOKENS + _text({"server_name": row["service"], "model": row["model"], "kind": kind}), row[kind]


def start(folder, ledger, end):
    """The judge, ready, of another version than the Prometheus that is judged: each total grew evenly from 0 at the ledger's start to what it is at `end`."""
    begin = ledger["start"] + 0.5
    steps = int((end - begin) / 5)
    lines = []
    for series, total in totals(ledger):
        lines += [f"{series} {total * step / steps!r} {begin + (end - begin) * step / steps:.3f}" for step in range(steps + 1)]
    made = Prometheus(folder / "oracle", "2.42")
    data = made.folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    text = made.folder / "ledger.txt"
    text.write_text("\n".join(lines) + "\n# EOF\n")
    subprocess.run([program("debian", "usr/bin/promtool"), "tsdb", "create-blocks-from", "openmetrics", text, data], check=True,
                   capture_output=True, timeout=120)
    return made.start()
