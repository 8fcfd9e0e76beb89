"""Draws a chart's pictures. The library that does starts threads of its own, which not every process can have."""

from __future__ import annotations

import base64
import os
import pickle
import threading
from typing import Any

Pictures = tuple[str, str]


def draw(specification: dict[str, Any]) -> Pictures:
    """Return a chart as SVG, and as PNG in base64. Raises ValueError for what is no chart.

    A process with one thread may be a template, of which kernels are forked: there a child draws.
    """
    return _draw(specification) if threading.active_count() > 1 else _draw_in_child(specification)


def _draw(specification: dict[str, Any]) -> Pictures:
    import vl_convert

    svg = vl_convert.vegalite_to_svg(specification, allowed_base_urls=[])
    png = vl_convert.vegalite_to_png(specification, scale=2.0, allowed_base_urls=[])
    return svg, base64.b64encode(png).decode()


def _draw_in_child(specification: dict[str, Any]) -> Pictures:
    reads, writes = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reads)
        _answer(writes, specification)
    os.close(writes)
    with os.fdopen(reads, "rb") as answer:
        said = answer.read()
    os.waitpid(pid, 0)
    if not said:
        raise ValueError("The process that drew this chart ended before it was done.")
    drawn = pickle.loads(said)  # noqa: S301 - our own child wrote it
    if isinstance(drawn, str):
        raise ValueError(drawn)
    return (drawn[0], drawn[1])


def _answer(writes: int, specification: dict[str, Any]) -> None:
    try:
        drawn: Pictures | str = _draw(specification)
    except ValueError as error:
        drawn = str(error)
    with os.fdopen(writes, "wb") as answer:
        pickle.dump(drawn, answer)
    os._exit(0)
