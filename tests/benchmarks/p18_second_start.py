"""P18: `make up` again is usable in less than ten seconds."""

from __future__ import annotations

import time

from benchmarks.figures import Figure, Result, at_most
from benchmarks.stage import Stage, start

TIMES = 3


def measure(stage: Stage) -> list[Result]:
    """Stop the platform and start it again, several times; `stage` stands for the last."""
    seconds = []
    for _ in range(TIMES):
        stage.stop()
        began = time.monotonic()
        again = start(stage.port)
        seconds.append(time.monotonic() - began)
        stage.process, stage.people = again.process, {}
    return [at_most("P18", "`make up` again: log-in page and readiness answer", Figure.of(seconds, "s"), 10)]
