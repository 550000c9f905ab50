# SPDX-License-Identifier: Apache-2.0
"""What ships: the rules of Grafana's dashboard-linter (but those that demand job and instance, where we have server_name),
Grafana's own types, and the house's rules for a panel. Each rule is a test that a board can fail."""
import re
import shutil
import subprocess
import tomllib

import pytest
import yaml

from harness import dashboards
from harness.agent import PROGRAM
from harness.peers import peer
from harness.process import ROOT

NAMES = dashboards.NAMES
RULES = {rule["alert"]: rule for path in (ROOT / "rules/library").glob("*.yml") for group in yaml.safe_load(path.read_text())["groups"]
         for rule in group["rules"] if "alert" in rule}
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
SCHEMA = ROOT / "tests/e2e/peers/schema"
# Units of Grafana that are used, and no others: a slip would be drawn as text behind the number.
UNITS = {"short", "percentunit", "reqps", "ops", "opm", "cps", "iops", "pps", "Bps", "bytes", "µs", "s"}
LITERAL_RANGES = {"slo": {"1h", "5m"}, "errors": {"10m"}, "agent": {"1h"}}


def board_panels(board):
    return [panel for panel in dashboards.panels(board) if panel["type"] != "row"]


@pytest.fixture(params=NAMES)
def board(request):
    made = dashboards.load(request.param)
    made["name"] = request.param
    return made


# Grafana's dashboard-linter.


def test_template_rules(board):
    variables = board["templating"]["list"]
    source = variables[0]
    assert (source["name"], source["type"], source["query"], source["label"]) == ("datasource", "datasource", "prometheus", "Data source")
    for variable in variables:
        assert variable["label"]
        if variable["type"] == "query":
            assert variable["datasource"] == SOURCE and variable["refresh"] == 2  # on a change of the time range
            assert re.fullmatch(r"label_values\(.+, \w+\)", variable["query"]["query"])


def test_uneditable_and_ready_to_provision(board):
    assert board["editable"] is False and board["id"] is None and "__inputs" not in board
    assert board["uid"] == f"tocsin-{board['name']}" and board["tags"] == ["tocsin"]


def test_panel_rules(board):
    for panel in board_panels(board):
        defaults = panel["fieldConfig"]["defaults"]
        assert panel["title"] and panel["datasource"] == SOURCE and panel["targets"], panel["title"]
        unit = panel["options"]["yAxis"]["unit"] if panel["type"] == "heatmap" else defaults["unit"]
        assert unit in UNITS, (panel["title"], unit)
        for target in panel["targets"]:
            assert target["datasource"] == SOURCE and target["refId"], panel["title"]


def test_target_rules(board):
    variables = {variable["name"] for variable in board["templating"]["list"]}
    for panel, target in dashboards.targets(board):
        where = f"{panel['title']}: {target['expr']}"
        ranges = re.findall(r"\[([^\]]+)\]", re.sub(r'"[^"]*"', "", target["expr"]))
        assert set(ranges) <= {"$__rate_interval", "$__range"} | LITERAL_RANGES.get(board["name"], set()), where
        assert {v for v in re.findall(r"\$\{?(\w+)", target["expr"]) if not v.startswith("__")} <= variables, where
        # A counter is never drawn raw, and what is drawn is summed by somebody.
        for counter in re.findall(r"(?<![\w(])(?:\w+_total)\b", re.sub(r"\b(?:rate|increase|changes)\(\w+", "", target["expr"])):
            raise AssertionError(f"{where}: {counter} without rate")


# Grafana's own types.


def compile_boards(folder, boards):
    """{name: JSON text} as TypeScript that has to satisfy the types; what the compiler says."""
    schema = peer("schema")
    for file in ("board.ts", "tsconfig.json"):
        shutil.copy(SCHEMA / file, folder / file)
    (folder / "node_modules").symlink_to(schema / "node_modules")
    for name, text in boards.items():
        (folder / f"{name}.ts").write_text('import type {Board} from "./board";\n'
                                           f"export const board = {text.strip()} satisfies Board;\n")
    done = subprocess.run(["node", schema / "node_modules/typescript/bin/tsc", "-p", folder], capture_output=True, text=True,
                          timeout=120, check=False)
    return done.stdout


def test_json_fits_the_types_of_grafana(tmp_path):
    assert compile_boards(tmp_path, {path.stem: path.read_text() for path in dashboards.FILES}) == ""


