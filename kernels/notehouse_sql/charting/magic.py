"""`%%chart` and `%chart`: a chart of the SELECT below, or of a table."""

from __future__ import annotations

from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, line_cell_magic, magics_class

from notehouse_sql.arguments import DEFAULT_SOURCE
from notehouse_sql.charting import request
from notehouse_sql.charting.chart import draw
from notehouse_sql.errors import SqlError
from notehouse_sql.relation import relation
from notehouse_sql.session import Session


@magics_class
class ChartMagics(Magics):
    """Charts by a line of words."""

    def __init__(self, shell: InteractiveShell, session: Session) -> None:
        super().__init__(shell)
        self._session = session

    @line_cell_magic
    def chart(self, line: str, cell: str | None = None) -> Any:
        """Draw: %%chart [source] x=… y=… color=… agg=… kind=… above a SELECT, or %chart TABLE x=…."""
        name, asked = request.parse(line)
        if cell is None and not name:
            raise SqlError("Name a table or a saved query: %chart flights x=month")
        of = relation(cell, name or DEFAULT_SOURCE) if cell is not None else relation(name)
        return draw(self._session, of, asked)
