"""`%sql`, `%%sql` and `%sqlcmd`: jupysql's language, executed by the query gateway."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from typing import Any
from uuid import uuid4

from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, line_cell_magic, line_magic, magics_class
from IPython.display import display

from notehouse_core.errors import Invalid
from notehouse_core.sql_parameters import bind
from notehouse_sql import arguments, column_types, frames
from notehouse_sql.arguments import Arguments
from notehouse_sql.errors import SqlError
from notehouse_sql.gateway import QueryGateway, Statement
from notehouse_sql.progress import Progress

_COMMANDS = {
    "tables": "SELECT database, name AS table, comment FROM system.tables "
    "WHERE database NOT IN ('system', 'information_schema', 'INFORMATION_SCHEMA') ORDER BY ALL",
    "columns": "SELECT name, type, comment FROM system.columns "
    "WHERE database = currentDatabase() AND table = {table:String} ORDER BY position",
}


_DESCRIBABLE = re.compile(r"\s*(SELECT|WITH|\()", re.IGNORECASE)


@magics_class
class SqlMagics(Magics):
    """SQL in a shell; queries saved under a name compose by `--with`."""

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self._variables: dict[str, Any] = shell.user_ns
        self._gateway: QueryGateway | None = None
        self._history: list[dict[str, Any]] = []

    @line_cell_magic
    def sql(self, line: str, cell: str | None = None) -> Any:
        """Run SQL and answer a frame: %%sql [source] [name <<] [--as NAME] [--with NAME] [--limit N | --all]."""
        asked = arguments.parse(line, cell)
        text = self._composed(asked)
        if asked.save:
            _store().store(asked.save, asked.sql, with_=list(asked.use) or None)
            print(f"Saved as {asked.save}: use it with %%sql --with {asked.save}. Nothing was fetched.")
            return None
        frame = self._run(asked, text)
        if asked.assign is None:
            return frame
        self._variables[asked.assign] = frame
        return None

    @line_magic
    def sqlcmd(self, line: str) -> Any:
        """Show what there is: %sqlcmd sources | tables | columns TABLE | history."""
        name, *rest = line.split() or [""]
        if name == "sources":
            return self._rows(
                "SELECT DISTINCT name AS database, comment FROM system.databases ORDER BY name", {}
            )
        if name == "history":
            import pandas as pd

            return pd.DataFrame(self._history, columns=["sql", "rows", "seconds"])
        if name not in _COMMANDS or (name == "columns") != bool(rest):
            raise SqlError("It is written: %sqlcmd sources | tables | columns TABLE | history")
        return self._rows(_COMMANDS[name], {"table": rest[-1]} if rest else {})

    def _composed(self, asked: Arguments) -> str:
        """The statement with the saved queries it uses in front of it, as common table expressions."""
        if not asked.use:
            return asked.sql.strip().rstrip(";")
        try:
            return str(_store().render(asked.sql.strip().rstrip(";"), with_=list(asked.use)))
        except Exception as error:  # whatever jupysql raises for a name it does not know
            raise SqlError(str(error)) from None

    def _run(self, asked: Arguments, text: str) -> Any:
        try:
            sql, values = bind(text, self._variables)
        except Invalid as error:
            raise SqlError(error.message) from None
        statement = Statement(asked.source, sql, f"cell-{uuid4().hex[:16]}", values, _settings(asked))
        began = time.monotonic()
        result = self._fetch(statement, asked.limit)
        seconds = time.monotonic() - began
        self._history.append({"sql": text, "rows": result.table.num_rows, "seconds": round(seconds, 3)})
        _tell(_told(result, seconds))
        return result.frame()

    def _rows(self, sql: str, values: dict[str, str]) -> Any:
        statement = Statement(arguments.DEFAULT_SOURCE, sql, f"cell-{uuid4().hex[:16]}", values)
        return self._fetch(statement, None).frame()

    def _fetch(self, statement: Statement, limit: int | None) -> frames.Result:
        if self._gateway is None:
            self._gateway = QueryGateway.from_environment()
        try:
            with Progress(self._gateway, statement.query_id), self._gateway.run(statement) as chunks:
                found = frames.read(chunks, limit if limit is not None else 2**62, statement.sql)
        except KeyboardInterrupt:
            self._gateway.stop(statement.query_id)
            raise SqlError("Interrupted: the query was cancelled in the database too.") from None
        if not column_types.is_ambiguous(found.table.schema):
            return found
        return replace(found, table=column_types.restored(found.table, self._types(statement)))

    def _types(self, statement: Statement) -> list[str]:
        """What ClickHouse calls the columns' types; nothing for a statement that has none to describe."""
        if not _DESCRIBABLE.match(statement.sql):
            return []
        assert self._gateway is not None  # noqa: S101 - it has just answered
        asked = replace(
            statement, sql=f"DESCRIBE TABLE ({statement.sql}\n)", query_id=f"cell-{uuid4().hex[:16]}"
        )
        try:
            with self._gateway.run(asked) as chunks:
                described = frames.read(chunks, 2**62, asked.sql).table
        except SqlError:
            return []  # a statement with a tail of its own (FORMAT, SETTINGS) has no place inside another
        return [str(name) for name in described.column("type").to_pylist()]


def _store() -> Any:
    """Jupysql's own memory of saved queries; imported late, because it is slow to import."""
    from sql.connection import ConnectionManager
    from sql.store import store

    ConnectionManager.current = _ClickHouseNames()
    return store


class _ClickHouseNames:
    """All that jupysql's memory asks of a connection: how names are quoted. Statements go another way."""

    def is_use_backtick_template(self) -> bool:
        """ClickHouse takes backticks."""
        return True


def _tell(text: str) -> None:
    """Say something about a query to whoever wrote it; dashboards leave it out by its metadata."""
    display({"text/plain": text}, raw=True, metadata={"notehouse": "told"})  # type: ignore[no-untyped-call]


def _told(result: frames.Result, seconds: float) -> str:
    rows = result.table.num_rows
    told = f"{rows:,} {'row' if rows == 1 else 'rows'} in {seconds:.2f} s"
    if result.truncated:
        told += (
            f". There are more: only the first {rows:,} were fetched. --limit N fetches N, --all every row."
        )
    return told


def _settings(asked: Arguments) -> dict[str, str]:
    """Whether the database may answer from its memory of earlier queries of the same rights."""
    return {} if asked.cache else {"use_query_cache": "0"}
