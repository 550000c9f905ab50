# SPDX-License-Identifier: Apache-2.0
"""What is made of a person's catalogue: header, page, dashboard, rules with their unit tests. Judged by promtool of both versions, by
`tocsin test`, by `tocsin check` and by the rules of Grafana's dashboard-linter; and 500 meters are done in under a second."""
import json
import re
import subprocess
import time

import pytest

from harness.agent import PROGRAM
from harness.peers import promtool

CATALOGUE = """
title = "The shop"
about = "What the shop sells, and how long that takes."
[label.queue]
meaning = "where the job waited"
[label.result]
meaning = "how it ended"
values = ["done", "failed", "timeout"]
[ladder.wait]
bounds = [0.1, 1, 5, 30]

[[meter]]
name = "shop_jobs_total"
kind = "counter"
unit = "{job}"
help = "Jobs done, by how they ended."
labels = ["queue", "result"]
[[meter.alert]]
name = "ShopJobsFailing"
by = ["queue"]
share = { result = ["failed", "timeout"] }
above = 0.1
severity = "critical"
[[meter.alert]]
name = "ShopJobsFew"
below = 3
for = "15m"
[[meter.alert]]
name = "ShopJobsAllBroken"
share = { result = ["done"] }
below = 0.5

[[meter]]
name = "shop.queue.length"
kind = "gauge"
unit = "{job}"
help = "How many wait; it's the largest that counts."
labels = ["queue"]
[[meter.alert]]
name = "ShopQueueLong"
by = ["queue"]
above = 100
summary = "{{ $labels.queue }} holds {{ $value }} jobs"
runbook = "https://wiki.example/queue?long=1"

[[meter]]
name = "shop.wait"
kind = "histogram"
unit = "s"
help = "How long a job waited."
labels = ["queue"]
ladder = "wait"
native = true
[[meter.alert]]
name = "ShopWaitLong"
by = ["queue"]
above = 5

[[meter]]
name = "shop.memory"
kind = "up-down counter"
unit = "By"
help = "Memory of the shop."
[[meter.alert]]
name = "ShopMemoryHigh"
above = 1073741824
severity = "info"

[[meter]]
name = "shop.busy"
kind = "counter"
number = "double"
unit = "ms"
help = "Time that workers were busy."

[[meter]]
name = "shop.size"
kind = "histogram"
unit = "By"
help = "Size of what is sold."
native = true
"""


