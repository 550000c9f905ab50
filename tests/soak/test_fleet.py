# SPDX-License-Identifier: Apache-2.0
"""Everything that ships, under the demo, in one run: the agent evaluates the shipped rules and answers the dashboards, and
so does a real Prometheus 3.15 that scrapes it. Each alert whose trouble the demo has fires in its phase and only then, in
both, with the same labels. Every query of every dashboard shows the same in both, and what the demo's ledger says wherever
the ledger knows."""
import math
import re
import time
import tomllib
import types

import pytest

from harness import dashboards, oracle
from harness.agent import Agent
from harness.demo import Demo
from harness.destination import Destination
from harness.process import ROOT, wait_until
from harness.prometheus import Prometheus, target
from harness.webhook import Webhook

pytestmark = pytest.mark.timeout(300)

PHASE = 14
SCALE = 60  # the rules' 5 minutes are 5 seconds here; nothing else of them is changed
END = 8.6  # phases; the second turn's failing phase begins with the ninth
PHASES = ("calm", "failing", "restart", "slow", "dependency", "workflow", "tokens")

# The phase that makes each alert fire, and whose it is. It may last as long after the phase as its window, what is still in
# flight and keep_firing_for need.
TROUBLES = {
    "HighErrorRate": ("failing", {"server_name": "checkout", "dc": "demo", "severity": "critical"}),
    "SlowErrors": ("failing", {"server_name": "checkout", "dc": "demo", "severity": "warning"}),
    "HighLatency": ("slow", {"server_name": "catalog", "dc": "demo", "severity": "warning"}),
    "DependencyFailing": ("dependency", {"server_name": "catalog", "peer": "stock", "dc": "demo", "severity": "warning"}),
    "WorkflowNodeFailing": ("workflow", {"server_name": "search", "workflow": "answer", "node_type": "llm", "severity": "warning"}),
    "LlmTokensHigh": ("tokens", {"server_name": "search", "model": "large", "severity": "warning"}),
}
OBJECTIVES = tomllib.loads((ROOT / "rules" / "demo" / "tocsin.toml").read_text())["slo"]
TAIL = {"HighErrorRate": 20, "SlowErrors": 25, "HighLatency": 25, "DependencyFailing": 20, "WorkflowNodeFailing": 25, "LlmTokensHigh": 70}
# Of the failing phase too, where they are loaded; and those that tell of this machine or fire always.
WITH_FAILING = re.compile(r"ErrorBudgetBurn\w*|Slo\w*")
OF_THE_MACHINE = re.compile(r"Host\w+|AgentTickLate|AgentRulesLate|Watchdog")


def scaled(text):
    """The rule file with every duration divided by SCALE."""
    units = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}

    def smaller(match):
        return f"{max(1, int(match[1]) * units[match[2]] // SCALE)}ms"

    return re.sub(r"(?<=[\[: ])(\d+)([smhd])(?=[\]\s):]|$)", smaller, text, flags=re.M)


