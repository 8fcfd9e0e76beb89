"""Charts as pictures that weigh little: what nobody can see or hear in them is left out. Pure."""

from __future__ import annotations

import re

_VEGA = re.compile(r'\A\s*<svg\b[^>]*\bclass="marks"')
# A picture in an <img> is one thing for who listens to a page; Vega describes every mark of it.
_TOLD = re.compile(r' (?:aria-label|aria-roledescription|aria-hidden|role)="[^"]*"')
_PLACES = re.compile(r' (?:d|transform|x|y|x1|y1|x2|y2|points)="[^"]*"')
# As wide as those that Vega reckoned with, wherever one of them is there; a browser's own choice may be wider.
_LETTERS = 'font-family="Arial, Liberation Sans, Helvetica, sans-serif"'
_WIDTH = re.compile(r'\A\s*<svg\b[^>]*?\swidth="(\d+(?:\.\d+)?)(?:px)?"')
_FINE = re.compile(r"(\.\d\d)\d+")  # beyond a hundredth of a pixel


def lightened(svg: str) -> str:
    """Return a picture that Vega drew, whose units are pixels, at a third of its size; any other as it is."""
    if not _VEGA.match(svg):
        return svg
    light = _PLACES.sub(lambda found: _FINE.sub(r"\1", found[0]), _TOLD.sub("", svg))
    return light.replace('font-family="sans-serif"', _LETTERS)


def width_of(svg: str) -> int:
    """Return the width that a picture was drawn for, in pixels; 0 when it does not say."""
    found = _WIDTH.match(svg)
    return round(float(found[1])) if found else 0


def address_of(svg: str) -> str:
    """Return a `data:` address of a picture; as text, since that compresses to half of what base64 does."""
    return "data:image/svg+xml," + svg.replace("%", "%25").replace("#", "%23").replace("\n", "%0A")
