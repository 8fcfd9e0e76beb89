"""Thousands of generated values of every type go out as parameters and come back as what they were."""

from __future__ import annotations

import datetime as dt
import math
import random
import struct
from collections.abc import Callable
from decimal import Decimal
from ipaddress import IPv4Address, IPv6Address
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from notehouse_core.errors import Invalid
from notehouse_core.sql_parameters import bind
from notehouse_sql.errors import SqlError
from notehouse_sql.session import Session

A_BATCH = 100
BATCHES = 3
LETTERS = "aé'\"\\`\n\t\r\0\b\f{}:;,()[]%_-/*#日😀 NULL\\N"
chance = random.Random(20130101)
Make = Callable[[], Any]


def word() -> str:
    return "".join(chance.choice(LETTERS) for _ in range(chance.randrange(12)))


def whole(bits: int, *, signed: bool) -> Make:
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    return lambda: chance.choice([low, high, 0, chance.randint(low, high)])


def number() -> float:
    return chance.choice([0.0, math.inf, -math.inf, 1e-300, -1.5, chance.uniform(-1e9, 1e9)])


def single() -> float:
    return float(struct.unpack("f", struct.pack("f", chance.uniform(-1e6, 1e6)))[0])


def decimal(digits: int, places: int) -> Make:
    return lambda: Decimal(chance.randint(-(10**digits) + 1, 10**digits - 1)).scaleb(-places)


def day(first: int, last: int) -> Make:
    return lambda: dt.date.fromordinal(
        chance.randint(dt.date(first, 1, 1).toordinal(), dt.date(last, 1, 1).toordinal())
    )


def moment(zone: str, *, seconds_only: bool) -> Make:
    def make() -> dt.datetime:
        seconds = chance.randint(0, 4_000_000_000)
        found = dt.datetime.fromtimestamp(seconds, dt.UTC)
        return (found if seconds_only else found.replace(microsecond=chance.randrange(10**6))).astimezone(
            ZoneInfo(zone)
        )

    return make


def many(make: Make) -> Make:
    return lambda: [make() for _ in range(chance.randrange(4))]


def maybe(make: Make) -> Make:
    return lambda: None if chance.random() < 0.3 else make()


ENUM = r"Enum8('it\'s' = 1, 'b = 2' = 2, '' = -3)"
TYPES: dict[str, Make] = {
    "String": word,
    "LowCardinality(String)": word,
    "Nullable(String)": maybe(word),
    "LowCardinality(Nullable(String))": maybe(word),
    "Bool": lambda: chance.random() < 0.5,
    **{f"Int{bits}": whole(bits, signed=True) for bits in (8, 16, 32, 64, 128, 256)},
    **{f"UInt{bits}": whole(bits, signed=False) for bits in (8, 16, 32, 64, 128, 256)},
    "Nullable(Int64)": maybe(whole(64, signed=True)),
    "Nullable(UInt64)": maybe(whole(64, signed=False)),
    "Nullable(Int256)": maybe(whole(256, signed=True)),
    "Float64": number,
    "Float32": single,
    "Decimal(9, 2)": decimal(9, 2),
    "Decimal(38, 10)": decimal(38, 10),
    "Decimal(76, 30)": decimal(76, 30),
    "Nullable(Decimal(18, 4))": maybe(decimal(18, 4)),
    "Date": day(1970, 2149),
    "Date32": day(1900, 2299),
    "DateTime('UTC')": moment("UTC", seconds_only=True),
    "DateTime('America/New_York')": moment("America/New_York", seconds_only=True),
    "DateTime64(6, 'Asia/Kolkata')": moment("Asia/Kolkata", seconds_only=False),
    "Nullable(DateTime64(6, 'Europe/Berlin'))": maybe(moment("Europe/Berlin", seconds_only=False)),
    "UUID": lambda: UUID(int=chance.getrandbits(128)),
    "Nullable(UUID)": maybe(lambda: UUID(int=chance.getrandbits(128))),
    "IPv4": lambda: str(IPv4Address(chance.getrandbits(32))),
    "IPv6": lambda: str(IPv6Address(chance.getrandbits(128))),
    ENUM: lambda: chance.choice(["it's", "b = 2", ""]),
    f"Nullable({ENUM})": maybe(lambda: chance.choice(["it's", "b = 2", ""])),
    "Array(String)": many(word),
    "Array(Nullable(String))": many(maybe(word)),
    "Array(Array(Int64))": many(many(whole(64, signed=True))),
    "Array(DateTime('UTC'))": many(moment("UTC", seconds_only=True)),
    f"Array({ENUM})": many(lambda: chance.choice(["it's", "b = 2"])),
    "Array(UInt256)": many(whole(256, signed=False)),
    "Array(UUID)": many(lambda: UUID(int=chance.getrandbits(128))),
    "Array(Decimal(9, 3))": many(decimal(9, 3)),
    "Map(String, Int64)": lambda: {word(): chance.randint(-9, 9) for _ in range(chance.randrange(4))},
    "Map(String, Array(String))": lambda: {word(): [word()] for _ in range(chance.randrange(3))},
    "Map(String, IPv4)": lambda: {word(): str(IPv4Address(chance.getrandbits(32)))},
    "Tuple(Int64, String)": lambda: (chance.randint(-9, 9), word()),
    "Tuple(Int64, Tuple(String, Int128))": lambda: (1, (word(), chance.getrandbits(100))),
    "Array(Tuple(String, Float64))": many(lambda: (word(), 0.5)),
    "JSON": lambda: {"a": word(), "b": [1, 2], "c": {"d": True}},
}