def test_scaling_changes_durations_only():
    assert scaled("x[5m] offset 1h\nfor: 10m\nle=\"5e+06\" > 0.05 interval: 30s") == (
        "x[5000ms] offset 60000ms\nfor: 10000ms\nle=\"5e+06\" > 0.05 interval: 500ms")


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    """The run, done: agent, prometheus, a prometheus with native histograms only, the demo's ledger, what was seen of alerts
    meanwhile, and the judge."""
    folder = tmp_path_factory.mktemp("fleet")
    rules = folder / "rules"
    rules.mkdir()
    for path in (ROOT / "rules" / "library").glob("*.yml"):
        (rules / path.name).write_text(scaled(path.read_text()))
    started = []

    def begin(thing):
        started.append(thing)
        return thing.start()

    destination, webhook = begin(Destination()), Webhook()
    try:
        agent = Agent(folder, {"tick": "500ms", "rules": {"files": [f"{rules}/*.yml"]}, "slo": OBJECTIVES,
                               "export": [{"name": "elsewhere", "endpoint": destination.url, "protocol": "http/protobuf", "interval": "5s"}],
                               "webhook": [{"name": "people", "url": webhook.url}], "threshold": dashboards.THRESHOLDS})
        flags = ["--enable-feature=created-timestamp-zero-ingestion,exemplar-storage"]
        prometheus = Prometheus(folder, "3.15", rules=sorted(rules.glob("*.yml")), interval="500ms", flags=flags, scrape=[
            target(f"127.0.0.1:{agent.http_port}", honor_labels=True, scrape_native_histograms=True, always_scrape_classic_histograms=True)])
        agent.configure({"scrape": [{"name": "prometheus", "targets": [prometheus.address], "interval": "5s", "timeout": "5s"}]})
        begin(agent)
        begin(prometheus)
        native = begin(Prometheus(folder / "native", "3.15", interval="500ms", flags=flags, scrape=[
            target(f"127.0.0.1:{agent.http_port}", honor_labels=True, scrape_native_histograms=True)]))
        demo = begin(Demo(folder, agent.otlp_url, phase=f"{PHASE}s", rate=120))
        start = demo.ledger()["start"]
        run = types.SimpleNamespace(agent=agent, prometheus=prometheus, native=native, start=start, end=None,
                                    seen=watch(agent, prometheus, demo, start + END * PHASE), webhook=webhook)
        run.cpu = demo.cpu_seconds() / (time.time() - start)
        demo.stop()
        run.ledger = demo.ledger()
        # The last counts are in both.
        since_restart = "sum(server_request_total)"
        wait_until(lambda: prometheus.value(since_restart) == agent_value(agent, since_restart), 15, "both have all")
        time.sleep(4)
        run.end = time.time() - 0.3
        # Each is asked at its own newest sample, from which PromQL need not extrapolate; those made of spans go on at each tick.
        newest = 'max(timestamp(server_request_total{server_name%s"payment"}))'
        run.at = {"agent": agent_value(agent, newest % "!="), "prometheus": prometheus.value(newest % "!=")}
        run.spans_at = agent_value(agent, newest % "=")
        spans = 'sum(server_request_total{server_name="payment"})'
        run.late = agent_query(agent, spans, run.spans_at)[0][1] - agent_query(agent, spans, run.at["agent"])[0][1]
        run.rules = prometheus.rules()
        run.judge = begin_judge(started, folder, run)
        yield run
        assert not destination.faults
    finally:
        webhook.stop()
        for thing in reversed(started):
            thing.stop()


def begin_judge(started, folder, run):
    judge = oracle.start(folder, run.ledger, run.end)
    started.append(judge)
    return judge


def agent_query(agent, expression, at):
    """As Prometheus.query: a list of (labels, value)."""
    answer = agent.get("/api/v1/query", params={"query": expression, "time": at}, timeout=30)
    assert answer.status_code == 200, f"{expression}: {answer.text}"
    data = answer.json()["data"]
    if data["resultType"] == "scalar":
        return [({}, float(data["result"][1]))]
    return [(row["metric"], float(row["value"][1]) if "value" in row else row["histogram"][1]) for row in data["result"]]


def agent_value(agent, expression):
    rows = agent_query(agent, expression, time.time())
    return rows[0][1] if rows else None


def watch(agent, prometheus, demo, until):
    """What each says of its alerts while waiting: {"agent" or "prometheus": {alertname: [(time, state, labels)]}}."""
    seen = {"agent": {}, "prometheus": {}}
    while time.time() < until:
        assert demo.running, demo.log_tail()
        for who, alerts in (("agent", agent.get("/api/v1/alerts").json()["data"]["alerts"]), ("prometheus", prometheus.alerts())):
            now = time.time()
            for alert in alerts:
                labels = dict(alert["labels"])
                seen[who].setdefault(labels.pop("alertname"), []).append((now, alert["state"], labels))
        time.sleep(0.4)
    return seen


# Alerts.


@pytest.mark.parametrize("who", ["agent", "prometheus"])
@pytest.mark.parametrize("name", TROUBLES)
def test_an_alert_fires_in_its_phase_and_only_then(fleet, name, who):
    phase, labels = TROUBLES[name]
    again = fleet.start + 8 * PHASE if phase == "failing" else fleet.end
    history = [one for one in fleet.seen[who].get(name, []) if one[0] < again]
    states = [state for _, state, _ in history]
    assert "firing" in states, f"{name} in {who}: {states}"
    assert states[0] == "pending", f"{name} in {who}: {states[:3]}, {[round(at - fleet.start, 1) for at, _, _ in history][:3]}"
    found = {tuple(sorted(found.items())) for _, _, found in history}
    assert found == {tuple(sorted(labels.items()))}, f"{name} in {who}: {found}"
    begin = fleet.start + PHASES.index(phase) * PHASE
    assert history[0][0] >= begin, f"{begin - history[0][0]:.1f} s too early"
    late = history[-1][0] - (begin + PHASE + TAIL[name])
    assert late <= 0, f"{late:.1f} s too late"


