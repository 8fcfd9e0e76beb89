"""SQL in notebooks: `%%sql` runs on the query gateway and answers a frame. Loaded by the kernel spec `notehouse`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notehouse_sql.alert import raise_alert

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


__all__ = ["load_ipython_extension", "raise_alert"]


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Give a shell `%sql`, `%%sql` and `%sqlcmd`, and charts that need nothing from elsewhere."""
    from notehouse_sql.charts import show_charts
    from notehouse_sql.magic import SqlMagics

    shell.register_magics(SqlMagics(shell))
    show_charts(shell)