def test_the_types_refuse_what_is_wrong(tmp_path):
    """Or the test above could not fail: a wrong word, a wrong type, a name that is not there, a wrong option of a panel."""
    text = (ROOT / "dashboards/overview.json").read_text()
    wrong = {"word": ('"mode": "absolute"', '"mode": "relative"'), "type": ('"schemaVersion": 39', '"schemaVersion": "39"'),
             "name": ('"graphTooltip"', '"graphTooltips"'), "option": ('"graphMode": "area"', '"graphMode": "areas"')}
    for old, _ in wrong.values():
        assert old in text, old
    said = compile_boards(tmp_path, {name: text.replace(old, new) for name, (old, new) in wrong.items()})
    for name in wrong:
        assert f"{name}.ts(" in said, (name, said)


# The house's rules.


def test_ids_and_places(board):
    panels = list(dashboards.panels(board))
    assert len({panel["id"] for panel in panels}) == len(panels)
    seen = set()
    for panel in panels:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & seen, panel["title"]
        seen |= cells


def test_a_description_says_what_is_good_and_which_alert_watches(board):
    for panel in board_panels(board):
        text = panel["description"]
        assert re.search(r"\bGood\b", text) or re.search(r"\bBad\b", text), (panel["title"], text)
        named = [word for word in re.findall(r"\b[A-Z]\w*[a-z][A-Z]\w*\b|\bWatchdog\b", text)]
        assert named or "no alert" in text, (panel["title"], text)
        for alert in named:
            assert alert in RULES, (panel["title"], alert)


def test_colours_have_a_meaning(board):
    """A tile has limits that somebody chose, or its description says that there is none; what a dashed line stands for is said."""
    for panel in board_panels(board):
        steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
        assert steps and steps[0]["value"] is None and [step["value"] for step in steps[1:]] == sorted(step["value"] for step in steps[1:])
        if panel["type"] == "stat":
            assert len(steps) > 1 or "no limit" in panel["description"], panel["title"]
        if panel["fieldConfig"]["defaults"].get("custom", {}).get("thresholdsStyle", {}).get("mode") == "dashed":
            assert len(steps) > 1, panel["title"]


def test_text_where_there_is_no_value(board):
    for panel in board_panels(board):
        assert len(panel["fieldConfig"]["defaults"]["noValue"].split()) > 1, panel["title"]


def test_links_keep_time_and_variables(board):
    (across,) = board["links"]
    assert across["type"] == "dashboards" and across["tags"] == ["tocsin"] and across["includeVars"] and across["keepTime"]
    known = {variable["name"] for variable in board["templating"]["list"]}
    for panel in board_panels(board):
        for link in panel.get("links", ()):
            assert link["url"].endswith("?${__all_variables}&${__url_time_range}"), link
        for override in panel["fieldConfig"]["overrides"]:
            for link in (one for item in override["properties"] if item["id"] == "links" for one in item["value"]):
                assert "&${__url_time_range}" in link["url"], link
                label = re.search(r"var-(\w+)=\$\{__data\.fields\.\1:percentencode\}", link["url"])[1]
                kept = set(re.findall(r"\$\{(\w+):queryparam\}", link["url"]))
                asked = {name for name in known if name not in ("tempo", "jaeger", "trace_search")}
                assert kept == asked - {label}, link
        for target in re.findall(r"/d/tocsin-(\w+)", str(panel)):
            assert target in NAMES, (panel["title"], target)


def test_tiles_of_the_overview_lead_on():
    for panel in board_panels(dashboards.load("overview")):
        if panel["type"] in ("stat", "table") and panel["title"] != "Alerts":
            assert "/d/tocsin-" in str(panel), panel["title"]


def test_variables(board):
    """Boards of the request meters have all three; every variable takes many values, and All takes a series without the label."""
    asked = dashboards.variables(board)
    text = "\n".join(target["expr"] for _, target in dashboards.targets(board))
    if board["name"] != "slo" and re.search(r"\b(rely_)?server_request_total\{", text) and "llm_tokens_total" not in text:
        assert {"dc", "server_name", "func"} <= asked.keys()
    for variable in asked.values():
        assert variable["multi"] and variable["includeAll"] and variable["allValue"] == ".*"
        assert variable["current"]["value"] == ["$__all"]
        # A matcher that such a value fits: =~, which takes a series without the label where the value is .*
        assert f'=~"${variable["name"]}"' in text and f'="${variable["name"]}"' not in text, variable["name"]


@pytest.mark.parametrize("name, meter", [("overview", "server_request"), ("service", "server_request"), ("errors", "server_request"),
                                         ("dependencies", "rely_server_request"), ("workflow", "workflow_node"), ("node", "workflow_node")])
