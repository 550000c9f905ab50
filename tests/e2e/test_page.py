# SPDX-License-Identifier: Apache-2.0
"""The agent's own page in a real browser, under the demo: every dashboard, every panel, and what a person does with them."""
import contextlib
import json
import re
import time
import tomllib

import pytest

from harness import dashboards
from harness.browser import PHONE, address, all_have, demo_in_a_browser, drag_to, panels, press_over, steady_box
from harness.destination import Destination
from harness.process import ROOT, wait_until
from harness.truth import Truth
from harness.webhook import Webhook

# Panels that are rightly empty while nothing goes wrong.
QUIET = {"Alerts", "Failures by code"}


@pytest.fixture
def living(in_a_browser):
    in_a_browser[0].faults.clear()
    return in_a_browser


@pytest.fixture(scope="module")
def in_a_browser(tmp_path_factory):
    """An agent with traffic in its history, with rules, objectives, a destination, somebody to tell and a target; a browser at it."""
    with contextlib.ExitStack() as stack:
        def stopped(thing):
            stack.callback(thing.stop)
            return thing

        destination, webhook, target = stopped(Destination().start()), stopped(Webhook()), stopped(Truth())
        settings = {"slo": tomllib.loads((ROOT / "rules" / "demo" / "tocsin.toml").read_text())["slo"],
                    "export": [{"name": "elsewhere", "endpoint": destination.url, "protocol": "http/protobuf", "interval": "5s"}],
                    "webhook": [{"name": "people", "url": webhook.url}], "threshold": dashboards.THRESHOLDS,
                    "scrape": [{"name": "target", "targets": [target.address], "interval": "1s"}]}
        yield stack.enter_context(demo_in_a_browser(tmp_path_factory.mktemp("page"), settings, phase="4s"))


def wider_than_their_panels(page):
    return page.eval_on_selector_all("[data-panel]", """all => all.filter(one => [...one.children].some(
        child => child.getBoundingClientRect().right > one.getBoundingClientRect().right)).map(one => one.getAttribute('aria-label'))""")


def row_keys(page):
    """{title of a table: the labels of each row}."""
    return dict(page.eval_on_selector_all("[data-panel]:has(.table)", """all => all.map(one => [one.getAttribute('aria-label'),
        [...one.querySelectorAll('tbody tr')].map(row => [...row.querySelectorAll('td:not(.number)')].map(cell => cell.textContent)
            .filter(text => text !== '–').join(' | '))])"""))


@pytest.mark.parametrize("name", dashboards.NAMES)
def test_every_dashboard_draws_and_every_panel_has_data(living, name):
    """Apart from those that show something when it goes wrong only; a host may lack what its board shows."""
    chromium, _ = living
    uid = dashboards.load(name)["uid"]
    page = chromium.open(f"/d/{uid}?from=now-5m&to=now&refresh=5s")
    states = {"data", "text"} if name != "host" else {"data", "text", "empty"}
    quiet = dashboards.quiet_panels(name) | {"Rules that find nothing"}  # the demo's own find something
    try:
        wait_until(lambda: all_have(page, states, quiet), 45)
    except TimeoutError as late:
        lacking = {title: state for title, state in panels(page).items() if state not in states and title not in quiet}
        raise AssertionError(f"{name}: {lacking}") from late
    assert not wider_than_their_panels(page), f"{name}: {wider_than_their_panels(page)}"
    for title, keys in row_keys(page).items():
        assert len(set(keys)) == len(keys), f"{name}: {title}: what is of one row stands in several: {keys}"
    chromium.picture(page, uid)
    page.context.close()
    assert chromium.faults == []


def test_dark_and_on_a_phone(living):
    chromium, _ = living
    page = chromium.open("/d/tocsin-overview?from=now-5m&to=now", theme="dark")
    wait_until(lambda: all_have(page, {"data", "text"}, QUIET), 30)
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    chromium.picture(page, "overview-dark")
    page.context.close()
    phone = chromium.open("/d/tocsin-overview?from=now-5m&to=now", size=PHONE)
    wait_until(lambda: all_have(phone, {"data", "text"}, QUIET), 30)
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], "nothing is wider than the phone"
    chromium.picture(phone, "overview-phone")
    phone.get_by_text("dashboards", exact=True).click()
    menu = phone.locator(".menu nav").bounding_box()
    assert menu["x"] >= 0 and menu["x"] + menu["width"] <= PHONE["width"], menu
    for path in ("/alerts", "/rules", "/cardinality", "/runbooks/HighErrorRate"):
        phone.locator(f"a[href^='{path.rsplit('/', 1)[0] or path}']").first.click()
        phone.locator("h1").first.wait_for()
        if path.startswith("/runbooks"):
            phone.get_by_role("link", name="HighErrorRate").click()
            phone.locator("article h1").wait_for()
        phone.wait_for_timeout(300)
        assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
    phone.context.close()
    assert chromium.faults == []


