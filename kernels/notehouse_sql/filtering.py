"""`filter`: a control of the dashboard that a notebook becomes; in the notebook itself, the value it begins with."""

from __future__ import annotations

import builtins
from typing import Any

from notehouse_core.errors import Invalid
from notehouse_core.filters import value_of
from notehouse_sql.errors import SqlError


def filter(kind: Any, /, *given: Any, **options: Any) -> Any:
    """Make a filter of a dashboard, in the cell tagged `parameters`; returns its value, to be used as any other.

    `filter("select", choices, value=, label=)` one of several, `filter("multi", choices, value=[])` some of them,
    `filter("range", low, high)` and `filter("date range", "2026-01-01", "2026-12-31")` two ends as a list,
    `filter("search", "")` a text. `choices` is a list, or a SELECT of one column that may name other filters as
    {{name}}. Python's own `filter(function, values)` works as ever. Raises SqlError.
    """
    if not isinstance(kind, str):
        return builtins.filter(kind, *given, **options)
    try:
        return value_of(kind, list(given), options)
    except Invalid as error:
        raise SqlError(error.message) from None
