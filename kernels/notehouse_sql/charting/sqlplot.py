"""`%sqlplot` and `%sqlrender`: jupysql's words for a plot of a table, and for the whole text of a saved query.

Everything is counted in the database. `%%chart` says more.
"""

from __future__ import annotations

import argparse
import shlex
from typing import Any, NoReturn

from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, line_magic, magics_class

from notehouse_sql import snippets
from notehouse_sql.charting import theme
from notehouse_sql.charting.chart import draw
from notehouse_sql.charting.request import ChartRequest
from notehouse_sql.errors import SqlError
from notehouse_sql.relation import Relation, columns_of, quoted, relation
from notehouse_sql.session import Session

MOST_SLICES = len(theme.PALETTE)  # a colour each
_KINDS = {
    "histogram": "histogram", "hist": "histogram", "boxplot": "box", "box": "box", "bar": "bar", "pie": "pie",
}  # fmt: skip
_HELP = (
    "It is written: %sqlplot histogram | boxplot | bar | pie --table NAME --column NAME [NAME] [--bins N] "
    "[--schema NAME] [--with SAVED]"
)
_COUNTED = """
SELECT if(nh_place < {most:UInt8}, nh_value, 'others') AS value, sum(nh_rows) AS rows FROM (
    SELECT nh_value, nh_rows, row_number() OVER (ORDER BY nh_rows DESC, nh_value) AS nh_place FROM (
        SELECT ifNull(toString(%s), 'none') AS nh_value, %s AS nh_rows FROM %s GROUP BY nh_value
    )
) GROUP BY value ORDER BY rows DESC
"""


@magics_class
class PlotMagics(Magics):
    """Plots in jupysql's words."""

    def __init__(self, shell: InteractiveShell, session: Session) -> None:
        super().__init__(shell)
        self._session = session

    @line_magic
    def sqlplot(self, line: str) -> Any:
        """Draw a column of a table or a saved query: %sqlplot histogram --table flights --column dep_delay."""
        return plotted(self._session, line)

    @line_magic
    def sqlrender(self, line: str) -> None:
        """Show the whole text of a saved query, with those it is built on."""
        print(rendered(line.strip()))


def plotted(session: Session, line: str) -> Any:
    """The chart that a line asks for. Raises SqlError."""
    asked = _parsed(line)
    of, kind = relation(f"{asked.schema}.{asked.table}" if asked.schema else asked.table), _KINDS[asked.plot]
    columns = [name for given in asked.column for name in given.split(",") if name]
    if unknown := [name for name in columns if name not in columns_of(session, of)]:
        raise SqlError(f"{of.title} has no column {unknown[0]}.")
    if len(columns) > 2 or (len(columns) == 2 and kind in {"histogram", "box"}):
        raise SqlError(
            f"A {asked.plot} shows {'one column' if kind in {'histogram', 'box'} else 'at most two'}. {_HELP}"
        )
    if kind == "pie":
        return _pie(session, of, columns)
    bins = str(asked.bins) if kind == "histogram" and asked.bins else ""
    y = columns[1] if len(columns) > 1 else ""
    return draw(session, of, ChartRequest(columns[0], y, agg="sum" if y else "", kind=kind, bins=bins))


def rendered(name: str) -> str:
    """The text of a saved query, with those it is built on in front. Raises SqlError."""
    text = snippets.text_of(name)
    return snippets.composed(text, snippets.used_in(text, but=name))


def _pie(session: Session, of: Relation, columns: list[str]) -> Any:
    import altair as alt

    measured = f"sum({quoted(columns[1])})" if len(columns) > 1 else "count()"
    sql = _COUNTED % (quoted(columns[0]), measured, of.sql)
    rows = session.ask(sql, of.source, values={"most": MOST_SLICES}).table.to_pylist()
    data = {"values": [{**row, "rows": float(row["rows"])} for row in rows]}
    base = alt.Chart.from_dict({"data": data, "mark": "arc"}).encode(
        theta=alt.Theta("rows:Q", stack=True),
        order=alt.Order("rows:Q", sort="descending"),
        color=alt.Color(
            "value:N",
            title=columns[0],
            sort=[row["value"] for row in rows],
            scale=alt.Scale(range=theme.PALETTE),
        ),
        tooltip=[alt.Tooltip("value:N", title=columns[0]), alt.Tooltip("rows:Q", title=measured, format=",")],
    )
    chart = base.mark_arc(outerRadius=130, innerRadius=60, padAngle=0.01, cornerRadius=2)
    return theme.dressed(chart.properties(width=300, height=280), "")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise SqlError(f"{message}. {_HELP}")


def _parsed(line: str) -> argparse.Namespace:
    parser = _Parser(add_help=False)
    parser.add_argument("plot", choices=_KINDS)
    parser.add_argument("-t", "--table", required=True)
    parser.add_argument("-s", "--schema")
    parser.add_argument("-c", "--column", nargs="+", required=True)
    parser.add_argument("-b", "--bins", type=int)
    parser.add_argument("-w", "--with", action="append")  # saved queries are found by their names
    try:
        return parser.parse_args(shlex.split(line))
    except ValueError as error:
        raise SqlError(f"This line cannot be read ({error}). {_HELP}") from error
