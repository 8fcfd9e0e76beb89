"""Charts are shown without anything from elsewhere."""

from __future__ import annotations

import altair
from IPython.core.formatters import DisplayFormatter
from IPython.core.interactiveshell import InteractiveShell

from notehouse_sql.charting.showing import show_charts


def shell_formatter() -> DisplayFormatter:
    shell = InteractiveShell()
    show_charts(shell)
    assert shell.display_formatter is not None
    return shell.display_formatter


def test_a_chart_is_a_specification_and_pictures_and_fetches_nothing() -> None:
    formatter = shell_formatter()
    chart = altair.Chart(altair.Data(values=[{"x": "a", "y": 1}])).mark_bar().encode(x="x:N", y="y:Q")
    shown, _ = formatter.format(chart + chart)
    assert {"application/vnd.vegalite.v6+json", "image/svg+xml", "image/png"} <= set(shown)
    assert "text/html" not in shown
    assert shown["image/svg+xml"].startswith("<svg")


def test_a_renderer_that_somebody_chose_is_used() -> None:
    formatter = shell_formatter()
    chart = altair.Chart(altair.Data(values=[])).mark_point()
    with altair.renderers.enable("mimetype"):
        shown, _ = formatter.format(chart)
    assert "image/png" not in shown
    assert any("vegalite" in kind for kind in shown)
