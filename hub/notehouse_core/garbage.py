"""How often does a server look for garbage? Seldom: each look walks all that it has imported."""

from __future__ import annotations

import gc

_YOUNG, _OLDER, _OLDEST = 20_000, 20, 100  # objects, and looks at the generation before


def look_seldom() -> None:
    """Leave out what is there now from all looks to come, and look less often; for the end of a server's start.

    Rows of Postgres are thousands of objects a request: with Python's own 700 the looks were a quarter of its time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _OLDER, _OLDEST)
