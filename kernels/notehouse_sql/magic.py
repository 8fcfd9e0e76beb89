"""`%sql`, `%%sql` and `%sqlcmd`: jupysql's language, executed by the query gateway."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, line_cell_magic, magics_class
from IPython.display import display

from notehouse_core import query_cache
from notehouse_sql import arguments, commands, frames, snippets, table_frames
from notehouse_sql.arguments import Arguments
from notehouse_sql.estimating import Threshold
from notehouse_sql.helping.catalog import Catalog
from notehouse_sql.helping.hints import hints
from notehouse_sql.interaction import interaction
from notehouse_sql.progress import size
from notehouse_sql.result import Result
from notehouse_sql.session import Cost, Session

_WRITES = re.compile(r"\s*(?:--[^\n]*\n\s*|/\*.*?\*/\s*)*INSERT\b", re.IGNORECASE | re.DOTALL)


@magics_class
class SqlMagics(Magics):
    """SQL in a shell; queries saved under a name compose by `--with`."""

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self._variables: dict[str, Any] = shell.user_ns
        self.session = Session(shell.user_ns)
        self.catalog = Catalog(self.session)
        self._threshold = Threshold(self.session)

    @line_cell_magic
    def sql(self, line: str, cell: str | None = None) -> Any:
        """Run SQL and answer a frame: %%sql [source] [name <<] [--as NAME] [--with NAME] [--limit N | --all]."""
        asked = arguments.parse(line, cell)
        asked.use = asked.use or snippets.used_in(asked.sql, but=asked.keep or asked.save)
        for name in (asked.keep, asked.save):
            if name:
                snippets.keep(name, asked.sql, asked.use)
        if asked.keep:
            return self._kept(asked)
        if not asked.execute:
            return None
        if asked.interact:
            return interaction(asked.interact, self._variables, lambda values: self._run(asked, values))
        frame = self._run(asked)
        if asked.assign is None:
            return frame
        self._variables[asked.assign] = frame
        return None

    @line_cell_magic
    def sqlcmd(self, line: str, cell: str | None = None) -> Any:
        """Show what there is: %sqlcmd sources | tables | columns TABLE | history | estimate SELECT … | profile TABLE | …."""
        return commands.run(self.session, line, cell)

    def _kept(self, asked: Arguments) -> None:
        """Keep a query under a name, for SQL and for Python, without fetching anything."""
        assert asked.keep is not None  # noqa: S101 - checked by the caller
        text = snippets.composed(asked.sql, asked.use)
        self._variables[asked.keep] = Result(self.session, asked.source, asked.keep, text, asked.limit)
        print(
            f"Kept as {asked.keep}, and nothing was fetched. In SQL: %%sql --with {asked.keep}. "
            f"In Python: {asked.keep}.df(), .polars(), .arrow(), .chart(x=…), .explore()."
        )

    def _run(self, asked: Arguments, values: Mapping[str, Any] | None = None) -> Any:
        text = snippets.composed(asked.sql, asked.use)
        statement = self.session.bound(text, asked.source, _settings(asked), values)
        self._threshold.check(statement, self.shell)
        began = time.monotonic()
        if _WRITES.match(statement.sql):
            written = self.session.write(statement)
            seconds = self.session.remember(text, written, began)
            _tell(f"{written:,} {'row' if written == 1 else 'rows'} written in {seconds:.2f} s")
            return None
        result = self.session.fetch(statement, asked.limit)
        cost = self.session.cost
        seconds = self.session.remember(text, result.table.num_rows, began)
        _tell("\n".join([_told(result, seconds, cost), *hints(self.catalog, text, cost.rows)]))
        return _formed(result, asked.form)


def _formed(result: frames.Result, form: str) -> Any:
    if form == "arrow":
        return result.table
    return table_frames.polars_frame(result.table) if form == "polars" else result.frame()


def _tell(text: str) -> None:
    """Say something about a query to whoever wrote it; dashboards leave it out by its metadata."""
    display({"text/plain": text}, raw=True, metadata={"notehouse": "told"})  # type: ignore[no-untyped-call]


def _told(result: frames.Result, seconds: float, cost: Cost) -> str:
    rows = result.table.num_rows
    told = f"{rows:,} {'row' if rows == 1 else 'rows'} in {seconds:.2f} s"
    if cost.age is not None:
        told += f", remembered for {cost.age} s: --no-cache reads again"
    elif cost.rows:
        told += f", {cost.rows:,} read ({size(cost.bytes)})"
    if result.truncated:
        told += (
            f". There are more: only the first {rows:,} were fetched. --limit N fetches N, --all every row."
        )
    return told


def _settings(asked: Arguments) -> dict[str, str]:
    """Whether the database may answer from its memory of the same rights' slow queries of the last minute."""
    if not asked.cache:
        return {"use_query_cache": "0"}
    return query_cache.SETTINGS if query_cache.suits(asked.sql) else {}