def test_a_variable_narrows_and_the_link_copies_the_view(living):
    chromium, _ = living
    page = chromium.open("/d/tocsin-overview?from=now-5m&to=now")
    page.get_by_label("Requests per second by service").get_by_role("button", name="checkout").wait_for()
    page.locator(".chooser", has_text="Service").get_by_role("button").first.click()
    page.get_by_role("option", name="checkout").click()
    assert "var-server_name=checkout" in address(page)
    panel = page.get_by_label("Requests per second by service")
    wait_until(lambda: panel.locator(".legend button").all_inner_texts() == ["checkout"], 10)
    copied = chromium.open(address(page).removeprefix(living[1].url))
    wait_until(lambda: copied.get_by_label("Requests per second by service").locator(".legend button").all_inner_texts() == ["checkout"], 10)
    copied.context.close()
    page.context.close()
    assert chromium.faults == []


def test_a_row_of_a_table_leads_to_its_board(living):
    chromium, _ = living
    page = chromium.open("/d/tocsin-overview?from=now-5m&to=now")
    table = page.get_by_label("Functions", exact=True)
    table.scroll_into_view_if_needed()
    link = table.locator("tbody a").first
    link.wait_for()
    service = link.inner_text()
    assert "$" not in link.get_attribute("href")
    link.click()
    wait_until(lambda: "/d/tocsin-service" in page.url and f"var-server_name={service}" in page.url, 10)
    wait_until(lambda: panels(page).get("Requests per second") == "data", 30, "the board of that service has data")
    page.context.close()
    assert chromium.faults == []


def test_keys_lists_and_menus(living):
    chromium, _ = living
    page = chromium.open("/d/tocsin-overview?from=now-5m&to=now")
    panel = page.get_by_label("Requests per second by service", exact=True)
    panel.locator(".u-over").wait_for()
    page.keyboard.press("-")
    wait_until(lambda: "from=now-10m&to=now" in address(page), 5, "a live range stays live")
    page.keyboard.press("+")
    wait_until(lambda: "from=now-5m&to=now" in address(page), 5)
    page.keyboard.press("?")
    page.get_by_role("dialog", name="keys").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("dialog", name="keys").wait_for(state="detached")
    panel.hover()
    page.keyboard.press("v")
    wait_until(lambda: "viewPanel=" in address(page) and page.locator("[data-panel]").count() == 1, 5)
    page.get_by_text("dashboards", exact=True).click()
    page.keyboard.press("Escape")
    wait_until(lambda: page.locator("details[open]").count() == 0, 5)
    assert "viewPanel=" in address(page), "Esc closes what is open, and nothing else"
    page.keyboard.press("Escape")
    wait_until(lambda: "viewPanel=" not in address(page), 5)
    service = page.locator(".chooser", has_text="Service").get_by_role("button").first
    service.click()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("a")  # elsewhere: the alerts
    first = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")
    wait_until(lambda: f"/d/tocsin-overview?from=now-5m&to=now&var-server_name={first}" in address(page), 5)
    page.keyboard.press("Escape")
    wait_until(lambda: page.locator(".options").count() == 0, 5)
    page.locator(".time-bar .chooser button").first.click()
    page.get_by_label("from").fill("now")
    page.get_by_label("to", exact=True).fill("now-1h")
    assert page.get_by_role("button", name="apply").is_disabled()
    assert "ends before it begins" in page.locator(".options.range").inner_text()
    page.context.close()
    assert chromium.faults == []


def span(page):
    """The absolute range in the address, in milliseconds."""
    found = dict(part.split("=") for part in address(page).split("?")[1].split("&"))
    return int(found["from"]), int(found["to"])


def chart(page, title):
    return page.get_by_label(title, exact=True).locator(".u-over")


