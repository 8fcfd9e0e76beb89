"""What the cells of one shell ask through: the gateway, their variables, the history of what they ran."""

from __future__ import annotations

import os
import re
import time
from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

from notehouse_core.errors import Invalid
from notehouse_core.sql_parameters import bind
from notehouse_sql import column_types, frames
from notehouse_sql.arguments import DEFAULT_SOURCE
from notehouse_sql.errors import SqlError
from notehouse_sql.gateway import Answer, QueryGateway, Statement
from notehouse_sql.progress import Progress

_DESCRIBABLE = re.compile(r"\s*(SELECT|WITH|\()", re.IGNORECASE)
EVERYTHING = 2**62  # rows


@dataclass(frozen=True)
class Cost:
    """What a statement read, as far as it was told; `age` in seconds of an answer that the database remembered."""

    rows: int = 0
    bytes: int = 0
    age: int | None = None


@dataclass
class Session:
    """Runs statements with the values of a shell's variables; one a shell."""

    variables: Mapping[str, Any]
    history: list[dict[str, Any]] = field(default_factory=list)
    cost: Cost = Cost()  # of the last statement
    _gateway: QueryGateway | None = None
    _process: int = field(default_factory=os.getpid)

    @property
    def gateway(self) -> QueryGateway:
        """The gateway this kernel was started with. Raises SqlError when it was started without one."""
        if self._gateway is None or self._process != os.getpid():  # a forked kernel has a token of its own
            self._gateway, self._process = QueryGateway.from_environment(), os.getpid()
        return self._gateway

    def ask(
        self,
        text: str,
        source: str = DEFAULT_SOURCE,
        *,
        limit: int | None = None,
        settings: Mapping[str, str] | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> frames.Result:
        """The rows of a statement; `values` come before the shell's own variables. Raises SqlError."""
        return self.fetch(self.bound(text, source, settings, values), limit)

    def bound(
        self,
        text: str,
        source: str,
        settings: Mapping[str, str] | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> Statement:
        """The statement with its places bound to values, as it is sent. Raises SqlError."""
        try:
            sql, bound = bind(text, ChainMap(dict(values or {}), dict(self.variables)))
        except Invalid as error:
            raise SqlError(error.message) from None
        return Statement(source, sql, _query_id(), bound, dict(settings or {}))

    def fetch(self, statement: Statement, limit: int | None) -> frames.Result:
        """Run a statement while its progress is shown; an interrupt ends it in the database too."""
        gateway = self.gateway
        try:
            with (
                Progress(gateway, statement.query_id) as progress,
                gateway.run(statement, progress.patience()) as answer,
            ):
                found = frames.read(answer.body, EVERYTHING if limit is None else limit, statement.sql)
            self.cost = _cost(answer, progress.seen)
        except KeyboardInterrupt:
            gateway.stop(statement.query_id)
            raise SqlError("Interrupted: the query was cancelled in the database too.") from None
        if not column_types.is_ambiguous(found.table.schema):
            return found
        return replace(found, table=column_types.restored(found.table, self._types(statement)))

    def write(self, statement: Statement, rows: bytes | None = None) -> int:
        """Run a statement that answers no rows; how many were written. Raises SqlError."""
        gateway = self.gateway
        try:
            with Progress(gateway, statement.query_id) as progress:
                return gateway.write(statement, rows, progress.patience())
        except KeyboardInterrupt:
            gateway.stop(statement.query_id)
            raise SqlError("Interrupted. Some of the rows may have been written.") from None

    def remember(self, text: str, rows: int, began: float) -> float:
        """Note a statement that has run, and return the seconds it took."""
        seconds = time.monotonic() - began
        self.history.append({"sql": text, "rows": rows, "seconds": round(seconds, 3)})
        return seconds

    def _types(self, statement: Statement) -> list[str]:
        """What ClickHouse calls the columns' types; nothing for a statement that has none to describe."""
        if not _DESCRIBABLE.match(statement.sql):
            return []
        asked = replace(statement, sql=f"DESCRIBE TABLE ({statement.sql}\n)", query_id=_query_id())
        try:
            with self.gateway.run(asked) as answer:
                described = frames.read(answer.body, EVERYTHING, asked.sql).table
        except SqlError:
            return []  # a statement with a tail of its own (FORMAT, SETTINGS) has no place inside another
        return [str(name) for name in described.column("type").to_pylist()]


def current() -> Session:
    """The session of the shell that runs now. Raises SqlError where there is none."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    magics = shell.magics_manager.registry.get("SqlMagics") if shell is not None else None
    if magics is None:
        raise SqlError("SQL is not loaded in this kernel. Run %load_ext notehouse_sql first.")
    found: Session = magics.session
    return found


def _cost(answer: Answer, seen: Mapping[str, Any]) -> Cost:
    """The head of an answer tells what was read until then, the last look at its progress what was read until that."""
    rows, size = (int(seen.get(name, 0)) for name in ("read_rows", "read_bytes"))
    return Cost(max(answer.rows_read, rows), max(answer.bytes_read, size), answer.age)


def _query_id() -> str:
    return f"cell-{uuid4().hex[:16]}"
