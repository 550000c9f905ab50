# SPDX-License-Identifier: Apache-2.0
"""A person's own dashboards on the agent's page: listed, drawn, followed when edited, told when wrong, checked offline."""
import json
import subprocess

import pytest

from harness.agent import PROGRAM
from harness.browser import address, demo_in_a_browser, panels
from harness.process import wait_until

BOARD = {"uid": "shop", "title": "The shop", "description": "what we look at", "schemaVersion": 39, "panels": [
    {"id": 1, "type": "timeseries", "title": "Requests", "gridPos": {"x": 0, "y": 0, "w": 12, "h": 8},
     "targets": [{"refId": "A", "expr": "sum by (server_name) (rate(server_request_total[$__rate_interval]))", "legendFormat": "{{server_name}}"}]},
    {"id": 2, "type": "stat", "title": "Services", "gridPos": {"x": 12, "y": 0, "w": 12, "h": 8},
     "targets": [{"refId": "A", "expr": "count(count by (server_name) (server_request_total))"}]}]}


@pytest.fixture(scope="module")
def with_boards(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    boards = folder / "boards"
    boards.mkdir()
    (boards / "shop.json").write_text(json.dumps(BOARD))
    (boards / "torn.json").write_text('{"uid": "torn",\n "panels": [')
    settings = {"dashboards": {"files": [str(boards / "*.json"), str(folder / "nowhere" / "*.json")]}}
    with demo_in_a_browser(folder, settings) as (chromium, agent):
        yield boards, chromium, agent


def test_it_is_listed_drawn_and_followed(with_boards):
    boards, chromium, _ = with_boards
    page = chromium.open("/")
    page.get_by_role("heading", name="Your own").wait_for()
    assert "no file matches" in page.locator(".note", has_text="nowhere").inner_text()
    assert "torn.json:2:" in page.locator(".board", has_text="torn.json").inner_text()
    chromium.picture(page, "own-boards")
    page.locator(".board", has_text="The shop").click()
    wait_until(lambda: panels(page) == {"Requests": "data", "Services": "data"}, 30)
    wait_until(lambda: "4" in page.get_by_label("Services", exact=True).inner_text(), 30, "each service has sent")
    (boards / "shop.json").write_text(json.dumps({**BOARD, "title": "The new shop", "panels": BOARD["panels"][:1]}))
    page.reload()
    wait_until(lambda: panels(page) == {"Requests": "data"}, 30, "what was edited is seen")
    assert "The new shop" in page.title()
    page.context.close()
    assert chromium.faults == []


# In words of older and newer files: what the page takes from them beyond queries.
MIXED = {"uid": "mixed", "title": "Mixed", "time": {"from": "now-4m", "to": "now"}, "refresh": "10s",
         "links": [{"type": "link", "title": "the wiki", "url": "https://example.com/wiki"}, {"type": "link", "title": "bad", "url": "javascript:alert(1)"}],
         "templating": {"list": [{"name": "F", "type": "adhoc", "filters": [{"key": "server_name", "operator": "=", "value": "checkout"}]}]},
         "panels": [
             {**BOARD["panels"][0], "fieldConfig": {"defaults": {"displayName": "${__field.labels.server_name}!"}}},
             {"id": 2, "type": "text", "title": "Words", "mode": "html", "content": "<b onclick='x'>bold</b><script>alert(1)</script><img src='https://example.com/x'>", "gridPos": {"x": 12, "y": 0, "w": 6, "h": 4}},
             {"id": 3, "title": "Lent", "libraryPanel": {"uid": "u", "name": "errors"}, "gridPos": {"x": 18, "y": 0, "w": 6, "h": 4}},
             {"id": 4, "type": "table", "title": "Last", "targets": BOARD["panels"][0]["targets"], "gridPos": {"x": 0, "y": 8, "w": 12, "h": 8}}]}


def test_what_files_say_beyond_queries(with_boards):
    boards, chromium, _ = with_boards
    (boards / "mixed.json").write_text(json.dumps(MIXED))
    page = chromium.open("/d/mixed")
    wait_until(lambda: panels(page) == {"Requests": "data", "Words": "text", "Lent": "unknown", "Last": "data"}, 30)
    assert "from=now-4m&to=now&refresh=10s" in address(page)
    assert page.get_by_label("Requests", exact=True).locator(".legend button").all_inner_texts() == ["checkout!"], "the ad hoc filter holds"
    assert "checkout" in page.get_by_label("Last", exact=True).locator("tbody").inner_text()
    assert page.get_by_label("Words", exact=True).locator(".text").evaluate("one => one.innerHTML") == "<b>bold</b>"
    assert "library panel “errors”" in page.get_by_label("Lent", exact=True).inner_text()
    assert page.get_by_role("link", name="the wiki").count() == 1 and page.get_by_role("link", name="bad").count() == 0
    chromium.picture(page, "own-mixed")
    (boards / "mixed.json").unlink()
    page.context.close()
    assert chromium.faults == []


def test_what_is_wrong_is_told_where_it_is_opened_and_in_the_log(with_boards):
    _, chromium, agent = with_boards
    page = chromium.open("/d/torn")
    page.locator(".note.error", has_text="is not JSON").wait_for()
    page.context.close()
    assert "torn.json:2:" in agent.log() and "nowhere" in agent.log()
    assert chromium.faults == []


def test_one_with_the_uid_of_a_shipped_one_takes_its_place(with_boards):
    boards, chromium, _ = with_boards
    (boards / "overview.json").write_text(json.dumps({**BOARD, "uid": "tocsin-overview", "title": "Our overview"}))
    page = chromium.open("/d/tocsin-overview")
    wait_until(lambda: panels(page) == {"Requests": "data", "Services": "data"}, 30)
    (boards / "overview.json").unlink()
    page.reload()
    wait_until(lambda: len(panels(page)) > 5, 30, "the shipped one is there again")
    page.context.close()
    assert chromium.faults == []


def test_check_compares_them_with_the_meters(tmp_path):
    board = json.loads(json.dumps(BOARD))
    board["panels"][0]["targets"][0]["expr"] = "rate(server_request_totl[5m])"
    (tmp_path / "shop.json").write_text(json.dumps(board))
    (tmp_path / "tocsin.toml").write_text('[dashboards]\nfiles = ["shop.json", "none/*.json"]\n')
    checked = subprocess.run([PROGRAM, "check", tmp_path / "tocsin.toml"], capture_output=True, text=True, timeout=30, check=False)
    assert checked.returncode == 1
    assert "shop.json:1:" in checked.stdout and "server_request_total" in checked.stdout, checked.stdout
    assert "no file matches \"none/*.json\"" in checked.stdout
