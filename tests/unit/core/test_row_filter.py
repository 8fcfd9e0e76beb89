"""Row filters: what may stand in one, what is refused and why, and that no value breaks out of its place."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notehouse_core.errors import Invalid
from notehouse_core.row_filter import literal, parse

USER: dict[str, object] = {"carrier": "O'Hare", "years": [2012, 2013], "all": True, "none": [], "level": 3}


@pytest.mark.parametrize(
    ("written", "sql"),
    [
        ("1", "1"),
        ("carrier = 'UA'", "carrier = 'UA'"),
        ("carrier={user.carrier}", r"carrier = 'O\'Hare'"),
        ("year IN {user.years} and is_open = {user.all}", "year IN (2012, 2013) AND is_open = true"),
        ("carrier in {user.carrier}", r"carrier IN ('O\'Hare')"),
        ("year IN {user.none}", "0"),
        ("NOT year IN {user.none}", "NOT (0)"),
        ("year NOT IN {user.none}", "1"),
        ("a = 1 OR (b = 2 AND NOT c <> 'x')", "a = 1 OR (b = 2 AND NOT (c != 'x'))"),
        ("a BETWEEN -1.5 AND {user.level}", "a BETWEEN -1.5 AND 3"),
        ("`odd name` IS NOT NULL", "`odd name` IS NOT NULL"),
        ("lower(name) LIKE 'a%'", "lower(name) LIKE 'a%'"),
        ("toYear(day) >= 2013", "toYear(day) >= 2013"),
        ("a IN ('x', 'it''s', 'tab\\t')", r"a IN ('x', 'it\'s', 'tab\x09')"),
    ],
)
def test_what_may_stand_in_a_filter(written: str, sql: str) -> None:
    assert parse(written).sql(USER) == sql


@pytest.mark.parametrize(
    "written",
    [
        "", "2", "1 = 1", "true", "carrier", "carrier = carrier", "'UA' = carrier", "a = 1; DROP TABLE x", "a = (SELECT 1)",
        "a IN (SELECT b FROM c)", "getSetting('x') = a", "a = getSetting('x')", "sleep(3) = 1", "throwIf(a) = 1",
        "lower(upper(a)) = 'x'", "a = 1 --", "a = 1 /* */", "a = 'x", "a = 1 OR", "(a = 1", "a = 1)", "a = NULL",
        "a = {user.}", "a = {other.x}", "a = {user.x", "a == 1", "a = 1e9", "a = 0x10", "a IN ()", "a BETWEEN 1",
        "a IS 1", "SELECT = 1 1", "a.b = 1", r"a = 'x\y'", "`a\\`b` = 1", "a = 1 AND AND b = 2", "a\0 = 1",
        "(" * 30 + "a = 1" + ")" * 30,
        "NOT " * 30 + "a = 1", "a = 1 OR " * 1000 + "a = 1", "file('/etc/passwd') = 'x'", "a = `b`",
    ],
)  # fmt: skip
def test_what_may_not_is_refused_with_a_reason(written: str) -> None:
    with pytest.raises(Invalid, match="row filter"):
        parse(written)


def test_a_refusal_says_where() -> None:
    with pytest.raises(Invalid, match=re.escape("at character 11 stands 'carrier', but a literal")):
        parse("carrier = carrier")
    with pytest.raises(Invalid, match="may call only lower"):
        parse("sleep(3) = 1")


def test_a_filter_knows_what_it_names() -> None:
    one = parse("lower(carrier) = {user.carrier} AND `odd name` IN {user.years}")
    assert one.columns == {"carrier", "odd name"}
    assert one.attributes == {"carrier", "years"}


@pytest.mark.parametrize(
    "given_", [{}, {"x": None}, {"x": {"a": 1}}, {"x": float("nan")}, {"x": [[1]]}, {"x": [1]}]
)
def test_no_usable_value_is_no_rows(given_: dict[str, object]) -> None:
    with pytest.raises(KeyError):
        parse("a = {user.x}").sql(given_)


@given(st.text())
def test_any_text_stays_one_literal(value: str) -> None:
    quoted = literal(value)
    assert quoted[0] == quoted[-1] == "'"
    assert not re.search(r"[\x00-\x1f\x7f]", quoted)
    inside, position = quoted[1:-1], 0
    while position < len(inside):
        assert inside[position] != "'"
        position += 2 if inside[position] == "\\" else 1
    assert position == len(inside)


@given(st.text())
def test_no_text_makes_the_reader_fail_otherwise(written: str) -> None:
    try:
        parse(written)
    except Invalid:
        return


@given(st.from_regex(r"[A-Za-z_]\w{0,10}", fullmatch=True), st.text())
def test_a_literal_is_read_back_as_it_was_written(column: str, value: str) -> None:
    if column.upper() in {"AND", "OR", "NOT", "IN", "BETWEEN", "IS", "NULL", "LIKE", "TRUE", "FALSE"}:
        return
    escaped = value.replace("\\", "\\\\").replace("'", "''")
    if column.isascii():
        assert parse(f"{column} = '{escaped}'").sql({}) == f"{column} = {literal(value)}"