def test_dragging_zooms_all_panels_and_keys_move(living):
    chromium, _ = living
    page = chromium.open("/d/tocsin-overview?from=now-5m&to=now")
    wait_until(lambda: all_have(page, {"data", "text"}, QUIET), 30, "nothing moves any more")
    entries = page.evaluate("history.length")
    box = press_over(page, chart(page, "Requests per second by service"), 0.5)
    drag_to(page, box, 0.8)
    page.mouse.up()
    wait_until(lambda: "from=now" not in address(page))
    start, end = span(page)
    assert 80_000 < end - start < 100_000
    assert page.evaluate("history.length") == entries + 1, "one drag is one step back"
    page.keyboard.press("ArrowLeft")
    wait_until(lambda: span(page)[0] < start)
    page.keyboard.press("-")
    wait_until(lambda: span(page)[1] - span(page)[0] > 150_000)
    page.context.close()
    assert chromium.faults == []


@pytest.mark.parametrize("title", ["Latency of successful requests", "Latency of all requests"])
def test_refreshes_neither_end_a_drag_nor_make_a_chart_anew(living, title):
    """Lines with exemplars and a heatmap, refreshed each second: the selection stays under the mouse, the canvas stays the same."""
    chromium, _ = living
    page = chromium.open("/d/tocsin-overview?from=now-2m&to=now&refresh=1s")
    page.get_by_label(title, exact=True).scroll_into_view_if_needed()
    plot = chart(page, title)
    plot.wait_for()
    asked = []
    page.on("request", lambda request: "/query_range" in request.url and asked.append(request.url))

    def after_refreshes(count):
        """Waits until every panel in view has asked so often again."""
        until = len(asked) + 8 * count
        for _ in range(200):
            page.wait_for_timeout(100)
            if len(asked) >= until:
                return
        raise TimeoutError(f"{len(asked)} of {until} questions")

    plot.evaluate("over => over.closest('.uplot').dataset.mark = 'first'")
    after_refreshes(3)
    assert plot.evaluate("over => over.closest('.uplot').dataset.mark") == "first"
    box = press_over(page, plot, 0.3)
    drag_to(page, box, 0.5)
    selected = plot.locator(".u-select").bounding_box()
    assert 0.15 < selected["width"] / box["width"] < 0.25
    after_refreshes(3)
    assert plot.locator(".u-select").bounding_box() == selected
    drag_to(page, box, 0.8)
    page.mouse.up()
    wait_until(lambda: "from=now" not in address(page))
    assert 55_000 < span(page)[1] - span(page)[0] < 65_000
    page.context.close()
    assert chromium.faults == []


def test_shift_and_dragging_pans_and_a_double_click_zooms_out(living):
    chromium, _ = living
    page = chromium.open("/d/tocsin-overview?from=now-2m&to=now&refresh=5s")
    wait_until(lambda: all_have(page, {"data", "text"}, QUIET), 30, "nothing moves any more")
    plot = chart(page, "Requests per second by service")
    page.keyboard.down("Shift")
    box = press_over(page, plot, 0.5)
    drag_to(page, box, 0.6)
    page.mouse.up()
    page.keyboard.up("Shift")
    wait_until(lambda: "from=now" not in address(page))
    start, end = span(page)
    assert 118_000 < end - start < 122_000
    assert 10_000 < time.time() * 1000 - end < 60_000, "a tenth of two minutes back, and what the test took"
    page.mouse.dblclick(box["x"] + box["width"] * 0.5, box["y"] + 20)
    wait_until(lambda: 235_000 < span(page)[1] - span(page)[0] < 245_000)
    page.context.close()
    assert chromium.faults == []


def test_a_panel_alone_its_help_and_its_tooltip(living):
    chromium, _ = living
    page = chromium.open("/d/tocsin-overview?from=now-5m&to=now")
    panel = page.get_by_label("Requests per second by service", exact=True).first
    panel.locator(".u-over").wait_for()
    panel.get_by_role("button", name="what this panel shows").click()
    assert panel.locator(".help").inner_text()
    panel.get_by_role("button", name="what this panel shows").click()
    plot = panel.locator(".u-over")
    plot.hover(position={"x": plot.bounding_box()["width"] - 8, "y": 40})  # where the newest data is
    assert "req/s" in panel.locator(".tooltip").inner_text()
    panel.get_by_role("button", name="view this panel alone").click()
    wait_until(lambda: len(panels(page)) == 1)
    page.keyboard.press("Escape")
    wait_until(lambda: len(panels(page)) > 5)
    page.context.close()
    assert chromium.faults == []


