"""Where does the demo's tenants' own data come in? A database each, with tables that their analysts write to."""

from __future__ import annotations

from collections.abc import Iterator

from notehouse_hub.sample.warehouse import Warehouse

TENANTS = ("united", "delta")
_REMEMBERS = (
    "SETTINGS non_replicated_deduplication_window = 1000"  # the same rows sent again are written once
)
_CREATE = {
    "delays": (
        "flight UInt16, day Date, origin LowCardinality(String), minutes Int16 COMMENT 'Minutes of delay', "
        "file String COMMENT 'Where the row came from', line UInt32, at DateTime DEFAULT now()",
        f"ENGINE = MergeTree ORDER BY (day, flight) {_REMEMBERS}",
        "Delays that came in as files",
    ),
    "airports": (
        "faa String, name String, lat Float64, lon Float64, content UInt64 COMMENT 'Hash of the row at its source', "
        "at DateTime64(3) DEFAULT now64(3)",
        "ENGINE = ReplacingMergeTree(at) ORDER BY faa",
        "Airports that came in from Postgres; FINAL gives the newest of each",
    ),
    "rejected": (
        "source String, place String, reason String, row String, at DateTime DEFAULT now()",
        f"ENGINE = MergeTree ORDER BY (source, at) {_REMEMBERS}",
        "Rows that could not be taken, each with the reason",
    ),
}
TABLES = tuple(_CREATE)


def database(tenant: str) -> str:
    """Return the database of a tenant."""
    return f"landing_{tenant}"


def load(warehouse: Warehouse) -> Iterator[str]:
    """Make the tables that are not there; yield a line. Raises SourceDown."""
    for tenant in TENANTS:
        warehouse.execute(f"CREATE DATABASE IF NOT EXISTS {database(tenant)} COMMENT 'Rows that come in'")
        for name, (columns, engine, comment) in _CREATE.items():
            warehouse.execute(
                f"CREATE TABLE IF NOT EXISTS {database(tenant)}.{name} ({columns}) {engine} COMMENT '{comment}'"
            )
    yield f"{', '.join(map(database, TENANTS))}: {', '.join(TABLES)}, for rows that come in"
