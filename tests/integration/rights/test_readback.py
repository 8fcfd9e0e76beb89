"""What ClickHouse says of a plan that it has from a users file is what the SQL writer means by it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from integration.rights.conftest import free_port, settings_of
from notehouse_core.access import AccessPlan, TableGrant, make_class
from notehouse_core.errors import SourceDown
from notehouse_hub.embedded.standalone import RunningClickHouse, embedded_clickhouse, engine_folder
from notehouse_hub.rights.objects import Kind, wanted_of
from notehouse_hub.rights.readback import as_written, read
from notehouse_hub.rights.server import Server
from notehouse_hub.rights.users_file import write_users_file
from notehouse_hub.rights.writers import SqlWriter

SECRET = "a-class-secret"
UNITED = make_class(
    "united",
    [
        TableGrant(
            "w", "flights", "flights", ("carrier", "dest"), "carrier='UA' and dest in ('SFO','it''s')"
        ),
        TableGrant("w", "flights", "airlines", None, "1"),
        TableGrant("w", "flights", "landing", None, "1", insert=True),
    ],
)
ADMIN = make_class("*", [TableGrant("w", "flights", "*", None, "1")])
NOTHING = make_class("delta", [])
PLAN = AccessPlan({one.id: one for one in (UNITED, ADMIN, NOTHING)})


async def test_both_writers_mean_the_same() -> None:
    with engine_folder() as folder:
        users = folder / "plan.xml"
        write_users_file(PLAN, SECRET, users)
        with embedded_clickhouse(folder, free_port(), users) as running:
            server = Server(settings_of(running))
            try:
                await _compare(server)
            finally:
                await server.close()


async def _compare(server: Server) -> None:
    seen, wanted = await read(server), wanted_of(PLAN, SECRET)
    for kind in (Kind.PROFILE, Kind.USER, Kind.QUOTA, Kind.GRANTS):
        found = {key: looks for key, looks in seen.items() if key[0] is kind}
        if kind is Kind.QUOTA:
            found.pop((kind, "nh_gate", "", ""))  # a user in a file must have one; it bounds nothing
        assert found == {key: thing.looks for key, thing in wanted.things.items() if key[0] is kind}, kind
    filters = {(key[1:], looks[0]) for key, looks in seen.items() if key[0] is Kind.POLICY}
    written = await as_written(server, ["1", UNITED.grants[1].row_filter, "no (filter"])
    assert "no (filter" not in written
    narrow = {
        (key[1:], written[thing.looks[0]])
        for key, thing in wanted.things.items()
        if key[0] is Kind.POLICY and thing.looks[1]
    }
    assert narrow == {((f"nh_{UNITED.id}", "flights", "flights"), written[UNITED.grants[1].row_filter])}
    assert narrow <= filters
    for user, password in wanted.passwords.items():
        assert await server.lets_in(user, password)
        assert not await server.lets_in(user, "another")


async def test_a_server_that_keeps_no_users_by_sql_says_what_to_do(clickhouse: RunningClickHouse) -> None:
    settings = settings_of(clickhouse).model_copy(update={"class_secret": SecretStr(SECRET)})
    writer = SqlWriter(settings)
    try:
        with pytest.raises(SourceDown, match="NOTEHOUSE_CLICKHOUSE_USERS_FILE"):
            await writer.write(PLAN)
    finally:
        await writer.close()


def test_a_file_beside_a_servers_own_holds_our_users_only(tmp_path: Path) -> None:
    file = tmp_path / "notehouse.xml"
    write_users_file(PLAN, SECRET, file, beside=True)
    text = file.read_text()
    assert "<default" not in text
    assert "<ip>::/0</ip>" in text
    assert file.stat().st_mode & 0o777 == 0o640