def test_a_legend_shows_one_hides_one_and_shows_all(living):
    chromium, _ = living
    page = chromium.open("/d/tocsin-overview?from=now-2m&to=now&refresh=5s")
    panel = page.get_by_label("Requests per second by service", exact=True).first
    buttons = panel.locator(".legend button")
    wait_until(lambda: buttons.count() == 4, 15, "a line a service")

    def shown():
        return dict(zip(buttons.all_inner_texts(), buttons.evaluate_all("all => all.map(one => one.getAttribute('aria-pressed') === 'true')")))

    everything = {name: True for name in shown()}
    first = next(iter(everything))
    buttons.first.click()
    assert shown() == {name: name == first for name in everything}, "only it"
    buttons.first.click()
    assert shown() == everything
    buttons.first.click(modifiers=["Control"])
    assert shown() == {name: name != first for name in everything}, "all but it"
    page.context.close()
    assert chromium.faults == []


def test_limits_that_a_person_set_are_drawn(living):
    chromium, _ = living
    page = chromium.open("/d/tocsin-overview?from=now-2m&to=now&refresh=5s")
    for title, limit in (("Failures by service", "limit checkout"), ("Latency of successful requests", "limit")):
        wait_until(lambda t=title, name=limit: name in [text.strip() for text in page.get_by_label(t, exact=True).first.locator(".legend button").all_inner_texts()],
                   15, title)
    page.context.close()
    assert chromium.faults == []


def test_an_exemplar_is_pinned_and_leads_to_its_trace(living):
    chromium, agent = living

    def recent():
        """(since, times): the last minute in milliseconds, and when its exemplars were."""
        since = int(time.time() * 1000) - 60_000
        found = agent.get("/api/v1/query_exemplars", params={"query": 'server_request_time_microseconds_bucket{status="ok"}',
                                                             "start": since / 1000, "end": since / 1000 + 60}).json()
        times = [one["timestamp"] * 1000 for series in found["data"] for one in series["exemplars"]]
        return times and (since, times)

    since, times = wait_until(recent, 20, "a request has left an exemplar")
    page = chromium.open(f"/d/tocsin-overview?from={since}&to={since + 60_000}&refresh=off")
    panel = page.get_by_label("Latency of successful requests", exact=True).first
    plot = panel.locator(".u-over")
    box = steady_box(page, plot)
    x = min((max(times) - since) / 60_000 * box["width"], box["width"] - 1)

    def shown_at(y):
        plot.hover(position={"x": x, "y": y})
        page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done, 20)))")  # it is drawn
        return panel.locator(".tooltip .exemplar").count() > 0

    y = next(y for y in range(int(box["height"]) - 3, 0, -5) if shown_at(y) and shown_at(y))  # and stays
    assert "trace_id" in panel.locator(".tooltip .exemplar").inner_text()
    plot.click(position={"x": x, "y": y})
    card = panel.get_by_role("dialog", name="exemplar")
    trace = card.locator(".exemplar code").first.inner_text()
    assert re.fullmatch("[0-9a-f]{32}", trace)
    assert card.locator(".links a").count() >= 1
    card.get_by_role("button", name="close").click()
    assert card.count() == 0
    page.context.close()
    assert chromium.faults == []


def test_the_query_box_completes_answers_and_says_what_is_wrong(living):
    chromium, _ = living
    page = chromium.open("/explore?from=now-5m&to=now")
    box = page.get_by_role("textbox", name="query")
    box.click()
    page.keyboard.type("server_request_to")
    page.locator(".cm-tooltip-autocomplete", has_text="server_request_total").wait_for()
    page.keyboard.press("Escape")
    page.keyboard.type("tal")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    wait_until(lambda: panels(page) == {"over time": "data", "now": "data"}, 15)
    box.click()
    page.keyboard.press("End")
    page.keyboard.type("[5s")
    page.keyboard.press("Enter")
    wait_until(lambda: panels(page) == {"over time": "error", "now": "data"}, 15, "a range vector has samples, not a line")
    assert re.search(r"\d+ at \d\d:\d\d:\d\d", page.get_by_label("now", exact=True).inner_text())
    page.goto(page.url.split("/explore")[0] + "/explore?expr=sum(")
    wait_until(lambda: set(panels(page).values()) == {"error"}, 10)
    assert "parse error" in page.locator(".note.error").first.inner_text()
    page.context.close()
    # The browser itself tells of an answer with status 400.
    assert [fault for fault in chromium.faults if "400" not in fault] == []
    chromium.faults.clear()


@pytest.mark.parametrize("path", ["/", "/receivers", "/cardinality", "/configuration", "/runbooks", "/runbooks/HighErrorRate"])
def test_the_other_pages_draw(living, path):
    chromium, _ = living
    page = chromium.open(path)
    page.locator("h1").first.wait_for()
    wait_until(lambda: page.locator("main").inner_text().count("\n") >= 1)
    assert page.locator(".note.error").count() == 0
    page.context.close()
    assert chromium.faults == []