@pytest.mark.parametrize("who", ["agent", "prometheus"])
def test_nothing_else_fires(fleet, who):
    failing = fleet.start + PHASE
    for name, history in fleet.seen[who].items():
        if name in TROUBLES or OF_THE_MACHINE.fullmatch(name):
            continue
        fired = [(at, labels) for at, state, labels in history if state == "firing"]
        if WITH_FAILING.fullmatch(name):
            assert all(failing <= at and labels.get("server_name") == "checkout" for at, labels in fired), (name, fired[0])
        else:
            assert not fired, (name, fired[0])


def test_no_rule_of_prometheus_is_in_error(fleet):
    """The agent evaluates the same files and is scraped: what its rules record must not meet what Prometheus' own record."""
    faults = [(rule["name"], rule["lastError"]) for group in fleet.rules for rule in group["rules"] if rule["health"] == "err"]
    assert not faults, faults[:3]


def test_people_are_told_with_links_that_open(fleet):
    """What a receiver was told: the runbook answers, the dashboard is one of ours with that very panel."""
    told = {labels["alertname"]: annotations for _, labels, annotations in fleet.webhook.told()}
    assert TROUBLES.keys() <= told.keys()
    for name, annotations in told.items():
        assert annotations["runbook_url"] == f"{fleet.agent.url}/runbooks/{name}"
        assert fleet.agent.get(f"/api/v1/runbooks/{name}").status_code == 200
        board = re.match(re.escape(fleet.agent.url) + r"/d/tocsin-(\w+)\?viewPanel=(\d+)&", annotations["dashboard_url"])
        assert board and int(board[2]) in {panel["id"] for panel in dashboards.panels(dashboards.load(board[1]))}
        assert fleet.agent.get(f"/dashboards/{board[1]}.json").status_code == 200


def test_prometheus_makes_the_same_links(fleet):
    """Where the rules run in Prometheus, their links lead to the agent all the same."""
    rules = {rule["name"]: rule for group in fleet.prometheus.rules() for rule in group["rules"] if rule["type"] == "alerting"}
    (heartbeat,) = rules["Watchdog"]["alerts"]
    assert heartbeat["annotations"]["runbook_url"] == f"{fleet.agent.url}/runbooks/Watchdog"
    assert heartbeat["annotations"]["dashboard_url"].startswith(f"{fleet.agent.url}/d/tocsin-agent?viewPanel=")


# Dashboards.

SINGLE = {  # one value each, that the demo has
    "server": {"dc": "demo", "server_name": "checkout", "func": "GET /cart"},
    "dependencies": {"dc": "demo", "server_name": "catalog", "func": "GET /levels", "peer": "stock"},
    "workflow": {"server_name": "search", "workflow": "answer", "node_type": "llm"},
    "llm": {"server_name": "search", "model": "large"},
}
SINGLE["node"] = SINGLE["workflow"]

# What changes from one snapshot to the next: each shows the moment at which it looked.
MOMENTARY = {
    ("agent", "Time of a snapshot"), ("agent", "Time of an evaluation"), ("agent", "Alerts"),
    ("agent", "Since the last success"), ("host", "Load"),
}


def single(fleet, board):
    names = dashboards.variables(dashboards.load(board))
    if "instance" in names:
        return {"instance": agent_query(fleet.agent, "tocsin_build_info", fleet.end)[0][0]["instance"]}
    chosen = SINGLE.get(board, SINGLE["server"])
    return {name: chosen[name] for name in names if name in chosen}


def rows_of(rows, without=()):
    """By labels, without what has no value; a bound of a bucket as a number."""
    found = {}
    for labels, value in rows:
        labels = {name: str(float(text)) if name == "le" else text for name, text in labels.items() if name not in without}
        assert not isinstance(value, dict), f"a histogram: {labels}"
        if not math.isnan(value):
            found[tuple(sorted(labels.items()))] = value
    return found


