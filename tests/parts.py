"""The parts of the tests: what a part's tests share is started once, by the one process that runs them all."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from xdist.scheduler import LoadScopeScheduling

PLATFORM = "the running platform"


def part_of(test: str) -> str:
    """Return the part that a test, by its id, belongs to: the platform's, a file with a platform of its own, or a folder."""
    file = test.partition("::")[0]
    _, kind, name, *_ = Path(file).parts
    if kind == "acceptance":
        return file if _starts_its_own(file) else PLATFORM
    return f"{kind}/{name}" if kind == "integration" else kind


@cache
def _starts_its_own(file: str) -> bool:
    return "with started(" in (Path(__file__).parents[1] / file).read_text()


class Parts(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """Hands out whole parts, in the order in which they were collected."""

    def _split_scope(self, nodeid: str) -> str:
        return part_of(nodeid)
