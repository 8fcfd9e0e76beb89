"""SQL in notebooks: `%%sql` runs on the query gateway and answers a frame. Loaded by the kernel spec `notehouse`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notehouse_sql.alert import raise_alert
from notehouse_sql.charting.chart import chart
from notehouse_sql.exploring.explore import explore
from notehouse_sql.filtering import filter
from notehouse_sql.inserting import insert
from notehouse_sql.kpi import kpi, kpis

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


__all__ = ["chart", "explore", "filter", "insert", "kpi", "kpis", "load_ipython_extension", "raise_alert"]


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Give a shell its magics, names such as `chart` and `insert`, and charts that need nothing from elsewhere."""
    from notehouse_sql.charting.magic import ChartMagics
    from notehouse_sql.charting.showing import show_charts
    from notehouse_sql.charting.sqlplot import PlotMagics
    from notehouse_sql.expecting.magic import ExpectMagics
    from notehouse_sql.helping.installing import install
    from notehouse_sql.magic import SqlMagics

    magics = SqlMagics(shell)
    shell.register_magics(magics, ChartMagics(shell, magics.session), ExpectMagics(shell, magics.session))
    shell.register_magics(PlotMagics(shell, magics.session))
    names = {
        "chart": chart, "explore": explore, "filter": filter, "insert": insert, "kpi": kpi, "kpis": kpis,
    }  # fmt: skip
    shell.push(names, interactive=False)  # type: ignore[no-untyped-call]
    show_charts(shell)
    install(shell, magics.catalog)
