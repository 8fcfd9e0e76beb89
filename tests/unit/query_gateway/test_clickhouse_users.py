"""The users file: whole or not at all, and never a table without a filter."""

import stat
from pathlib import Path
from xml.etree import ElementTree

import pytest

from notehouse_core.access import AccessPlan, TableGrant, clickhouse_user, make_class
from notehouse_hub.rights.grants import PlanError
from notehouse_hub.rights.profile import GATE_USER
from notehouse_hub.rights.users_file import users_xml, write_users_file


def plan(*grants: TableGrant) -> AccessPlan:
    made = make_class("t", grants)
    return AccessPlan({made.id: made})


GOOD = TableGrant("warehouse", "d", "t", ("b", "a"), "x = '<&>'")


def test_only_who_reads_a_table_whole_writes_to_it() -> None:
    for row_filter, columns, writes in (("1", None, True), ("x = 1", None, False), ("1", ("a",), False)):
        one = plan(TableGrant("w", "d", "t", columns, row_filter, insert=True))
        xml = users_xml(one, "secret")
        made = next(iter(one.classes.values()))
        assert (made.writes("d", "t"), made.writable == ("d.t",), "INSERT" in xml) == (writes,) * 3
        user = clickhouse_user(made.id)
        assert ElementTree.fromstring(xml).findtext(f"profiles/{user}/readonly") == ("0" if writes else "2")


def test_grants_filters_and_no_secret_in_plain() -> None:
    one = plan(GOOD)
    root = ElementTree.fromstring(users_xml(one, "secret"))
    user = root.find(f"users/{clickhouse_user(next(iter(one.classes)))}")
    assert user is not None
    assert [found.text for found in user.findall("grants/query")] == [
        "GRANT SELECT(`a`, `b`) ON `d`.`t`",
        "GRANT CREATE TEMPORARY TABLE ON *.*",
        "GRANT TABLE ENGINE ON Memory",
    ]
    assert user.findtext("databases/d/t/filter") == "x = '<&>'"
    assert len(user.findtext("password_sha256_hex") or "") == 64
    assert user.findtext("networks/ip") == "127.0.0.1"
    gate = root.find(f"users/{GATE_USER}")
    assert gate is not None
    assert [found.text for found in gate.findall("grants/query")] == ["GRANT NONE ON *.*"]
    assert users_xml(one, "secret") == users_xml(one, "secret")


@pytest.mark.parametrize(
    "grant",
    [
        TableGrant("w", "d", "t", None, ""),
        TableGrant("w", "d", "*", None, "x = 1"),
        TableGrant("w", "d; x", "t", None, "1"),
        TableGrant("w", "d", "t` TO u", None, "1"),
        TableGrant("w", "d", "t", ("a\n",), "1"),
        TableGrant("w", "d", "t", None, "x = 1\x00"),
    ],
)
def test_what_cannot_be_written_safely_stops_the_writing(grant: TableGrant, tmp_path: Path) -> None:
    file = tmp_path / "users.xml"
    write_users_file(plan(GOOD), "secret", file)
    before = file.read_text()
    with pytest.raises(PlanError):
        write_users_file(plan(grant), "secret", file)
    assert file.read_text() == before


def test_the_file_is_closed_to_others(tmp_path: Path) -> None:
    file = tmp_path / "users.xml"
    write_users_file(plan(GOOD), "secret", file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
