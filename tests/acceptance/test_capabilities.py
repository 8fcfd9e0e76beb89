"""The role and capability table, tried route by route on the running platform."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from acceptance.platform import Person, Platform, eventually
from contracts.capabilities import CAPABILITIES, NOTEBOOK, ROLES, SAVED_QUERY, Row

NAMES = {
    "owner": "united-analyst",
    "colleague": "united-colleague",
    "viewer": "united-viewer",
    "tenant_admin": "united-chief",
    "other_tenant": "delta-analyst",
    "platform_admin": "admin",
}
PREFIX = "/services/notehouse/api/v1"


class Caller:
    """Somebody at the API by cookie, as their browser calls it; nobody without a name."""

    def __init__(self, platform: Platform, browser: Any, name: str | None) -> None:
        self.platform = platform
        self.person = Person(platform, browser, name).login() if name else None
        self.xsrf = ""
        if self.person:
            self.person.page.goto(f"{platform.url}/services/notehouse/")
            self.xsrf = str(self.person.page.evaluate("document.documentElement.dataset.xsrf"))

    def call(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        address = f"{self.platform.url}{PREFIX}{path}"
        if self.person is None:
            answer = httpx.request(method, address, json=body, trust_env=False)
            return answer.status_code, answer.text
        headers = {"X-XSRFToken": self.xsrf, "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body)
        said = self.person.context.request.fetch(address, method=method, headers=headers, data=data)
        return said.status, said.text()

    def made(self, path: str, body: Any = None) -> Any:
        """What a POST made."""
        status, text = self.call("POST", path, body)
        assert status in {201, 202, 204}, text
        return json.loads(text) if text else None


@pytest.fixture(scope="module")
def callers(platform: Platform, browser: Any) -> Iterator[dict[str, Caller]]:
    eventually(platform.is_drawn, 280, "the demo's dashboards are there")
    made = {"platform_admin": Caller(platform, browser, NAMES["platform_admin"])}
    for name, role in (("united-colleague", "analyst"), ("united-chief", "admin")):
        body = {"username": name, "tenant": "united", "role": role}
        made["platform_admin"].made("/users", body)
        made["platform_admin"].made(f"/users/{name}/password", {"password": platform.password})
    made |= {role: Caller(platform, browser, NAMES.get(role)) for role in ROLES if role not in made}
    yield made
    for one in made.values():
        if one.person:
            one.person.context.close()


@pytest.fixture(scope="module")
def places(callers: dict[str, Caller]) -> dict[str, str]:
    """A schedule, an ended run, an alert and a saved query of the owner's."""
    owner = callers["owner"]
    body = {"name": "capabilities", "notebook": NOTEBOOK, "cron": "0 0 1 1 *"}
    schedule = owner.made("/schedules", body)["id"]
    run = owner.made(f"/schedules/{schedule}/run")["id"]
    eventually(lambda: '"succeeded"' in owner.call("GET", f"/runs/{run}", None)[1], 90, "it has run")
    watched = {"name": "capabilities", "sql": "SELECT 1 AS n", "condition": {"kind": "any_row"}}
    alert = owner.made("/alerts", {**watched, "schedule": {"cron": "0 0 1 1 *"}})["id"]
    query = owner.made("/saved-queries", SAVED_QUERY)["id"]
    sources = json.loads(owner.call("GET", "/data-sources", None)[1])["items"]
    source = next(one["id"] for one in sources if one["name"] == "live")
    found = {"schedule": schedule, "run": run, "alert": alert, "query": query, "source": source}
    return {f"{{{name}}}": one for name, one in found.items()}


def test_every_route_has_its_row(platform: Platform) -> None:
    document = httpx.get(f"{platform.url}/services/notehouse/openapi.json", trust_env=False).json()
    routes = {
        (method.upper(), path.removeprefix(PREFIX))
        for path, methods in document["paths"].items()
        for method in methods
        if path.startswith(PREFIX)
    }
    print(f"{len(routes)} routes and {len(CAPABILITIES)} rows for {len(ROLES)} principals")
    assert routes == {(row.method, row.route.partition("?")[0]) for row in CAPABILITIES}


@pytest.mark.parametrize("row", CAPABILITIES, ids=lambda row: f"{row.method} {row.route}")
def test_each_role_gets_the_answer_of_its_row(
    callers: dict[str, Caller], places: dict[str, str], row: Row
) -> None:
    path = row.path
    for place, value in places.items():
        path = path.replace(place, value)
    expected = dict(zip(ROLES, row.statuses, strict=True))
    got = {}
    for role in reversed(ROLES):  # whoever may take something away comes last
        if expected[role]:
            got[role], text = callers[role].call(row.method, path, row.body)
            assert "Traceback" not in text
    assert got == {role: status for role, status in expected.items() if status}
