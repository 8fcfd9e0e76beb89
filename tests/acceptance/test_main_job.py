"""The main job from end to end, as the people of the demo do it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import clickhouse_connect
import nbformat
import pytest
from playwright.sync_api import expect

from acceptance.platform import PICTURES, Person, Platform, eventually

People = Callable[..., Person]
CARRIERS = "SELECT carrier, count() FROM flights GROUP BY carrier ORDER BY carrier"
DASHBOARD = "/services/dashboards/united/punctuality"


def notebook(*cells: str) -> dict[str, Any]:
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    made.metadata["kernelspec"] = {"name": "notehouse", "display_name": "SQL + Python"}
    return dict(json.loads(nbformat.writes(made)))


def test_login_page_and_a_wrong_password(platform: Platform, browser: Any) -> None:
    somebody = Person(platform, browser, "united-viewer")
    somebody.page.goto(platform.url)
    somebody.page.wait_for_selector("input[name=password]")
    somebody.picture("login")
    somebody.page.fill("input[name=username]", "united-viewer")
    somebody.page.fill("input[name=password]", "wrong")
    somebody.page.click("[type=submit]")
    somebody.page.wait_for_selector("text=Wrong username or password")
    somebody.context.close()


@pytest.mark.parametrize(
    ("name", "expected"), [("united-analyst", ["UA"]), ("delta-analyst", ["DL"]), ("admin", None)]
)
def test_an_analyst_queries_in_jupyterlab(person: People, name: str, expected: list[str] | None) -> None:
    analyst = person(name, viewport={"width": 1280, "height": 860})
    page = analyst.page
    analyst.open_lab()
    page.goto(f"{analyst.platform.url}/user/{name}/lab?reset")
    page.wait_for_selector(".jp-LauncherCard >> text=SQL + Python", timeout=90_000)
    page.click(".jp-LauncherCard >> text=SQL + Python")
    editor = page.locator(".jp-Notebook:visible .cm-content").first
    editor.wait_for(timeout=60_000)
    page.wait_for_selector("text=SQL + Python | Idle", timeout=60_000)
    editor.click()
    page.keyboard.insert_text(f"%%sql\n{CARRIERS}")
    page.keyboard.press("Shift+Enter")
    table = page.locator(".jp-Notebook:visible .jp-OutputArea table").first
    table.wait_for(timeout=60_000)
    seen = table.locator("tbody tr td:first-of-type").all_inner_texts()
    assert seen == expected if expected else len(seen) == 16
    analyst.picture(f"jupyterlab-{name}")


def test_any_client_queries_with_a_token(person: People, platform: Platform) -> None:
    with person("united-analyst").api() as api:
        token = api.post("tokens", json={"purpose": "interactive"}).raise_for_status().json()["token"]
        answer = api.post("queries", json={"sql": CARRIERS}).raise_for_status().json()
    assert [row[0] for row in answer["rows"]] == ["UA"]
    address = f"{platform.url}/services/notehouse/clickhouse/warehouse/"
    curl = ["curl", "-sS", address, "-H", f"Authorization: Bearer {token}", "--data-binary", CARRIERS]
    assert subprocess.run(curl, capture_output=True, text=True, check=True).stdout.split("\t")[0] == "UA"
    client = clickhouse_connect.get_client(
        host="127.0.0.1", port=platform.port + 4, username="anything", password=token
    )
    assert [row[0] for row in client.query(CARRIERS).result_rows] == ["UA"]


@pytest.mark.timeout(600)
def test_a_viewer_sees_the_dashboard_without_a_kernel_and_then_the_slider_answers(
    person: People, platform: Platform
) -> None:
    viewer = person("united-viewer", viewport={"width": 1280, "height": 860})
    page = viewer.page
    page.wait_for_url("**/services/notehouse/")
    eventually(lambda: page.reload() and "not ready yet" not in page.content(), 120, "the demo is rendered")
    viewer.picture("portal")
    eventually(lambda: _nothing_is_rendered(platform), 280, "the last snapshot is rendered")
    before = _gateway_kernels(platform)
    page.get_by_role("link", name="Punctuality", exact=True).first.click()
    page.wait_for_url(f"**{DASHBOARD}")
    frame = page.frame_locator("#dashboard")
    frame.locator("text=arrived 15 minutes late or more").wait_for(timeout=30_000)
    frame.locator("text=58,665").wait_for()
    assert _gateway_kernels(platform) == before == 0
    viewer.picture("dashboard-wide")
    handle = frame.locator(".noUi-handle").first
    handle.scroll_into_view_if_needed()
    handle.focus()
    page.keyboard.press("ArrowRight")
    frame.locator("text=arrived 20 minutes late or more").wait_for(timeout=60_000)
    assert _gateway_kernels(platform) == 1
    viewer.picture("dashboard-live")


def _nothing_is_rendered(platform: Platform) -> bool:
    """No snapshot waits, and the last one's kernel has ended."""
    return platform.is_drawn() and not _gateway_kernels(platform)


def _gateway_kernels(platform: Platform) -> int:
    """Kernels of class gateways, not those of people's own servers."""
    homes = [pid for pid in platform.pids("ipykernel") if b"/homes/nh-" in _environment(pid)]
    return len(homes)


