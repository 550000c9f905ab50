# SPDX-License-Identifier: Apache-2.0
"""Alerts on the agent's page, under the demo: one is seen going pending, firing, silenced, resolved."""
import re

import pytest

from harness.browser import address, demo_in_a_browser
from harness.process import wait_until
from harness.webhook import Webhook

# Writes down each state that the alert's card has, as a person who looks at it would see it.
RECORD = """name => {
  window.seen = [];
  const look = () => {
    const card = document.querySelector(`[data-alert="${name}"]`);
    const state = card ? card.dataset.state + (card.dataset.silenced === "true" ? " silenced" : "") : "gone";
    if (seen[seen.length - 1] !== state) seen.push(state);
  };
  look();
  new MutationObserver(look).observe(document.body, {subtree: true, childList: true, attributes: true});
}"""


@pytest.fixture(scope="module")
def in_a_browser(tmp_path_factory):
    receiver = Webhook()
    receivers = [{"name": "pager", "url": receiver.url, "group_wait": "1s"}, {"name": "nobody", "url": "http://127.0.0.1:9/hook", "group_wait": "1s"}]
    try:
        with demo_in_a_browser(tmp_path_factory.mktemp("alerts"), {"webhook": receivers}, phase="14s") as (chromium, agent):
            yield chromium, agent
    finally:
        receiver.stop()


def seen(page):
    return page.evaluate("seen")


def test_an_alert_goes_pending_firing_is_silenced_and_resolved(in_a_browser):
    chromium, agent = in_a_browser
    page = chromium.open("/alerts")
    page.locator("h1", has_text="Alerts").wait_for()
    page.evaluate(RECORD, "DemoErrorRate")
    card = page.locator("[data-alert=DemoErrorRate]")
    # From a beginning: an alert that was there before the page is waited out.
    wait_until(lambda: "gone" in seen(page), 90, "it is not there", every=0.3)
    wait_until(lambda: seen(page)[-1] == "firing" and "pending" in seen(page), 90, "pending, then firing", every=0.3)
    chromium.picture(page, "alert-firing")
    assert "of requests fail" in card.inner_text() and "since" in card.inner_text()
    card.get_by_text("why, and who was told").click()
    why = card.locator(".why")
    wait_until(lambda: "firing since" in why.inner_text() and "pager" in why.inner_text(), 15, every=0.3)
    assert "server_request_total" in why.inner_text() and "series pass" in why.inner_text()
    chromium.picture(page, "alert-why")
    card.get_by_role("button", name="silence 1 hour").click()
    wait_until(lambda: seen(page)[-1] == "firing silenced", 15, every=0.3)
    row = page.locator("[data-silence=active]")
    assert 'server_name="checkout"' in row.inner_text()
    assert [one["status"]["state"] for one in agent.get("/api/v2/silences").json()] == ["active"]
    chromium.picture(page, "alert-silenced")
    wait_until(lambda: seen(page)[-1] == "gone", 90, "it is resolved", every=0.3)
    states = seen(page)
    assert states[-4:] == ["pending", "firing", "firing silenced", "gone"], states
    row.get_by_role("button", name="end").click()
    row.wait_for(state="detached")
    page.get_by_role("button", name="show 1 that is over").click()
    page.locator("[data-silence=expired]").wait_for()
    page.context.close()
    assert chromium.faults == []


def test_who_is_told_and_how_that_goes(in_a_browser):
    chromium, _ = in_a_browser
    page = chromium.open("/alerts")
    wait_until(lambda: "works" in page.locator("[data-receiver=pager]").inner_text(), 120, every=0.5)
    failing = page.locator("[data-receiver=nobody]")
    wait_until(lambda: "fails since" in failing.inner_text(), 60, every=0.5)
    chromium.picture(page, "receivers-of-alerts")
    page.context.close()
    assert chromium.faults == []


def test_rules_say_when_how_long_and_how_well_and_the_filter_is_in_the_link(in_a_browser):
    chromium, _ = in_a_browser
    page = chromium.open("/rules")
    row = page.locator("[data-rule=DemoLatency]")
    wait_until(lambda: "ok" in row.inner_text() and "never" not in row.inner_text(), 15)
    why = row.locator(".why")
    why.locator("summary").click()
    wait_until(lambda: re.search("does not fire|pending since|firing since", why.inner_text()), 15)
    assert "histogram_quantile" in why.inner_text() and "series" in why.inner_text()
    chromium.picture(page, "rule-why-not")
    page.get_by_label("filter").fill("errorrate")
    row.wait_for(state="detached")
    again = chromium.open(address(page))
    again.locator("[data-rule=DemoErrorRate]").wait_for()
    assert again.locator("[data-rule]").count() == 1
    again.context.close()
    page.context.close()
    assert chromium.faults == []
