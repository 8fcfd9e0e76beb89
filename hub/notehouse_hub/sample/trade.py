"""Orders of a wholesale house in the tables of TPC-H, at a hundredth of its smallest scale, made by ClickHouse itself.

Columns and distributions follow the specification (tpc.org/tpch) where the examples need them; the rows are our own,
the same at every making, so no figure of theirs can be compared with a published result.
"""

# ruff: noqa: S608 - every name in these statements is our own

from __future__ import annotations

from collections.abc import Iterator

from notehouse_hub.sample.warehouse import Warehouse

DATABASE = "tpch"
TABLES = ("region", "nation", "customer", "orders", "lineitem")
_REGIONS = "['Africa','America','Asia','Europe','Middle East']"
_NATIONS = (
    "['Algeria','Argentina','Brazil','Canada','Egypt','Ethiopia','France','Germany','India','Indonesia','Iran','Iraq',"
    "'Japan','Jordan','Kenya','Morocco','Mozambique','Peru','China','Romania','Saudi Arabia','Vietnam','Russia',"
    "'United Kingdom','United States']"
)
_NATION_REGIONS = "[0,1,1,1,4,0,3,3,2,2,4,4,2,4,0,0,0,1,2,3,4,2,3,3,1]"
_SEGMENTS = "['Automobile','Building','Furniture','Household','Machinery']"
_PRIORITIES = "['1 urgent','2 high','3 medium','4 not specified','5 low']"
_MODES = "['Air','Fob','Mail','Rail','Reg air','Ship','Truck']"
_ORDERS, _CUSTOMERS = 15_000, 1_500

# A share of 0 to 1 that belongs to a row and a purpose.
_SHARE = "(cityHash64({0}, '{1}') % 1000000 / 1000000)"


def _share(row: str, purpose: str) -> str:
    return _SHARE.format(row, purpose)


_CREATE = {
    "region": (
        "r_regionkey UInt8, r_name String",
        "r_regionkey",
        f"SELECT number, {_REGIONS}[number + 1] FROM numbers(5)",
    ),
    "nation": (
        "n_nationkey UInt8, n_name String, n_regionkey UInt8",
        "n_nationkey",
        f"SELECT number, {_NATIONS}[number + 1], {_NATION_REGIONS}[number + 1] FROM numbers(25)",
    ),
    "customer": (
        "c_custkey UInt32, c_name String, c_nationkey UInt8, c_mktsegment LowCardinality(String), c_acctbal Float64",
        "c_custkey",
        f"SELECT number + 1, concat('Customer#', leftPad(toString(number + 1), 9, '0')), "
        f"toUInt8(25 * pow({_share('number', 'nation')}, 1.3)), {_SEGMENTS}[cityHash64(number, 's') % 5 + 1], "
        f"round({_share('number', 'balance')} * 10999 - 999, 2) FROM numbers({_CUSTOMERS})",
    ),
    "orders": (
        "o_orderkey UInt32, o_custkey UInt32, o_orderstatus LowCardinality(String), o_totalprice Float64, "
        "o_orderdate Date, o_orderpriority LowCardinality(String)",
        "o_orderdate, o_orderkey",
        # More in each later year, and more before Christmas.
        f"SELECT number + 1, 1 + toUInt32({_CUSTOMERS} * pow({_share('number', 'who')}, 1.4)), "
        "if(day < toDate('1995-06-17'), 'F', 'O'), 0, "
        f"toDate('1992-01-01') + toUInt16(2405 * pow({_share('number', 'day')}, 0.85)) AS day, "
        f"{_PRIORITIES}[cityHash64(number, 'p') % 5 + 1] FROM numbers({_ORDERS})",
    ),
    "lineitem": (
        "l_orderkey UInt32, l_linenumber UInt8, l_quantity UInt8, l_extendedprice Float64, l_discount Float64, "
        "l_tax Float64, l_returnflag LowCardinality(String), l_linestatus LowCardinality(String), l_shipdate Date, "
        "l_commitdate Date, l_receiptdate Date, l_shipmode LowCardinality(String)",
        "l_shipdate, l_orderkey, l_linenumber",
        "WITH (o_orderkey, line) AS row, toUInt8(1 + cityHash64(row, 'q') % 50) AS quantity, "
        "o_orderdate + 1 + cityHash64(row, 'ship') % 121 AS shipped, shipped + 1 + cityHash64(row, 'r') % 30 AS received "
        "SELECT o_orderkey, line, quantity, round(quantity * (900 + cityHash64(row, 'price') % 1100), 2), "
        "cityHash64(row, 'd') % 11 / 100, cityHash64(row, 't') % 9 / 100, "
        "multiIf(received > toDate('1995-06-17'), 'N', cityHash64(row, 'f') % 2 = 0, 'R', 'A'), "
        "if(shipped > toDate('1995-06-17'), 'O', 'F'), shipped, o_orderdate + 30 + cityHash64(row, 'c') % 61, received, "
        f"{_MODES}[cityHash64(row, 'm') % 7 + 1] "
        f"FROM {DATABASE}.orders ARRAY JOIN range(1, toUInt8(2 + cityHash64(o_orderkey, 'n') % 7)) AS line",
    ),
}


def load(warehouse: Warehouse) -> Iterator[str]:
    """Make the tables that are missing; yields a line. Raises SourceDown."""
    present = warehouse.execute(f"SELECT name FROM system.tables WHERE database = '{DATABASE}'").split()
    if missing := [name for name in TABLES if name not in present]:
        comment = "Orders of a wholesale house, in the tables of TPC-H"
        warehouse.execute(f"CREATE DATABASE IF NOT EXISTS {DATABASE} COMMENT '{comment}'")
        for name in missing:
            _make(warehouse, name)
        yield f"{DATABASE}: {len(missing)} tables made"
    else:
        yield f"{DATABASE}: made before"


def _make(warehouse: Warehouse, name: str) -> None:
    """One table, whole or not at all."""
    columns, key, rows = _CREATE[name]
    draft = f"{DATABASE}.{name}_making"
    warehouse.execute(f"DROP TABLE IF EXISTS {draft} SYNC")
    warehouse.execute(f"CREATE TABLE {draft} ({columns}) ENGINE = MergeTree ORDER BY ({key})")
    warehouse.execute(f"INSERT INTO {draft} {rows}")
    warehouse.execute(f"RENAME TABLE {draft} TO {DATABASE}.{name}")
