"""What was measured, and does it meet its target?"""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Figure:
    """A quantity measured several times."""

    median: float
    least: float
    most: float
    unit: str
    times: int = 1

    @classmethod
    def of(cls, values: Iterable[float], unit: str) -> Figure:
        """Return the figure of these measurements."""
        each = sorted(values)
        return cls(statistics.median(each), each[0], each[-1], unit, len(each))

    def __str__(self) -> str:
        if self.times == 1:
            return f"{self.median:,.4g} {self.unit}"
        return f"{self.median:,.4g} {self.unit} ({self.least:,.3g}-{self.most:,.3g})"


@dataclass(frozen=True)
class Result:
    """One line of the table: ours, what it is measured against, and what the target asks."""

    target: str
    what: str
    ours: Figure | None
    against: Figure | None
    found: str
    asked: str
    met: bool

    def plain(self) -> dict[str, Any]:
        """Return the line as JSON has it."""
        return asdict(self)


def at_most(target: str, what: str, ours: Figure, limit: float) -> Result:
    """Ours is no more than a limit."""
    asked = f"≤ {limit:g} {ours.unit}"
    return Result(target, what, ours, None, f"{ours.median:,.4g} {ours.unit}", asked, ours.median <= limit)


def ratio(target: str, what: str, ours: Figure, against: Figure, most: float) -> Result:
    """Ours is at most so many times the other."""
    found = ours.median / against.median
    return Result(target, what, ours, against, f"{found:.2f} times", f"≤ {most:g} times", found <= most)


def times_better(target: str, what: str, ours: Figure, against: Figure, least: float) -> Result:
    """Ours is at least so many times the other, where more is better."""
    found = ours.median / against.median
    return Result(target, what, ours, against, f"{found:,.3g} times", f"≥ {least:g} times", found >= least)


def more(target: str, what: str, ours: Figure, against: Figure, most: float) -> Result:
    """Ours is at most so much more than the other."""
    found = ours.median - against.median
    return Result(target, what, ours, against, f"{found:+.2f} {ours.unit}", f"≤ +{most:g}", found <= most)


def holds(target: str, what: str, found: str, asked: str, met: bool) -> Result:
    """Something is so, or is not."""
    return Result(target, what, None, None, found, asked, met)


def table(results: Iterable[Result]) -> str:
    """Return the results as a table of text."""
    heads = ("", "target", "what", "ours", "against", "found", "asked")
    rows = [heads] + [
        ("✓" if one.met else "✗", one.target, one.what, *(str(each or "") for each in (one.ours, one.against)),
         one.found, one.asked)
        for one in results
    ]  # fmt: skip
    widths = [max(len(row[column]) for row in rows) for column in range(len(heads))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows
    )