def assert_same(left, right, relative, what, events=0.0):
    """The same rows; those at zero may be missing. `events`: what so many events a second amount to makes no difference."""
    largest = max(map(abs, [*left.values(), *right.values()]), default=0)
    for labels in left.keys() | right.keys():
        one, other = left.get(labels, 0), right.get(labels, 0)
        assert one == pytest.approx(other, rel=relative, abs=max(largest * 1e-3, events)), f"{what}, {dict(labels)}: {one} and {other}"


def known_to_the_ledger(expression):
    names = set(re.findall(r"\b(?:server_|rely_|workflow_|llm_|tocsin_|process_|node_|slo_|ALERTS)\w*", re.sub(r'"[^"]*"|by \([^)]*\)|on \([^)]*\)', "", expression)))
    names -= {"server_name"}
    return bool(names) and all(name.startswith(oracle.METERS) for name in names)


def of_spans(labels):
    return ("server_name", "payment") in labels


def ours_of(fleet, expression, without):
    """What the agent shows where the demo's last counts are: those of spans came a tick later than those of meters."""
    rows = {labels: value for labels, value in rows_of(agent_query(fleet.agent, expression, fleet.at["agent"]), without).items() if not of_spans(labels)}
    later = rows_of(agent_query(fleet.agent, expression, fleet.spans_at), without)
    return rows | {labels: value for labels, value in later.items() if of_spans(labels)}


def has_it(fleet, expression):
    """Whether the agent exports one of the meters that the query asks for: a machine may lack disks, or pressure."""
    return any(f"\n{name}" in fleet.metrics for name in re.findall(r"\bnode_\w+", expression))


@pytest.mark.parametrize("scope", ["All", "single"])
@pytest.mark.parametrize("board", dashboards.NAMES)
def test_every_query_shows_the_same_in_both_and_what_the_ledger_says(fleet, board, scope):
    values = single(fleet, board) if scope == "single" else {}
    window = f"{math.ceil(fleet.end - fleet.start) + 3}s"
    fleet.metrics = fleet.agent.metrics_text()
    faults = []
    for panel, query in dashboards.targets(dashboards.load(board)):
        where = f"{panel['title']} {query['refId']}"
        judgeable = known_to_the_ledger(query["expr"])
        # The ledger knows all of the run; the other two do not begin at once.
        expression = dashboards.filled_in(query["expr"], window if judgeable else f"{int(fleet.end - fleet.start) - 10}s", values)
        # What the agent makes itself is of the agent where it is scraped.
        without = ("job", "instance") if board == "slo" else ()
        ours = ours_of(fleet, expression, without) if judgeable else rows_of(agent_query(fleet.agent, expression, fleet.end), without)
        theirs = rows_of(fleet.prometheus.query(expression, at=fleet.at["prometheus"] if judgeable else fleet.end), without)
        try:
            if (board, panel["title"], query["refId"]) in dashboards.QUIET:
                continue
            if not ours and not theirs and board == "host" and not has_it(fleet, expression):
                continue
            assert ours, f"{where}: the agent shows nothing"
            assert theirs, f"{where}: Prometheus shows nothing"
            if judgeable:
                judged = rows_of(fleet.judge.query(expression, at=fleet.end))
                assert_same(ours, judged, 0.01, f"{where}: agent and ledger", events=fleet.late / (fleet.end - fleet.start))
                assert_same(theirs, judged, 0.01, f"{where}: Prometheus and ledger")
            elif (board, panel["title"]) not in MOMENTARY:
                # What a disk does comes in bursts, and each has them on its own side of a sample.
                assert_same(ours, theirs, 0.2 if "node_disk" in expression else 0.05, f"{where}: agent and Prometheus", events=2 / (fleet.end - fleet.start))
        except AssertionError as fault:
            faults.append(f"{str(fault).splitlines()[0]}\n    {expression}")
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("board", ["overview", "service", "errors"])
def test_native_histograms_alone_show_the_same(fleet, board):
    """A Prometheus that keeps no classic buckets where there are native ones: latency of payment, whose spans have them, is there
    all the same. A service that sends classic buckets only is shown where it is chosen: the two do not add up."""
    window = f"{math.ceil(fleet.end - fleet.start) + 3}s"
    asked = 0
    for panel, query in dashboards.targets(dashboards.load(board)):
        if "_time_microseconds" not in query["expr"] or "\n  or\n" not in query["expr"]:
            continue
        asked += 1
        expression = dashboards.filled_in(query["expr"], window, {"server_name": "payment"})
        rows = fleet.native.query(expression, at=fleet.end)
        assert rows, f"{panel['title']} {query['refId']}: nothing\n{expression}"
        if panel["type"] == "heatmap":
            assert len(rows) == 1 and isinstance(rows[0][1], dict), "one native histogram, which Grafana draws"
            continue
        judged, shown = rows_of(fleet.judge.query(expression, at=fleet.end)), rows_of(rows)
        for labels in judged:
            # A quantile is as near as its bucket is narrow: classic ones are up to 2.5 times as wide as native ones.
            if "histogram_quantile" in expression:
                assert shown[labels] == pytest.approx(judged[labels], rel=0.6), (panel["title"], labels)
            else:
                assert shown[labels] == pytest.approx(judged[labels], rel=0.02, abs=0.005), (panel["title"], labels)
    assert asked


