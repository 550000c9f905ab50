# SPDX-License-Identifier: Apache-2.0
"""`tocsin generate prometheus|alertmanager|grafana`: what is written is taken by promtool, amtool, a real Prometheus of both versions and
a real Alertmanager, and does there what docs/provisioning.md says. No Grafana is here: its files are read, and no more."""
import datetime
import json
import re
import shutil
import subprocess

import pytest
import requests
import yaml

from harness.agent import PROGRAM
from harness.peers import program, promtool
from harness.process import ROOT, wait_until
from harness.prometheus import Alertmanager, Prometheus
from harness.webhook import Webhook

LIBRARY = sorted(path.name for path in (ROOT / "rules" / "library").glob("*.yml"))
VERSIONS = ["2.42", "3.15"]


def generate(*arguments, status=0, program_path=PROGRAM, folder=None):
    done = subprocess.run([str(program_path), "generate", *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False,
                          cwd=folder)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


class ProvisionedPrometheus(Prometheus):
    """Started as the head of the generated file says."""

    def __init__(self, folder, version, made):
        super().__init__(folder, version)
        self.made = made
        said = re.search(r"^#   prometheus --config.file=prometheus.yml (.*)$", (made / "prometheus.yml").read_text(), re.M)
        self.flags = said.group(1).split()

    def command(self):
        words = super().command()
        words[1] = f"--config.file={self.made / 'prometheus.yml'}"
        return words


class ProvisionedAlertmanager(Alertmanager):
    def __init__(self, folder, made):
        super().__init__(folder)
        self.made = made

    def command(self):
        words = super().command()
        words[1] = f"--config.file={self.made / 'alertmanager.yml'}"
        return words


@pytest.mark.parametrize("version", VERSIONS)
def test_prometheus_scrapes_and_evaluates_what_was_generated(version, start_agent, started, tmp_path):
    agent = start_agent({"external_url": "http://agent.example:9464/", "threshold": [
        {"alert": "HighErrorRate", "server_name": "shop", "value": 0.2}, {"alert": "HostMemoryLow", "value": 0.07}]})
    made = tmp_path / "made"
    generate("prometheus", "--out", made, "--version", version, "--config", agent.config_path, "--scrape-interval", "1s")
    assert sorted(path.name for path in (made / "rules").iterdir()) == sorted([*LIBRARY, "thresholds.yml"])
    done = promtool(version, "check", "config", made / "prometheus.yml")
    assert done.returncode == 0, done.stdout + done.stderr
    links = re.findall(r"^ +(?:runbook|dashboard)_url: '(.*)'$", "".join((made / "rules" / name).read_text() for name in LIBRARY), re.M)
    assert len(links) > 50 and all("tocsin_links_info" in link for link in links)

    for path in (made / "rules").iterdir():  # half a minute between evaluations is long for a test
        path.write_text(path.read_text().replace("interval: 30s", "interval: 1s"))
    prometheus = ProvisionedPrometheus(tmp_path, version, made)
    started.append(prometheus)
    prometheus.start()
    agent.send_statsd("orders:1|c")
    wait_until(lambda: prometheus.value('up{job="tocsin"}') == 1, 30, "the agent is scraped")
    groups = prometheus.rules()
    assert {group["file"].rsplit("/", 1)[1] for group in groups} == {*LIBRARY, "thresholds.yml"}
    # By the agent's own series, and by the rule file beside it: both say the same.
    wait_until(lambda: prometheus.value('max(tocsin_alert_threshold{alert="HighErrorRate",server_name="shop",instance!=""})') == 0.2, 30)
    wait_until(lambda: prometheus.value('server_name:alert_threshold:effective{alert="HighErrorRate",server_name="shop"}') == 0.2, 30)
    wait_until(lambda: prometheus.query('instance:alert_threshold:effective{alert="HostMemoryLow"}') and all(
        value == 0.07 for _, value in prometheus.query('instance:alert_threshold:effective{alert="HostMemoryLow"}')), 30)
    wait_until(lambda: prometheus.value('count(ALERTS{alertname="Watchdog",alertstate="firing"})') == 1, 30, "the Watchdog fires")
    assert not [rule for group in prometheus.rules() for rule in group["rules"] if rule["health"] == "err"]


def test_links_of_a_prometheus_that_scrapes_no_agent(started, tmp_path):
    made = tmp_path / "made"
    generate("prometheus", "--out", made, "--links", "https://tocsin.example/", "--agent", "127.0.0.1:1", "--no-alertmanager")
    for path in (made / "rules").iterdir():
        path.write_text(path.read_text().replace("interval: 30s", "interval: 1s"))
    prometheus = ProvisionedPrometheus(tmp_path, "3.15", made)
    started.append(prometheus)
    prometheus.start()
    links = "https://tocsin.example"
    alert = wait_until(lambda: next((one for one in prometheus.alerts() if one["labels"]["alertname"] == "Watchdog"
                                     and one["annotations"]["runbook_url"].startswith(links)), None), 30, "the Watchdog leads there")
    assert alert["annotations"]["runbook_url"] == f"{links}/runbooks/Watchdog"
    assert alert["annotations"]["dashboard_url"].startswith(f"{links}/d/tocsin-agent?viewPanel=")


def test_histograms_are_there_in_both_forms_in_315_and_in_the_classic_one_in_242(start_agent, started, tmp_path):
    agent = start_agent()
    servers = {}
    for version in VERSIONS:
        made = tmp_path / version
        generate("prometheus", "--out", made, "--version", version, "--agent", agent.url.removeprefix("http://"), "--no-alertmanager",
                 "--scrape-interval", "1s")
        servers[version] = ProvisionedPrometheus(tmp_path, version, made)
        started.append(servers[version])
        servers[version].start()
    span = {"name": "GET /", "kind": 2, "traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331",
            "startTimeUnixNano": "1", "endTimeUnixNano": "2000001"}
    now = int(datetime.datetime.now().timestamp() * 1e9)
    span |= {"startTimeUnixNano": str(now - 2_000_000), "endTimeUnixNano": str(now)}
    body = {"resourceSpans": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]},
                               "scopeSpans": [{"spans": [span]}]}]}
    requests.post(f"http://127.0.0.1:{agent.otlp_port}/v1/traces", json=body, timeout=10).raise_for_status()
    name = "server_request_time_microseconds"
    for version, server in servers.items():
        wait_until(lambda server=server: server.query(name + '_bucket{le="5e+06",server_name="shop"}'), 30, f"classic buckets in {version}")
    wait_until(lambda: isinstance(servers["3.15"].query(f'{name}{{server_name="shop"}}')[0][1], dict), 30, "a native histogram")
    assert servers["2.42"].query(f'{name}{{server_name="shop"}}') == []
    for version, server in servers.items():  # what leads from a latency to its trace
        found = wait_until(lambda server=server: server.exemplars(name + "_bucket", now / 1e9 - 60, now / 1e9 + 60), 30, f"exemplars in {version}")
        assert found[0]["exemplars"][0]["labels"]["trace_id"] == span["traceId"]