def tocsin(*arguments):
    return subprocess.run([str(PROGRAM), *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    catalogue = folder / "shop.toml"
    catalogue.write_text(CATALOGUE)
    for what in ("rules", "dashboards"):
        done = tocsin("generate", what, "--catalogue", catalogue, "--out", folder / what)
        assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("version", ["2.42", "3.15"])
def test_promtool_takes_the_rules_and_their_tests_pass(version, made):
    done = promtool(version, "check", "rules", made / "rules" / "shop.yml")
    assert done.returncode == 0 and "6 rules found" in done.stdout, done.stdout + done.stderr
    done = promtool(version, "test", "rules", made / "rules" / "tests" / "shop_test.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_our_own_verdict_is_the_same_and_a_changed_rule_fails_its_tests(made, tmp_path):
    done = tocsin("test", made / "rules" / "tests" / "shop_test.yml")
    assert done.returncode == 0 and re.search(r"^\d\d passed, 0 failed$", done.stdout, re.M), done.stdout
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "shop_test.yml").write_text((made / "rules" / "tests" / "shop_test.yml").read_text())
    text = (made / "rules" / "shop.yml").read_text()
    for wrong in (text.replace("> 0.1", "> 0.3"), text.replace("> 100'", ">= 100'"), text.replace("by (queue)", "by (job)"),
                  text.replace("< 3'", "< 300'"), text.replace(">= 20", ">= 0")):
        assert wrong != text
        (tmp_path / "shop.yml").write_text(wrong)
        assert tocsin("test", tmp_path / "tests" / "shop_test.yml").returncode == 1, wrong


def test_check_finds_nothing_and_every_meter_is_shown(made):
    done = tocsin("check", made / "shop.toml", made / "rules" / "shop.yml", made / "dashboards" / "shop.json")
    assert done.returncode == 0, done.stdout
    # And the other way round: what is renamed is missed everywhere.
    renamed = made / "renamed" / "shop.toml"
    renamed.parent.mkdir()
    renamed.write_text(CATALOGUE.replace("shop_jobs_total", "shop_tasks_total"))
    done = tocsin("check", renamed, made / "rules" / "shop.yml", made / "dashboards" / "shop.json")
    assert done.returncode == 1
    lines = [line for line in done.stdout.splitlines() if "no meter is called shop_jobs_total" in line]
    for alert in ("ShopJobsFailing", "ShopJobsFew", "ShopJobsAllBroken"):
        assert any(f"alert {alert}: " in line and re.search(r"shop\.yml:\d+:\d+: ", line) for line in lines), done.stdout
    assert any('panel "shop_jobs_total" A: ' in line for line in lines) and "no panel shows shop_tasks_total" in done.stdout


def test_the_dashboard_keeps_grafanas_rules(made):
    board = json.loads((made / "dashboards" / "shop.json").read_text())
    assert (board["uid"], board["title"], board["editable"], board["id"]) == ("tocsin-shop", "tocsin / The shop", False, None)
    assert [variable["name"] for variable in board["templating"]["list"]] == ["datasource", "job", "queue"]
    panels = [panel for each in board["panels"] for panel in [each, *each.get("panels", [])] if panel["type"] != "row"]
    assert {panel["title"] for panel in panels} >= {"shop_jobs_total", "shop.queue.length", "shop.wait", "shop.wait, all of them", "shop.busy"}
    for panel in panels:
        assert panel["description"] and panel["fieldConfig"]["defaults"]["unit"] and panel["targets"], panel["title"]
        for target in panel["targets"]:
            assert target["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
            assert ("[$__rate_interval]" in target["expr"]) == ("rate(" in target["expr"]) and 'job=~"$job"' in target["expr"]
    by_title = {panel["title"]: panel for panel in panels}
    steps = by_title["shop.queue.length"]["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert steps == [{"color": "green", "value": None}, {"color": "orange", "value": 100}]
    assert "Watched by ShopQueueLong." in by_title["shop.queue.length"]["description"]


def test_five_hundred_meters_in_under_a_second(tmp_path):
    """Header, page, dashboard, rules and their tests, one after the other. The limit is generous: the machine may be busy."""
    text = "".join(f'[label.l{i}]\nmeaning = "a label"\nvalues = ["one", "two"]\n' for i in range(100))
    for i in range(500):
        text += f'[[meter]]\nname = "meter_{i}_total"\nkind = "counter"\nunit = "{{thing}}"\nhelp = "Things."\nlabels = ["l{i % 100}", "l{(i + 17) % 100}"]\n'
        text += f'[[meter.alert]]\nname = "Alert{i}"\nby = ["l{(i + 17) % 100}"]\nshare = {{ l{i % 100} = ["two"] }}\nabove = 0.1\n'
    catalogue = tmp_path / "many.toml"
    catalogue.write_text(text)
    out = tmp_path / "out"
    start = time.monotonic()
    for what, more in (("header", ["--namespace", "many"]), ("docs", []), ("dashboards", []), ("rules", [])):
        done = tocsin("generate", what, "--catalogue", catalogue, "--out", out / "meters.md" if what == "docs" else out, *more)
        assert done.returncode == 0, done.stderr
    took = time.monotonic() - start
    print(f"500 meters: header, page, dashboard, rules and tests in {took:.2f} s")
    assert took < 4
    assert tocsin("check", catalogue, out / "many.yml", out / "many.json").returncode == 0
    for what, more in (("header", ["--namespace", "many"]), ("docs", []), ("dashboards", []), ("rules", [])):
        words = ["generate", what, "--catalogue", catalogue, "--out", out / "meters.md" if what == "docs" else out, *more]
        assert tocsin(*words).stdout == "", "nothing changed, nothing is written"
        assert tocsin(*words, "--check").returncode == 0


def test_a_catalogue_without_alerts_has_no_rules(tmp_path):
    catalogue = tmp_path / "plain.toml"
    catalogue.write_text('[[meter]]\nname = "a_total"\nkind = "counter"\nhelp = "A."\n')
    done = tocsin("generate", "rules", "--catalogue", catalogue, "--out", tmp_path / "out")
    assert done.returncode == 1 and "no meter has an alert: write [[meter.alert]]" in done.stderr
    assert not (tmp_path / "out").exists()
    assert tocsin("generate", "dashboards", "--out", tmp_path).returncode == 2
