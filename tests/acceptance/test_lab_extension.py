"""A session in JupyterLab: browse data, publish, schedule with a recipient, set an alert; what was promised arrives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from acceptance.platform import Person, Platform, eventually
from acceptance.test_reports_and_alerts import _mail, _messages

People = Callable[..., Person]
DIALOG = ".jp-Dialog"


@pytest.fixture(scope="module")
def named() -> str:
    return f"lab-{uuid4().hex[:6]}"


@pytest.fixture
def analyst(person: People) -> Person:
    one = person("united-analyst", viewport={"width": 1360, "height": 860})
    one.open_lab()
    return one


@pytest.fixture
def opened(analyst: Person, named: str) -> Iterator[Page]:
    """A new notebook of this name, with the data panel beside it."""
    page = analyst.page
    page.goto(f"{analyst.platform.url}/user/united-analyst/lab?reset")
    page.click(".jp-LauncherCard >> text=SQL + Python", timeout=90_000)
    page.wait_for_selector("text=SQL + Python | Idle", timeout=90_000)
    page.click("li.lm-TabBar-tab[data-id=notehouse-data]")
    yield page
    page.keyboard.press("Escape")


def _shown(analyst: Person, name: str) -> None:
    analyst.page.wait_for_timeout(300)
    analyst.picture(f"lab-{name}")


def _fill(page: Page, **values: str) -> None:
    for name, value in values.items():
        page.fill(f"{DIALOG} [name={name}]", value)


def _finish(page: Page, action: str, done: str) -> str:
    """Press a dialog's own button, and return the address that it links to when it is done."""
    page.click(f"{DIALOG} button:has-text('{action}')")
    page.wait_for_selector(f"{DIALOG} .nh-done:has-text('{done}')", timeout=90_000)
    return str(page.get_attribute(f"{DIALOG} .nh-done a", "href"))


def test_a_session_from_a_table_to_mails(
    analyst: Person, opened: Page, named: str, platform: Platform
) -> None:
    page = opened
    panel = page.locator("#notehouse-data")
    panel.locator("summary", has_text="flights").first.wait_for(timeout=30_000)
    panel.locator("summary", has_text="flights").first.click()
    expect(panel.locator("details[open] li", has_text="carrier").first).to_be_visible()
    _shown(analyst, "1-data")
    page.click("button[aria-label='Insert a query on flights']")
    cell = page.locator(".jp-Notebook .jp-Cell").first
    expect(cell).to_contain_text("FROM flights")
    page.keyboard.press("Shift+Enter")
    page.locator(".jp-OutputArea table tbody tr").first.wait_for(timeout=60_000)
    _shown(analyst, "2-inserted")

    page.click(".jp-NotebookPanel-toolbar >> text=Publish")
    _fill(page, slug=named, name=f"Session {named}", message="first")
    _shown(analyst, "3-publish")
    address = _finish(page, "Publish", "Version 1")
    _shown(analyst, "4-published")
    page.click(f"{DIALOG} button:has-text('Close')")

    page.click(".jp-NotebookPanel-toolbar >> text=Schedule")
    page.select_option(f"{DIALOG} [name=when]", "own")
    _fill(page, name=f"Report {named}", cron="* * * * *", timezone="UTC", recipients="united-analyst")
    _shown(analyst, "5-schedule")
    _finish(page, "Schedule", "is scheduled")
    page.click(f"{DIALOG} button:has-text('Close')")

    page.locator(".jp-Notebook .jp-Cell").first.click()
    page.click(".jp-NotebookPanel-toolbar >> text=Alert")
    page.select_option(f"{DIALOG} [name=when]", "* * * * *")
    _fill(page, name=f"Alert {named}", recipients="united-analyst")
    _shown(analyst, "6-alert")
    alert = _finish(page, "Set alert", "watches")
    _shown(analyst, "7-alert-set")

    page.goto(platform.url + address)
    frame = page.frame_locator("iframe")
    frame.locator("table tbody tr").first.wait_for(timeout=30_000)
    _shown(analyst, "8-dashboard")
    with analyst.api() as api:
        try:
            schedule = _named(api, "schedules", f"Report {named}")
            run = eventually(lambda: _ended(api, schedule["id"]), 150, "the report has run")
            mail = _mail(api, _messages(api, f"run:{run['id']}", 1)[0])
            assert f"Report {named}" in mail["Subject"]
            told = _mail(api, _messages(api, f"alert:{alert.rsplit('/', 1)[-1]}", 1)[0])
            assert f"Alert {named}" in told["Subject"]
            page.goto(platform.url + alert)
            page.wait_for_selector("text=firing")
            _shown(analyst, "9-history")
        finally:
            for kind, name in (("schedules", f"Report {named}"), ("alerts", f"Alert {named}")):
                api.delete(f"{kind}/{_named(api, kind, name)['id']}").raise_for_status()
            api.delete(f"dashboards/united:{named}").raise_for_status()


def _named(api: Any, kind: str, name: str) -> Any:
    return api.get(kind, params={"search": name}).json()["items"][0]


def _ended(api: Any, schedule: str) -> Any:
    runs = api.get("runs", params={"schedule_id": schedule}).json()["items"]
    return next((one for one in runs if one["state"] == "succeeded"), None)


def test_a_refusal_keeps_what_was_typed(analyst: Person, opened: Page) -> None:
    page = opened
    page.click(".jp-NotebookPanel-toolbar >> text=Schedule")
    page.select_option(f"{DIALOG} [name=when]", "own")
    _fill(page, name="Never", cron="61 * * * *")
    page.click(f"{DIALOG} form button[type=submit]")
    page.wait_for_selector(f"{DIALOG} .nh-error")
    assert page.input_value(f"{DIALOG} [name=cron]") == "61 * * * *"
    assert page.input_value(f"{DIALOG} [name=recipients]") == "united-analyst"
    _shown(analyst, "refusal")


def test_an_alert_needs_a_sql_cell(opened: Page) -> None:
    opened.click(".jp-NotebookPanel-toolbar >> text=Alert")
    opened.wait_for_selector("text=select a cell that begins with %%sql")


def test_the_route_passes_on_only_what_the_dialogs_need(analyst: Person, platform: Platform) -> None:
    base = f"{platform.url}/user/united-analyst/notehouse/api"
    request = analyst.context.request
    assert request.get(f"{base}/me").json()["username"] == "united-analyst"
    assert request.get(f"{base}/tenants").status == 404
    assert request.get(f"{base}/me/../tenants").status == 404
    assert request.post(f"{base}/schedules", data={}).status == 403  # without the XSRF token
    stranger = analyst.context.browser.new_context()  # type: ignore[union-attr]
    assert "username" not in stranger.request.get(f"{base}/me").text()
    stranger.close()