def test_latency_has_its_spread_its_quantiles_and_its_mean(name, meter):
    board = dashboards.load(name)
    time = f"{meter}_time_microseconds"
    spreads = [panel for panel in board_panels(board) if panel["type"] == "heatmap"]
    assert spreads and all(time in target["expr"] for panel in spreads for target in panel["targets"])
    lines = [panel for panel in board_panels(board) if panel["type"] == "timeseries" and len(panel["targets"]) >= 4]
    assert any([re.match(r"histogram_quantile\((0\.\d+)|", target["expr"])[1] for target in panel["targets"][:4]] == ["0.5", "0.95", "0.99", None]
               and "_sum" in panel["targets"][3]["expr"] and "_count" in panel["targets"][3]["expr"] for panel in lines)
    for panel, target in dashboards.targets(board):
        assert "clamp_min" not in target["expr"]
        if time not in target["expr"]:
            continue
        if f"{time}_sum" not in target["expr"] or "_count" in target["expr"]:
            assert f"{time}_bucket" in target["expr"] or f"{time}_count" in target["expr"], panel["title"]
            assert re.search(rf"\b{time}\{{", target["expr"]), f"{panel['title']}: no native histogram"
        if panel["type"] in ("heatmap",) or panel in lines:
            assert panel["targets"][0].get("exemplar"), panel["title"]
            titles = [link["title"] for link in panel["fieldConfig"]["defaults"]["links"]]
            assert titles == ["Traces in Tempo", "Traces in Jaeger", "Traces elsewhere"], panel["title"]


def test_annotations(board):
    alerts, restarts, versions = board["annotations"]["list"][1:]
    assert 'ALERTS{alertstate="firing"' in alerts["expr"] and "changes(process_start_time_seconds" in restarts["expr"]
    assert "service_version" in versions["expr"] and all(one["enable"] for one in (alerts, restarts, versions))


# Alerts and boards.


def test_a_version_that_did_not_run_a_minute_ago_is_annotated(tmp_path):
    """One of a job that was there: a service that starts for the first time is no deployment of a new version."""
    (versions,) = [one for one in dashboards.load("service")["annotations"]["list"] if one["name"] == "Versions"]
    expression = re.sub(r"\s+", " ", dashboards.filled_in(versions["expr"], "1m"))
    script = tmp_path / "versions.test"
    script.write_text(f"""
load 30s
  target_info{{job="shop", service_version="1", instance="a"}}  1 1 1 1 stale
  target_info{{job="shop", service_version="2", instance="b"}}  _ _ _ 1 1 1 1 1 1 1
  target_info{{job="mail", service_version="7", instance="a"}}  _ _ _ 1 1 1 1 1 1 1

eval instant at 60s {expression}

eval instant at 90s {expression}
  {{job="shop", service_version="2"}} 1

eval instant at 240s {expression}
""")
    done = subprocess.run([str(PROGRAM), "test", str(script)], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stdout


def test_every_alert_has_its_runbook():
    assert set(RULES) == {path.stem for path in (ROOT / "docs/runbooks").glob("*.md")} - {"README"}


LINK = '{{{{ with query "tocsin_links_info" }}}}{{{{ . | sortByLabel "instance" | first | label "{}" }}}}{{{{ end }}}}'


@pytest.mark.parametrize("alert", RULES)
def test_links_of_an_alert(alert):
    """To its runbook, and to the very panel that watches it: the panel's description names the alert."""
    annotations = RULES[alert]["annotations"]
    assert annotations["runbook_url"] == LINK.format("runbooks") + f"/runbooks/{alert}"
    url = annotations["dashboard_url"]
    assert url.startswith(LINK.format("dashboards")) and url.endswith("&from=now-3h&to=now"), url
    name, panel_id, variables = re.search(r"/d/tocsin-(\w+)\?viewPanel=(\d+)(.*)&from", url).groups()
    board = dashboards.load(name)
    panel = next(panel for panel in dashboards.panels(board) if panel["id"] == int(panel_id))
    assert alert in panel["description"], f"{name}, {panel['title']}: {panel['description']}"
    assert set(re.findall(r"var-(\w+)=", variables)) <= dashboards.variables(board).keys()


def test_every_meter_has_a_panel():
    asked = "\n".join(target["expr"] for name in NAMES for _, target in dashboards.targets(dashboards.load(name)))
    meters = [meter["name"] for path in (ROOT / "meters/catalogue").glob("*.toml")
              for meter in tomllib.loads(path.read_text())["meter"]]
    unshown = [meter for meter in meters if not re.search(rf"\b{meter}(_bucket|_sum|_count)?\b", asked)]
    assert unshown == []
