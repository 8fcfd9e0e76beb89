"""Every process is killed in turn: it comes back, and nothing that was acknowledged is lost."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import httpx
import nbformat
import pytest

from acceptance.platform import Person, Platform, eventually

People = Callable[..., Person]

PROCESSES = {
    "clickhouse": "notehouse_hub.embedded.clickhouse_server",
    "api": "-m notehouse_hub.service ",
    "query-gateway": "notehouse_hub.service.query_gateway",
    "dashboards": "-m notehouse_dashboards",
    "worker": "-m notehouse_scheduler ",
    "hub": "-m jupyterhub",
    "proxy": "configurable-http-proxy",
    "postgres": "bin/postgres -D",
}


@pytest.mark.parametrize("name", PROCESSES)
def test_a_killed_process_comes_back_and_nothing_is_lost(
    person: People, platform: Platform, name: str
) -> None:
    analyst = person("united-analyst")
    with analyst.api() as api:
        slug = f"kept-{name}"
        api.post("dashboards", json={"slug": slug, "name": slug}).raise_for_status()
        killed = _pid(platform, PROCESSES[name])
        os.kill(killed, signal.SIGKILL)
        eventually(lambda: _pid(platform, PROCESSES[name]) not in {0, killed}, 60, f"{name} is back")
        ready = f"{platform.url}/services/notehouse/health/ready"
        eventually(lambda: httpx.get(ready, trust_env=False).status_code == 200, 90, "everything answers")
        eventually(lambda: api.get(f"dashboards/united:{slug}").status_code == 200, 60, "nothing is lost")
        rows = eventually(lambda: _rows(api), 60, "SQL answers")
        assert rows == [["UA", "58665"]]


def _rows(api: httpx.Client) -> list[list[object]] | None:
    answer = api.post("queries", json={"sql": "SELECT carrier, count() FROM flights GROUP BY carrier"})
    return [[str(one) for one in row] for row in answer.json()["rows"]] if answer.is_success else None


def _pid(platform: Platform, words: str) -> int:
    """The process itself: the oldest one whose parent is not of the same kind."""
    found = platform.pids(words)
    tops = [pid for pid in found if _parent(pid) not in found]
    return tops[0] if tops else 0


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    except (OSError, IndexError):
        return 0


def test_a_users_kernel_survives_the_hub(person: People, platform: Platform) -> None:
    analyst = person("united-analyst")
    analyst.open_lab()
    server = eventually(lambda: platform.pids("notehouse_gateway.lab_server"), 30)
    os.kill(_pid(platform, PROCESSES["hub"]), signal.SIGKILL)
    hub = f"{platform.url}/hub/health"
    eventually(lambda: httpx.get(hub, trust_env=False).status_code == 200, 60, "the Hub is back")
    assert set(server) <= set(platform.pids("notehouse_gateway.lab_server"))
    answer = eventually(
        lambda: analyst.context.request.get(f"{platform.url}/user/united-analyst/api/kernels").ok,
        60,
        "it is found",
    )
    assert answer


def test_a_run_whose_worker_is_killed_is_taken_again_and_ends_once(
    person: People, platform: Platform
) -> None:
    analyst = person("united-analyst")
    cells = ["import time\nprint('began')\ntime.sleep(8)", "print('ended')"]
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    with analyst.api() as api:
        body = {"name": "interrupted", "notebook": json.loads(nbformat.writes(made)), "cron": "0 0 1 1 *"}
        schedule = api.post("schedules", json=body).raise_for_status().json()
        run = api.post(f"schedules/{schedule['id']}/run").raise_for_status().json()
        path = f"runs/{run['id']}"
        eventually(lambda: api.get(path).json()["progress"].get("cell") == 1, 60, "it runs")
        os.kill(_pid(platform, PROCESSES["worker"]), signal.SIGKILL)
        eventually(lambda: api.get(path).json()["state"] not in {"queued", "running"}, 150, "it has ended")
        ended = api.get(path).json()
        assert (ended["state"], ended["attempt"]) == ("succeeded", 2), ended
        assert api.get("runs", params={"schedule_id": schedule["id"]}).json()["pagination"]["total"] == 1
