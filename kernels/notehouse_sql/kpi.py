"""Key figures for a dashboard: a value with its unit, how it changed, and a small line of how it came about."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

_GOOD, _BAD, _EVEN = "#2f9e77", "#c0453b", "#7a8496"
_WIDTH, _HEIGHT, _EDGE = 120.0, 34.0, 3.0
_CARD = (
    "flex:1 1 8.6em;min-width:0;box-sizing:border-box;padding:.85em 1.05em;border-radius:12px;"
    "background:color-mix(in srgb,currentColor 5%,transparent);position:relative;overflow:hidden"
)


@dataclass(frozen=True)
class Kpi:
    """One figure; `before` is what it is compared with, `trend` the values of the line, oldest first."""

    value: float | str
    title: str
    unit: str = ""
    before: float | None = None
    trend: Sequence[float] = ()
    good: str = "up"
    decimals: int = 0

    def __post_init__(self) -> None:
        if self.good not in {"up", "down", "neither"}:
            raise ValueError(f"good is {self.good!r}, but must be 'up', 'down' or 'neither'.")

    @property
    def shown(self) -> str:
        """The value as people read it."""
        if isinstance(self.value, str):
            return self.value
        return "\N{EN DASH}" if math.isnan(self.value) else f"{self.value:,.{self.decimals}f}"

    @property
    def change(self) -> float | None:
        """By how many percent it is more than before; None where that has no meaning."""
        if self.before is None or isinstance(self.value, str) or not self.before:
            return None
        return 100 * (self.value - self.before) / abs(self.before)

    def _repr_html_(self) -> str:
        return kpis(self)._repr_html_()

    def card(self) -> str:
        """The figure as HTML that needs no style sheet."""
        unit = f'<span style="font-size:.55em;font-weight:550;opacity:.75"> {escape(self.unit)}</span>'
        return (
            f'<div style="{_CARD}"><div style="opacity:.72;font-size:.9em">{escape(self.title)}</div>'
            f'<div style="font-size:1.75em;font-weight:680;letter-spacing:-.015em;line-height:1.25">'
            f"<span>{escape(self.shown)}</span>{unit if self.unit else ''}</div>{self._changed()}{self._line()}</div>"
        )

    def _changed(self) -> str:
        if (change := self.change) is None:
            return ""
        rises = {"up": change > 0, "down": change < 0}.get(self.good)
        even = rises is None or abs(change) < 0.05
        colour = _EVEN if even else _GOOD if rises else _BAD
        arrow = "▲" if change > 0 else "▼" if change < 0 else "■"
        return (
            f'<div style="font-size:.84em;color:{colour};font-weight:600">'
            f'<span aria-hidden="true">{arrow}</span> {change:+.1f} %</div>'
        )

    def _line(self) -> str:
        values = [float(one) for one in self.trend if one is not None and not math.isnan(float(one))]
        if len(values) < 2:
            return ""
        low, high = min(values), max(values)
        across, up = _WIDTH / (len(values) - 1), (_HEIGHT - 2 * _EDGE) / ((high - low) or 1)
        points = [
            f"{place * across:.1f},{_HEIGHT - _EDGE - (one - low) * up:.1f}"
            for place, one in enumerate(values)
        ]
        told = f"{self.title}: from {values[0]:,.{self.decimals}f} to {values[-1]:,.{self.decimals}f}"
        return (
            f'<svg viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" preserveAspectRatio="none" role="img" aria-label="{escape(told)}" '
            'style="display:block;width:100%;min-width:0;height:2.3em;margin-top:.35em;color:var(--nh-accent,#3b6fd4)">'
            f'<path d="M0,{_HEIGHT:g} L{" L".join(points)} L{_WIDTH:g},{_HEIGHT:g} Z" fill="currentColor" opacity=".13"/>'
            f'<polyline points="{" ".join(points)}" fill="none" stroke="currentColor" stroke-width="1.8" '
            'stroke-linejoin="round" stroke-linecap="round" vector-effect="non-scaling-stroke"/></svg>'
        )


@dataclass(frozen=True)
class Kpis:
    """Figures beside each other."""

    items: tuple[Kpi, ...]

    def _repr_html_(self) -> str:
        cards = "".join(one.card() for one in self.items)
        return f'<div style="display:flex;flex-wrap:wrap;gap:.8em">{cards}</div>'


def kpi(
    value: float | str,
    title: str,
    *,
    unit: str = "",
    before: float | None = None,
    trend: Iterable[float] = (),
    good: str = "up",
    decimals: int = 0,
) -> Kpi:
    """Make a key figure.

    Args:
        value: the figure, or a text that is shown as it is.
        title: what it is.
        unit: written small behind it.
        before: what it is compared with; the change is told in percent.
        trend: values of a small line, oldest first.
        good: whether "up" or "down" is good news, for the colour of the change; or "neither".
        decimals: digits behind the point.

    Raises:
        ValueError: when `good` is none of these.
    """
    return Kpi(
        value if isinstance(value, str) else float(value), title, unit, before, tuple(trend), good, decimals
    )


def kpis(*items: Kpi) -> Kpis:
    """Put figures beside each other, as wide as the tile; on a phone below each other."""
    return Kpis(items)
