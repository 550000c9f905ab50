# SPDX-License-Identifier: Apache-2.0
"""What the agent's page promises: its weight, its first paint, no other host, nothing that axe calls serious; and what it says
of bad input, of queries without end and of an agent that went away."""
import json

import pytest
import requests

from harness.accessibility import serious_findings
from harness.agent import Agent
from harness.browser import all_have, demo_in_a_browser, panels
from harness.dashboards import FILES
from harness.process import ROOT, wait_until

OVERVIEW = json.loads((ROOT / "dashboards" / "overview.json").read_text())
PAGES = ["/", "/d/tocsin-overview?from=now-5m&to=now", "/alerts", "/rules", "/explore?expr=sum(server_request_total)&from=now-5m&to=now", "/receivers",
         "/cardinality", "/configuration", "/runbooks", "/runbooks/HighErrorRate"]
LARGEST_FIRST_VIEW = 200 * 1024


@pytest.fixture
def living(in_a_browser):
    in_a_browser[0].faults.clear()
    return in_a_browser


@pytest.fixture(scope="module")
def in_a_browser(tmp_path_factory):
    with demo_in_a_browser(tmp_path_factory.mktemp("limits"), {"query": {"timeout": "2s"}}) as (chromium, agent):
        yield chromium, agent


@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_serious_in_either_theme(living, path):
    chromium, _ = living
    page = chromium.open(path)
    page.locator("h1, [data-panel]").first.wait_for()
    wait_until(lambda: not panels(page) or all_have(page, {"data", "text", "empty"}), 40)
    name = path.split("?")[0].strip("/").replace("/", "-") or "home"
    for theme in ("light", "dark"):
        assert page.evaluate("document.documentElement.dataset.theme") == theme
        chromium.picture(page, f"{name}-{theme}")
        assert serious_findings(page) == [], theme
        page.get_by_label("light or dark").click()
    page.context.close()
    assert chromium.faults == []


def test_the_weight_of_the_first_view_and_its_policy(living):
    """What the browser really fetches for the home page and for a dashboard: the query box is fetched when it is wanted."""
    chromium, agent = living
    page = chromium.open("/d/tocsin-overview?from=now-5m&to=now")
    wait_until(lambda: all_have(page, {"data", "text", "empty"}), 30)
    files = dict(page.evaluate("""[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
        .filter(one => !new URL(one.name).pathname.startsWith('/api/')).map(one => [new URL(one.name).pathname, one.transferSize])"""))
    print(f"first view: {sum(files.values())} bytes: {files}")
    assert {"/page.js", "/page.css", "/dashboards/overview.json"} < set(files) and "/explore.js" not in files
    assert 20_000 < sum(files.values()) <= LARGEST_FIRST_VIEW
    page.context.close()
    policy = requests.get(agent.url + "/", timeout=10).headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script-src 'self';" in policy and "http" not in policy
    assert chromium.faults == []


def test_the_first_paint_with_ten_thousand_series(living):
    chromium, agent = living
    points = [{"asDouble": 1.0, "timeUnixNano": "0", "attributes": [{"key": "row", "value": {"stringValue": f"r{row}"}}]} for row in range(1000)]
    for meter in range(10):
        body = {"resourceMetrics": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "many"}}]},
                                     "scopeMetrics": [{"metrics": [{"name": f"many.{meter}", "gauge": {"dataPoints": points}}]}]}]}
        requests.post(agent.otlp_url + "/v1/metrics", json=body, timeout=20).raise_for_status()
    wait_until(lambda: int(requests.get(f"{agent.url}/api/v1/query", params={"query": 'count({__name__=~"many_.*"})'},
                                        timeout=5).json()["data"]["result"][0]["value"][1]) >= 10_000, 20)

    def paint(path):
        page = chromium.open(path)
        page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
        found = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        page.context.close()
        return found
    # Beside it a page of one word from the same agent: what this machine takes for anything at all while it is busy.
    plain = min(paint("/-/healthy") for _ in range(2))
    paints = {path: min(paint(path) for _ in range(2)) for path in ("/", "/d/tocsin-overview", "/cardinality")}
    print(f"first contentful paint: {paints}, of a plain page {plain} ms")
    assert max(paints.values()) < max(1000, 5 * plain), (paints, plain)
    # The browser asks for the icon that the plain page does not name.
    assert [fault for fault in chromium.faults if "/-/healthy" not in fault] == []


def with_dashboard(page, text):
    """The overview's file as somebody else may have left it."""
    page.route("**/dashboards/overview.json", lambda route: route.fulfill(body=text, content_type="application/json"))


def changed(**parts):
    return json.dumps({**OVERVIEW, **parts})


CIRCLE = {"list": [{"name": "a", "type": "query", "query": "label_values(up{x=\"$b\"}, a)"}, {"name": "b", "type": "query", "query": "label_values(up{x=\"$a\"}, b)"}]}


@pytest.mark.parametrize("text, said", [
    ('{"panels": [', "overview.json is not JSON"), ("[]", "it has no list of panels"), (changed(panels=["x"]), "panel 1 is no panel"),
    (changed(templating=CIRCLE), "circle: a → b → a"),
    ('{"elements": {}, "layout": {}}', "schema v2")], ids=["cut off", "a list", "no panel", "circle", "schema v2"])
def test_a_dashboard_that_is_none_is_told_and_the_page_lives(living, text, said):
    chromium, agent = living
    page = chromium.open("/alerts")
    with_dashboard(page, text)
    page.goto(agent.url + "/d/tocsin-overview")
    page.locator(".note.error", has_text=said).wait_for()
    page.get_by_role("link", name="Rules").click()
    page.locator("h1", has_text="Rules").wait_for()
    page.context.close()
    assert chromium.faults == []


