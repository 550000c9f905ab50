# SPDX-License-Identifier: Apache-2.0
"""The catalogue beside a running agent: what is scraped is declared, alike. `tocsin check` and `tocsin generate` as commands."""
import json
import resource
import subprocess
import tomllib

from harness.agent import PROGRAM
from harness.process import ROOT

OWN = ("tocsin_", "process_", "node_", "server_", "rely_", "workflow_", "llm_")


def declared():
    meters = {}
    for path in (ROOT / "meters" / "catalogue").glob("*.toml"):
        catalogue = tomllib.loads(path.read_text())
        for meter in catalogue["meter"]:
            labels = {}
            for handle in meter.get("labels", []):
                label = catalogue["label"][handle]
                labels[label.get("name", handle)] = label.get("values")
            meters[meter["name"]] = meter | {"labels": labels}
    return meters


def tocsin(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=60, check=False)


def test_what_is_scraped_is_declared(start_agent):
    agent = start_agent()
    catalogue = declared()
    kinds = {"counter": "counter", "up-down counter": "gauge", "gauge": "gauge", "histogram": "histogram"}
    seen = set()
    for family in agent.families("application/openmetrics-text;version=1.0.0").values():
        name = family.name + ("_total" if family.type == "counter" else "")
        if not name.startswith(OWN):
            continue
        assert name in catalogue, f"{name} is in no catalogue"
        meter = catalogue[name]
        seen.add(name)
        assert (family.type, family.documentation) == (kinds[meter["kind"]], meter["help"]), name
        assert not family.unit or name.removesuffix("_total").endswith("_" + family.unit)
        for sample in family.samples:
            own = {key: value for key, value in sample.labels.items()
                   if key not in ("job", "instance", "le") and not key.startswith("otel_scope")}
            assert set(own) <= set(meter["labels"]), (name, sample.labels)
            for key, value in own.items():
                values = meter["labels"][key]
                assert values is None or value in values, (name, key, value)
    assert {"tocsin_ticks_total", "tocsin_listener_up", "process_cpu_seconds_total", "node_cpu_seconds_total"} <= seen


def test_check_tells_every_fault_and_its_exit_status(tmp_path):
    good, bad, config = tmp_path / "good.toml", tmp_path / "bad.toml", tmp_path / "tocsin.toml"
    good.write_text('[[meter]]\nname = "a"\nkind = "gauge"\nhelp = "A."\n')
    bad.write_text('[[meter]]\nname = "a b"\nkind = "gauge"\nlabels = ["x"]\n')
    config.write_text('[http]\nlistn = "x"\n')
    done = tocsin("check", good)
    assert (done.returncode, done.stdout) == (0, f"{good}: catalogue, in order\n")
    done = tocsin("check", good, bad, config)
    assert done.returncode == 1
    assert [line.split(": ")[0] for line in done.stdout.splitlines()[1:]] == [
        f"{bad}:1:1", f"{bad}:2:8", f"{bad}:4:10", f"{config}:2:9"]
    done = tocsin("check", "--json", bad)
    findings = json.loads(done.stdout)
    assert done.returncode == 1 and findings["findings"] == 3 and findings["files"][0]["kind"] == "catalogue"
    assert findings["files"][0]["findings"][1]["line"] == 2
    assert tocsin("check", tmp_path / "none").returncode == 2
    assert tocsin("check", tmp_path).returncode == 2
    assert tocsin("check").returncode == 2


def test_check_against_what_an_agent_has(start_agent, tmp_path):
    agent = start_agent()
    dashboard = tmp_path / "d.json"
    dashboard.write_text(json.dumps({"panels": [{"title": "P", "targets": [
        {"refId": "A", "expr": "tocsin_series"}, {"refId": "B", "expr": "sum(server_conc)"}]}]}))
    assert tocsin("check", dashboard).returncode == 0
    done = tocsin("check", dashboard, "--agent", agent.url)
    assert done.returncode == 1
    assert [line.split(": ", 1)[1] for line in done.stdout.splitlines()] == ['panel "P" B: the agent has no server_conc now']
    assert tocsin("check", dashboard, "--agent", "http://127.0.0.1:1").returncode == 2


def children_cpu():
    """Of programs that have ended: what a busy machine does not change."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_generate_is_quick_writes_once_and_tells_what_is_stale(tmp_path):
    text = "".join(f'[label.l{i}]\nmeaning = "a label"\nvalues = ["one", "two"]\n' for i in range(100))
    text += "".join(f'[[meter]]\nname = "meter_{i}_total"\nkind = "counter"\nunit = "{{thing}}"\nhelp = "Things."\n'
                    f'labels = ["l{i % 100}", "l{(i + 17) % 100}"]\ndeclare_all = true\n' for i in range(500))
    catalogue = tmp_path / "many.toml"
    catalogue.write_text(text)
    header = ["generate", "header", "--catalogue", catalogue, "--out", tmp_path / "out", "--namespace", "many"]
    docs = ["generate", "docs", "--catalogue", catalogue, "--out", tmp_path / "meters.md"]
    assert tocsin(*header, "--check").returncode == 1
    start = children_cpu()
    assert tocsin(*header).stdout == f"{tmp_path / 'out' / 'many.h'}\n"
    assert tocsin(*docs).returncode == 0
    assert children_cpu() - start < 2, "a second each for 500 meters"
    assert tocsin(*header).stdout == "", "nothing changed, nothing is written"
    assert tocsin(*header, "--check").returncode == 0
    catalogue.write_text(text.replace("Things.", "Other things."))
    done = tocsin(*docs, "--check")
    assert done.returncode == 1 and "stale" in done.stderr


def test_generate_refuses_what_it_cannot_do(tmp_path):
    bad = tmp_path / "bad.toml"
    bad.write_text("[[meter]]\n")
    out = ["--out", tmp_path / "out"]
    assert tocsin("generate", "header", "--catalogue", bad, *out, "--namespace", "a").returncode == 1
    assert not (tmp_path / "out").exists()
    for arguments in (["header"], ["hedaer", "--catalogue", bad, *out], ["header", "--catalogue", bad, *out],
                      ["header", "--catalogue", bad, *out, "--namespace", "a b"], ["docs", "--catalogue", bad], []):
        assert tocsin("generate", *arguments).returncode == 2, arguments
