"""A Postgres of somebody else becomes a source: connected, read under row filters, its password told to nobody."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import psycopg
import pytest

from acceptance.platform import SOURCE_HOST, Person, Platform, eventually, free_port
from contracts.foreign_postgres import READER_PASSWORD, ForeignPostgres, foreign_postgres
from notehouse_core.ids import uuid7
from notehouse_core.settings import Settings
from notehouse_hub.embedded.standalone import engine_folder
from notehouse_hub.supervisor.rotation import House

People = Callable[..., Person]


@pytest.fixture(scope="module")
def foreign() -> Iterator[ForeignPostgres]:
    with engine_folder() as folder, foreign_postgres(folder, free_port()) as running:
        yield running


@pytest.fixture
def admin(person: People) -> Iterator[httpx.Client]:
    with person("admin").api() as api:
        yield api


def body(foreign: ForeignPostgres, **changes: Any) -> dict[str, Any]:
    config = foreign.config(**{"host": SOURCE_HOST, **changes})
    secrets = {"password": READER_PASSWORD}
    return {
        "tenant": "united", "name": "crm", "type": "postgresql", "connection_config": config, "secrets": secrets
    }  # fmt: skip


@pytest.fixture
def crm(admin: httpx.Client, foreign: ForeignPostgres) -> Iterator[dict[str, Any]]:
    made = admin.post("data-sources", json=body(foreign))
    assert made.status_code == 201, made.text
    assert READER_PASSWORD not in made.text
    yield made.json()
    gone = admin.delete(f"data-sources/{made.json()['id']}")
    assert gone.status_code in {204, 404}, gone.text


def may_read(platform: Platform, resource: str, row_filter: str) -> None:
    """Let united's analysts read a table."""
    address = House(Settings(data=platform.data)).database_url.replace("+psycopg", "")
    with psycopg.connect(address) as connection:
        connection.execute("SELECT set_config('notehouse.tenants', '*', false)")
        connection.execute(
            "INSERT INTO permissions (id, tenant_id, role_id, resource, action, conditions) "
            "SELECT %s, r.tenant_id, r.id, %s, 'select', %s FROM roles r JOIN tenants t ON t.id = r.tenant_id "
            "WHERE t.slug = 'united' AND r.name = 'analyst'",
            [uuid7(), resource, json.dumps({"row_filter": row_filter})],
        )
        connection.execute("NOTIFY notehouse_rights")


def tables(api: httpx.Client, source: str) -> dict[str, Any]:
    return {
        one["table"]: one
        for one in api.get(f"data-sources/{source}/schema").raise_for_status().json()["items"]
    }


def test_from_a_connection_to_filtered_rows(
    platform: Platform, person: People, admin: httpx.Client, crm: dict[str, Any]
) -> None:
    assert (crm["status"], crm["database"], crm["secrets"]) == ("ready", "united__crm", {"password": "set"})
    source = crm["id"]
    tested = admin.post(f"data-sources/{source}/test").json()
    assert tested["success"], tested
    assert tested["version"].startswith("PostgreSQL ")
    address = f"data-sources/{source}/schema/refresh"
    assert admin.post(address).status_code == 202
    done = eventually(lambda: (seen := admin.get(address).json())["state"] == "ready" and seen, 30)
    assert (done["tables_done"], done["tables_total"]) == (2, 2)
    all_of_it = admin.get(f"data-sources/{source}/schema", params={"all": True}).json()["items"]
    assert [(one["table"], one["comment"], one["rows"]) for one in all_of_it] == [
        ("crews", "Who flies", 1000),
        ("pilots", "", None),
    ]
    with person("united-analyst").api() as analyst, person("delta-analyst").api() as other:
        assert tables(analyst, source) == {}
        may_read(platform, "data:crm/united__crm.crews", "carrier = 'UA'")
        seen = eventually(lambda: tables(analyst, "united:crm"), 20)
        assert (seen.keys(), seen["crews"]["rows"]) == ({"crews"}, None)
        rows = eventually(lambda: preview(analyst, source), 20)["rows"]
        assert {row[1] for row in rows} == {"UA"}
        asked = {"data_source": "crm", "sql": "SELECT carrier, count() FROM crews GROUP BY carrier"}
        counted = analyst.post("queries", json=asked).raise_for_status().json()["rows"]
        assert [[carrier, int(number)] for carrier, number in counted] == [["UA", 500]]
        shown = analyst.get(f"data-sources/{source}").json()
        assert (shown["connection_config"], shown["secrets"]) == (None, {})
        assert other.get(f"data-sources/{source}").status_code == 404
        assert other.post("queries", json={**asked, "tenant": "delta"}).status_code == 422
        assert analyst.get(f"data-sources/{source}/tables/pilots/preview").status_code == 404


