"""Administrators see the kernels of their tenants, and end one; the platform's sees people's servers, too, and stops one."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt
import nbformat

from acceptance.platform import PICTURES, Person, Platform, eventually, make_tenant_admin

People = Callable[..., Person]
LONG = "held = bytearray(50_000_000)\nimport time\ntime.sleep(300)"


def begun(api: httpx.Client) -> tuple[str, str]:
    """A run that will not end by itself: its schedule and its id."""
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(LONG)])
    body = {"name": "endless", "notebook": json.loads(nbformat.writes(made)), "cron": "0 0 1 1 *"}
    schedule = api.post("schedules", json=body).raise_for_status().json()["id"]
    run = api.post(f"schedules/{schedule}/run").raise_for_status().json()["id"]
    eventually(lambda: api.get(f"runs/{run}").json()["progress"].get("cell") == 1, 60, "it runs")
    return schedule, run


def busy(api: httpx.Client, about: str) -> dict[str, Any] | None:
    """The kernel that works for something."""
    found = api.get("kernels").raise_for_status().json()["items"]
    return next((one for one in found if one["state"] == "busy" and about in one["object"]), None)


def test_an_administrator_sees_and_ends_a_kernel_of_the_tenant_alone(
    person: People, platform: Platform
) -> None:
    analyst, admin = person("united-analyst"), person("admin")
    with analyst.api() as api, admin.api() as all_:
        _, run = begun(api)
        assert api.get("kernels").status_code == 403
        everything = all_.get("kernels").raise_for_status().json()
        mine = eventually(lambda: busy(all_, ""), 20, "the kernel is listed")
        assert (mine["tenant"], mine["origin"], mine["processes"]) == ("united", "imports", 1)
        assert 50e6 < mine["private_bytes"] <= mine["proportional_bytes"]
        assert all_.get(f"kernels/{mine['id']}").json()["id"] == mine["id"]
        gateway = next(one for one in everything["gateways"] if one["access_class"] == mine["access_class"])
        assert gateway["totals"]["forks"] >= 1
        _closed_to_another_tenants_admin(person, platform, mine["id"], all_)
        _ended_on_the_page(admin, mine)
        eventually(lambda: api.get(f"runs/{run}").json()["state"] == "failed", 60, "the run has ended")
        assert "ended by an administrator" in json.dumps(api.get(f"runs/{run}").json()["error"])
        events = all_.get("audit", params={"action": "end-kernel"}).json()["items"]
    assert (events[0]["actor"], events[0]["object"], events[0]["tenant"]) == ("admin", mine["id"], "united")


def _closed_to_another_tenants_admin(
    person: People, platform: Platform, kernel_id: str, all_: httpx.Client
) -> None:
    new = {"username": "delta-boss", "tenant": "delta", "first_name": "De", "last_name": "Lta"}
    make_tenant_admin(all_, platform, new)
    with person("delta-boss").api() as api:
        assert {one["tenant"] for one in api.get("kernels").json()["gateways"]} <= {"delta"}
        assert not [one for one in api.get("kernels").json()["items"] if one["tenant"] != "delta"]
        assert api.get(f"kernels/{kernel_id}").status_code == 404
        assert api.delete(f"kernels/{kernel_id}").status_code == 404


def _ended_on_the_page(admin: Person, mine: dict[str, Any]) -> None:
    page = admin.page
    PICTURES.mkdir(exist_ok=True)
    page.goto(f"{admin.platform.url}/services/notehouse/kernels")
    row = page.locator("li", has=page.locator(f"button[data-send='DELETE /kernels/{mine['id']}']"))
    row.locator("summary").click()
    page.screenshot(path=PICTURES / "portal-kernels-live-light.png", full_page=True)
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark")
    page.screenshot(path=PICTURES / "portal-kernels-live-phone.png", full_page=True)
    page.set_viewport_size({"width": 1280, "height": 900})
    page.on("dialog", lambda dialog: dialog.accept())
    row.locator("button").click()
    page.wait_for_selector("text=The kernel is ended.")


def server_of(api: httpx.Client, username: str) -> dict[str, Any] | None:
    """The JupyterLab server of somebody, if there is one."""
    found = api.get("servers").raise_for_status().json()["items"]
    return next((one for one in found if one["username"] == username), None)


def test_the_platforms_administrator_sees_who_has_a_server_and_stops_one_but_cannot_open_it(
    person: People, platform: Platform
) -> None:
    analyst, admin = person("united-analyst"), person("admin")
    analyst.open_lab()
    with analyst.api() as api, admin.api() as all_:
        assert api.get("servers").status_code == api.delete("servers/united-analyst").status_code == 403
        mine = eventually(lambda: server_of(all_, "united-analyst"), 20, "the server is listed")
        assert (mine["tenants"], mine["state"]) == (["united"], "running")
        assert not [one for one in all_.get("servers").json()["items"] if one["username"].startswith("nh-")]
        assert (mine["memory_bytes"] is None) == (os.geteuid() != 0)
        assert mine["memory_bytes"] is None or mine["memory_bytes"] > 50e6
        inside = admin.context.request.get(f"{platform.url}/user/united-analyst/api/kernels")
        assert inside.status == 403
        _stopped_on_the_page(admin)
        eventually(lambda: server_of(all_, "united-analyst") is None, 30, "the server has ended")
        assert all_.delete("servers/united-analyst").status_code == 404
        events = all_.get("audit", params={"action": "stop-server"}).json()["items"]
    assert (events[0]["actor"], events[0]["object"]) == ("admin", "united-analyst")


def _stopped_on_the_page(admin: Person) -> None:
    page = admin.page
    page.goto(f"{admin.platform.url}/services/notehouse/kernels")
    row = page.locator("li", has=page.locator("button[data-send='DELETE /servers/united-analyst']"))
    row.scroll_into_view_if_needed()
    admin.picture("portal-servers-light")
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark")
    row.scroll_into_view_if_needed()
    admin.picture("portal-servers-phone")
    page.set_viewport_size({"width": 1280, "height": 900})
    page.on("dialog", lambda dialog: dialog.accept())
    row.locator("button").click()
    page.wait_for_selector("text=The server is stopped.")


def test_prometheus_has_the_series_of_each_gateway(person: People, platform: Platform) -> None:
    with person("admin").api() as api:
        classes = [one["access_class"] for one in api.get("kernels").json()["gateways"] if one["answers"]]
        series = api.get(f"{platform.url}/services/notehouse/metrics").text
    assert classes
    for one in classes:
        for name in ("answers", "kernels", "templates", "forks_total", "fork_seconds_total", "refused_total"):
            assert f'notehouse_gateway_{name}{{access_class="{one}"}}' in series, name


def test_a_gateway_is_up_and_warm_before_a_report_is_due(person: People, platform: Platform) -> None:
    analyst, admin = person("united-analyst"), person("admin")
    with analyst.api() as api, admin.api() as all_:
        token = api.post("tokens", json={"purpose": "interactive"}).raise_for_status().json()["token"]
        mine = str(jwt.decode(token, options={"verify_signature": False})["class"])
        server = f"{platform.url}/hub/api/users/nh-{mine}/server"
        headers = {"Authorization": f"token {admin.hub_token()}"}
        assert httpx.delete(server, headers=headers, timeout=60, trust_env=False).status_code in {
            202,
            204,
            404,
        }
        eventually(lambda: mine not in _up(all_), 30, "the gateway is down")
        due = datetime.now(UTC) + timedelta(seconds=110)
        made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")])
        body = {"name": "at-eight", "notebook": json.loads(nbformat.writes(made))}
        when = {"cron": f"{due.minute} {due.hour} * * *", "timezone": "UTC"}
        schedule = api.post("schedules", json=body | when).raise_for_status().json()["id"]
        try:
            eventually(lambda: mine in _up(all_), 40, "the gateway is up")
            eventually(lambda: mine in _up(all_, "warm"), 30, "its template is warm")
            runs = api.get("runs", params={"schedule_id": schedule}).json()["pagination"]["total"]
        finally:
            api.delete(f"schedules/{schedule}").raise_for_status()
    assert runs == 0


def _up(api: httpx.Client, what: str = "answers") -> set[str]:
    found = api.get("kernels").raise_for_status().json()["gateways"]
    return {one["access_class"] for one in found if one[what]}
