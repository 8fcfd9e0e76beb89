"""The demo's Postgres source: the same airlines and airports, in a database of their own, attached to ClickHouse.

ClickHouse reads Postgres through its own engine, so the rights of a class, the statement gate and the audit hold for it as
for any other table, and one query can join both.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator

import psycopg
from psycopg import conninfo, sql
from sqlalchemy.engine import URL, make_url

from notehouse_core.errors import SourceDown
from notehouse_hub.sample.loading import lines
from notehouse_hub.sample.tables import AIRLINES, AIRPORTS, Table, escaped
from notehouse_hub.sample.warehouse import Warehouse

DATABASE = "metadata_demo"
TABLES = (AIRLINES, AIRPORTS)
_TYPES = {
    "String": "text",
    "LowCardinality(String)": "text",
    "LowCardinality(Nullable(String))": "text",
    "Float64": "double precision",
    "Int32": "integer",
    "Int8": "smallint",
}


def attach(warehouse: Warehouse, owner: str, reader: str) -> Iterator[str]:
    """Load the tables that are missing as their owner, and let ClickHouse read them; yields a line for each.

    Both are SQLAlchemy URLs. Raises SourceDown.
    """
    asked, given = make_url(owner), make_url(reader)
    try:
        with psycopg.connect(conninfo.make_conninfo(**_address(asked))) as connection:
            for table in TABLES:
                if not connection.execute("SELECT to_regclass(%s)", [table.name]).fetchone()[0]:  # type: ignore[index]
                    yield f"{DATABASE}.{table.name}: {_load(connection, table, given.username or '')} rows in Postgres"
    except psycopg.Error as error:
        raise SourceDown(f"Postgres refused the demo's tables: {error}") from error
    warehouse.execute(f"DROP DATABASE IF EXISTS {DATABASE}")  # detaches it: socket and password may be new
    warehouse.execute(f"CREATE DATABASE {DATABASE} ENGINE = PostgreSQL({_arguments(given)})")


def _address(url: URL) -> dict[str, str]:
    return {
        "host": str(url.query.get("host") or url.host or ""),
        "port": str(url.port or 5432),
        "user": url.username or "",
        "password": url.password or "",
        "dbname": url.database or "",
    }


def _load(connection: psycopg.Connection, table: Table, reader: str) -> int:
    """Make one table, whole or not at all, readable by one role; returns its number of rows."""
    name = sql.Identifier(table.name)
    columns = [
        sql.SQL("{} {}").format(sql.Identifier(one.name), sql.SQL(_TYPES[one.type])) for one in table.columns
    ]
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(sql.SQL("CREATE TABLE {} ({})").format(name, sql.SQL(", ").join(columns)))
        with cursor.copy(sql.SQL("COPY {} FROM STDIN").format(name)) as copy:
            for row in _rows(table):
                copy.write_row(row)
        cursor.execute(sql.SQL("COMMENT ON TABLE {} IS {}").format(name, sql.Literal(table.comment)))
        cursor.execute(sql.SQL("GRANT SELECT ON {} TO {}").format(name, sql.Identifier(reader)))
        cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(name))
        return int(cursor.fetchone()[0])  # type: ignore[index]


def _rows(table: Table) -> Iterator[list[str | None]]:
    text = b"".join(lines(table)).decode()
    for row in csv.DictReader(text.splitlines()):
        yield [None if row[one.name] == "NA" else row[one.name] for one in table.columns]


def _arguments(url: URL) -> str:
    address = _address(url)
    place = f"{address['host']}:{address['port']}"
    return ", ".join(
        f"'{escaped(each)}'" for each in (place, address["dbname"], address["user"], address["password"])
    )
