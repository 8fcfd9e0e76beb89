"""PostgreSQL as a data source: a read-only session to the address that was checked."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal

import psycopg
from psycopg.rows import tuple_row
from pydantic import Field

from notehouse_core.errors import SourceDown, SourceTimeout
from notehouse_hub.sources.contract import PATIENCE, READING, Column, Configuration, Connection, Table, Target

_NO_FILE = (
    f"{os.devnull}/none"  # cannot exist; of one that is no plain file libpq warns on stderr, past our logs
)
_TABLES = """
    SELECT n.nspname, c.relname, obj_description(c.oid, 'pg_class'),
        CASE WHEN c.relkind IN ('r', 'm') AND c.reltuples >= 0 THEN c.reltuples::bigint END,
        CASE c.relkind WHEN 'p' THEN (SELECT sum(pg_total_relation_size(relid))::bigint FROM pg_partition_tree(c.oid))
            WHEN 'v' THEN NULL WHEN 'f' THEN NULL ELSE pg_total_relation_size(c.oid) END
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = %s AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
        AND has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT')
    ORDER BY 2"""
_COLUMNS = """
    SELECT n.nspname, c.relname, a.attname, a.attnum, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull,
        pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum)
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE n.nspname = %s AND c.relname = ANY(%s) AND a.attnum > 0 AND NOT a.attisdropped
        AND has_column_privilege(c.oid, a.attnum, 'SELECT')
    ORDER BY 2, 4"""


class PostgresConfiguration(Configuration):
    """One schema of one database; `sslmode` as libpq knows it (verify-full checks certificate and name)."""

    port: int = Field(default=5432, ge=1, le=65_535)
    schema_: str = Field(default="public", alias="schema", min_length=1, max_length=63)
    sslmode: Literal["disable", "prefer", "require", "verify-ca", "verify-full"] = "prefer"
    ca_certificate: str = Field(default="", max_length=100_000, description="PEM; empty: the system's")


class PostgreSQL:
    """The type `postgresql`."""

    name = "postgresql"
    config = PostgresConfiguration
    secrets = ("password",)

    @asynccontextmanager
    async def connect(self, target: Target) -> AsyncIterator[Connection]:
        """Connect to the checked address; the certificate is still that of the host."""
        with _ca_file(target.config) as certificates:
            try:
                opened = await psycopg.AsyncConnection.connect(
                    **_arguments(target), **certificates, autocommit=True, row_factory=tuple_row
                )
            except psycopg.errors.ConnectionTimeout as error:
                raise SourceTimeout(f"{_place(target)} does not answer within {PATIENCE:.0f} s.") from error
            except psycopg.Error as error:
                raise SourceDown(f"{_place(target)}: {_reason(error)}") from error
        async with opened:
            yield PostgresConnection(opened, target)

    def engine(self, target: Target) -> str | None:
        """ClickHouse's own client of Postgres cannot check certificates, so a source that asks for it is not shown."""
        config: PostgresConfiguration = target.config
        if config.sslmode.startswith("verify-"):
            return None
        place = f"[{target.address}]" if ":" in target.address else target.address
        password = target.secrets.get("password", "")
        words = (f"{place}:{config.port}", config.database, config.user, password, config.schema_)
        return f"PostgreSQL({', '.join(_quoted(word) for word in words)})"


class PostgresConnection:
    """An open connection to Postgres."""

    def __init__(self, connection: psycopg.AsyncConnection[tuple[Any, ...]], target: Target) -> None:
        self._connection = connection
        self._target = target

    async def version(self) -> str:
        """Say which version answers."""
        rows = await self._ask("SELECT current_setting('server_version')", [])
        return f"PostgreSQL {str(rows[0][0]).split()[0]}"

    async def tables(self) -> list[Table]:
        """Return the tables of the schema, with estimates of their rows."""
        found = await self._ask(_TABLES, [self._target.config.schema_])
        return [Table(schema, name, comment or "", rows, size) for schema, name, comment, rows, size in found]

    async def columns(self, tables: Sequence[Table]) -> list[Column]:
        """Return the columns of tables."""
        rows = await self._ask(_COLUMNS, [self._target.config.schema_, [one.name for one in tables]])
        return [
            Column(schema, table, name, number, kind, nullable, default, comment or "")
            for schema, table, name, number, kind, nullable, default, comment in rows
        ]

    async def _ask(self, sql: str, values: list[Any]) -> list[tuple[Any, ...]]:
        try:
            return await (await self._connection.execute(sql.encode(), values)).fetchall()
        except psycopg.errors.QueryCanceled as error:
            raise SourceTimeout(f"{_place(self._target)} took longer than {READING:.0f} s.") from error
        except psycopg.Error as error:
            raise SourceDown(f"{_place(self._target)}: {_reason(error)}") from error


def _arguments(target: Target) -> dict[str, Any]:
    config: PostgresConfiguration = target.config
    return {
        "host": config.host,
        "hostaddr": target.address,
        "port": config.port,
        "dbname": config.database,
        "user": config.user,
        "password": target.secrets.get("password", ""),
        "sslmode": config.sslmode,
        "gssencmode": "disable",
        "connect_timeout": int(PATIENCE),
        "application_name": "notehouse",
        "passfile": _NO_FILE,
        "options": f"-c default_transaction_read_only=on -c statement_timeout={int(READING * 1000)}",
    }


@contextlib.contextmanager
def _ca_file(config: PostgresConfiguration) -> Any:
    """Give libpq the certificates of those it is to trust; it reads them from a file while it connects."""
    if not config.sslmode.startswith("verify-"):
        yield {}
    elif not config.ca_certificate:
        yield {"sslrootcert": "system"} if config.sslmode == "verify-full" else {}
    else:
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
            file.write(config.ca_certificate)
            file.flush()
            yield {"sslrootcert": file.name}


def _place(target: Target) -> str:
    return f"{target.config.host}:{target.config.port}"


def _reason(error: psycopg.Error) -> str:
    """What libpq or the server says, without its words on where it was going, which we say ourselves."""
    said = str(error).strip().splitlines() or [type(error).__name__]
    return said[0].rpartition(" failed: ")[2].removeprefix("FATAL:").strip().rstrip(".") + "."


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
