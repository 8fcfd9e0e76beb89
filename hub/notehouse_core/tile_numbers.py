"""What numbers does a tile show? Tables, charts and texts of an executed cell, each number under its words. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from html.parser import HTMLParser
from typing import Any

MOST = 20_000  # numbers looked at in one tile
_MINUS, _SPACES = "\N{MINUS SIGN}", "\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}"
_NUMBER = re.compile(
    rf"(?<![\w.])[+\-{_MINUS}]?(?:\d{{1,3}}(?:[,{_SPACES}]\d{{3}})+|\d+)(?:\.\d+)?(?:[eE][+-]?\d+)?(?!\w)"
)
_VEGA = re.compile(r"application/vnd\.vega(?:lite)?\.v\d+\+json")
_WORDS = 6  # of a text's words that name the number after them


def numbers_of(outputs: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """The numbers of a cell's outputs (nbformat) by a label that is the same whenever the cell runs."""
    found: dict[str, float] = {}
    for label, value in _all(outputs):
        if len(found) >= MOST:
            break
        name, again = label, 2
        while name in found:
            name, again = f"{label} ({again})", again + 1
        found[name] = value
    return found


def _all(outputs: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, float]]:
    for output in outputs:
        data = output.get("data") or {}
        chart = next((data[kind] for kind in data if _VEGA.fullmatch(kind)), None)
        if isinstance(chart, Mapping):
            yield from _of_chart(chart)
        elif "image/svg+xml" in data:
            yield from _of_drawing(_text(data["image/svg+xml"]))
        elif "text/html" in data:
            yield from _of_page(_text(data["text/html"]))
        elif plain := _text(data.get("text/plain") or output.get("text") or ""):
            yield from _of_text(plain)


def _of_chart(spec: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """The rows that a Vega or Vega-Lite specification brings with it."""
    sets = list((spec.get("datasets") or {}).values())
    own = spec.get("data")
    if isinstance(own, Mapping) and isinstance(own.get("values"), list):
        sets.append(own["values"])
    for rows in sets:
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, Mapping):
                yield from _of_row(row)


def _of_row(row: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    key = ", ".join(f"{value}" for value in row.values() if isinstance(value, str))
    for name, value in row.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield f"{key}: {name}" if key else str(name), float(value)


def _of_drawing(svg: str) -> Iterator[tuple[str, float]]:
    """What the marks of a drawn chart say to those who cannot see it: `month: 1; delay: 3.2`."""
    for words in re.findall(r'aria-label="([^"]*)"', svg):
        parts = [part.partition(": ") for part in words.split("; ")]
        if any(not value for _, _, value in parts):
            continue
        values = {name: _number(value) for name, _, value in parts}
        texts = [value for name, _, value in parts if values[name] is None]
        *keys, last = [name for name, value in values.items() if value is not None] or [""]
        if last:
            key = ", ".join([*texts, *(f"{name} {values[name]:g}" for name in keys)])
            yield f"{key}: {last}" if key else last, float(values[last] or 0)


def _of_page(html: str) -> Iterator[tuple[str, float]]:
    reader = _Reader()
    reader.feed(html)
    for head, rows in reader.tables:
        for row in rows:
            yield from _of_line(head, row)
    yield from _of_text(" ".join(reader.words))


def _of_line(head: list[str], row: list[str]) -> Iterator[tuple[str, float]]:
    """The numbers of a table's row under its words, or its first number where it has none."""
    values = [_number(cell) for cell in row]
    words = [cell for cell, value in zip(row, values, strict=True) if value is None and cell]
    key = ", ".join(words) or (row[0] if row else "")
    first = 0 if words else 1
    for place, value in enumerate(values):
        if value is not None and place >= first:
            name = head[place] if place < len(head) else str(place + 1)
            if name:  # a frame's index has none
                yield f"{key}: {name}", value


def _of_text(text: str) -> Iterator[tuple[str, float]]:
    """Each number under the words that follow it up to the next, or where none do, those before it."""
    places = list(_NUMBER.finditer(text))
    for one, following in zip(places, [*places[1:], None], strict=False):
        after = text[one.end() : following.start() if following else None].split()
        before = text[: one.start()].split()
        words = after[:_WORDS] if after else before[-_WORDS:]
        yield " ".join(words) or "number", _number(one[0]) or 0.0


def _number(text: str) -> float | None:
    plain = re.sub(f"[,{_SPACES}]", "", text.strip()).replace(_MINUS, "-")
    try:
        value = float(plain)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _text(value: Any) -> str:
    return "".join(value) if isinstance(value, list) else str(value)


class _Reader(HTMLParser):
    """Tables and words of a piece of HTML."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[tuple[list[str], list[list[str]]]] = []
        self.words: list[str] = []
        self._cell: list[str] | None = None
        self._row: list[tuple[str, str]] = []
        self._quiet = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note where a table, a row or a cell begins."""
        if tag in {"style", "script"}:
            self._quiet += 1
        elif tag == "table":
            self.tables.append(([], []))
        elif tag == "tr":
            self._row = []
        elif tag in {"td", "th"}:
            self._cell = []

    def handle_endtag(self, tag: str) -> None:
        """Keep what has ended."""
        if tag in {"style", "script"}:
            self._quiet = max(self._quiet - 1, 0)
        elif tag in {"td", "th"} and self._cell is not None:
            self._row.append((tag, " ".join("".join(self._cell).split())))
            self._cell = None
        elif tag == "tr" and self.tables and self._row:
            head, rows = self.tables[-1]
            texts = [text for _, text in self._row]
            if all(kind == "th" for kind, _ in self._row):
                head[:] = texts
            else:
                rows.append(texts)

    def handle_data(self, data: str) -> None:
        """Take a piece of text to where it belongs."""
        if self._cell is not None:
            self._cell.append(data)
        elif not self._quiet:
            self.words.append(data)
