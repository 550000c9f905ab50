# SPDX-License-Identifier: Apache-2.0
"""Debian's Chromium, driven by Playwright. A message on the console or a request to another host is a fault."""
import contextlib
import os

import requests
from playwright.sync_api import sync_playwright

from .agent import Agent
from .demo import Demo
from .process import ROOT, wait_until

CHROMIUM = "/usr/bin/chromium"
SCREENS = ROOT / "build" / "results" / "screens"
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1400, "height": 1000}


class Browser:
    def __init__(self, browser, url):
        self._browser = browser
        self._url = url
        self.faults = []

    def open(self, path="/", size=None, theme="light"):
        """A new window of its own at that address."""
        context = self._browser.new_context(viewport=size or DESK, color_scheme=theme, reduced_motion="reduce")
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", lambda message: message.type == "error" and self.faults.append(f"{page.url}: {message.text}"))
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: {error}"))
        page.on("request", lambda request: self._foreign(request.url))
        page.goto(path if "://" in path else self._url + path)
        return page

    def _foreign(self, url):
        if not url.startswith((self._url, "data:", "blob:")):
            self.faults.append(f"asks another host: {url}")

    @staticmethod
    def picture(page, name):
        SCREENS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENS / f"{name}.png", full_page=True)


@contextlib.contextmanager
def browser(url):
    # Chromium's own sandbox needs rights that root in a container does not have.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        try:
            yield Browser(chromium, url)
        finally:
            chromium.close()


@contextlib.contextmanager
def demo_in_a_browser(folder, settings=None, phase="10s"):
    """(Browser, Agent): the demo's traffic is in the agent's history, its quick rules are evaluated."""
    agent = Agent(folder, {"tick": "1s", "rules": {"files": [str(ROOT / "rules" / "demo" / "demo.yml")]}, **(settings or {})}).start()
    demo = Demo(folder, agent.otlp_url, phase=phase).start()
    try:
        wait_until(lambda: requests.get(f"{agent.url}/api/v1/query", params={"query": "sum(rate(server_request_total[20s]))"},
                                        timeout=5).json()["data"]["result"], 30, "the history has traffic")
        with browser(agent.url) as chromium:
            yield chromium, agent
    finally:
        demo.stop()
        agent.stop()


def panels(page):
    """{title: state} of the dashboard's panels: loading, data, empty, error or text."""
    return dict(page.eval_on_selector_all("[data-panel]", "all => all.map(one => [one.getAttribute('aria-label'), one.dataset.state])"))


def see_all(page):
    """Scrolls through the whole page: panels ask for their data when they are seen."""
    height = page.evaluate("document.documentElement.scrollHeight")
    for top in range(0, height, 500):
        page.evaluate(f"scrollTo(0, {top})")
        page.wait_for_timeout(60)
    page.evaluate("scrollTo(0, 0)")


def all_have(page, states, but=()):
    """Every panel of the whole page is in one of these states, apart from those with these titles."""
    see_all(page)
    seen = panels(page)
    return seen and all(state in states or title in but for title, state in seen.items())


def address(page):
    """Where the page is now. `page.url` is what Playwright last heard, and it hears nothing while a test only waits."""
    return page.evaluate("location.href")


def steady_box(page, locator):
    """Its place in the window, once it has stopped moving: what is above may still be growing."""
    before = None
    for _ in range(100):
        box = locator.bounding_box()
        if box and box == before:
            return box
        before = box
        page.wait_for_timeout(150)
    raise TimeoutError(f"does not come to rest: {before}")


def press_over(page, plot, part):
    """The mouse goes down over a chart, at that part of its width; drag_to() goes on."""
    box = steady_box(page, plot)
    page.mouse.move(box["x"] + box["width"] * part, box["y"] + 20)
    page.mouse.down()
    return box


def drag_to(page, box, part):
    page.mouse.move(box["x"] + box["width"] * part, box["y"] + 20, steps=5)