@pytest.mark.parametrize("board", dashboards.NAMES)
def test_variables_have_values_and_annotations_their_events(fleet, board):
    dashboard = dashboards.load(board)
    for name, variable in dashboards.variables(dashboard).items():
        selector, label = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["definition"]).groups()
        parameters = {"match[]": dashboards.filled_in(selector, "1m"), "start": fleet.start, "end": fleet.end}
        theirs = fleet.prometheus.api(f"label/{label}/values", **parameters)
        ours = fleet.agent.get(f"/api/v1/label/{label}/values", params=parameters).json()["data"]
        assert ours and (ours == theirs or name == "instance"), (name, ours, theirs)
    for annotation in dashboard["annotations"]["list"]:
        if "expr" not in annotation:
            continue
        expression = dashboards.filled_in(annotation["expr"], "10s")
        for who, rows in (("Prometheus", fleet.prometheus.query_range(expression, fleet.start, fleet.end)),
                          ("agent", fleet.agent.get("/api/v1/query_range", params={
                              "query": expression, "start": fleet.start, "end": fleet.end, "step": 1}).json()["data"]["result"])):
            found = [row["metric"] for row in rows]
            if annotation["name"] == "Firing alerts":
                assert {"HighErrorRate"} <= {row["alertname"] for row in found}, (who, expression)
            elif annotation["name"] == "Versions":
                assert not found, "nobody was deployed"
            elif dashboard["uid"] != "tocsin-agent":
                assert {"checkout"} == {row["job"] for row in found}, (who, expression)


@pytest.mark.parametrize("board", ["overview", "service", "errors", "dependencies"])
def test_exemplars_lead_to_traces(fleet, board):
    """payment sends spans: each of its latency buckets has one of its traces, wherever exemplars are switched on."""
    asked = [query["expr"] for _, query in dashboards.targets(dashboards.load(board)) if query.get("exemplar")]
    assert asked
    for expression in asked:
        expression = dashboards.filled_in(expression, "60s")
        found = fleet.prometheus.exemplars(expression, fleet.start, fleet.end)
        ours = fleet.agent.get("/api/v1/query_exemplars", params={"query": expression, "start": fleet.start, "end": fleet.end}).json()["data"]
        for who, series in (("Prometheus", found), ("agent", ours)):
            traces = [one["labels"]["trace_id"] for row in series if row["seriesLabels"]["server_name"] == "payment" for one in row["exemplars"]]
            assert traces and all(re.fullmatch("[0-9a-f]{32}", trace) for trace in traces), (who, expression)


def test_a_series_without_the_label_still_shows(fleet):
    """A sender that sets no dc: "All" has it. In flight has no dc at all, and shows too."""
    fleet.agent.send_statsd("server_request_total:7|c|#server_name:legacy,func:job,status:ok,ret:0")
    board = dashboards.load("overview")
    by_service = next(query["expr"] for panel, query in dashboards.targets(board) if panel["title"] == "Requests per second by service")
    selector = re.search(r"server_request_total\{[^}]*\}", dashboards.filled_in(by_service, "1m"))[0]
    for ask in (lambda: agent_query(fleet.agent, f'{selector} == 7', time.time()), lambda: fleet.prometheus.query(f"{selector} == 7")):
        wait_until(lambda ask=ask: [labels["server_name"] for labels, _ in ask()] == ["legacy"], 10, "the series without dc shows")


def test_the_demo_costs_little(fleet):
    """At twice its default rate, with all its phases: a few per cent of one processor."""
    assert fleet.cpu < 0.1
