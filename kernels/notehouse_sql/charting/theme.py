"""How charts look: colours that read by day and by night on a page of any colour, or a page of their own."""

from __future__ import annotations

from typing import Any

PALETTE = ["#3b6fd4", "#e0912f", "#2f9e77", "#c2557a", "#8a63d2", "#3f9fb5", "#b0852c", "#d4603b", "#7a8496"]
BLUE = PALETTE[0]
_INKS = {"": "#7a8496", "light": "#4a5261", "dark": "#a9b3c3"}
_PAGES = {"": "transparent", "light": "#ffffff", "dark": "#12161d"}
_TITLES = {"": "#7a8496", "light": "#1d2330", "dark": "#e6ebf2"}


def deep(theme: str) -> list[str]:
    """Colours from little to much."""
    return ["#22324f", "#7fb0ff"] if theme == "dark" else ["#3b6fd41f", "#3b6fd4"]


def _padding(around: int) -> dict[str, int]:
    """Points around a chart; a legend on the right may be written wider by a browser than it was measured for a picture."""
    return {"left": around, "top": around, "bottom": around, "right": around + 10}


def dressed(chart: Any, theme: str) -> Any:
    """The chart in the colours of a theme; without one it lies on whatever page there is."""
    ink, line = _INKS[theme], f"{_INKS[theme]}33"
    return (
        chart.configure(background=_PAGES[theme], padding=_padding(8 if theme else 2))
        .configure_axis(
            labelColor=ink, titleColor=ink, gridColor=line, domainColor=line, tickColor=line, labelFontSize=12,
            titleFontSize=12, titleFontWeight="normal", labelLimit=180,
        )
        .configure_legend(
            labelColor=ink, titleColor=ink, labelFontSize=12, titleFontSize=12, titleFontWeight="normal",
            labelLimit=180,
        )
        .configure_title(
            color=_TITLES[theme], subtitleColor=ink, fontSize=15, subtitleFontSize=12, anchor="start", offset=12,
        )
        .configure_view(stroke=None)
    )  # fmt: skip