def preview(api: httpx.Client, source: str) -> Any:
    answer = api.get(f"data-sources/{source}/tables/crews/preview", params={"limit": 10})
    return answer.json() if answer.status_code == 200 else None


def test_a_postgres_that_does_not_answer_is_not_waited_for(
    platform: Platform, person: People, crm: dict[str, Any], foreign: ForeignPostgres
) -> None:
    foreign.execute("CREATE OR REPLACE VIEW slow AS SELECT id, pg_sleep(0.1)::text AS nothing FROM crews")
    foreign.execute("GRANT SELECT ON slow TO reader")
    may_read(platform, "data:crm/united__crm.slow", "1")
    with person("united-analyst").api() as analyst:
        headers = {"Authorization": f"Bearer {analyst.post('tokens', json={}).json()['token']}"}
    address = f"http://127.0.0.1:{platform.port + 4}/crm/"

    def asked(**settings: Any) -> httpx.Response:
        sql = "SELECT count(), max(nothing) FROM slow"
        return httpx.post(address, params=settings, content=sql, headers=headers, timeout=60, trust_env=False)

    eventually(lambda: asked(max_execution_time=1).status_code == 408, 30)
    told = asked(max_execution_time=1)
    assert (told.status_code, "TIMEOUT_EXCEEDED" in told.text) == (408, True)
    assert "may run for 1 s" in told.text
    eventually(lambda: not _asked_of(foreign), 20, "Postgres has ended it too")


def test_nothing_is_written_through_a_source(
    platform: Platform, person: People, crm: dict[str, Any], foreign: ForeignPostgres
) -> None:
    foreign.execute("CREATE OR REPLACE FUNCTION notes() RETURNS text LANGUAGE sql SECURITY DEFINER AS "
                    "$$ INSERT INTO closed VALUES ('from outside') RETURNING secret $$")  # fmt: skip
    foreign.execute("CREATE OR REPLACE VIEW noted AS SELECT notes() AS what")
    foreign.execute("GRANT SELECT ON noted TO reader")
    may_read(platform, "data:crm/united__crm.noted", "1")
    with person("united-analyst").api() as analyst:
        asked = {"data_source": "crm", "sql": "SELECT what FROM noted"}
        eventually(lambda: "read-only transaction" in analyst.post("queries", json=asked).text, 30)
        written = {"data_source": "crm", "sql": "INSERT INTO noted VALUES ('x')"}
        assert analyst.post("queries", json=written).status_code in {400, 403, 422}


def _asked_of(foreign: ForeignPostgres) -> int:
    """How many statements of ours run in somebody's Postgres."""
    with psycopg.connect(foreign.owner) as connection:
        found = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = 'reader' AND state = 'active'"
        ).fetchone()
    assert found is not None
    return int(found[0])


