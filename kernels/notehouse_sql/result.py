"""`Result`: a query by its name, whose rows are fetched when somebody wants them, in the form they want."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from notehouse_sql import frames, snippets, table_frames
from notehouse_sql.arguments import DEFAULT_LIMIT
from notehouse_sql.relation import Relation
from notehouse_sql.session import Session

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

_PREVIEW = 10  # rows


class Result:
    """A saved query and its rows. `df`, `polars` and `arrow` fetch once; `chart` and `explore` fetch what they show."""

    def __init__(
        self, session: Session, source: str, name: str, sql: str, limit: int | None = DEFAULT_LIMIT
    ) -> None:
        self.name = name
        self.sql = sql
        self._session, self._source, self._limit = session, source, limit
        self._fetched: frames.Result | None = None

    def arrow(self) -> pa.Table:
        """The rows as an Arrow table."""
        return self._rows().table

    def df(self) -> pd.DataFrame:
        """The rows as a pandas frame."""
        return table_frames.pandas_frame(self.arrow())

    def polars(self) -> pl.DataFrame:
        """The rows as a polars frame."""
        return table_frames.polars_frame(self.arrow())

    def chart(self, x: str = "", y: str = "", **options: Any) -> Any:
        """Draw the rows without fetching them: see `chart`."""
        from notehouse_sql.charting.chart import draw
        from notehouse_sql.charting.request import ChartRequest

        options["bins"] = str(options.get("bins", ""))
        return draw(self._session, self.as_relation(), ChartRequest(x, y, **options))

    def explore(self) -> Any:
        """Look at the rows without code: see `explore`."""
        from notehouse_sql.exploring.widget import widget

        return widget(self.as_relation(), self._session)

    def refresh(self) -> Result:
        """Forget what was fetched; variables have the values they have when it is fetched again."""
        self._fetched = None
        return self

    def as_relation(self) -> Relation:
        """What stands for this query after FROM."""
        return Relation(self._source, f"({self.sql}\n)", self.name)

    def _rows(self) -> frames.Result:
        if self._fetched is None:
            self._fetched = self._session.ask(self.sql, self._source, limit=self._limit)
            if self._fetched.truncated:
                print(
                    f"There are more: only the first {self._limit:,} rows were fetched. %%sql --all fetches every row."
                )
        return self._fetched

    def __repr__(self) -> str:
        state = f"{self._fetched.table.num_rows:,} rows fetched" if self._fetched else "not fetched"
        return f"<{self.name}: {state}; .df() .polars() .arrow() .chart(x=…) .explore()>"

    def _repr_html_(self) -> str:
        """The first rows, which are all that this fetches."""
        shown = self._session.ask(
            f"SELECT * FROM ({snippets.bare(self.sql)}\n) LIMIT {_PREVIEW}", self._source
        ).table
        return f"{table_frames.pandas_frame(shown).to_html()}<p>{escape(repr(self))}</p>"
