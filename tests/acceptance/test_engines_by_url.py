"""The main job once more, with Postgres, ClickHouse and object storage as an operator has them: given by URL.

Most tests are those of the embedded engines; the platform under them is another.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from sqlalchemy import delete, select, text

from acceptance import test_main_job as main_job
from acceptance import test_metadata_source as metadata_source
from acceptance import test_usage as usage
from acceptance.engines import Engines, engines_by_url
from acceptance.platform import Platform, eventually, free_port, started
from acceptance.test_main_job import CARRIERS, People
from acceptance.test_reports_and_alerts import unique
from notehouse_core.store.database import Database
from notehouse_core.store.models import Membership, Role, Tenant, User
from notehouse_hub.embedded.standalone import engines as fetched


@pytest.fixture(scope="module")
def engines() -> Iterator[Engines]:
    with engines_by_url() as running:
        yield running


@pytest.fixture(scope="module")
def platform(engines: Engines, folder: Path) -> Iterator[Platform]:
    engines.know_gate(folder / "data")
    with started(folder / "data", free_port(), fetched(), settings=engines.settings) as up:
        yield up


# In the order in which people do it: later tests start kernels that the first must not find.
test_a_viewer_sees_the_dashboard = (
    main_job.test_a_viewer_sees_the_dashboard_without_a_kernel_and_then_the_slider_answers
)
test_another_tenant_does_not_learn_that_it_exists = (
    main_job.test_another_tenant_does_not_even_learn_that_it_exists
)
test_any_client_queries_with_a_token = main_job.test_any_client_queries_with_a_token
test_it_has_the_same_airlines_and_airports = metadata_source.test_it_has_the_same_airlines_and_airports
test_a_query_is_in_the_metrics = usage.test_a_query_is_in_the_metrics_with_who_asked_and_what_it_cost
test_an_analyst_publishes = main_job.test_an_analyst_publishes_and_a_failing_notebook_says_why
test_a_schedule_runs_once = main_job.test_a_schedule_runs_once_and_its_output_opens


def test_an_analyst_queries_in_jupyterlab(person: People) -> None:
    main_job.test_an_analyst_queries_in_jupyterlab(person, "delta-analyst", ["DL"])


def test_no_engine_is_started_and_nothing_is_kept_beside_them(platform: Platform, engines: Engines) -> None:
    assert not platform.pids("postgres", "-D")
    assert not platform.pids("clickhouse_server")
    assert platform.pids("notehouse_hub.rights")
    assert not list((platform.data / "artifacts").rglob("*"))
    assert "nh_gate" in engines.clickhouse.query("SELECT name FROM system.users")
    assert int(engines.clickhouse.query("SELECT count() FROM flights.flights")) == 336_776


def test_an_alert_has_its_history(person: People) -> None:
    body = {
        "name": unique("an alert"),
        "sql": "SELECT count() AS n FROM flights",
        "condition": {"kind": "threshold", "column": "n", "operator": ">", "value": 1000},
        "schedule": {"cron": "* * * * *"},
    }
    with person("united-analyst").api() as api:
        alert = api.post("alerts", json=body).raise_for_status().json()
        history = eventually(lambda: api.get(f"alerts/{alert['id']}/history").json()["items"], 90, "a look")
        api.put(f"alerts/{alert['id']}", json={"is_active": False}).raise_for_status()
    assert (history[-1]["state"], history[-1]["value"]) == ("firing", 58665)


def test_a_role_goes_within_a_second_from_a_running_kernel_and_comes_back_within_five(
    platform: Platform, engines: Engines
) -> None:
    """The token is that of the kernel that `test_an_analyst_queries_in_jupyterlab` has left running."""
    token = _token_of_a_kernel(platform, "delta-analyst")
    assert _carriers(platform, token) == ["DL"]
    users = _users(engines)
    role = _change_role(engines, "delta-analyst", None)
    taken = _until(lambda: _asked(platform, token).status_code == 403)
    gone = len(users) - 2  # the class by which they read, and the one by which they write
    eventually(lambda: len(_users(engines)) == gone, 30, "ClickHouse has forgotten the classes")
    _change_role(engines, "delta-analyst", role)
    given = _until(lambda: _asked(platform, token).status_code == 200)
    print(f"a role was gone after {taken:.2f} s and back after {given:.2f} s")
    assert taken < 1
    assert given < 5
    assert _users(engines) == users
    assert _carriers(platform, token) == ["DL"]


def _users(engines: Engines) -> list[str]:
    """ClickHouse's users; none while it is started again."""
    try:
        return engines.clickhouse.query("SELECT name FROM system.users ORDER BY name").split()
    except OSError:
        return []


def _token_of_a_kernel(platform: Platform, name: str) -> str:
    for pid in platform.pids("ipykernel"):
        environment = dict(
            one.partition("=")[::2] for one in Path(f"/proc/{pid}/environ").read_text().split("\0") if one
        )
        if f"/{name}" in environment.get("HOME", "") and "NOTEHOUSE_TOKEN_FILE" in environment:
            return Path(environment["NOTEHOUSE_TOKEN_FILE"]).read_text().strip()
    raise AssertionError(f"no kernel of {name} runs")


def _change_role(engines: Engines, username: str, role: str | None) -> str:
    """Take somebody's only role, or give one; return the name of the role."""
    with ThreadPoolExecutor(1) as thread:  # the browser's loop runs in this one
        return thread.submit(asyncio.run, _changed_role(engines, username, role)).result()


async def _changed_role(engines: Engines, username: str, role: str | None) -> str:
    database = Database(engines.postgres.urls.app)
    try:
        async with database.session() as session:
            user = (await session.scalars(select(User).where(User.username == username))).one()
            if role is None:
                held = select(Role).join(Membership, Membership.role_id == Role.id)
                found = (await session.scalars(held.where(Membership.user_id == user.id))).one()
                await session.execute(delete(Membership).where(Membership.user_id == user.id))
            else:
                named = select(Role).join(Tenant, Role.tenant_id == Tenant.id)
                found = (await session.scalars(named.where(Tenant.slug == "delta", Role.name == role))).one()
                session.add(Membership(tenant_id=found.tenant_id, user_id=user.id, role_id=found.id))
            await session.execute(text("NOTIFY notehouse_rights"))
            return found.name
    finally:
        await database.close()


def _asked(platform: Platform, token: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.post(f"http://127.0.0.1:{platform.port + 4}/", content=CARRIERS, headers=headers, timeout=30)


def _carriers(platform: Platform, token: str) -> list[str]:
    return [line.split("\t")[0] for line in _asked(platform, token).raise_for_status().text.splitlines()]


def _until(true: Callable[[], bool]) -> float:
    began = time.monotonic()
    eventually(true, 15)
    return time.monotonic() - began


def test_doctor_looks_at_the_engines(platform: Platform, engines: Engines) -> None:
    command = [sys.executable, "-m", "notehouse_hub.cli", "doctor"]
    command += ["--port", str(platform.port), "--data", str(platform.data)]
    environment = {"PATH": "/usr/bin:/bin", **engines.settings}
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout + said.stderr
    assert "your own, Postgres 18" in said.stdout
    assert f"rights go into {engines.users_file}" in said.stdout
    assert "every process answers" in said.stdout
