"""A key figure says its value, its change in the right colour, and its line in words."""

from __future__ import annotations

import math

import pytest

from notehouse_sql import kpi, kpis


def test_a_figure_with_its_change_and_line() -> None:
    shown = kpi(58665, "Flights <all>", unit="a year", before=50000, trend=[3, math.nan, 5, 4])._repr_html_()
    assert "<span>58,665</span>" in shown
    assert "Flights &lt;all&gt;" in shown
    assert "+17.3 %" in shown
    assert 'aria-label="Flights &lt;all&gt;: from 3 to 4"' in shown
    assert shown.count("<polyline") == 1


@pytest.mark.parametrize(
    ("value", "good", "colour"), [(2, "up", "#2f9e77"), (2, "down", "#c0453b"), (2, "neither", "#7a8496")]
)
def test_the_colour_says_whether_a_change_is_good_news(value: float, good: str, colour: str) -> None:
    assert colour in kpi(value, "x", before=1, good=good)._repr_html_()


def test_what_has_no_change_or_line_shows_none() -> None:
    shown = kpis(
        kpi("n/a", "x", before=1), kpi(math.nan, "y", trend=[1]), kpi(1, "z", before=0)
    )._repr_html_()
    assert "%" not in shown.replace("5%", "").replace("100%", "")
    assert "<svg" not in shown
    assert ">\N{EN DASH}<" in shown
    with pytest.raises(ValueError, match="up"):
        kpi(1, "x", good="sideways")