def _environment(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""


def test_a_dashboard_on_a_phone_and_in_the_dark(person: People) -> None:
    viewer = person("united-viewer", viewport={"width": 390, "height": 844}, color_scheme="dark")
    viewer.page.goto(viewer.platform.url + DASHBOARD)
    frame = viewer.page.frame_locator("#dashboard")
    frame.locator("text=arrived 15 minutes late or more").wait_for(timeout=30_000)
    viewer.picture("dashboard-phone-dark")
    width = frame.locator("body").evaluate("body => body.scrollWidth - body.clientWidth")
    assert width <= 1, "a phone has nothing to scroll sideways"
    chart = frame.locator(".jp-RenderedSVG:has(> :is(img, svg))").first
    expect(chart).not_to_have_css("--nh-after", "0px")  # it goes on beyond the edge, and fades there
    chart.evaluate("chart => chart.scrollTo(9999, 0)")
    expect(chart).to_have_css("--nh-after", "0px")


def test_a_viewer_may_not_open_jupyterlab_or_run_sql(person: People, platform: Platform) -> None:
    viewer = person("united-viewer")
    assert viewer.context.request.get(f"{platform.url}/hub/spawn").status == 403
    answer = viewer.context.request.get(f"{platform.url}/user/united-viewer/lab")
    assert answer.status in {403, 404}


def test_another_tenant_does_not_even_learn_that_it_exists(person: People, platform: Platform) -> None:
    stranger = person("delta-analyst")
    assert stranger.context.request.get(platform.url + DASHBOARD).status == 404
    with stranger.api() as api:
        assert api.get("dashboards/united:punctuality").status_code == 404
        assert {one["tenant"] for one in api.get("dashboards").json()["items"]} == {"delta"}


def publish(platform: Platform, token: str, file: Path) -> subprocess.CompletedProcess[str]:
    environment = {"NOTEHOUSE_HUB_TOKEN": token, "NOTEHOUSE_API_URL": platform.api, "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-m", "notehouse_hub.cli", "publish", str(file), "--name", "Mine"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=200, check=False)


def test_an_analyst_publishes_and_a_failing_notebook_says_why(
    person: People, platform: Platform, tmp_path: Path
) -> None:
    analyst = person("united-analyst")
    token = analyst.hub_token()
    file = tmp_path / "mine.ipynb"
    file.write_text(
        json.dumps(notebook("%%sql total <<\nSELECT count() AS n FROM flights", "int(total.n[0])"))
    )
    good = publish(platform, token, file)
    assert good.returncode == 0, good.stdout + good.stderr
    analyst.page.goto(f"{platform.url}/services/dashboards/united/mine")
    analyst.page.frame_locator("#dashboard").locator("text=58665").wait_for(timeout=30_000)
    file.write_text(json.dumps(notebook("x = 1", "x / 0")))
    bad = publish(platform, token, file)
    assert bad.returncode == 1
    assert "failed in cell 2: ZeroDivisionError: division by zero" in bad.stderr
    analyst.page.reload()  # the version before stays
    analyst.page.frame_locator("#dashboard").locator("text=58665").wait_for(timeout=30_000)
    file.write_text("{ damaged")
    damaged = publish(platform, token, file)
    assert damaged.returncode == 1
    assert "is not a notebook" in damaged.stderr
    assert "Traceback" not in damaged.stderr


def test_a_schedule_runs_once_and_its_output_opens(person: People, platform: Platform) -> None:
    analyst = person("united-analyst", viewport={"width": 1280, "height": 860})
    with analyst.api() as api:
        body = {
            "name": "every minute",
            "notebook": notebook("%%sql\nSELECT carrier, count() AS n FROM flights GROUP BY carrier"),
            "cron": "* * * * *",
            "timezone": "America/New_York",
        }
        made = api.post("schedules", json=body).raise_for_status().json()
        query = {"schedule_id": made["id"]}
        eventually(lambda: api.get("runs", params=query).json()["items"], 75, "a run is due")
        api.put(f"schedules/{made['id']}", json={"is_active": False}).raise_for_status()
        run = eventually(lambda: _ended(api.get("runs", params=query).json()["items"]), 90, "it has ended")
        assert run["state"] == "succeeded", run
        assert api.get("runs", params=query).json()["pagination"]["total"] == 1
    analyst.page.goto(f"{platform.url}/services/notehouse/runs/{run['id']}")
    analyst.page.frame_locator("iframe").locator("td >> text=UA").wait_for(timeout=20_000)
    analyst.picture("run")


def test_a_failing_run_names_its_cell_and_keeps_what_it_had(person: People, platform: Platform) -> None:
    analyst = person("united-analyst")
    with analyst.api() as api:
        cells = ("print('before')", "%%sql\nSELECT no_such_column FROM flights", "print('never')")
        body = {"name": "failing", "notebook": notebook(*cells), "cron": "0 0 1 1 *"}
        made = api.post("schedules", json=body).raise_for_status().json()
        run = api.post(f"schedules/{made['id']}/run").raise_for_status().json()
        run = eventually(lambda: _ended([api.get(f"runs/{run['id']}").json()]), 90, "it has ended")
        assert (run["state"], run["error"]["cell"]) == ("failed", 2)
        assert "no_such_column" in run["error"]["message"]
        kept = api.get(f"runs/{run['id']}/artifacts/notebook.ipynb").json()
    assert "before" in json.dumps(kept)
    assert "never\\n" not in json.dumps([cell.get("outputs") for cell in kept["cells"]])


def _ended(runs: list[dict[str, Any]]) -> dict[str, Any] | None:
    return next((run for run in runs if run["state"] not in {"queued", "running"}), None)


def test_pictures_were_taken() -> None:
    taken = {file.stem for file in PICTURES.glob("*.png")}
    assert {"login", "portal", "jupyterlab-united-analyst", "dashboard-wide", "dashboard-phone-dark"} <= taken