def test_the_password_goes_in_and_never_comes_out(
    platform: Platform, admin: httpx.Client, crm: dict[str, Any], foreign: ForeignPostgres
) -> None:
    address = f"data-sources/{crm['id']}"
    moved = foreign.config(host="evil.example")
    without = admin.put(address, json={"connection_config": moved})
    assert (without.status_code, without.json()["error"]["details"]["fields"][0]["field"]) == (400, "secrets")
    said = [admin.get(address), admin.get("data-sources"), admin.post(f"{address}/test"), without]
    said.append(admin.put(address, json={"secrets": {"password": "canary-other", "wrong": "canary-third"}}))
    said.append(
        admin.post(
            "data-sources", json={**body(foreign), "connection_config": {"password": "canary-in-config"}}
        )
    )
    failing = admin.put(address, json={"secrets": {"password": "canary-other"}})
    assert failing.json()["status"] == "failing"
    assert "password authentication failed" in failing.json()["status_message"]
    assert admin.put(address, json={"secrets": {}}).json()["secrets"] == {"password": "unset"}
    assert all("canary" not in one.text for one in [*said, failing])
    logs = "".join(file.read_text(errors="replace") for file in (platform.data / "logs").glob("*.log"))
    assert "canary-" not in logs
    database = House(Settings(data=platform.data)).database_url.replace("+psycopg", "")
    with psycopg.connect(database) as connection:
        connection.execute("SELECT set_config('notehouse.tenants', '*', false)")
        kept = connection.execute(
            "SELECT action, details::text FROM audit_events WHERE action LIKE '%data-source%'"
        ).fetchall()
        assert {"create-data-source", "change-data-source-secrets"} <= {action for action, _ in kept}
        assert "canary" not in str(kept)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"host": "127.0.0.1"}, "NOTEHOUSE_SOURCE_HOSTS"),
        ({"host": "169.254.169.254"}, "NOTEHOUSE_SOURCE_HOSTS"),
        ({"port": 1}, "Connection refused"),
        ({"sslmode": "require"}, "server does not support SSL"),
        ({"host": "nowhere.invalid"}, "has no address"),
    ],
)
def test_what_cannot_be_connected_says_why(
    admin: httpx.Client, foreign: ForeignPostgres, changes: dict[str, Any], message: str
) -> None:
    made = admin.post("data-sources", json={**body(foreign, **changes), "name": "wrong"})
    assert made.status_code == 201, made.text
    try:
        assert made.json()["status"] == "failing"
        assert message in made.json()["status_message"]
        tested = admin.post(f"data-sources/{made.json()['id']}/test").json()
        assert (tested["success"], message in tested["message"]) == (False, True)
    finally:
        assert admin.delete(f"data-sources/{made.json()['id']}").status_code == 204


def test_after_a_rotation_every_source_still_connects(
    platform: Platform, admin: httpx.Client, crm: dict[str, Any]
) -> None:
    before = (platform.data / "secrets" / "source-keys.json").read_text()
    command = [sys.executable, "-m", "notehouse_hub.cli", "rotate-keys", "--data", str(platform.data)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "the old key opens nothing" in done.stdout
    kept = [(platform.data / where / "source-keys.json").read_text() for where in ("secrets", "keys")]
    assert kept[0] == kept[1] != before
    assert admin.post(f"data-sources/{crm['id']}/test").json()["success"]


def test_a_source_that_is_gone_takes_its_rights_along(
    platform: Platform, admin: httpx.Client, crm: dict[str, Any], foreign: ForeignPostgres
) -> None:
    may_read(platform, "data:crm/united__crm.crews", "1")
    assert admin.delete(f"data-sources/{crm['id']}").status_code == 204
    again = admin.post("data-sources", json=body(foreign)).json()
    address = House(Settings(data=platform.data)).database_url.replace("+psycopg", "")
    with psycopg.connect(address) as connection:
        connection.execute("SELECT set_config('notehouse.tenants', '*', false)")
        left = connection.execute(
            "SELECT count(*) FROM permissions WHERE resource LIKE 'data:crm/%'"
        ).fetchone()
    assert left == (0,)
    admin.delete(f"data-sources/{again['id']}")
