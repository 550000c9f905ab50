# SPDX-License-Identifier: Apache-2.0
"""The agent as a Prometheus data source: answers in the published schema, promtool as a client, the calls of Grafana."""
import datetime
import gzip
import json
import time

import jsonschema
import pytest
import requests
import yaml
import zstandard
from prometheus_api_client import PrometheusApiClientException, PrometheusConnect

from harness.agent import Agent
from harness.demo import Demo
from harness.peers import promtool
from harness.process import ROOT, wait_until

SCHEMA = ROOT.parent / "shared" / "conformance" / "prometheus-api-openapi-3.1.yaml"
RATE = "sum by (server_name) (rate(server_request_total[20s]))"


@pytest.fixture(scope="module")
def agent(tmp_path_factory):
    folder = tmp_path_factory.mktemp("api")
    made = Agent(folder, {"tick": "1s"}).start()
    demo = Demo(folder, made.otlp_url, phase="10s").start()
    try:
        wait_until(lambda: ask(made, "query", query=RATE)["data"]["result"], 30, "the history has traffic")
        yield made
    finally:
        demo.stop()
        made.stop()


def ask(agent, path, method="GET", status=200, **parameters):
    send = {"params": parameters} if method == "GET" else {"data": parameters}
    answer = requests.request(method, f"{agent.url}/api/v1/{path}", timeout=10, **send)
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"].startswith("application/json")
    return answer.json()


CALLS = [
    ("/query", {"query": RATE}), ("/query", {"query": "1"}), ("/query", {"query": "server_request_total[10s]"}),
    ("/query", {"query": "server_request_time_microseconds", "stats": "all", "lookback_delta": "1m", "timeout": "5s", "limit": "3"}),
    ("/query_range", {"query": RATE, "step": "1", "stats": "all"}),
    ("/query_exemplars", {"query": "server_request_time_microseconds_bucket"}),
    ("/labels", {"match[]": "server_request_total", "limit": "3"}), ("/label/server_name/values", {}), ("/series", {"match[]": "server_request_total"}),
    ("/metadata", {"limit": "5"}), ("/format_query", {"query": "sum(foo)by(x)"}),
    ("/parse_query", {"query": "sum(rate(foo[5m])) by (x) > 2"}), ("/rules", {"type": "alert"}), ("/rules", {"group_limit": "1"}), ("/alerts", {}),
    ("/targets", {}), ("/status/config", {}), ("/status/runtimeinfo", {}), ("/status/buildinfo", {}), ("/status/flags", {}),
    ("/status/tsdb", {"limit": "3"}), ("/status/walreplay", {}), ("/alertmanagers", {}), ("/scrape_pools", {}),
]


def template_of(path):
    return "/label/{name}/values" if path.startswith("/label/") else path


def published():
    """The calls and their methods as the schema has them; none where it is not beside this checkout."""
    if not SCHEMA.exists():
        return {}, []
    document = yaml.safe_load(SCHEMA.read_text())
    return document, [(path, parameters, method) for path, parameters in CALLS for method in ("GET", "POST")
                      if method.lower() in document["paths"][template_of(path)]]


DOCUMENT, PUBLISHED = published()


@pytest.mark.skipif(not PUBLISHED, reason="the published schema is not beside this checkout (../shared/conformance)")
@pytest.mark.parametrize("path, parameters, method", PUBLISHED)
def test_answers_fit_the_published_schema(agent, path, parameters, method):
    if path == "/query_range":
        parameters = {**parameters, "start": str(time.time() - 30), "end": str(time.time())}
    answer = ask(agent, path[1:], method, **parameters)
    schema = DOCUMENT["paths"][template_of(path)][method.lower()]["responses"]["200"]["content"]["application/json"]["schema"]
    jsonschema.Draft202012Validator({**schema, "components": DOCUMENT["components"]}).validate(answer)


# What is not asked for by POST, as in Prometheus.
ONLY_GET = ("/targets", "/alertmanagers", "/scrape_pools")


@pytest.mark.parametrize("path, parameters", [call for call in CALLS if call[0] not in ONLY_GET])
def test_a_form_is_answered_like_a_query(agent, path, parameters):
    if path == "/query_range":
        parameters = {**parameters, "start": str(time.time() - 30), "end": str(time.time())}
    assert ask(agent, path[1:], "POST", **parameters)["status"] == "success"


