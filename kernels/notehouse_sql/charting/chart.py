"""`chart`: a picture of a table, a saved query or a SELECT, however many rows it has."""

from __future__ import annotations

from typing import Any

from notehouse_sql import session as sessions
from notehouse_sql.arguments import DEFAULT_SOURCE
from notehouse_sql.charting.axes import Column
from notehouse_sql.charting.counting import counted
from notehouse_sql.charting.plan import Columns
from notehouse_sql.charting.request import ChartRequest
from notehouse_sql.relation import Relation, columns_of, quoted, relation
from notehouse_sql.session import Session

MOST_ROWS = 5000  # of a chart's own statements


def chart(
    of: Any,
    x: str = "",
    y: str = "",
    *,
    color: str = "",
    agg: str = "",
    kind: str = "",
    bins: int | str = "",
    title: str = "",
    theme: str = "",
    width: int = 640,
    height: int = 300,
    source: str = DEFAULT_SOURCE,
) -> Any:
    """Draw a table, a saved query, a SELECT or a result; the database counts, and only what is drawn is fetched.

    x, y and color are columns or expressions of SQL. kind: bar, line, area, histogram, heatmap, box, scatter, map (x is
    the longitude, y the latitude). agg: count, sum, avg, min, max, median, uniq, p95 and the like, of y (of color in a
    heat map). bins: a number, or for times a span such as "week". Returns an Altair chart. Raises SqlError.
    """
    request = ChartRequest(x, y, color, agg, kind, str(bins), title, theme, width, height)
    return draw(sessions.current(), relation(of, source), request)


def draw(session: Session, of: Relation, request: ChartRequest) -> Any:
    """The chart that a request asks for. Raises SqlError."""
    from notehouse_sql.charting.drawing import drawn

    def ask(sql: str) -> list[dict[str, Any]]:
        rows = session.ask(sql, of.source, limit=MOST_ROWS).table.to_pylist()
        return [{name.removeprefix("nh_"): value for name, value in row.items()} for row in rows]

    columns = _columns(session, of, request)
    return drawn(counted(ask, of.sql, request, columns))


def _columns(session: Session, of: Relation, request: ChartRequest) -> Columns:
    """What is on the axes, with the types that the database gives it."""
    known = columns_of(session, of)
    asked = {name: given for name in ("x", "y", "color") if (given := getattr(request, name))}
    sql = {name: quoted(given) if given in known else f"({given})" for name, given in asked.items()}
    missing = {name: given for name, given in asked.items() if given not in known}
    types = {name: known[given] for name, given in asked.items() if given in known}
    if missing:
        parts = ", ".join(f"{sql[name]} AS {quoted(name)}" for name in missing)
        described = session.ask(f"DESCRIBE TABLE (SELECT {parts} FROM {of.sql})", of.source).table
        types |= dict(zip(missing, described.column("type").to_pylist(), strict=True))
    made = {name: Column(sql[name], types[name], given) for name, given in asked.items()}
    return Columns(made["x"], made.get("y"), made.get("color"))
