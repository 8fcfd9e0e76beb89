"""`%%sql --interact NAME`: a control for a variable; the statement runs again with what it is set to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from IPython.display import display

from notehouse_sql.errors import SqlError


def interaction(
    names: Sequence[str], variables: Mapping[str, Any], run: Callable[[dict[str, Any]], Any]
) -> Any:
    """Controls for these variables, of the kind that suits each one's value (as ipywidgets chooses), above the rows.

    Raises SqlError for a variable that there is not.
    """
    import ipywidgets as widgets

    if missing := [name for name in names if name not in variables]:
        raise SqlError(f"There is no variable {missing[0]} to begin with: set it in a cell above.")

    def show(**values: Any) -> None:
        display(run(values))  # type: ignore[no-untyped-call]

    widgets.interact(show, **{name: variables[name] for name in names})