def test_answers_are_compressed_as_asked(agent):
    wait_until(lambda: len(agent.get("/api/v1/query", params={"query": "server_request_time_microseconds_bucket"}).content) > 10_000, 30)
    parameters = {"query": "server_request_time_microseconds_bucket", "time": str(int(time.time()))}
    plain = agent.get("/api/v1/query", params=parameters, headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers and len(plain.content) > 10_000
    for encoding in ("gzip", "zstd"):
        small = agent.get("/api/v1/query", params=parameters, headers={"Accept-Encoding": encoding}, stream=True)
        assert small.headers["Content-Encoding"] == encoding and "Accept-Encoding" in small.headers["Vary"]
        raw = small.raw.read(decode_content=False)
        assert len(raw) < len(plain.content) / 4
        whole = gzip.decompress(raw) if encoding == "gzip" else zstandard.ZstdDecompressor().decompressobj().decompress(raw)
        assert json.loads(whole) == plain.json()


def test_other_origins_read_nothing(agent):
    """CORS is off: a page of another site is refused, and nothing allows its script to read an answer."""
    refused = agent.get("/api/v1/query", params={"query": "1"}, headers={"Origin": "https://elsewhere.example"})
    assert refused.status_code == 403
    preflight = requests.options(f"{agent.url}/api/v1/query", timeout=10, headers={
        "Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"})
    assert preflight.status_code in (403, 405)
    own = agent.get("/api/v1/query", params={"query": "1"}, headers={"Origin": agent.url})
    assert own.status_code == 200
    for answer in (refused, preflight, own, agent.get("/api/v1/query", params={"query": "1"})):
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


def test_a_python_client(agent):
    """prometheus-api-client, as somebody's notebook or report uses it."""
    client = PrometheusConnect(url=agent.url)
    assert client.check_prometheus_connection()
    assert "server_request_total" in client.all_metrics()
    assert "checkout" in client.get_label_values("server_name")
    assert "func" in client.get_label_names()
    rows = client.custom_query(RATE)
    assert {"checkout"} <= {row["metric"]["server_name"] for row in rows}
    assert client.get_current_metric_value("server_request_total", label_config={"server_name": "checkout"})
    end = datetime.datetime.now()
    ranged = client.custom_query_range(RATE, start_time=end - datetime.timedelta(seconds=20), end_time=end, step="5")
    assert ranged and any(row["values"] for row in ranged)
    values = client.get_metric_range_data("server_request_total", start_time=end - datetime.timedelta(seconds=20), end_time=end)
    assert values and all(float(value) >= 0 for row in values for _, value in row["values"])
    with pytest.raises(PrometheusApiClientException, match="400"):
        client.custom_query("sum(")


def grafana(agent, path, parameters=None, body=None, method="POST"):
    """As Grafana's data source sends it (pkg/promlib/client): a form by POST, parameters of a resource call in the URL as
    well; 400 and 405 are asked again by GET. Encoded as Go does."""
    headers = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "Grafana/13.0.0", "Accept-Encoding": "gzip"}
    answer = requests.request(method, f"{agent.url}/{path}", params=parameters, data=body if method == "POST" else None,
                              headers=headers if method == "POST" else {"Accept-Encoding": "gzip"}, timeout=10)
    assert answer.status_code == 200, answer.text
    assert answer.json()["status"] == "success"
    return answer.json()["data"]


def test_the_calls_of_grafanas_data_source(agent):
    now = time.time()
    start, end = int(now) - 60, int(now)
    # Health: an instant query, then what it is.
    assert grafana(agent, "api/v1/query", body={"query": "1+1", "time": "4", "timeout": "60s"})["result"] == [4, "2"]
    assert not grafana(agent, "api/v1/status/buildinfo", method="GET").get("features")
    # A panel: a range, an instant, exemplars.
    ranged = grafana(agent, "api/v1/query_range", body={"query": RATE, "start": str(start), "end": str(end), "step": "15", "timeout": "60s"})
    assert ranged["resultType"] == "matrix" and ranged["result"]
    assert grafana(agent, "api/v1/query", body={"query": RATE, "time": f"{now:.3f}"})["result"]
    grafana(agent, "api/v1/query_exemplars", body={"query": "server_request_time_microseconds_bucket", "start": str(start), "end": f"{now:.3f}"})
    # Variables, the metrics browser and completion (packages/grafana-prometheus/src/resource_clients.ts).
    times = {"start": str(start), "end": str(end)}
    names = grafana(agent, "api/v1/label/__name__/values", {"limit": "40000", **times}, method="GET")
    assert "server_request_total" in names
    assert "func" in grafana(agent, "api/v1/labels", {"limit": "40000", **times, "match[]": '{__name__="server_request_total"}'})
    assert "func" in grafana(agent, "api/v1/labels", body={"limit": "40000", **times, "match[]": '{__name__!=""}'})
    values = grafana(agent, "api/v1/label/server_name/values", {"limit": "40000", **times, "match[]": 'server_request_total{status="ok"}'}, method="GET")
    assert "checkout" in values
    series = grafana(agent, "api/v1/series", {**times, "match[]": '{__name__="server_request_total",func!=""}', "limit": "2"})
    assert len(series) == 2 and all(one["func"] for one in series)
    assert grafana(agent, "api/v1/metadata", {"limit": "40000"}, method="GET")["server_request_total"][0]["type"] == "counter"
    # Alert lists (pkg/services/ngalert/api/lotex_prom.go).
    assert grafana(agent, "api/v1/rules", method="GET") == {"groups": []}
    assert grafana(agent, "api/v1/alerts", method="GET") == {"alerts": []}