def test_a_dashboard_of_twenty_megabytes(living):
    """Made in the browser: Playwright takes its time to carry so much."""
    chromium, agent = living
    page = chromium.open("/alerts")
    page.add_init_script("""const ask = fetch;
        window.fetch = (url, init) => String(url).includes("overview.json")
          ? Promise.resolve(new Response(JSON.stringify({panels: [], description: "x".repeat(20 << 20)}))) : ask(url, init);""")
    page.goto(agent.url + "/d/tocsin-overview")
    page.locator(".note.error", has_text="20.0 MiB is more than a dashboard may have (8 MiB)").wait_for()
    page.get_by_role("link", name="Rules").click()
    page.locator("h1", has_text="Rules").wait_for()
    page.context.close()
    assert chromium.faults == []


def test_panels_that_cannot_be_drawn_leave_the_others(living):
    chromium, agent = living
    board = json.loads(json.dumps(OVERVIEW))
    first, second, third = board["panels"][5:8]
    board["panels"][4].pop("type")
    first["type"] = "flamegraph"
    second["fieldConfig"]["overrides"] = {"no": "list"}
    third["targets"][0]["expr"] = "sum(("
    page = chromium.open("/alerts")
    with_dashboard(page, json.dumps(board))
    page.goto(agent.url + "/d/tocsin-overview?from=now-5m&to=now")

    def text(panel):
        return page.get_by_label(panel["title"], exact=True).first.inner_text()
    wait_until(lambda: "This panel has no type" in text(board["panels"][4]), 15)
    wait_until(lambda: "does not draw panels of type “flamegraph”" in text(first), 15)
    wait_until(lambda: "This panel cannot be drawn" in text(second), 15)
    wait_until(lambda: "parse error" in text(third), 15)
    wait_until(lambda: panels(page)["Latency of successful requests"] == "data", 15)
    page.context.close()
    assert [fault for fault in chromium.faults if "400" not in fault] == []  # the browser itself tells of the bad query


def test_a_query_that_takes_too_long_says_so(living):
    chromium, _ = living
    endless = "count_over_time((" + " + ".join(["sum(rate({__name__=~\".+\"}[5m]))"] * 12) + ")[2h:1s])"
    page = chromium.open("/alerts")
    page.goto(f"{living[1].url}/explore?from=now-5m&to=now&expr={requests.utils.quote(endless)}")
    page.locator(".note.error").first.wait_for(timeout=30_000)
    told = page.locator(".note.error").first.inner_text()
    assert "timed out" in told or "timeout" in told or "too many samples" in told, told
    page.goto(f"{living[1].url}/explore?from=now-5m&to=now&expr=sum(server_request_total)")
    wait_until(lambda: panels(page).get("over time") == "data", 15)
    page.context.close()


def test_ranges_that_cannot_be_read_are_told(living):
    chromium, _ = living
    page = chromium.open("/d/tocsin-overview?from=yesterday&to=now")
    page.locator(".banner", has_text="“yesterday” is no time: this is the last hour").wait_for()
    wait_until(lambda: "data" in panels(page).values(), 15)
    page.context.close()
    assert chromium.faults == []


def test_an_address_that_is_none(living):
    chromium, _ = living
    page = chromium.open("/d/none")
    page.locator(".note.error", has_text="404").wait_for()
    page.context.close()


def test_an_agent_that_goes_away_and_comes_back(living, start_agent):
    chromium, _ = living
    agent = start_agent({"tick": "1s"})
    page = chromium.open(agent.url + "/d/tocsin-host?from=now-1m&to=now&refresh=1s")
    wait_until(lambda: "data" in panels(page).values(), 20)
    other = chromium.open(agent.url + "/configuration")
    other.locator("pre").wait_for()
    agent.stop()
    page.locator(".banner", has_text="does not answer").wait_for(timeout=20_000)
    wait_until(lambda: "stale" in panels(page).values() and "error" not in panels(page).values(), 20, "what was drawn stays")
    other.locator("a", has_text="Receivers").click()
    other.locator(".note.error", has_text="does not answer").first.wait_for()
    agent.start()
    wait_until(lambda: "data" in panels(page).values() and page.locator(".note.error").count() == 0, 40, "the page goes on by itself", every=0.3)
    wait_until(lambda: other.locator("h2", has_text="Listening").count() == 1, 20, every=0.3)
    page.context.close()
    other.context.close()


@pytest.mark.parametrize("path, next_step", [
    ("/d/tocsin-overview", "is the service registered and sending?"), ("/d/tocsin-slo", "write [[slo]] in tocsin.toml"),
    ("/alerts", "[rules]"), ("/rules", "[rules] files ="), ("/receivers", "Point an OpenTelemetry SDK at the OTLP address"),
    ("/receivers", "Name a destination under [[export]]"), ("/explore", "Begin with a name")])
def test_where_there_is_nothing_the_page_says_what_to_do_next(living, fresh, path, next_step):
    chromium, _ = living
    page = chromium.open(fresh.url + path)
    wait_until(lambda: next_step in page.locator("main").inner_text(), 20, f"{path}: {next_step}", every=0.3)
    page.context.close()


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """An agent that nobody has sent anything and that has no rules."""
    agent = Agent(tmp_path_factory.mktemp("fresh"), {"tick": "1s"}).start()
    yield agent
    agent.stop()


def test_every_dashboard_is_listed(living):
    chromium, _ = living
    page = chromium.open("/")
    page.locator(".board").first.wait_for()
    assert page.locator(".board").count() == len(FILES)
    page.context.close()
