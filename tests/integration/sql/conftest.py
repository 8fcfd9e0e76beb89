"""A session of a kernel before a real gateway and engine, with a table of generated trips."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integration.query_gateway.conftest import House, running_house
from integration.sql.kernel import Kernel, running_kernel
from notehouse_sql.gateway import QueryGateway
from notehouse_sql.session import Session

TRIPS = 200_000
MADE = [
    """CREATE TABLE flights.trips (
        at DateTime('America/New_York'), day Date, carrier LowCardinality(String), month UInt8, delay Nullable(Int16),
        miles Float64, price Decimal(9, 2), lon Float64, lat Float64, size Enum8('small' = 1, 'large' = 2), n UInt32,
        `odd name` String
    ) ENGINE = MergeTree ORDER BY (carrier, at)""",
    f"""INSERT INTO flights.trips SELECT
        toDateTime('2013-01-01 00:00:00', 'America/New_York') + intDiv(number * 31536000, {TRIPS}) AS at, toDate(at),
        ['UA', 'DL', 'AA', 'B6', 'WN', 'AS', 'F9', 'HA', 'NK', 'G4'][
            toUInt8(1 + floor(10 * pow(number * 7919 % 1000 / 1000, 2)))],
        toMonth(at), if(number % 50 = 0, NULL, toInt16(-20 + abs(sipHash64(number) % 90 + sipHash64(number, 1) % 90 - 90))),
        100 + sipHash64(number, 2) % 2400 + number % 10 / 10, toDecimal32(number % 900 + 0.25, 2),
        -120 + sipHash64(number, 3) % 500 / 10 + sipHash64(number, 4) % 40 / 10, 26 + sipHash64(number, 5) % 220 / 10,
        if(number % 3 = 0, 'small', 'large'), toUInt32(number), concat('a ''b', toString(number % 5))
    FROM numbers({TRIPS})""",
]


@pytest.fixture(scope="session")
def house() -> Iterator[House]:
    with running_house({"rows_to_read": 2 * 10**12}) as one:
        for statement in MADE:
            one.clickhouse.query(statement)
        yield one


@pytest.fixture
def variables() -> dict[str, Any]:
    return {}


@pytest.fixture
def session(house: House, variables: dict[str, Any], tmp_path: Path) -> Session:
    """One of the platform's admin, who reads everything."""
    return session_of(house, house.admin, variables, tmp_path)


def session_of(house: House, token: str, variables: dict[str, Any], folder: Path) -> Session:
    file = folder / "token"
    file.write_text(token)
    return Session(variables, _gateway=QueryGateway(house.url, file))


@pytest.fixture(scope="session")
def kernel(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A kernel of the platform's admin."""
    with running_kernel(house, house.admin, tmp_path_factory.mktemp("kernel")) as one:
        yield one
