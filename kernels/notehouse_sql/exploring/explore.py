"""`explore`: a table without code. Light to import; the widget comes when it is asked for."""

from __future__ import annotations

from typing import Any

from notehouse_sql.arguments import DEFAULT_SOURCE
from notehouse_sql.relation import relation


def explore(of: Any, source: str = DEFAULT_SOURCE) -> Any:
    """Look at a table, a saved query, a SELECT or a result: fields, filters, a chart, and the SQL. Raises SqlError."""
    from notehouse_sql.exploring.widget import widget

    return widget(relation(of, source))