@pytest.mark.parametrize("version,said", [
    ("2.42", {"native": None, "classic": None, "features": {"exemplar-storage"}}),
    ("2.45.1", {"native": None, "classic": "scrape_classic_histograms", "features": {"exemplar-storage", "native-histograms"}}),
    ("v3.2", {"native": None, "classic": "always_scrape_classic_histograms",
              "features": {"exemplar-storage", "native-histograms", "created-timestamp-zero-ingestion"}}),
    ("3", {"native": "scrape_native_histograms", "classic": "always_scrape_classic_histograms",
           "features": {"exemplar-storage", "created-timestamp-zero-ingestion"}}),
])
def test_what_a_version_of_prometheus_can_take(version, said, tmp_path):
    generate("prometheus", "--out", tmp_path, "--version", version)
    text = (tmp_path / "prometheus.yml").read_text()
    job = yaml.safe_load(text)["scrape_configs"][0]
    assert job["honor_labels"] is True and job["static_configs"] == [{"targets": ["127.0.0.1:9464"]}]
    assert {key for key in job if "histograms" in key} == {key for key in (said["native"], said["classic"]) if key}
    assert set(re.search(r"--enable-feature=(\S+)", text).group(1).split(",")) == said["features"]


def test_alertmanager_routes_by_severity(tmp_path):
    generate("alertmanager", "--out", tmp_path)
    done = subprocess.run([str(program("debian", "usr/bin/amtool")), "check-config", str(tmp_path / "alertmanager.yml")], capture_output=True,
                          text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for labels, receiver in ((["alertname=HighErrorRate", "severity=critical"], "critical"), (["severity=warning"], "warning"),
                             (["severity=info"], "info"), (["alertname=InfoInhibitor", "severity=none"], "nobody"),
                             (["alertname=Watchdog", "severity=none"], "watchdog"), (["alertname=Mine"], "warning")):
        done = subprocess.run([str(program("debian", "usr/bin/amtool")), "config", "routes", "test", f"--config.file={tmp_path / 'alertmanager.yml'}",
                               *labels], capture_output=True, text=True, timeout=30, check=False)
        assert (done.returncode, done.stdout.strip()) == (0, receiver), labels


def test_alertmanager_tells_who_should_be_told_and_nobody_else(started, tmp_path):
    hooks = {name: Webhook() for name in ("critical", "warning", "info", "watchdog")}
    made = tmp_path / "made"
    generate("alertmanager", "--out", made, *[word for name, hook in hooks.items() for word in (f"--{name}", hook.url)])
    path = made / "alertmanager.yml"
    path.write_text(re.sub(r"group_wait: (30|10)s", "group_wait: 2s", path.read_text()).replace("group_interval: 5m", "group_interval: 1s"))
    alertmanager = ProvisionedAlertmanager(tmp_path, made)
    started.append(alertmanager)
    alertmanager.start()

    def post(*alerts):
        requests.post(f"{alertmanager.url}/api/v2/alerts", timeout=10, json=[
            {"labels": dict(zip(("alertname", "severity", "server_name"), alert))} for alert in alerts]).raise_for_status()

    post(("HighErrorRate", "critical", "shop"), ("HighLatency", "warning", "shop"), ("CacheCold", "info", "shop"),
         ("HighLatency", "warning", "mail"), ("InfoInhibitor", "none", "quiet"), ("CacheCold", "info", "quiet"), ("Watchdog", "none"))
    try:
        def told(name):
            return {(labels["alertname"], labels.get("server_name")) for _, labels, _ in hooks[name].told()}
        wanted = {"critical": {("HighErrorRate", "shop")}, "warning": {("HighLatency", "mail")}, "info": {("CacheCold", "shop")},
                  "watchdog": {("Watchdog", None)}}
        wait_until(lambda: {name: told(name) for name in hooks} == wanted, 30, "each is told of its own")
        states = {(alert["labels"]["alertname"], alert["labels"].get("server_name")): alert["status"]["state"] for alert in alertmanager.alerts()}
        assert {key for key, state in states.items() if state == "suppressed"} == {("HighLatency", "shop"), ("CacheCold", "quiet")}
        # The critical one ends: the warning that it silenced is told.
        ended = datetime.datetime.now(datetime.timezone.utc).isoformat()
        requests.post(f"{alertmanager.url}/api/v2/alerts", timeout=10, json=[
            {"labels": {"alertname": "HighErrorRate", "severity": "critical", "server_name": "shop"}, "endsAt": ended}]).raise_for_status()
        wait_until(lambda: told("warning") == {("HighLatency", "mail"), ("HighLatency", "shop")}, 30, "the warning is told")
        assert told("info") == {("CacheCold", "shop")}
    finally:
        for hook in hooks.values():
            hook.stop()


def test_grafanas_files_are_as_its_documentation_says(tmp_path):
    generate("grafana", "--out", tmp_path, "--prometheus-url", "http://prometheus:9090", "--mounted-at", "/srv/grafana/")
    sources = yaml.safe_load((tmp_path / "datasources" / "tocsin.yml").read_text())
    assert sources["apiVersion"] == 1
    metrics, traces = sources["datasources"]
    assert (metrics["type"], metrics["url"], metrics["access"]) == ("prometheus", "http://prometheus:9090", "proxy")
    assert metrics["jsonData"]["exemplarTraceIdDestinations"][0] == {
        "name": "trace_id", "datasourceUid": traces["uid"], "urlDisplayLabel": "Trace"}
    assert (traces["type"], traces["url"]) == ("jaeger", "http://127.0.0.1:16686")
    provider = yaml.safe_load((tmp_path / "dashboards" / "tocsin.yml").read_text())["providers"][0]
    assert (provider["type"], provider["folder"], provider["options"]["path"]) == ("file", "tocsin", "/srv/grafana/dashboards/tocsin")
    boards = {path.name: path.read_text() for path in (tmp_path / "dashboards" / "tocsin").iterdir()}
    assert boards == {path.name: path.read_text() for path in (ROOT / "dashboards").glob("*.json")}
    assert all(json.loads(text)["uid"] for text in boards.values())
    without = tmp_path / "without"
    generate("grafana", "--out", without, "--traces", "none")
    assert len(yaml.safe_load((without / "datasources" / "tocsin.yml").read_text())["datasources"]) == 1
    generate("grafana", "--out", tmp_path / "tempo", "--traces", "tempo")
    assert yaml.safe_load((tmp_path / "tempo" / "datasources" / "tocsin.yml").read_text())["datasources"][1]["url"] == "http://127.0.0.1:3200"


def test_what_a_person_changed_is_not_overwritten(tmp_path):
    config = tmp_path / "tocsin.toml"
    config.write_text('[[threshold]]\nalert = "HighErrorRate"\nvalue = 0.2\n')
    out = tmp_path / "out"
    words = ["prometheus", "--out", out, "--config", config]
    generate(*words, "--check", status=1)
    assert not out.exists()
    assert f"{out / 'prometheus.yml'}\n" in generate(*words)
    assert generate(*words) == "", "nothing changed, nothing is written"
    generate(*words, "--check")
    # What follows from the options is written anew, and what is not made any more goes.
    said = generate(*words, "--scrape-interval", "30s")
    assert said.startswith(f"{out / 'prometheus.yml'}\n") and "rules" not in said
    config.write_text("")
    assert f"{out / 'rules' / 'thresholds.yml'}: taken away" in generate(*words)
    assert not (out / "rules" / "thresholds.yml").exists()
    # What somebody changed stays, and nothing else is written either.
    rules = out / "rules" / "request.yml"
    mine = rules.read_text().replace("for: 5m", "for: 7m")
    rules.write_text(mine)
    before = (out / "prometheus.yml").read_text()
    said = generate(*words, "--scrape-interval", "10s", status=1)
    assert said == f"{rules}: was changed by hand\ntocsin generate: nothing was written; --force overwrites what was changed\n"
    assert rules.read_text() == mine and (out / "prometheus.yml").read_text() == before
    generate(*words, "--scrape-interval", "10s", "--force")
    assert rules.read_text() == (ROOT / "rules" / "library" / "request.yml").read_text()
    # A folder that somebody else filled.
    other = tmp_path / "other"
    other.mkdir()
    (other / "alertmanager.yml").write_text("route: {receiver: mine}\n")
    assert "was changed by hand" in generate("alertmanager", "--out", other, status=1)


def test_the_program_alone_is_enough(tmp_path):
    """Neither the sources nor an installed tree: a copy of the program, in a folder of its own."""
    alone = tmp_path / "bin" / "tocsin"
    alone.parent.mkdir()
    shutil.copy2(PROGRAM, alone)
    for what, file in (("prometheus", "rules/request.yml"), ("grafana", "dashboards/tocsin/overview.json"), ("alertmanager", "alertmanager.yml")):
        generate(what, "--out", what, program_path=alone, folder=tmp_path)
        assert (tmp_path / what / file).stat().st_size > 500


def test_help_is_of_what_was_asked_for():
    asked, flag = (subprocess.run([str(PROGRAM), *words], capture_output=True, text=True, timeout=20, check=True).stdout
                   for words in (["help", "generate", "prometheus"], ["generate", "prometheus", "--help"]))
    assert asked == flag and "--scrape-interval" in asked


@pytest.mark.parametrize("words,said", [
    (["prometheus"], "--out is missing"),
    (["prometheus", "--out", "x", "--version", "2.41"], "too old"),
    (["prometheus", "--out", "x", "--version", "latest"], "is no version"),
    (["prometheus", "--out", "x", "--agent", "http://a:1"], "is no address"),
    (["prometheus", "--out", "x", "--scrape-interval", "soon"], "a duration like 15s"),
    (["prometheus", "--out", "x", "--alertmanger", "a:1"], 'did you mean --alertmanager?'),
    (["alertmanager", "--out", "x", "--critical", "pager"], "must start with http"),
    (["grafana", "--out", "x", "--traces", "zipkin"], "jaeger, tempo or none"),
    (["grafana", "--out", "x", "--prometheus-url", "prometheus:9090"], "must start with http"),
    (["graphana", "--out", "x"], 'did you mean "grafana"'),
])
def test_misuse_is_told(words, said, tmp_path):
    assert said in generate(*words, status=2, folder=tmp_path)
    assert not (tmp_path / "x").exists()
