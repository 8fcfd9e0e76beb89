"""What processes write into their logs: lines of JSON, one request traceable through all of them, and no secret."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from random import choice
from string import ascii_lowercase, digits
from typing import Any

from acceptance.platform import Person, Platform, eventually

People = Callable[..., Person]
OURS = ("api", "query-gateway", "dashboards", "worker", "printer", "hub")
SHORTEST = 12  # characters of a secret; shorter ones are no accident to find


def _lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines() if line.startswith("{")]


def _with(platform: Platform, process: str, **facts: str) -> list[dict[str, Any]]:
    lines = _lines(platform.data / "logs" / f"{process}.log")
    return [line for line in lines if facts.items() <= line.items()]


def _fresh() -> str:
    return "".join(choice(ascii_lowercase + digits) for _ in range(20))


def test_every_line_of_our_processes_is_json(platform: Platform) -> None:
    files = [platform.data / "logs" / f"{process}.log" for process in OURS]
    for file in files:
        for text in file.read_text().splitlines():
            assert text.startswith("{"), (file.name, text)
            line = json.loads(text)
            assert {"time", "level", "logger", "message"} <= line.keys(), (file.name, text)


def test_one_request_is_known_by_its_id_in_every_process_that_works_for_it(
    person: People, platform: Platform
) -> None:
    mine = _fresh()
    with person("united-analyst").api() as api:
        answer = api.post("queries", json={"sql": "SELECT 1"}, headers={"X-Request-ID": mine})
        assert answer.headers["X-Request-ID"] == mine
    [asked] = eventually(lambda: _with(platform, "api", request_id=mine), 10)
    assert (asked["user"], asked["status"]) == ("united-analyst", 200)
    [ran] = eventually(lambda: _with(platform, "query-gateway", request_id=mine), 10)
    assert ran["query_id"] == answer.json()["query_id"]


def test_a_dashboards_page_has_an_id(person: People, platform: Platform) -> None:
    mine = _fresh()
    viewer = person("united-viewer")
    viewer.page.set_extra_http_headers({"X-Request-ID": mine})
    viewer.page.goto(f"{platform.url}/services/dashboards/united/punctuality")
    assert eventually(lambda: _with(platform, "dashboards", request_id=mine), 10)


def test_a_run_is_known_by_its_own_id(person: People, platform: Platform) -> None:
    with person("united-analyst").api() as api:
        notebook: dict[str, Any] = {"metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        notebook["cells"] = [{"cell_type": "code", "id": "a", "source": "1", "metadata": {}, "outputs": []}]
        notebook["cells"][0]["execution_count"] = None
        body = {"name": f"logged-{_fresh()}", "notebook": notebook, "cron": "0 0 1 1 *"}
        schedule = api.post("schedules", json=body).raise_for_status().json()
        run = api.post(f"schedules/{schedule['id']}/run").raise_for_status().json()["id"]
        eventually(lambda: api.get(f"runs/{run}").json()["state"] == "succeeded", 120, "it has run")
    told = lambda: [line["message"] for line in _with(platform, "worker", request_id=run, run=run)]  # noqa: E731
    eventually(lambda: told()[-1:] == ["a run has ended"], 10, "the end is told, once the state is kept")
    assert told()[0] == "a run begins"
    assert any("/tokens" in line["path"] for line in _with(platform, "api", request_id=run))
    assert _with(platform, "hub", request_id=run)
    servers = (platform.data / "logs" / "servers").glob("nh-*.log")
    assert any(line.get("request_id") == run for file in servers for line in _lines(file))


def test_no_secret_is_in_any_log(person: People, platform: Platform) -> None:
    analyst = person("united-analyst")
    token = analyst.hub_token()
    with analyst.api() as api:
        minted = api.post("tokens", json={"purpose": "interactive"}).raise_for_status().json()["token"]
        bad = {"Authorization": f"Bearer {minted}x"}
        api.get("me", headers=bad)
        api.get(f"me?token={minted}")
    analyst.context.request.get(
        f"{platform.url}/services/notehouse/clickhouse/?query=SELECT&password={minted}"
    )
    analyst.context.request.get(f"{platform.url}/hub/api/user?token={token}")
    analyst.page.goto(f"{platform.url}/services/dashboards/united/punctuality")
    cookies = [str(one["value"]) for one in analyst.context.cookies() if not str(one["name"]).startswith("_")]
    secrets = [*_secrets_of(platform.data / "secrets"), platform.password, token, minted, *cookies]
    for file in (platform.data / "logs").rglob("*.log*"):
        text = file.read_text(errors="replace")
        for secret in secrets:
            assert secret not in text, f"{file.name} holds {secret[:4]}..."


def _secrets_of(folder: Path) -> list[str]:
    texts = [file.read_text().strip() for file in folder.iterdir() if file.is_file()]
    lines = [line for text in texts for line in text.splitlines() if not line.startswith(("-----", "{", "}"))]
    return [line for line in lines if len(line) >= SHORTEST]
