"""A report reaches a mailbox, an alert fires once and tells its recovery, and a killed worker loses neither."""

from __future__ import annotations

import email
import email.policy
import os
import signal
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx

from acceptance.platform import Person, Platform, eventually
from acceptance.test_main_job import notebook

People = Callable[..., Person]


def unique(name: str) -> str:
    return f"{name} {uuid4().hex[:6]}"


def _messages(api: httpx.Client, about: str, count: int) -> list[dict[str, Any]]:
    """The messages on something, when so many are sent; oldest first."""

    def sent() -> list[dict[str, Any]] | None:
        items = api.get("deliveries", params={"object": about}).json()["items"]
        done = [one for one in items if one["state"] == "sent"]
        return done[::-1] if len(done) >= count else None

    found: list[dict[str, Any]] = eventually(sent, 150, f"{count} messages on {about} are sent")
    return found


def _mail(api: httpx.Client, message: dict[str, Any]) -> Any:
    content = api.get(f"deliveries/{message['id']}/message").raise_for_status().content
    return email.message_from_bytes(content, policy=email.policy.default)


def test_a_report_arrives_with_its_page_inside_and_files_attached(person: People, platform: Platform) -> None:
    analyst = person("united-analyst", viewport={"width": 1280, "height": 860})
    chart = (
        "import altair as alt\n"
        "alt.Chart(alt.Data(values=[{'x': 'UA', 'y': 58665}])).mark_bar().encode(x='x:N', y='y:Q')"
    )
    with analyst.api() as api:
        body = {
            "name": unique("a report"),
            "notebook": notebook("%%sql\nSELECT carrier, count() AS n FROM flights GROUP BY carrier", chart),
            "cron": "0 0 1 1 *",
            "recipients": ["united-analyst", "boss@elsewhere.example"],
            "formats": ["html", "pdf", "ipynb"],
        }
        schedule = api.post("schedules", json=body).raise_for_status().json()
        run = api.post(f"schedules/{schedule['id']}/run").raise_for_status().json()
        sent = _messages(api, f"run:{run['id']}", 2)
        assert {one["address"] for one in sent} == {"united-analyst@united.example", "boss@elsewhere.example"}
        mail = _mail(api, sent[0])
    page = mail.get_body(("html",)).get_content()
    assert "58665" in page
    assert "cid:" in page
    names = [part.get_filename() for part in mail.iter_attachments()]
    assert names == ["report.html", "notebook.ipynb", "report.pdf"]
    pdf = list(mail.iter_attachments())[-1]
    assert pdf.get_content().startswith(b"%PDF-")
    analyst.page.goto(f"{platform.url}/services/notehouse/deliveries/{sent[0]['id']}")
    analyst.page.frame_locator("iframe.output").locator("text=58665").wait_for(timeout=15_000)
    analyst.picture("message-report")


def test_an_alert_fires_once_tells_its_recovery_and_survives_a_killed_worker(
    person: People, platform: Platform
) -> None:
    analyst = person("united-analyst", viewport={"width": 1280, "height": 860})
    condition = {"kind": "threshold", "column": "n", "operator": ">", "value": 1000}
    with analyst.api() as api:
        body = {
            "name": unique("an alert"),
            "sql": "SELECT count() AS n FROM flights",
            "condition": condition,
            "schedule": {"cron": "* * * * *", "timezone": "America/New_York"},
            "notification": {"recipients": ["united-analyst"]},
        }
        alert = api.post("alerts", json=body).raise_for_status().json()
        found = api.post(f"alerts/{alert['id']}/test").raise_for_status().json()
        assert [(one["state"], one["value"]) for one in found] == [("firing", 58665)]
        [fired] = _messages(api, f"alert:{alert['id']}", 1)
        assert fired["subject"] == f"Firing: {alert['name']}"
        for pid in platform.pids("notehouse_scheduler"):
            os.kill(pid, signal.SIGKILL)
        change = {"condition": {**condition, "value": 10_000_000}}
        api.put(f"alerts/{alert['id']}", json=change).raise_for_status()
        [_, recovered] = _messages(api, f"alert:{alert['id']}", 2)
        assert recovered["subject"] == f"Recovered: {alert['name']}"
        history = api.get(f"alerts/{alert['id']}/history").json()["items"]
        assert [one["notified"] for one in history][::-1].count(True) == 2
        assert {one["value"] for one in history} == {58665}
        api.put(f"alerts/{alert['id']}", json={"is_active": False}).raise_for_status()
    analyst.page.goto(f"{platform.url}/services/notehouse/alerts/{alert['id']}")
    analyst.page.wait_for_selector(f"text=Recovered: {alert['name']}")
    analyst.picture("alert-history")
    analyst.page.goto(f"{platform.url}/services/notehouse/alerts")
    analyst.picture("alerts")


def test_a_notebook_raises_an_alert(person: People) -> None:
    cell = "from notehouse_sql import raise_alert\nraise_alert('late', value=31, rows=[{'origin': 'JFK'}])"
    with person("united-analyst").api() as api:
        body = {
            "name": unique("a notebook that watches"),
            "notebook": notebook(cell),
            "schedule": {"cron": "* * * * *"},
        }
        alert = api.post("alerts", json=body).raise_for_status().json()
        look = eventually(lambda: api.get(f"alerts/{alert['id']}/history").json()["items"], 150, "a look")[-1]
        api.put(f"alerts/{alert['id']}", json={"is_active": False}).raise_for_status()
    assert (look["state"], look["value"], look["rows"]) == ("firing", 31, [{"origin": "JFK"}])
    assert look["run_id"]


def test_a_recipient_that_is_nobody_is_refused(person: People) -> None:
    with person("united-analyst").api() as api:
        body = {"name": "x", "sql": "SELECT 1", "condition": {"kind": "any_row"}}
        answer = api.post("alerts", json={**body, "notification": {"recipients": ["delta-analyst"]}})
    assert answer.status_code == 400
    assert "delta-analyst" in answer.json()["error"]["message"]