def test_every_type_comes_back_as_it_went(session: Session) -> None:
    count = 0
    for kind, make in TYPES.items():
        for _ in range(BATCHES):
            values = {f"v{place}": make() for place in range(A_BATCH)}
            asked = ", ".join(f"{{{name}:{kind}}} AS {name}" for name in values)
            row = session.ask(f"SELECT {asked}", values=values).frame()
            for name, value in values.items():
                found = same(row[name].iloc[0])
                assert found == value, (kind, value, found)
                count += 1
    assert count == len(TYPES) * A_BATCH * BATCHES > 10_000


def same(found: Any) -> Any:
    """A cell of a frame as Python's own."""
    if isinstance(found, pd.Timestamp):
        return found.to_pydatetime()
    if isinstance(found, np.ndarray):
        return [same(one) for one in found]
    if isinstance(found, list):
        return [same(one) for one in found]
    if isinstance(found, dict):
        return {key: same(one) for key, one in found.items()}
    if isinstance(found, np.generic):
        found = found.item()
    if found is pd.NaT or found is pd.NA or (isinstance(found, float) and math.isnan(found)):
        return None
    return found


UNTYPED: list[Any] = [
    3, -(2**63), 2**64 - 1, 2**127, -(2**200), 1.5, Decimal("12345678901234567890.123456789"), Decimal("1E+3"), "a'b\\", "",
    True, None, [1, None, 3], [1, 2.5], [2**64 - 1, 1], ["x", None], [], [[1], []], {"a": 1, "b": None}, {"a": [word()]},
    dt.date(1905, 6, 30), UUID(int=7), IPv4Address("1.2.3.4"), IPv6Address("::1"), np.int16(4), np.float32(0.5),
    np.array([1, 2]), pd.Series(["p", "q'"]), pd.Timestamp("2020-02-29 12:00:00.5", tz="Asia/Tokyo"), pd.NA, pd.NaT,
    dt.datetime(2020, 3, 1, 2, 30, 0, 7, tzinfo=ZoneInfo("America/New_York")), {1, 2}, [Decimal("1.5"), 2],
]  # fmt: skip


@pytest.mark.parametrize("value", UNTYPED, ids=repr)
def test_a_value_without_a_type_has_the_one_that_keeps_it(session: Session, value: Any) -> None:
    found = same(session.ask("SELECT {{v}} AS v", values={"v": value}).frame()["v"].iloc[0])
    if isinstance(value, np.ndarray | pd.Series):
        value = list(value)
    match value:
        case IPv4Address() | IPv6Address():
            value = str(value)
        case set():
            value = sorted(value)
        case _ if value is pd.NA or value is pd.NaT:
            value = None
    assert found == value


INJECTIONS = [
    f"{opened}{inner}{closed}"
    for opened in ("'", '"', "`", "\\'", "\\", "}", "*/ ", "\n", "\0", "%27")
    for inner in (
        " OR 1=1", "; DROP TABLE flights.flights", " UNION ALL SELECT canary FROM vault.hidden",
        ") FROM file('/etc/passwd')", "{origin:Identifier}",
    )
    for closed in (" --", "\\")
]  # fmt: skip


def test_a_hundred_injections_stay_values(session: Session) -> None:
    assert len(INJECTIONS) == 100
    for evil in INJECTIONS:
        sql = "SELECT {{evil}} AS a, {evil:String} AS b, {{[0]}} AS c".replace("{{[0]}}", "{{listed}}")
        row = session.ask(sql, values={"evil": evil, "listed": [evil, evil]}).frame().iloc[0]
        assert (row.a, row.b, list(row.c)) == (evil, evil, [evil, evil])
        nested = session.ask(
            "SELECT {{m}} AS m, {t:Tuple(String, String)} AS t", values={"m": {evil: evil}, "t": (evil, evil)}
        )
        assert nested.frame().iloc[0].m == {evil: evil}
        assert nested.frame().iloc[0].t == (evil, evil)
        count = session.ask("SELECT count() AS n FROM flights WHERE origin = {{evil}}", values={"evil": evil})
        assert count.table.to_pylist() == [{"n": 0}]
        for place in ("{{ident(evil)}}", "{evil:Identifier}"):
            with pytest.raises(SqlError, match="no name of a table or a column"):
                session.ask(f"SELECT {place} FROM flights", values={"evil": evil})


def test_a_name_is_a_parameter_only_where_it_says_so(session: Session) -> None:
    values = {"column": "origin", "table": "flights.flights"}
    asked = "SELECT DISTINCT {column:Identifier} AS a FROM {{ident(table)}} ORDER BY a"
    assert session.ask(asked, values=values).table.to_pylist() == [{"a": "EWR"}, {"a": "JFK"}]
    assert bind("SELECT {{ ident( column ) }}", values) == (
        "SELECT {column__0:Identifier}",
        {"column__0": "origin"},
    )
    with pytest.raises(Invalid, match="no name"):
        bind("SELECT {{ident(column)}}", {"column": 3})


def test_bytes_that_are_no_text_and_whole_numbers_beside_nothing(session: Session) -> None:
    frame = session.ask(
        "SELECT unhex('FF00') AS raw, 'text' AS text, arrayJoin([9007199254740993, NULL]) AS n"
    ).frame()
    assert frame.raw.iloc[0] == b"\xff\x00"
    assert frame.text.iloc[0] == "text"
    assert frame.n.dtype == pd.UInt64Dtype()
    assert frame.n.iloc[0] == 9007199254740993
    assert frame.n.isna().tolist() == [False, True]