def test_promtool_is_a_client(agent):
    now = int(time.time())
    instant = promtool("3.15", "query", "instant", agent.url, RATE)
    assert 'server_name="checkout"' in instant.stdout.replace("=>", "="), instant
    ranged = promtool("3.15", "query", "range", f"--start={now - 20}", f"--end={now}", "--step=5s", agent.url, RATE)
    assert "checkout" in ranged.stdout and ranged.returncode == 0
    series = promtool("3.15", "query", "series", "--match=server_request_total", agent.url)
    assert "server_request_total" in series.stdout
    assert "checkout" in promtool("3.15", "query", "labels", agent.url, "server_name").stdout
    wrong = promtool("3.15", "query", "instant", agent.url, "sum(")
    assert wrong.returncode != 0 and "parse error" in wrong.stderr


def test_counts_are_those_of_the_scrape(agent):
    def equal():
        scraped = agent.samples("server_conc")
        return scraped and len(ask(agent, "query", query="server_conc")["data"]["result"]) == len(scraped)
    assert wait_until(equal, 10)
    # Both numbers grow while they are asked for: the scrape before, the history, the scrape after.
    before = agent.value("server_request_total")
    time.sleep(1.2)
    found = float(ask(agent, "query", query="sum(server_request_total)")["data"]["result"][0]["value"][1])
    time.sleep(1.2)
    assert before <= found <= agent.value("server_request_total")


def test_refusals(agent):
    assert ask(agent, "query", status=400, query="sum(")["errorType"] == "bad_data"
    assert ask(agent, "query_range", status=400, query="1", start="0", end="100000", step="1")["errorType"] == "bad_data"
    assert ask(agent, "query", status=422, query="server_request_total * on () server_request_total")["errorType"] == "execution"
    assert ask(agent, "series", status=400)["error"] == "no match[] parameter provided"


def test_hostile_queries_end_with_an_error_and_harm_nothing(agent):
    started = time.monotonic()
    assert ask(agent, "query", "POST", status=400, query="(" * 100_000)["errorType"] == "bad_data"
    for deep in ("(" * 450 + "1" + ")" * 450, "-" * 450 + "1", "a{" + "(" * 450):
        for path in ("query_exemplars", "query", "parse_query", "format_query"):
            requests.post(f"{agent.url}/api/v1/{path}", data={"query": deep}, timeout=10)
        requests.get(f"{agent.url}/api/v1/rules", params={"match[]": deep}, timeout=10)
    assert ask(agent, "query_exemplars", "POST", status=400, query="(" * 100_000)["errorType"] == "bad_data"
    assert ask(agent, "query", "POST", status=400, query="-" * 100_000 + "1")["errorType"] == "bad_data"
    assert ask(agent, "query", "POST", status=400, query='up{a=~"' + "(a{1000}){1000}" * 50 + '"}')["errorType"] == "bad_data"
    heavy = requests.post(f"{agent.url}/api/v1/query", timeout=30, data={"timeout": "1s", "query": '{__name__=~".+"} * on () group_left () count_over_time('
                          'count_over_time(sum({__name__=~".+"})[2h:1ms])[2h:1ms])'})
    assert heavy.status_code in (422, 503), heavy.text[:500]
    assert time.monotonic() - started < 20
    assert ask(agent, "query", query="1")["data"]["result"][1] == "1"


def test_who_is_told_and_what_is_scraped_are_listed(tmp_path):
    made = Agent(tmp_path, {"alertmanager": [{"name": "main", "url": "http://127.0.0.1:1/am/"}],
                            "scrape": [{"name": "node", "targets": ["127.0.0.1:1"],
                                        "relabel": [{"source_labels": ["__address__"], "target_label": "host"}],
                                        "metric_relabel": [{"action": "labeldrop", "regex": "id|uid"}]},
                                       {"name": "shop", "targets": ["127.0.0.1:1"]}]}).start()
    try:
        assert ask(made, "alertmanagers")["data"] == {"activeAlertmanagers": [{"url": "http://127.0.0.1:1/am/api/v2/alerts"}], "droppedAlertmanagers": []}
        assert ask(made, "scrape_pools")["data"] == {"scrapePools": ["node", "shop"]}
        text = ask(made, "status/config")["data"]["yaml"]
        node = yaml.safe_load(text)["scrape_configs"][0]
        assert node["relabel_configs"][0]["target_label"] == "host" and node["metric_relabel_configs"][0]["regex"] == "id|uid"
        (tmp_path / "prometheus.yml").write_text(text)
        checked = promtool("3.15", "check", "config", tmp_path / "prometheus.yml")
        assert checked.returncode == 0, checked.stdout + checked.stderr
    finally:
        made.stop()
