"""Which parts of Voilà's front end does every page with widgets load? They go as one file instead of seventy.

Webpack takes a part that is there before it is asked for. Without one of them, as after an update of Voilà that numbers
them anew, the front end asks for it by itself: a page is then slower, and a test of its weight says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

TOGETHER = "together/widgets.js"
MANAGER, WIDGETS = "@jupyter-widgets/jupyterlab-manager", "@voila-dashboards/widgets-manager8"
PARTS: dict[str, str] = {
    "voila": "73 143 431 457 630 1187 1601 1621 1670 2930 3144 3249 3307 3311 3459 3649 3916 3989 3992 4041 4135 4173 "
    "4222 4653 4729 4972 5044 5312 5688 5764 5767 6008 6049 6382 6468 6573 7155 7483 7556 7598 7770 7883 8017 8135 "
    "8487 8766 8773 8862 8925 9081 9151 9212 9582 9684 9890 9981",
    f"extensions/{MANAGER}": "7 32 84 121 160 170 452 704 718 967",
    f"extensions/{WIDGETS}": "496 883",
}
_BELOW = {"voila": ""}  # an extension's parts are in its folder `static`


def together(folders: Mapping[str, Path]) -> bytes:
    """Return the parts as one script; each keeps to itself whether it is strict."""
    return b"".join(b"(()=>{%s\n})();" % file.read_bytes() for file in _files(folders))


def _files(folders: Mapping[str, Path]) -> Iterator[Path]:
    for name, parts in PARTS.items():
        for part in parts.split() if name in folders else ():
            yield from sorted((folders[name] / _BELOW.get(name, "static")).glob(f"{part}.*js"))
